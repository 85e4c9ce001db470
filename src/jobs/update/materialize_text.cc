// The report of materialize as text and as JSON.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "jobs/update/materialize.h"
#include "offline/rejected_json.h"
#include "offline/report.h"

namespace millrace::jobs {
namespace {

std::string Plural(int64_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string ViewText(const MaterializedView& view, int newest) {
  std::string text = view.built                   ? "  built    "
                     : view.files + view.rows > 0 ? "  updated  "
                                                  : "  kept     ";
  text += view.view;
  if (view.version != newest) text += fmt::format(" (version {})", view.version);
  return text + fmt::format(": {}, {}\n", Plural(view.files, "file"), Plural(view.rows, "row"));
}

}  // namespace

std::string ToText(const MaterializeReport& report) {
  std::string text = report.changed
                         ? fmt::format("commit {}: {} kept, by version {}\n", report.commit,
                                       Plural(report.rows, "row"), report.version)
                         : fmt::format("nothing new: commit {}\n", report.commit);
  if (report.changed) {
    for (const MaterializedView& view : report.views) text += ViewText(view, report.version);
  }
  for (const std::string& view : report.waiting) {
    text += fmt::format("  waiting  {}: `millrace materialize {}` builds it\n", view, view);
  }
  text += offline::ToText(report.rejected);
  if (report.expired > 0) {
    text +=
        fmt::format("  expired  {:>9}  rows older than anybody can ask about\n", report.expired);
  }
  if (report.one_sided > 0) {
    text += fmt::format("  offline  {:>9}  pushed rows for training sets alone (one-sided)\n",
                        report.one_sided);
  }
  if (report.lookup_behind > 0) {
    text += fmt::format(
        "  behind   {:>9}  rows that events which came before them would have looked up; `millrace "
        "materialize --rebuild {}` applies them\n",
        report.lookup_behind, fmt::join(report.looking_up, " "));
  }
  if (report.changed) text += fmt::format("  took     {:>9.2f}  s\n", report.seconds);
  return text;
}

std::string ToJson(const MaterializeReport& report) {
  using Json = nlohmann::ordered_json;
  Json json = {{"commit", report.commit},
               {"changed", report.changed},
               {"version", report.version},
               {"rows", report.rows},
               {"expired", report.expired},
               {"one_sided", report.one_sided},
               {"lookup_behind", report.lookup_behind}};
  json["views"] = Json::array();
  for (const MaterializedView& view : report.views) {
    json["views"].push_back({{"view", view.view},
                             {"version", view.version},
                             {"built", view.built},
                             {"files", view.files},
                             {"rows", view.rows}});
  }
  json["waiting"] = report.waiting;
  json["rejected"] = offline::RejectedJson(report.rejected);
  json["seconds"] = report.seconds;
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace millrace::jobs
