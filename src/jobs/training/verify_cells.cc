// Cells are compared as values, to the bit: NaN equals NaN, as all NaNs of a file are one.
#include "jobs/training/verify_cells.h"

#include <arrow/chunked_array.h>
#include <arrow/table.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "columns/arrow_column.h"
#include "sweep/gather.h"
#include "window/window.h"

namespace millrace::jobs {

using base::Status;
using columns::Column;
using columns::OwnedColumn;

namespace {

constexpr int64_t kCellsShown = 20;
constexpr int64_t kStepsMax = 10'000'000;

// Lists the first differences and counts the others.
class Differences {
 public:
  explicit Differences(Findings* findings) : findings_(findings) {}

  void Add(const std::string& message, const std::string& hint) {
    if (++count_ <= kCellsShown) findings_->Add(message, hint);
  }
  void Finish(const std::string& what) {
    if (count_ <= kCellsShown) return;
    findings_->Add("and " + std::to_string(count_ - kCellsShown) + " more " + what);
  }

 private:
  Findings* findings_;
  int64_t count_ = 0;
};

std::string Place(const JudgedTable& judged, const std::string& column, int64_t row) {
  return "column '" + column + "', row " + std::to_string(row + 1) + " (" +
         judged.asked.RowText(row) + ")";
}

// For a shell.
std::string Quoted(const std::string& text) {
  const auto is_plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("_-./:=+").find(c) != std::string_view::npos;
  };
  if (!text.empty() && std::all_of(text.begin(), text.end(), is_plain)) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

// "millrace explain --feature … --key … --at …"; "" for a label and a null time, which it does not
// explain.
std::string ExplainHint(const JudgedTable& judged, const std::string& feature, size_t column,
                        int64_t row) {
  const features::Selection& selection = judged.request.selection;
  const auto at = judged.asked.time(row);
  if (column >= selection.columns.size() || !at.has_value()) return "";
  const features::SelectedColumn& selected = selection.columns[column];
  std::string text = "millrace explain --feature " + Quoted(feature);
  std::vector<int> uses = {selected.use};
  if (selected.on_demand) uses = selection.on_demand_uses[selected.use];
  std::vector<std::string> given;
  for (const int use : uses) {
    const auto& keys = judged.request.plan->views[selection.uses[use].view].keys;
    const std::vector<std::string> texts = judged.asked.KeyTexts(use, row);
    for (size_t i = 0; i < keys.size(); ++i) {
      if (std::find(given.begin(), given.end(), keys[i].name) != given.end()) continue;
      given.push_back(keys[i].name);
      text += " --key " + Quoted(keys[i].name + "=" + texts[i]);
    }
  }
  for (size_t field = 0; selected.on_demand && field < selection.request_fields.size(); ++field) {
    text += " --request " + Quoted(selection.request_fields[field].name + "=" +
                                   judged.asked.RequestText(field, row));
  }
  return text + " --at " + base::FormatTime(*at);
}

// The cells as a file holds them.
base::Result<OwnedColumn> AsWritten(const Column& column, const std::vector<int64_t>& rows) {
  columns::ColumnBuffer cells(column.type);
  sweep::AppendRows(column, rows, &cells);
  ARROW_ASSIGN_OR_RAISE(auto array, columns::ToArrow(cells.View()));
  return columns::FromArrow(std::move(array), column.type);
}

}  // namespace

Status CheckSpineCells(const JudgedTable& judged, Findings* findings) {
  const arrow::Table& spine = *judged.request.spine;
  Differences differences(findings);
  for (int i = 0; i < spine.num_columns(); ++i) {
    const std::string& name = spine.field(i)->name();
    const auto type = columns::Type::FromArrow(*spine.field(i)->type());
    // Types that are not ours pass through unread; the file's tag is what vouches for them.
    if (!type.ok() || type->kind() == columns::Kind::kDuration || type->is_null()) continue;
    const auto found = columns::FromArrow(*judged.table.column(i), *type);
    if (!found.ok()) {
      findings->AddAll("column '" + name + "'", found.status());
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(const OwnedColumn of_spine, columns::FromArrow(*spine.column(i), *type));
    ARROW_ASSIGN_OR_RAISE(const OwnedColumn expected, AsWritten(of_spine.view, judged.sample.rows));
    for (size_t row = 0; row < judged.sample.rows.size(); ++row) {
      const columns::Value a = found->view.value(judged.sample.rows[row]);
      const columns::Value b = expected.view.value(static_cast<int64_t>(row));
      if (SameBits(a, b)) continue;
      differences.Add(Place(judged, name, judged.sample.rows[row]) + ": found " + ToText(a, *type) +
                          ", the spine has " + ToText(b, *type),
                      "");
    }
  }
  differences.Finish("cells that are not the spine's");
  return Status::OK();
}

Status CheckCells(const JudgedTable& judged, const std::vector<ProofColumn>& columns,
                  const std::vector<OwnedColumn>& recomputed, Findings* findings) {
  const int first = judged.table.num_columns() - static_cast<int>(columns.size());
  Differences differences(findings);
  for (size_t i = 0; i < columns.size(); ++i) {
    const Column& expected = recomputed[i].view;
    const auto found =
        columns::FromArrow(*judged.table.column(first + static_cast<int>(i)), expected.type);
    if (!found.ok()) {
      findings->AddAll("column '" + columns[i].column + "'", found.status());
      continue;
    }
    for (size_t row = 0; row < judged.sample.rows.size(); ++row) {
      const int64_t at = judged.sample.rows[row];
      const columns::Value a = found->view.value(at);
      const columns::Value b = expected.value(static_cast<int64_t>(row));
      if (SameBits(a, b)) continue;
      differences.Add(Place(judged, columns[i].column, at) + ": found " + ToText(a, expected.type) +
                          ", the events say " + ToText(b, expected.type),
                      ExplainHint(judged, columns[i].feature, i, at));
    }
  }
  differences.Finish("cells that are not what the events say");
  return Status::OK();
}

void CheckSteps(const JudgedTable& judged, const Recomputation& recomputation, Findings* findings) {
  const offline::Steps& steps = *judged.request.steps;
  if (steps.every.micros() <= 0 ||
      (steps.to - steps.from).micros() / steps.every.micros() >= kStepsMax) {
    return findings->Add("the proof's steps are none that a training set can have");
  }
  const auto times = window::Steps(steps.from, steps.to, steps.every);
  Differences differences(findings);
  for (int64_t row = 1; row < judged.asked.size(); ++row) {
    if (judged.asked.time(row - 1) <= judged.asked.time(row)) continue;
    differences.Add("row " + std::to_string(row + 1) + " is of an earlier step than the one before",
                    "");
  }
  for (const SampledKey& key : judged.sample.keys) {
    std::vector<base::EventTime> found;
    for (const int64_t row : key.all_rows) {
      found.push_back(judged.asked.time(row).value_or(base::EventTime::Min()));
    }
    std::vector<base::EventTime> expected;
    for (const base::EventTime t : times) {
      if (recomputation.Lists(key.first_row, t)) expected.push_back(t);
    }
    const auto differs =
        std::mismatch(found.begin(), found.end(), expected.begin(), expected.end());
    if (differs.first == found.end() && differs.second == expected.end()) continue;
    const std::string missing =
        differs.second == expected.end() ? "none more" : base::FormatTime(*differs.second);
    differences.Add("the steps of the key of row " + std::to_string(key.first_row + 1) + " (" +
                        judged.asked.RowText(key.first_row) + ") are not those at which it has " +
                        "something to say; the first that differs should be " + missing,
                    "");
  }
  differences.Finish("steps that are wrong");
}

}  // namespace millrace::jobs
