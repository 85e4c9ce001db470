// PositionSet: a set of positions in [0, n) as a tree of 64-way bitmaps: insert, erase, first, last
// and neighbours in two to four steps whatever the order of calls. What the Slides of ordered
// functions use.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

namespace millrace::aggregate::keys {

class PositionSet {
 public:
  static constexpr int64_t kNone = -1;

  // Empties it and makes room for positions in [0, size).
  void Reset(int64_t size) {
    size_t levels = 0;
    int64_t words = size;
    do {
      words = (words + 63) / 64;
      if (levels == levels_.size()) levels_.emplace_back();
      levels_[levels].assign(static_cast<size_t>(words), 0);
      ++levels;
    } while (words > 1);
    levels_.resize(levels);
  }

  bool Contains(int64_t position) const {
    return (levels_[0][static_cast<size_t>(position >> 6)] >> (position & 63) & 1) != 0;
  }
  void Insert(int64_t position) {
    for (auto& level : levels_) {
      uint64_t& word = level[static_cast<size_t>(position >> 6)];
      const bool known = word != 0;
      word |= uint64_t{1} << (position & 63);
      if (known) return;
      position >>= 6;
    }
  }
  void Erase(int64_t position) {
    for (auto& level : levels_) {
      uint64_t& word = level[static_cast<size_t>(position >> 6)];
      word &= ~(uint64_t{1} << (position & 63));
      if (word != 0) return;
      position >>= 6;
    }
  }

  int64_t First() const { return levels_[0].empty() ? kNone : AtOrAfter(0); }
  int64_t Last() const {
    const auto words = static_cast<int64_t>(levels_[0].size());
    return words == 0 ? kNone : AtOrBefore(words * 64 - 1);
  }
  // The nearest member at or after (before) a position; kNone when there is none.
  int64_t AtOrAfter(int64_t position) const {
    for (size_t i = 0; i < levels_.size(); ++i) {
      const int64_t word = position >> 6;
      if (word >= static_cast<int64_t>(levels_[i].size())) return kNone;
      const uint64_t rest =
          levels_[i][static_cast<size_t>(word)] & (~uint64_t{0} << (position & 63));
      if (rest != 0) return DescendFirst(i, word * 64 + std::countr_zero(rest));
      position = word + 1;
    }
    return kNone;
  }
  int64_t AtOrBefore(int64_t position) const {
    for (size_t i = 0; i < levels_.size() && position >= 0; ++i) {
      const int64_t word = position >> 6;
      const uint64_t rest =
          levels_[i][static_cast<size_t>(word)] & (~uint64_t{0} >> (63 - (position & 63)));
      if (rest != 0) return DescendLast(i, word * 64 + 63 - std::countl_zero(rest));
      position = word - 1;
    }
    return kNone;
  }

 private:
  int64_t DescendFirst(size_t level, int64_t position) const {
    while (level-- > 0) {
      position = position * 64 + std::countr_zero(levels_[level][static_cast<size_t>(position)]);
    }
    return position;
  }
  int64_t DescendLast(size_t level, int64_t position) const {
    while (level-- > 0) {
      position =
          position * 64 + 63 - std::countl_zero(levels_[level][static_cast<size_t>(position)]);
    }
    return position;
  }

  std::vector<std::vector<uint64_t>> levels_;
};

}  // namespace millrace::aggregate::keys
