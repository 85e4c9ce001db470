// The report as text and as JSON.
#include "offline/report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace millrace::offline {

using Json = nlohmann::ordered_json;

namespace {

std::string Plural(int64_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string RejectedText(const columns::RejectedRows& rejected) {
  std::string text;
  for (const auto& reason : rejected.reasons) {
    text += fmt::format("  rejected {:>9}  {}: {}", reason.count, reason.where, reason.code);
    for (size_t i = 0; i < reason.examples.size(); ++i) {
      if (reason.examples[i].empty()) continue;
      text += (i == 0 ? "  (first: " : "; ") + reason.examples[i];
    }
    text += reason.examples.empty() || reason.examples[0].empty() ? "\n" : ")\n";
  }
  return text;
}

// One line per column: its nulls, by reason where there is more than one.
std::string NullText(const std::vector<NullCells>& null_cells) {
  std::string text;
  for (size_t first = 0; first < null_cells.size();) {
    size_t last = first;
    int64_t total = 0;
    std::string reasons;
    for (; last < null_cells.size() && null_cells[last].column == null_cells[first].column;
         ++last) {
      total += null_cells[last].count;
      reasons += (last == first ? "" : ", ") + null_cells[last].reason;
      if (last > first || (last + 1 < null_cells.size() &&
                           null_cells[last + 1].column == null_cells[first].column)) {
        reasons += " " + std::to_string(null_cells[last].count);
      }
    }
    text += fmt::format("  null     {:>9}  {}: {}\n", total, null_cells[first].column, reasons);
    first = last;
  }
  return text;
}

}  // namespace

std::string ToText(const Report& report) {
  std::string text;
  for (const SourceRead& source : report.sources) {
    text += fmt::format("  read     {:>9}  events of {} ({})\n", source.events, source.source,
                        Plural(source.files, "file"));
  }
  text += fmt::format("  {} {:>9}\n  rows out {:>9}  with {}\n",
                      report.with_spine ? "rows in " : "listed  ", report.rows_in, report.rows_out,
                      Plural(report.features, "feature"));
  if (report.rows_null_key > 0) {
    text += fmt::format("  null key {:>9}  rows of the spine\n", report.rows_null_key);
  }
  if (report.rows_null_time > 0) {
    text += fmt::format("  no time  {:>9}  rows of the spine\n", report.rows_null_time);
  }
  text += RejectedText(report.rejected);
  text += NullText(report.null_cells);
  for (const ErrorCells& cells : report.error_cells) {
    text += fmt::format("  error    {:>9}  {}: {} (first: {})\n", cells.count, cells.feature,
                        cells.code, cells.first_key);
  }
  if (report.ignored_created) {
    text += fmt::format("  changed  {:>9}  rows by --ignore-created\n", report.rows_changed);
    for (const ChangedCells& cells : report.changed) {
      text += fmt::format("  changed  {:>9}  {}\n", cells.count, cells.column);
    }
  }
  for (const std::string& assumption : report.assumptions) text += "  note: " + assumption + "\n";
  text += fmt::format("  took     {:>9.2f}  s\n", report.seconds);
  return text;
}

std::string ToJson(const Report& report) {
  Json json = {{"rows_in", report.rows_in},
               {"rows_out", report.rows_out},
               {"features", report.features},
               {"with_spine", report.with_spine},
               {"rows_null_key", report.rows_null_key},
               {"rows_null_time", report.rows_null_time}};
  json["sources"] = Json::array();
  for (const SourceRead& source : report.sources) {
    json["sources"].push_back({{"source", source.source},
                               {"events", source.events},
                               {"files", source.files},
                               {"has_created", source.has_created}});
  }
  json["rejected"] = Json::array();
  for (const auto& reason : report.rejected.reasons) {
    json["rejected"].push_back({{"where", reason.where},
                                {"code", reason.code},
                                {"count", reason.count},
                                {"examples", reason.examples}});
  }
  json["null_cells"] = Json::array();
  for (const NullCells& cells : report.null_cells) {
    json["null_cells"].push_back(
        {{"column", cells.column}, {"reason", cells.reason}, {"count", cells.count}});
  }
  json["error_cells"] = Json::array();
  for (const ErrorCells& cells : report.error_cells) {
    json["error_cells"].push_back({{"feature", cells.feature},
                                   {"code", cells.code},
                                   {"count", cells.count},
                                   {"first_key", cells.first_key}});
  }
  json["labels_not_over"] = Json::array();
  for (const NullCells& cells : report.labels_not_over) {
    json["labels_not_over"].push_back({{"label", cells.column}, {"count", cells.count}});
  }
  if (report.ignored_created) {
    Json changed = Json::array();
    for (const ChangedCells& cells : report.changed) {
      changed.push_back({{"column", cells.column}, {"count", cells.count}});
    }
    json["ignore_created"] = {{"rows_changed", report.rows_changed}, {"columns", changed}};
  }
  json["assumptions"] = report.assumptions;
  json["seconds"] = report.seconds;
  // Keys and paths may hold bytes that are not UTF-8; they must not stop a report.
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace millrace::offline
