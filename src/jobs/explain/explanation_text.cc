// An Explanation as text for people and JSON for machines (explain.h).
#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "jobs/explain/explain.h"
#include "offline/rejected_json.h"

namespace millrace::jobs {

using Json = nlohmann::ordered_json;

namespace {

std::string EventText(const ExplainedEvent& event) {
  std::string text = event.counts ? "    + " : "    - ";
  text += base::FormatTime(event.event_time);
  if (event.created.has_value()) text += " (known " + base::FormatTime(*event.created) + ")";
  for (const auto& [name, value] : event.values) text += "  " + name + " = " + value;
  return text + "  " + event.reason + "  [" + event.place + "]\n";
}

// At most `events_max` of them, those nearest to `at`, in the order of time.
std::string EventsText(const ExplainedValue& value, bool counting, base::EventTime at,
                       int events_max) {
  std::vector<const ExplainedEvent*> chosen;
  for (const ExplainedEvent& event : value.events) {
    if (event.counts == counting) chosen.push_back(&event);
  }
  std::string text;
  if (chosen.size() > static_cast<size_t>(events_max)) {
    const auto distance = [&](const ExplainedEvent* event) {
      return event->event_time < at ? at - event->event_time : event->event_time - at;
    };
    // Equal ones stay as they are listed: they lie in one array.
    std::sort(chosen.begin(), chosen.end(), [&](const auto* a, const auto* b) {
      return std::pair(distance(a), a) < std::pair(distance(b), b);
    });
    text = "    … " + std::to_string(chosen.size() - static_cast<size_t>(events_max)) + " more " +
           (counting ? "that count" : "that do not") + ", further away\n";
    chosen.resize(static_cast<size_t>(events_max));
    std::sort(chosen.begin(), chosen.end(), [](const auto* a, const auto* b) {
      return std::pair(a->event_time, a) < std::pair(b->event_time, b);
    });
  }
  for (const ExplainedEvent* event : chosen) text += EventText(*event);
  return text;
}

std::string ValueText(const ExplainedValue& value, const std::string& indent, base::EventTime at,
                      int events_max) {
  std::string text = indent + value.feature + " = " + value.value + "  (" + value.type + ", " +
                     value.status + ")\n";
  if (!value.definition.empty()) text += indent + "  " + value.definition + "\n";
  if (!value.rule.empty()) text += indent + "  events: " + value.rule + "\n";
  if (!value.arithmetic.empty()) text += indent + "  " + value.arithmetic + "\n";
  text += EventsText(value, true, at, events_max);
  text += EventsText(value, false, at, events_max);
  for (const ExplainedValue& input : value.inputs) {
    text += ValueText(input, indent + "  ", at, events_max);
  }
  return text;
}

Json ValueJson(const ExplainedValue& value) {
  Json events = Json::array();
  for (const ExplainedEvent& event : value.events) {
    Json values = Json::object();
    for (const auto& [name, text] : event.values) values[name] = text;
    Json one = {{"place", event.place}, {"event_time", base::FormatTime(event.event_time)}};
    if (event.created.has_value()) one["created"] = base::FormatTime(*event.created);
    one["values"] = std::move(values);
    one["counts"] = event.counts;
    one["reason"] = event.reason;
    events.push_back(std::move(one));
  }
  Json inputs = Json::array();
  for (const ExplainedValue& input : value.inputs) inputs.push_back(ValueJson(input));
  return {{"feature", value.feature},
          {"definition", value.definition},
          {"type", value.type},
          {"value", value.value},
          {"status", value.status},
          {"rule", value.rule},
          {"arithmetic", value.arithmetic},
          {"events", std::move(events)},
          {"inputs", std::move(inputs)}};
}

}  // namespace

std::string ToText(const Explanation& explanation, int events_max) {
  std::string text;
  for (const auto& [key, value] : explanation.keys) text += key + "=" + value + " ";
  text += "at " + base::FormatTime(explanation.at) + "\n" +
          ValueText(explanation.value, "", explanation.at, events_max);
  for (const auto& reason : explanation.rejected.reasons) {
    text += "rejected, of all keys: " + std::to_string(reason.count) + "  " + reason.where + ": " +
            reason.code;
    if (!reason.examples.empty()) text += "  (first: " + reason.examples[0] + ")";
    text += "\n";
  }
  for (const std::string& note : explanation.notes) text += "note: " + note + "\n";
  return text;
}

std::string ToJson(const Explanation& explanation) {
  Json json = {{"at", base::FormatTime(explanation.at)},
               {"keys", explanation.keys},
               {"value", ValueJson(explanation.value)}};
  json["rejected"] = offline::RejectedJson(explanation.rejected);
  json["notes"] = explanation.notes;
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace millrace::jobs
