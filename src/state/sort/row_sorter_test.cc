#include "state/sort/row_sorter.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "state/state_testing.h"

namespace millrace::state {
namespace {

using base::EventTime;

struct Sorted {
  std::string key;
  std::string row;
  friend bool operator==(const Sorted&, const Sorted&) = default;
};

// Rows of 40 keys in random order, their times in the row; what comes out.
std::vector<Sorted> Sort(int64_t bytes_max, OpenSpillFile open, int rows) {
  RowSorter sorter(bytes_max, std::move(open));
  std::mt19937_64 random(7);
  for (int i = 0; i < rows; ++i) {
    const std::string key = "k" + std::to_string(random() % 40);
    const auto time = static_cast<int64_t>(random() % 1'000);
    const uint32_t number = sorter.KeyNumber({key, ""});
    sorter.Add(number, EventTime::Micros(time), EventTime(), std::to_string(time));
    EXPECT_TRUE(sorter.EndBatch().ok());
  }
  const auto sorted = sorter.Finish();
  EXPECT_TRUE(sorted.ok()) << sorted.status().ToString();
  std::vector<Sorted> all;
  SortedKey key;
  std::string_view row;
  while (*(*sorted)->NextKey(&key)) {
    while (*(*sorted)->NextRow(&row)) all.push_back({std::string(key.prefix), std::string(row)});
  }
  return all;
}

TEST(RowSorter, OrdersByKeyThenByTime) {
  const std::vector<Sorted> sorted = Sort(1 << 30, {}, 2'000);
  ASSERT_EQ(sorted.size(), 2'000U);
  for (size_t i = 1; i < sorted.size(); ++i) {
    ASSERT_LE(sorted[i - 1].key, sorted[i].key);
    if (sorted[i - 1].key == sorted[i].key) {
      ASSERT_LE(std::stoi(sorted[i - 1].row), std::stoi(sorted[i].row));
    }
  }
}

TEST(RowSorter, HasTheSameRowsByKeyWhenTheyWaitInFiles) {
  auto by_key = [](std::vector<Sorted> rows) {
    std::stable_sort(rows.begin(), rows.end(), [](const Sorted& a, const Sorted& b) {
      return std::tie(a.key, a.row) < std::tie(b.key, b.row);
    });
    return rows;
  };
  const std::vector<Sorted> in_memory = Sort(1 << 30, {}, 500);
  const std::vector<Sorted> in_files = Sort(1, &OpenSpillForTest, 500);  // a run for every row
  EXPECT_EQ(by_key(in_memory), by_key(in_files));
  for (size_t i = 1; i < in_files.size(); ++i) ASSERT_LE(in_files[i - 1].key, in_files[i].key);
}

TEST(RowSorter, SkipsRowsThatNobodyTakes) {
  RowSorter sorter(1 << 30, {});
  const uint32_t b = sorter.KeyNumber({"b", ""});
  const uint32_t a = sorter.KeyNumber({"a", ""});
  EXPECT_EQ(sorter.KeyNumber({"b", ""}), b);
  sorter.Add(b, EventTime(), EventTime(), "1");
  sorter.Add(a, EventTime(), EventTime(), "2");
  sorter.Add(a, EventTime(), EventTime(), "3");
  const auto sorted = sorter.Finish();
  SortedKey key;
  ASSERT_TRUE(*(*sorted)->NextKey(&key));
  EXPECT_EQ(key.prefix, "a");
  ASSERT_TRUE(*(*sorted)->NextKey(&key));
  EXPECT_EQ(key.prefix, "b");
  std::string_view row;
  ASSERT_TRUE(*(*sorted)->NextRow(&row));
  EXPECT_EQ(row, "1");
  EXPECT_FALSE(*(*sorted)->NextRow(&row));
  EXPECT_FALSE(*(*sorted)->NextKey(&key));
}

TEST(RowSorter, GivesAllRowsAgainWithThoseThatCame) {
  for (const int64_t bytes_max : {int64_t{1}, int64_t{1} << 30}) {
    RowSorter sorter(bytes_max, &OpenSpillForTest);
    const auto add = [&](const std::string& key, int64_t time) {
      const uint32_t number = sorter.KeyNumber({key, ""});
      sorter.Add(number, EventTime::Micros(time), EventTime(), key + std::to_string(time));
      EXPECT_TRUE(sorter.EndBatch().ok());
    };
    const auto all = [&] {
      const auto sorted = sorter.Finish();
      std::multiset<std::string> rows;
      SortedKey key;
      std::string_view row;
      while (*(*sorted)->NextKey(&key)) {
        while (*(*sorted)->NextRow(&row)) rows.insert(std::string(row));
      }
      return rows;
    };
    add("b", 2);
    add("a", 1);
    add("b", 1);
    EXPECT_EQ(all(), (std::multiset<std::string>{"a1", "b1", "b2"}));
    add("b", 1);
    add("c", 1);
    EXPECT_EQ(all(), (std::multiset<std::string>{"a1", "b1", "b1", "b2", "c1"}));
    EXPECT_EQ(all(), (std::multiset<std::string>{"a1", "b1", "b1", "b2", "c1"}));
  }
}

TEST(RowSorter, SaysThatItCannotSpill) {
  RowSorter sorter(1, [] { return base::Error(base::codes::kDiskFull, "full"); });
  sorter.Add(sorter.KeyNumber({"a", ""}), EventTime(), EventTime(), "1");
  EXPECT_EQ(base::ProblemsOf(sorter.EndBatch())[0].code, base::codes::kDiskFull);
}

}  // namespace
}  // namespace millrace::state
