// The words around what plain_value.h finds.
#include "jobs/explain/stored_value.h"

#include <utility>

#include "features/derive.h"
#include "jobs/explain/plain_value.h"
#include "window/window.h"

namespace millrace::jobs {

using base::EventTime;
using columns::Column;
using features::Feature;
using features::Verdict;
using features::View;

namespace {

constexpr size_t kTermsMax = 12;

std::string TextOf(const Column& column, int64_t row) {
  if (column.type.is_null()) return "null";
  if (column.cell(row) > columns::kValid) {
    return std::string(columns::ErrorName(column.cell(row)));
  }
  return columns::ToText(column.value(row), column.type);
}

std::string SpanText(const window::Span& span, bool all) {
  return (all ? "(beginning of time" : "[" + base::FormatTime(span.begin)) + ", " +
         base::FormatTime(span.end) + ")";
}

// "" for a row that counts.
std::string AgainstText(Against against, const KeyEvents& events, int64_t row) {
  switch (against) {
    case Against::kNothing:
      return "";
    case Against::kVerdict:
      return std::string(features::VerdictText(events.verdict(row)));
    case Against::kBefore:
      return "before the window's begin";
    case Against::kAfter:
      return "not before the time asked about";
    case Against::kUnknown:
      return "known only at " + base::FormatTime(*events.created(row));
    case Against::kFilterFailed:
      return "rejected: the filter failed";
    case Against::kFilterNotTrue:
      return "the filter is not true";
    case Against::kInputFailed:
      return "rejected: the input failed";
    case Against::kInputNull:
      break;
  }
  return "the input is null, which is ignored";
}

std::string Joined(const std::vector<std::string>& terms, const std::string& separator) {
  std::string text;
  for (size_t i = 0; i < terms.size() && i < kTermsMax; ++i) {
    text += (i == 0 ? "" : separator) + terms[i];
  }
  if (terms.size() > kTermsMax) {
    text += separator + "… (" + std::to_string(terms.size() - kTermsMax) + " more)";
  }
  return text;
}

std::string ArithmeticText(const Feature& feature, const std::vector<std::string>& terms,
                           int64_t counting, const std::string& value) {
  const std::string& function = feature.call.function;
  if (feature.input < 0) {
    return function + " of " + std::to_string(counting) + " events = " + value;
  }
  if (terms.empty()) return function + " of no values = " + value;
  if (function == "sum") return Joined(terms, " + ") + " = " + value;
  if (function == "avg") {
    return "(" + Joined(terms, " + ") + ") / " + std::to_string(terms.size()) + " = " + value;
  }
  return function + "(" + Joined(terms, ", ") + ") = " + value;
}

// Why no row stands; "" when one does.
std::string StatusOfRow(int64_t newest) {
  if (newest == KeyEvents::kNoRow) return "NOT_FOUND";
  return newest == KeyEvents::kExpiredRow ? "OUTSIDE_MAX_AGE" : "";
}

}  // namespace

std::string DefinitionText(const View& view, const Feature& feature) {
  if (feature.kind != features::FeatureKind::kAggregate) return feature.expression.text();
  std::string text = feature.call.function + "(";
  if (feature.input >= 0) text += view.inputs[feature.input].text();
  for (size_t i = 0; i < feature.call.parameters.size(); ++i) {
    const columns::Value& parameter = feature.call.parameters[i];
    const aggregate::Function* function = aggregate::FindFunction(feature.call.function);
    const bool is_duration = function != nullptr && function->duration_parameter;
    const columns::Type type =
        parameter.holds_float() ? columns::Kind::kFloat64 : columns::Kind::kInt64;
    text += (i > 0 || feature.input >= 0 ? ", " : "") +
            (is_duration ? base::FormatDuration(base::Duration::Micros(parameter.as_int()))
                         : columns::ToText(parameter, type));
  }
  text += ")";
  if (feature.filter >= 0) text += " filter (where " + view.filters[feature.filter].text() + ")";
  return text + " over " +
         (feature.window.length ? base::FormatDuration(*feature.window.length) : "all");
}

StoredValue ExplainAggregate(const View& view, int index, const KeyEvents& events, EventTime at) {
  const Feature& feature = view.features[index];
  const AskedWindow asked{window::SpanAt(at, feature.window, view.resolution), at, false};
  const AskedWindow longest{window::SpanAt(at, view.LongestWindow(), view.resolution), at, false};
  StoredValue stored;
  ExplainedValue& explained = stored.explained;
  explained.rule = SpanText(asked.span, !feature.window.length.has_value());
  std::vector<int64_t> rows;
  std::vector<std::string> terms;
  for (int64_t row = 0; row < events.size(); ++row) {
    ExplainedEvent event{
        events.place(row), events.times()[row], events.created(row), {}, false, {}};
    if (feature.input >= 0) {
      event.values.emplace_back(view.inputs[feature.input].text(),
                                TextOf(events.input(feature.input), row));
    }
    if (feature.filter >= 0) {
      event.values.emplace_back(view.filters[feature.filter].text(),
                                TextOf(events.filter(feature.filter), row));
    }
    event.reason = AgainstText(JudgeRow(feature, events, row, asked), events, row);
    event.counts = event.reason.empty();
    if (event.counts) {
      event.reason = "in the window";
      rows.push_back(row);
      if (feature.input >= 0) terms.push_back(TextOf(events.input(feature.input), row));
    }
    explained.events.push_back(std::move(event));
  }
  columns::ColumnBuffer cell(feature.aggregate->result_type());
  AppendAggregate(feature, events, {rows, at}, &cell);
  stored.cell = features::SettleColumn(cell.View(), view.name + ":" + feature.name,
                                       feature.default_value, nullptr);
  explained.arithmetic =
      ArithmeticText(feature, terms, static_cast<int64_t>(rows.size()), TextOf(cell.View(), 0));
  if (!AnyCounts(events, longest)) explained.status = "NOT_FOUND";
  return stored;
}

StoredValue ExplainRow(const View& view, int index, const KeyEvents& events, EventTime at) {
  const Feature& feature = view.features[index];
  const int64_t newest = events.NewestRow(at, false);
  StoredValue stored;
  ExplainedValue& explained = stored.explained;
  explained.rule = "the newest row not after " + base::FormatTime(at);
  if (view.ttl.has_value()) explained.rule += ", not older than " + base::FormatDuration(*view.ttl);
  for (int64_t row = 0; row < events.size(); ++row) {
    ExplainedEvent event{
        events.place(row), events.times()[row], events.created(row), {}, false, {}};
    event.values.emplace_back(feature.expression.text(), TextOf(events.feature(index), row));
    event.counts = row == newest;
    if (event.counts) {
      event.reason = "the newest row";
    } else if (events.verdict(row) != Verdict::kKept) {
      event.reason = features::VerdictText(events.verdict(row));
    } else if (event.event_time > at) {
      event.reason = "after the time asked about";
    } else if (event.created.has_value() && *event.created > at) {
      event.reason = "known only at " + base::FormatTime(*event.created);
    } else if (!window::WithinTtl(event.event_time, at, view.ttl)) {
      event.reason = "older than the ttl";
    } else {
      event.reason = "not the newest row";
    }
    explained.events.push_back(std::move(event));
  }
  columns::ColumnBuffer cell(feature.type);
  AppendRowCell(events, index, newest, &cell);
  stored.cell = features::SettleColumn(cell.View(), view.name + ":" + feature.name,
                                       feature.default_value, nullptr);
  explained.arithmetic = newest >= 0 ? feature.expression.text() + " of " + events.place(newest) +
                                           " = " + TextOf(cell.View(), 0)
                                     : "no row stands at that time";
  explained.status = StatusOfRow(newest);
  return stored;
}

StoredValue ExplainEventTime(const KeyEvents& events, EventTime at) {
  const int64_t newest = events.NewestRow(at, false);
  columns::ColumnBuffer cell(columns::Kind::kTimestamp);
  AppendRowTime(events, newest, &cell);
  StoredValue stored;
  stored.cell = Own(std::move(cell));
  stored.explained.feature = "event_time";
  stored.explained.status = StatusOfRow(newest);
  return stored;
}

}  // namespace millrace::jobs
