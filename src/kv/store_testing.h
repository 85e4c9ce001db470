// For tests: stores by engine, each of its own and empty, and short ways to fill and to read them.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "kv/store.h"

namespace millrace::kv {

// A new folder under the system's temporary one; gone with the object.
class TestFolder {
 public:
  TestFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "millrace-kv-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

using Pairs = std::vector<std::pair<std::string, std::string>>;

// Rows from memory, in the order given.
class PairReader final : public RowReader {
 public:
  explicit PairReader(Pairs pairs) : pairs_(std::move(pairs)) {}
  base::Result<bool> Next(Row* row) override {
    if (next_ == pairs_.size()) return false;
    *row = {pairs_[next_].first, pairs_[next_].second};
    ++next_;
    return true;
  }

 private:
  Pairs pairs_;
  size_t next_ = 0;
};

// The code of the first problem; "" when ok.
inline std::string CodeOf(const base::Status& status) {
  return status.ok() ? "" : std::string(base::ProblemsOf(status).front().code.name);
}

inline constexpr const char* kMissing = "(missing)";

// What a snapshot has for the keys; kMissing where it has nothing.
inline std::vector<std::string> Values(const Snapshot& snapshot,
                                       const std::vector<std::string>& keys) {
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  const base::Result<Found> found = snapshot.GetMany(views);
  EXPECT_TRUE(found.ok()) << found.status();
  std::vector<std::string> values;
  if (!found.ok()) return values;
  for (const auto& value : found->values) values.emplace_back(value ? *value : kMissing);
  return values;
}

inline std::unique_ptr<Snapshot> Now(const Store& store) {
  auto snapshot = store.Read();
  EXPECT_TRUE(snapshot.ok()) << snapshot.status();
  return snapshot.ok() ? *std::move(snapshot) : nullptr;
}

inline std::vector<std::string> Values(const Store& store, const std::vector<std::string>& keys) {
  const std::unique_ptr<Snapshot> snapshot = Now(store);
  return snapshot == nullptr ? std::vector<std::string>() : Values(*snapshot, keys);
}

inline std::string Value(const Store& store, const std::string& key) {
  const std::vector<std::string> values = Values(store, std::vector<std::string>{key});
  return values.empty() ? "(error)" : values.front();
}

inline Pairs RangeOf(const Snapshot& snapshot, std::string_view prefix) {
  Pairs pairs;
  auto rows = snapshot.Range(prefix);
  EXPECT_TRUE(rows.ok()) << rows.status();
  Row row;
  while (rows.ok()) {
    const base::Result<bool> more = (*rows)->Next(&row);
    EXPECT_TRUE(more.ok()) << more.status();
    if (!more.ok() || !*more) break;
    pairs.emplace_back(row.key, row.value);
  }
  return pairs;
}

inline Pairs RangeOf(const Store& store, std::string_view prefix) {
  const std::unique_ptr<Snapshot> snapshot = Now(store);
  return snapshot == nullptr ? Pairs() : RangeOf(*snapshot, prefix);
}

// One transaction of what `fill` does.
inline base::Status Change(Store* store, const std::function<base::Status(Transaction*)>& fill,
                           Guard guard = {}) {
  ARROW_ASSIGN_OR_RAISE(auto transaction, store->Begin(std::move(guard)));
  ARROW_RETURN_NOT_OK(fill(transaction.get()));
  return transaction->Commit();
}

inline base::Status PutAll(Store* store, const Pairs& pairs, Guard guard = {}) {
  return Change(
      store,
      [&](Transaction* transaction) {
        for (const auto& [key, value] : pairs) {
          ARROW_RETURN_NOT_OK(transaction->Put(key, value));
        }
        return base::Status::OK();
      },
      std::move(guard));
}

}  // namespace millrace::kv
