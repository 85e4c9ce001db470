// Cells are coerced as a spine's are; the keys with the smallest hashes are the sample.
#include "jobs/training/asked_rows.h"

#include <arrow/chunked_array.h>
#include <arrow/table.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/hash.h"
#include "features/entity_key.h"
#include "offline/coerce.h"

namespace millrace::jobs {

using base::Result;
using columns::OwnedColumn;

namespace {

constexpr int64_t kRowsPerKey = 50;

Result<std::shared_ptr<arrow::ChunkedArray>> ColumnOf(const arrow::Table& table,
                                                      const std::string& name) {
  auto column = table.GetColumnByName(name);
  if (column != nullptr) return column;
  return base::Error(base::codes::kMissingColumn, "there is no one column '" + name + "'");
}

Result<OwnedColumn> Coerced(const arrow::Table& table, const columns::Field& field) {
  ARROW_ASSIGN_OR_RAISE(const auto column, ColumnOf(table, field.name));
  return offline::CoerceColumn(*column, field.name, field.type);
}

// The rows with the smallest hashes, ascending.
std::vector<int64_t> SomeOf(const std::vector<int64_t>& rows, const std::string& seed, size_t max) {
  if (rows.size() <= max) return rows;
  std::vector<std::pair<uint64_t, int64_t>> hashed;
  hashed.reserve(rows.size());
  for (const int64_t row : rows) {
    hashed.emplace_back(base::Hash64(seed + " row " + std::to_string(row)), row);
  }
  std::nth_element(hashed.begin(), hashed.begin() + static_cast<std::ptrdiff_t>(max), hashed.end());
  std::vector<int64_t> some;
  for (size_t i = 0; i < max; ++i) some.push_back(hashed[i].second);
  return some;
}

}  // namespace

Result<AskedRows::Keys> AskedRows::ReadKeys(const arrow::Table& table,
                                            const std::vector<std::string>& names,
                                            const std::vector<columns::Field>& fields) {
  Keys keys{names, {}, {}};
  for (size_t i = 0; i < names.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(OwnedColumn cells, Coerced(table, {names[i], fields[i].type}));
    keys.views.push_back(cells.view);
    keys.cells.push_back(std::move(cells));
  }
  return keys;
}

Result<AskedRows> AskedRows::Read(const offline::TrainingSetRequest& request,
                                  const arrow::Table& table) {
  AskedRows asked;
  ARROW_ASSIGN_OR_RAISE(const auto times, ColumnOf(table, request.timestamp));
  ARROW_ASSIGN_OR_RAISE(asked.times_, offline::CoerceTimes(*times, request.timestamp));
  for (const features::ViewUse& use : request.selection.uses) {
    ARROW_ASSIGN_OR_RAISE(Keys keys,
                          ReadKeys(table, use.key_columns, request.plan->views[use.view].keys));
    asked.uses_.push_back(std::move(keys));
  }
  for (const int index : request.labels) {
    const std::vector<columns::Field>& fields = request.plan->labels[index].view.keys;
    std::vector<std::string> names;
    for (const columns::Field& field : fields) names.push_back(field.name);
    ARROW_ASSIGN_OR_RAISE(Keys keys, ReadKeys(table, names, fields));
    asked.labels_.push_back(std::move(keys));
  }
  for (const columns::Field& field : request.selection.request_fields) {
    ARROW_ASSIGN_OR_RAISE(OwnedColumn cells, Coerced(table, field));
    asked.request_fields_.push_back(std::move(cells));
  }
  return asked;
}

std::optional<base::EventTime> AskedRows::time(int64_t row) const {
  if (!times_.view.valid(row)) return std::nullopt;
  return base::EventTime::Micros(times_.view.ints[row]);
}

bool AskedRows::KeyOf(const Keys& keys, int64_t row, std::string* key) {
  return features::EncodeKey(keys.views, row, key);
}

std::string AskedRows::PrimaryKey(int64_t row) const {
  if (uses_.empty() && labels_.empty()) return "row " + std::to_string(row);
  std::string key;
  const bool has_key = KeyOf(uses_.empty() ? labels_[0] : uses_[0], row, &key);
  return has_key ? "key " + key : "null";
}

int64_t AskedRows::null_times() const {
  int64_t nulls = 0;
  for (int64_t row = 0; row < size(); ++row) nulls += times_.view.valid(row) ? 0 : 1;
  return nulls;
}

int64_t AskedRows::rows_with_null_key() const {
  std::vector<uint8_t> is_null(size());
  for (const auto* all : {&uses_, &labels_}) {
    for (const Keys& keys : *all) {
      for (const columns::Column& cells : keys.views) {
        for (int64_t row = 0; row < size(); ++row) is_null[row] |= cells.valid(row) ? 0 : 1;
      }
    }
  }
  return std::count(is_null.begin(), is_null.end(), 1);
}

std::string AskedRows::RowText(int64_t row) const {
  std::string text;
  if (!uses_.empty() || !labels_.empty()) {
    const Keys& keys = uses_.empty() ? labels_[0] : uses_[0];
    for (size_t i = 0; i < keys.names.size(); ++i) {
      const columns::Column& cells = keys.views[i];
      text += (i == 0 ? "" : ", ") + keys.names[i] + "=" + ToText(cells.value(row), cells.type);
    }
  }
  const auto at = time(row);
  return text + (text.empty() ? "at " : " at ") + (at ? base::FormatTime(*at) : "null time");
}

std::vector<std::string> AskedRows::KeyTexts(size_t use, int64_t row) const {
  std::vector<std::string> texts;
  for (const columns::Column& cells : uses_[use].views) {
    texts.push_back(ToText(cells.value(row), cells.type));
  }
  return texts;
}

std::string AskedRows::RequestText(size_t field, int64_t row) const {
  const columns::Column& cells = request_fields_[field].view;
  return ToText(cells.value(row), cells.type);
}

Sample TakeSample(const AskedRows& asked, const std::string& seed, int64_t keys_max) {
  // By hash; a key that leaves never comes back, as the largest hash only becomes smaller.
  std::map<uint64_t, SampledKey> smallest;
  for (int64_t row = 0; row < asked.size(); ++row) {
    const uint64_t hash = base::Hash64(seed + " " + asked.PrimaryKey(row));
    const bool full = static_cast<int64_t>(smallest.size()) >= keys_max;
    if (full && hash > std::prev(smallest.end())->first) continue;
    const auto [found, added] = smallest.try_emplace(hash);
    if (added) found->second.first_row = row;
    found->second.all_rows.push_back(row);
    if (added && full) smallest.erase(std::prev(smallest.end()));
  }
  Sample sample;
  const auto keys = static_cast<int64_t>(smallest.size());
  const int64_t share = keys == 0 ? 0 : kRowsPerKey * keys_max / keys;
  for (auto& [hash, key] : smallest) {
    const std::vector<int64_t> some = SomeOf(key.all_rows, seed, static_cast<size_t>(share));
    sample.rows.insert(sample.rows.end(), some.begin(), some.end());
    sample.keys.push_back(std::move(key));
  }
  std::sort(sample.rows.begin(), sample.rows.end());
  return sample;
}

}  // namespace millrace::jobs
