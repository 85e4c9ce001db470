// Each batch's distinct strings are found without a lock, by the codes that the batch has or by
// hashing, and numbered under it.
#include "offline/rows/string_codes.h"

namespace millrace::offline {

namespace {

constexpr int64_t kBytesPerString = 48;  // of the table, besides the text

// The distinct strings of some rows, each row's as an index into them.
class Distinct {
 public:
  Distinct(const columns::Column& column, std::span<const int64_t> rows) {
    of_row_.reserve(rows.size());
    if (column.codes != nullptr) {
      std::vector<int32_t> of_code(static_cast<size_t>(column.code_count), -1);
      for (const int64_t row : rows) {
        if (!column.valid(row)) {
          of_row_.push_back(-1);
          continue;
        }
        int32_t& known = of_code[static_cast<size_t>(column.codes[row])];
        if (known < 0) {
          known = static_cast<int32_t>(strings_.size());
          strings_.push_back(column.strings[row]);
        }
        of_row_.push_back(known);
      }
      return;
    }
    absl::flat_hash_map<std::string_view, int32_t> of_text;
    for (const int64_t row : rows) {
      if (!column.valid(row)) {
        of_row_.push_back(-1);
        continue;
      }
      const auto [known, added] =
          of_text.try_emplace(column.strings[row], static_cast<int32_t>(strings_.size()));
      if (added) strings_.push_back(column.strings[row]);
      of_row_.push_back(known->second);
    }
  }

  const std::vector<std::string_view>& strings() const { return strings_; }
  const std::vector<int32_t>& of_row() const { return of_row_; }

 private:
  std::vector<std::string_view> strings_;
  std::vector<int32_t> of_row_;  // -1: not valid
};

}  // namespace

bool StringCodes::Encode(const columns::Column& column, std::span<const int64_t> rows,
                         std::vector<int32_t>* codes) {
  const Distinct distinct(column, rows);
  std::vector<int32_t> numbers;
  numbers.reserve(distinct.strings().size());
  {
    const std::lock_guard lock(mutex_);
    for (const std::string_view text : distinct.strings()) {
      const int32_t before = ids_.size();
      const int32_t number = ids_.Insert(text);
      if (number == before) bytes_ += static_cast<int64_t>(text.size()) + kBytesPerString;
      if (bytes_ > bytes_max_) return false;
      numbers.push_back(number);
    }
  }
  codes->clear();
  codes->reserve(rows.size());
  for (const int32_t index : distinct.of_row()) codes->push_back(index < 0 ? 0 : numbers[index]);
  return true;
}

}  // namespace millrace::offline
