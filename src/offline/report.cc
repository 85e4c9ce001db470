// The report as text and as JSON.
#include "offline/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "columns/value.h"
#include "offline/rejected_json.h"

namespace millrace::offline {

using Json = nlohmann::ordered_json;

namespace {

std::string Plural(int64_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

// One line per set of columns with the same nulls: their number, by reason where there is more than
// one, and the columns.
std::string NullText(const std::vector<NullCells>& null_cells) {
  struct Line {
    int64_t total = 0;
    std::string reasons;
    std::string columns;
  };
  std::vector<Line> lines;
  for (size_t first = 0; first < null_cells.size();) {
    size_t last = first + 1;
    while (last < null_cells.size() && null_cells[last].column == null_cells[first].column) ++last;
    Line line;
    for (size_t i = first; i < last; ++i) {
      line.total += null_cells[i].count;
      line.reasons += (i == first ? "" : ", ") + null_cells[i].reason;
      if (last - first > 1) line.reasons += " " + std::to_string(null_cells[i].count);
    }
    const auto same = std::find_if(lines.begin(), lines.end(), [&](const Line& other) {
      return other.total == line.total && other.reasons == line.reasons;
    });
    if (same != lines.end()) {
      same->columns += ", " + null_cells[first].column;
    } else {
      line.columns = null_cells[first].column;
      lines.push_back(std::move(line));
    }
    first = last;
  }
  std::string text;
  for (const Line& line : lines) {
    text += fmt::format("  null     {:>9}  {}: {}\n", line.total, line.reasons, line.columns);
  }
  return text;
}

// One line per number of cells that differ, with its columns.
std::string ChangedText(const Report& report) {
  std::string text =
      fmt::format("  changed  {:>9}  rows by --ignore-created\n", report.rows_changed);
  std::map<int64_t, std::string, std::greater<>> columns;
  for (const ChangedCells& cells : report.changed) {
    std::string& names = columns[cells.count];
    names += (names.empty() ? "" : ", ") + cells.column;
  }
  for (const auto& [count, names] : columns) {
    text += fmt::format("  changed  {:>9}  {}\n", count, names);
  }
  for (const ChangedCells& cells : report.changed) {
    if (!cells.largest.has_value()) continue;
    text +=
        fmt::format("  changed    at most  {}: by {} ({})\n", cells.column,
                    columns::ToText(*cells.largest, columns::Kind::kFloat64), cells.largest_row);
  }
  return text;
}

}  // namespace

std::string ToText(const columns::RejectedRows& rejected) {
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

std::string ToText(const Report& report) {
  std::string text;
  for (const SourceRead& source : report.sources) {
    text += fmt::format("  read     {:>9}  events of {} ({})\n", source.events, source.source,
                        Plural(static_cast<int64_t>(source.files.size()), "file"));
    if (source.rows_pruned > 0) {
      text += fmt::format("  pruned   {:>9}  rows of {} in row groups that no row could see\n",
                          source.rows_pruned, source.source);
    }
    if (source.one_sided > 0) {
      text += fmt::format("  online   {:>9}  rows pushed into {} for stores alone (one-sided)\n",
                          source.one_sided, source.source);
    }
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
  text += ToText(report.rejected);
  text += NullText(report.null_cells);
  for (const ErrorCells& cells : report.error_cells) {
    text += fmt::format("  error    {:>9}  {}: {} (first: {})\n", cells.count, cells.feature,
                        cells.code, cells.first_key);
  }
  if (report.ignored_created) text += ChangedText(report);
  for (const std::string& assumption : report.assumptions) text += "  note: " + assumption + "\n";
  if (report.spilled_bytes > 0) {
    text += fmt::format("  spilled  {:>9}  bytes to disk and back\n", report.spilled_bytes);
  }
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
                               {"rows_pruned", source.rows_pruned},
                               {"one_sided", source.one_sided},
                               {"files", source.files.size()},
                               {"has_created", source.has_created}});
  }
  json["rejected"] = RejectedJson(report.rejected);
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
      Json column = {{"column", cells.column}, {"count", cells.count}};
      if (cells.largest.has_value()) {
        column["largest"] = *cells.largest;
        column["largest_row"] = cells.largest_row;
      }
      changed.push_back(std::move(column));
    }
    json["ignore_created"] = {{"rows_changed", report.rows_changed}, {"columns", changed}};
  }
  json["assumptions"] = report.assumptions;
  json["spilled_bytes"] = report.spilled_bytes;
  json["seconds"] = report.seconds;
  // Keys and paths may hold bytes that are not UTF-8; they must not stop a report.
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace millrace::offline
