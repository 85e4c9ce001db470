// KeySet beside std::set, at sizes that make its table grow.
#include "aggregate/keys/key_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace millrace::aggregate::keys {
namespace {

template <class Key>
std::vector<Key> Ascending(const KeySet<Key>& set) {
  std::vector<Key> all = set.All();
  std::ranges::sort(all);
  return all;
}

// Below a million; of any length, with zero bytes.
std::string Text(uint64_t number) {
  if (number % 7 == 0) return std::to_string(number);
  return std::string(number % 5, '\0') + std::to_string(number % 1000) +
         std::string(number % 40, 'x');
}

TEST(KeySet, HoldsEachStringOnce) {
  std::mt19937_64 random(1);
  for (const int count : {0, 1, 15, 16, 17, 600, 20'000}) {
    BytesSet set;
    std::set<std::string> expected;
    for (int i = 0; i < count; ++i) {
      const std::string text = Text(random() % 1'000'000);
      set.Add(text);
      set.Add(text);
      expected.insert(text);
    }
    EXPECT_EQ(set.size(), expected.size());
    EXPECT_TRUE(std::ranges::equal(Ascending<BytesKey>(set), expected)) << count;
  }
}

TEST(KeySet, TheEmptyStringIsAString) {
  BytesSet set;
  set.Add("");
  set.Add("");
  set.Add(std::string_view("\0", 1));
  EXPECT_EQ(Ascending<BytesKey>(set), (std::vector<std::string_view>{"", {"\0", 1}}));
}

TEST(KeySet, AMergeIsTheUnion) {
  std::mt19937_64 random(2);
  for (const auto& [left, right] : {std::pair{0, 9}, {9, 0}, {3, 2'000}, {2'000, 3}, {900, 900}}) {
    BytesSet texts, more_texts;
    FixedSet numbers, more_numbers;
    std::set<std::string> all_texts;
    std::set<uint64_t> all_numbers;
    for (int i = 0; i < left + right; ++i) {
      const uint64_t number = random() % 3'000;
      (i < left ? texts : more_texts).Add(Text(number));
      (i < left ? numbers : more_numbers).Add(number);
      all_texts.insert(Text(number));
      all_numbers.insert(number);
    }
    texts.Merge(more_texts);
    numbers.Merge(more_numbers);
    EXPECT_TRUE(std::ranges::equal(Ascending<BytesKey>(texts), all_texts));
    EXPECT_TRUE(std::ranges::equal(Ascending<FixedKey>(numbers), all_numbers));
    EXPECT_EQ(numbers.size(), all_numbers.size());
  }
}

TEST(KeySet, WhatWasMovedIntoGoesOn) {
  BytesSet a, b;
  for (int i = 0; i < 100; ++i) b.Add(Text(static_cast<uint64_t>(i) * 7));
  std::swap(a, b);
  for (int i = 0; i < 200; ++i) a.Add(Text(static_cast<uint64_t>(i) * 7));
  b.Add("b");
  EXPECT_EQ(a.size(), 200u);
  EXPECT_EQ(b.size(), 1u);
}

}  // namespace
}  // namespace millrace::aggregate::keys
