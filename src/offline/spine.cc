// Every distinct tuple of key columns is read and numbered once.
#include "offline/spine.h"

#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/time.h"
#include "features/entity_key.h"
#include "offline/coerce.h"

namespace millrace::offline {

using base::Problem;
using base::Result;
using base::Status;
using columns::Field;
using columns::OwnedColumn;

namespace {

std::vector<std::string> NamesOf(const std::vector<Field>& fields) {
  std::vector<std::string> names;
  for (const Field& field : fields) names.push_back(field.name);
  return names;
}

// All columns that the spine lacks at once.
class ColumnCheck {
 public:
  explicit ColumnCheck(const arrow::Schema& schema) : schema_(schema) {}

  void Need(const std::string& column, const std::string& purpose) {
    if (!seen_.insert(column).second) return;
    const size_t found = schema_.GetAllFieldIndices(column).size();
    if (found == 1) return;
    if (found > 1) {
      problems_.push_back({base::codes::kSpine, "the spine has " + std::to_string(found) +
                                                    " columns named '" + column + "', which is " +
                                                    purpose});
      return;
    }
    problems_.push_back({base::codes::kMissingColumn,
                         "the spine has no column '" + column + "', which is " + purpose,
                         {},
                         base::NearestHint(column, schema_.field_names())});
  }

  Status Finish() { return problems_.empty() ? Status::OK() : base::Errors(std::move(problems_)); }

 private:
  const arrow::Schema& schema_;
  std::set<std::string> seen_;
  std::vector<Problem> problems_;
};

Status CheckColumns(const TrainingSetRequest& request) {
  const features::FeaturePlan& plan = *request.plan;
  ColumnCheck check(*request.spine->schema());
  check.Need(request.timestamp, "the request time");
  for (const features::ViewUse& use : request.selection.uses) {
    for (const std::string& column : use.key_columns) {
      check.Need(column, "a key of view '" + plan.views[use.view].name + "'");
    }
  }
  for (const int index : request.labels) {
    for (const Field& key : plan.labels[index].view.keys) {
      check.Need(key.name, "a key of label '" + plan.labels[index].name + "'");
    }
  }
  for (const Field& field : request.selection.request_fields) {
    check.Need(field.name, "a request field");
  }
  return check.Finish();
}

// Numbers keys range by range, each with a table of its own, so that ranges can be read at the same
// time; then the tables are merged in order.
class KeyNumbering {
 public:
  KeyNumbering(const std::vector<columns::Column>& keys, int64_t rows)
      : keys_(keys), rows_(rows), ranges_((rows + kRangeRows - 1) / kRangeRows) {}

  Result<std::vector<int32_t>> Run(const RunTasks& run, sweep::KeyIds* ids) {
    const auto count = static_cast<int64_t>(ranges_.size());
    ARROW_RETURN_NOT_OK(run(count, [&](int64_t range) { return NumberRange(range); }));
    std::vector<std::vector<int32_t>> merged(ranges_.size());
    for (size_t range = 0; range < ranges_.size(); ++range) {
      for (const std::string_view key : ranges_[range].ids.keys()) {
        merged[range].push_back(ids->Insert(key));
      }
    }
    std::vector<int32_t> numbers(rows_);
    ARROW_RETURN_NOT_OK(run(count, [&](int64_t range) {
      const std::vector<int32_t>& local = ranges_[range].numbers;
      for (size_t i = 0; i < local.size(); ++i) {
        numbers[range * kRangeRows + i] =
            local[i] == sweep::KeyIds::kNone ? local[i] : merged[range][local[i]];
      }
      return Status::OK();
    }));
    return numbers;
  }

 private:
  static constexpr int64_t kRangeRows = 1 << 18;
  struct Range {
    sweep::KeyIds ids;
    std::vector<int32_t> numbers;
  };

  Status NumberRange(int64_t range) {
    const int64_t first = range * kRangeRows;
    const int64_t last = std::min(first + kRangeRows, rows_);
    Range& numbered = ranges_[range];
    numbered.numbers.reserve(last - first);
    std::string key;
    for (int64_t row = first; row < last; ++row) {
      const bool has_key = features::EncodeKey(keys_, row, &key);
      numbered.numbers.push_back(has_key ? numbered.ids.Insert(key) : sweep::KeyIds::kNone);
    }
    return Status::OK();
  }

  const std::vector<columns::Column>& keys_;
  const int64_t rows_;
  std::vector<Range> ranges_;
};

// Key ids by the columns and types they come from, so that views of one entity share them.
class KeyReader {
 public:
  KeyReader(const arrow::Table& spine, const RunTasks& run, KeySpaces* spaces)
      : spine_(spine), run_(run), spaces_(spaces) {}

  Result<std::shared_ptr<const SpineKeys>> Read(const std::vector<std::string>& columns,
                                                const std::vector<Field>& keys) {
    KeySpace* space = spaces_->Of(keys);
    const auto found = read_.find({columns, space});
    if (found != read_.end()) return found->second;
    std::vector<OwnedColumn> owned;
    std::vector<columns::Column> views;
    for (size_t i = 0; i < columns.size(); ++i) {
      const auto array = spine_.GetColumnByName(columns[i]);
      ARROW_ASSIGN_OR_RAISE(OwnedColumn column, CoerceColumn(*array, columns[i], keys[i].type));
      views.push_back(column.view);
      owned.push_back(std::move(column));
    }
    ARROW_ASSIGN_OR_RAISE(auto numbers,
                          KeyNumbering(views, spine_.num_rows()).Run(run_, &space->ids));
    auto read = std::make_shared<SpineKeys>(SpineKeys{columns, space, std::move(numbers)});
    return read_.emplace(std::pair(columns, space), std::move(read)).first->second;
  }

 private:
  const arrow::Table& spine_;
  const RunTasks& run_;
  KeySpaces* spaces_;
  std::map<std::pair<std::vector<std::string>, KeySpace*>, std::shared_ptr<const SpineKeys>> read_;
};

Status ReadTimes(const TrainingSetRequest& request, Spine* spine) {
  const auto array = request.spine->GetColumnByName(request.timestamp);
  ARROW_ASSIGN_OR_RAISE(const OwnedColumn times, CoerceTimes(*array, request.timestamp));
  spine->times.resize(spine->rows);
  spine->has_time.resize(spine->rows);
  for (int64_t row = 0; row < spine->rows; ++row) {
    if (!times.view.valid(row)) continue;
    spine->times[row] = base::EventTime::Micros(times.view.ints[row]);
    spine->has_time[row] = 1;
  }
  return Status::OK();
}

}  // namespace

std::string Spine::RowText(const SpineKeys& keys, int64_t row) const {
  std::string text;
  const int32_t id = keys.ids[row];
  if (id == sweep::KeyIds::kNone) {
    text = "null key";
  } else {
    const auto values = features::DecodeKey(keys.space->ids.key(id), keys.space->types);
    for (size_t i = 0; values.ok() && i < values->size(); ++i) {
      text += (i == 0 ? "" : ", ") + keys.columns[i] + "=" +
              columns::ToText((*values)[i], keys.space->types[i]);
    }
  }
  const std::string time = has_time[row] != 0 ? base::FormatTime(times[row]) : "null time";
  return text + (text.empty() ? "at " : " at ") + time;
}

int64_t Spine::bytes() const {
  int64_t bytes = rows * static_cast<int64_t>(sizeof(base::EventTime) + 1);
  std::set<const SpineKeys*> keys;
  for (const auto& use : uses) keys.insert(use.get());
  for (const auto& label : labels) keys.insert(label.get());
  // Number, and place in the partitions' lists.
  bytes += static_cast<int64_t>(keys.size()) * rows * 12;
  return bytes;
}

Result<Spine> ReadSpine(const TrainingSetRequest& request, const RunTasks& run, KeySpaces* spaces) {
  ARROW_RETURN_NOT_OK(CheckColumns(request));
  const features::FeaturePlan& plan = *request.plan;
  Spine spine;
  spine.rows = request.spine->num_rows();
  ARROW_RETURN_NOT_OK(ReadTimes(request, &spine));
  KeyReader reader(*request.spine, run, spaces);
  for (const features::ViewUse& use : request.selection.uses) {
    ARROW_ASSIGN_OR_RAISE(auto keys, reader.Read(use.key_columns, plan.views[use.view].keys));
    spine.uses.push_back(std::move(keys));
  }
  for (const int index : request.labels) {
    const std::vector<Field>& fields = plan.labels[index].view.keys;
    ARROW_ASSIGN_OR_RAISE(auto keys, reader.Read(NamesOf(fields), fields));
    spine.labels.push_back(std::move(keys));
  }
  for (const Field& field : request.selection.request_fields) {
    const auto array = request.spine->GetColumnByName(field.name);
    ARROW_ASSIGN_OR_RAISE(OwnedColumn column, CoerceColumn(*array, field.name, field.type));
    spine.request.push_back(std::move(column));
  }
  return spine;
}

}  // namespace millrace::offline
