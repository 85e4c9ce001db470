// Rows wait as bytes in an arena, keys as numbers. Sorting orders the distinct keys, counts the
// rows into them, and looks at times only where they did not come in order.
#include "state/sort/row_sorter.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <queue>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"

namespace millrace::state {

using base::EventTime;
using base::Result;
using base::Status;

namespace {

constexpr size_t kBlockBytes = size_t{1} << 20;
constexpr int64_t kBytesPerKey = 80;  // of the tables, besides its bytes
constexpr size_t kRowsAhead = 16;     // that are fetched while one is read

Status AppendNumber(uint64_t number, RunFile* file) {
  return file->Append({reinterpret_cast<const char*>(&number), sizeof number});
}

Status AppendText(std::string_view text, RunFile* file) {
  ARROW_RETURN_NOT_OK(AppendNumber(text.size(), file));
  return file->Append(text);
}

Result<uint64_t> ReadNumber(RunReader* run) {
  uint64_t number = 0;
  ARROW_ASSIGN_OR_RAISE(const std::string_view bytes, run->Read(sizeof number));
  std::memcpy(&number, bytes.data(), sizeof number);
  return number;
}

Status ReadText(RunReader* run, std::string* text) {
  ARROW_ASSIGN_OR_RAISE(const uint64_t size, ReadNumber(run));
  ARROW_ASSIGN_OR_RAISE(*text, run->Read(size));
  return Status::OK();
}

}  // namespace

// Bytes that stay where they are.
class RowSorter::Arena {
 public:
  const char* Keep(std::string_view bytes) {
    if (used_ + bytes.size() > size_) {
      size_ = std::max(kBlockBytes, bytes.size());
      blocks_.push_back(std::make_unique_for_overwrite<char[]>(size_));
      used_ = 0;
      bytes_ += static_cast<int64_t>(size_);
    }
    char* place = blocks_.back().get() + used_;
    if (!bytes.empty()) std::memcpy(place, bytes.data(), bytes.size());
    used_ += bytes.size();
    return place;
  }
  int64_t bytes() const { return bytes_; }

 private:
  std::vector<std::unique_ptr<char[]>> blocks_;
  size_t used_ = 0;
  size_t size_ = 0;
  int64_t bytes_ = 0;
};

// What is in memory, sorted.
class RowSorter::MemoryRun final : public SortedRows {
 public:
  explicit MemoryRun(const RowSorter& sorter) : sorter_(sorter) {}

  Result<bool> NextKey(SortedKey* key) override {
    while (row_ < sorter_.sorted_.size() && rank_ > 0 && Current(row_)) ++row_;
    if (rank_ == sorter_.order_.size()) return false;
    number_ = sorter_.order_[rank_++];
    *key = sorter_.keys_[number_];
    return true;
  }
  Result<bool> NextRow(std::string_view* row) override {
    if (row_ == sorter_.sorted_.size() || !Current(row_)) return false;
    *row = {sorter_.sorted_[row_].bytes, sorter_.sorted_[row_].size};
    ++row_;
    // The bytes lie in the order in which rows came: each is far from the one before.
    if (row_ + kRowsAhead < sorter_.sorted_.size()) {
      __builtin_prefetch(sorter_.sorted_[row_ + kRowsAhead].bytes);
    }
    return true;
  }

 private:
  bool Current(size_t row) const { return sorter_.sorted_[row].key == number_; }

  const RowSorter& sorter_;
  size_t rank_ = 0;
  size_t row_ = 0;
  uint32_t number_ = 0;
};

// A run in a file: per key its bytes, how many rows, the rows.
class RowSorter::FileRun final : public SortedRows {
 public:
  static Result<WaitingRun> Write(MemoryRun* rows, const std::vector<uint64_t>& counts,
                                  RunFile* file) {
    const int64_t begin = file->end();
    SortedKey key;
    for (const uint64_t count : counts) {
      ARROW_ASSIGN_OR_RAISE(const bool more, rows->NextKey(&key));
      MILLRACE_CHECK(more);
      ARROW_RETURN_NOT_OK(AppendText(key.prefix, file));
      ARROW_RETURN_NOT_OK(AppendText(key.whole_key, file));
      ARROW_RETURN_NOT_OK(AppendNumber(count, file));
      std::string_view row;
      for (uint64_t i = 0; i < count; ++i) {
        ARROW_RETURN_NOT_OK(rows->NextRow(&row).status());
        ARROW_RETURN_NOT_OK(AppendText(row, file));
      }
    }
    ARROW_RETURN_NOT_OK(file->Flush());
    return WaitingRun{begin, file->end(), counts.size()};
  }

  FileRun(const RunFile& file, const WaitingRun& run)
      : run_(file, run.begin, run.end), keys_(run.keys) {}

  Result<bool> NextKey(SortedKey* key) override {
    std::string_view skipped;
    for (bool more = true; more;) {
      ARROW_ASSIGN_OR_RAISE(more, NextRow(&skipped));
    }
    if (keys_ == 0) return false;
    --keys_;
    ARROW_RETURN_NOT_OK(ReadText(&run_, &prefix_));
    ARROW_RETURN_NOT_OK(ReadText(&run_, &whole_key_));
    ARROW_ASSIGN_OR_RAISE(rows_, ReadNumber(&run_));
    *key = {prefix_, whole_key_};
    return true;
  }
  Result<bool> NextRow(std::string_view* row) override {
    if (rows_ == 0) return false;
    --rows_;
    ARROW_RETURN_NOT_OK(ReadText(&run_, &row_));
    *row = row_;
    return true;
  }

 private:
  RunReader run_;
  uint64_t keys_;
  uint64_t rows_ = 0;  // left of the key
  std::string prefix_;
  std::string whole_key_;
  std::string row_;
};

// Runs side by side; the rows of a key one run after the other.
class RowSorter::MergedRuns final : public SortedRows {
 public:
  explicit MergedRuns(std::vector<std::unique_ptr<SortedRows>> runs) : runs_(std::move(runs)) {}

  Status Start() {
    for (size_t run = 0; run < runs_.size(); ++run) ARROW_RETURN_NOT_OK(Push(run));
    return Status::OK();
  }
  Result<bool> NextKey(SortedKey* key) override {
    for (const size_t run : current_) ARROW_RETURN_NOT_OK(Push(run));
    current_.clear();
    at_ = 0;
    if (heads_.empty()) return false;
    key_ = heads_.top().first;
    while (!heads_.empty() && heads_.top().first == key_) {
      current_.push_back(heads_.top().second);
      heads_.pop();
    }
    *key = {key_.first, key_.second};
    return true;
  }
  Result<bool> NextRow(std::string_view* row) override {
    for (; at_ < current_.size(); ++at_) {
      ARROW_ASSIGN_OR_RAISE(const bool more, runs_[current_[at_]]->NextRow(row));
      if (more) return true;
    }
    return false;
  }

 private:
  using Key = std::pair<std::string, std::string>;
  using Head = std::pair<Key, size_t>;

  Status Push(size_t run) {
    SortedKey key;
    ARROW_ASSIGN_OR_RAISE(const bool more, runs_[run]->NextKey(&key));
    if (more) heads_.push({{std::string(key.prefix), std::string(key.whole_key)}, run});
    return Status::OK();
  }

  std::vector<std::unique_ptr<SortedRows>> runs_;
  std::priority_queue<Head, std::vector<Head>, std::greater<>> heads_;
  Key key_;
  std::vector<size_t> current_;  // runs that have the key, in order
  size_t at_ = 0;
};

RowSorter::RowSorter(int64_t bytes_max, OpenSpillFile open)
    : bytes_max_(bytes_max), open_(std::move(open)), arena_(std::make_unique<Arena>()) {}

RowSorter::~RowSorter() = default;

uint32_t RowSorter::KeyNumber(const SortedKey& key) {
  // Whether a key is cut shows in its prefix, so that the two parts can stand side by side.
  std::string joined;
  std::string_view text = key.prefix;
  if (!key.whole_key.empty()) {
    joined.append(key.prefix).append(key.whole_key);
    text = joined;
  }
  const auto known = numbers_.lazy_emplace(text, [&](const auto& make) {
    const std::string_view kept(arena_->Keep(text), text.size());
    make(kept, static_cast<uint32_t>(keys_.size()));
    keys_.push_back({kept.substr(0, key.prefix.size()), kept.substr(key.prefix.size())});
    key_bytes_ += kBytesPerKey;
  });
  return known->second;
}

void RowSorter::Add(uint32_t key, EventTime time, EventTime created, std::string_view row) {
  sorted_.push_back({time, created, arena_->Keep(row), static_cast<uint32_t>(row.size()), key});
  ++rows_added_;
}

Status RowSorter::EndBatch() {
  const auto rows = static_cast<int64_t>(sorted_.capacity() * sizeof(Row));
  // Sorting moves the rows once.
  const int64_t bytes = arena_->bytes() + 2 * rows + key_bytes_;
  return open_ && bytes > bytes_max_ ? Spill() : Status::OK();
}

void RowSorter::Sort() {
  order_.resize(keys_.size());
  std::iota(order_.begin(), order_.end(), 0);
  std::sort(order_.begin(), order_.end(), [&](uint32_t a, uint32_t b) {
    if (const int order = keys_[a].prefix.compare(keys_[b].prefix); order != 0) return order < 0;
    return keys_[a].whole_key < keys_[b].whole_key;
  });
  std::vector<size_t> next(keys_.size() + 1, 0);  // by key: where its next row goes
  for (const Row& row : sorted_) ++next[row.key];
  size_t before = 0;
  for (const uint32_t key : order_) {
    const size_t count = next[key];
    next[key] = before;
    before += count;
  }
  std::vector<Row> placed(sorted_.size());
  for (const Row& row : sorted_) placed[next[row.key]++] = row;
  sorted_ = std::move(placed);
  const auto earlier = [](const Row& a, const Row& b) {
    return a.time != b.time ? a.time < b.time : a.created < b.created;
  };
  for (size_t first = 0; first < sorted_.size();) {
    const size_t last = next[sorted_[first].key];
    const auto begin = sorted_.begin() + static_cast<std::ptrdiff_t>(first);
    const auto end = sorted_.begin() + static_cast<std::ptrdiff_t>(last);
    if (!std::is_sorted(begin, end, earlier)) std::stable_sort(begin, end, earlier);
    first = last;
  }
}

Status RowSorter::Spill() {
  Sort();
  std::vector<uint64_t> counts(keys_.size(), 0);
  for (const Row& row : sorted_) ++counts[row.key];
  std::vector<uint64_t> in_order;
  for (const uint32_t key : order_) in_order.push_back(counts[key]);
  if (file_ == nullptr) {
    ARROW_ASSIGN_OR_RAISE(const int descriptor, open_());
    file_ = std::make_unique<RunFile>(descriptor);
  }
  MemoryRun memory(*this);
  ARROW_ASSIGN_OR_RAISE(const WaitingRun run, FileRun::Write(&memory, in_order, file_.get()));
  runs_.push_back(run);
  numbers_.clear();
  keys_.clear();
  order_.clear();
  sorted_ = {};
  key_bytes_ = 0;
  arena_ = std::make_unique<Arena>();
  return Status::OK();
}

Result<std::unique_ptr<SortedRows>> RowSorter::Finish() {
  Sort();
  auto memory = std::make_unique<MemoryRun>(*this);
  if (runs_.empty()) return memory;
  std::vector<std::unique_ptr<SortedRows>> runs;
  for (const WaitingRun& run : runs_) runs.push_back(std::make_unique<FileRun>(*file_, run));
  runs.push_back(std::move(memory));  // what came last
  auto merged = std::make_unique<MergedRuns>(std::move(runs));
  ARROW_RETURN_NOT_OK(merged->Start());
  return merged;
}

}  // namespace millrace::state
