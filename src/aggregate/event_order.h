// The order of events: (event time, created, value). EventOrder ranks a walk's rows in it for
// Slides; NearestEvents keeps the k oldest or newest for States. For first, last, their k-lists and
// vector_recency_avg.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "aggregate/binding.h"
#include "aggregate/keys/order_key.h"

namespace millrace::aggregate {

class EventOrder {
 public:
  // REQUIRES: `leave` is by event time.
  void Reset(const Input& input, std::span<const int64_t> leave) {
    const auto time = [&](int64_t position) {
      return input.times[leave[static_cast<size_t>(position)]];
    };
    const auto size = static_cast<int64_t>(leave.size());
    positions_.resize(leave.size());
    std::iota(positions_.begin(), positions_.end(), 0);
    for (int64_t begin = 0; begin < size;) {
      int64_t end = begin + 1;
      while (end < size && time(end) == time(begin)) ++end;
      if (end - begin > 1) SortTies(input, leave, begin, end);
      begin = end;
    }
    ranks_.resize(leave.size());
    for (int64_t rank = 0; rank < size; ++rank) {
      ranks_[static_cast<size_t>(positions_[static_cast<size_t>(rank)])] = rank;
    }
  }
  int64_t rank(int64_t position) const { return ranks_[static_cast<size_t>(position)]; }
  int64_t position(int64_t rank) const { return positions_[static_cast<size_t>(rank)]; }

 private:
  void SortTies(const Input& input, std::span<const int64_t> leave, int64_t begin, int64_t end) {
    std::sort(positions_.begin() + begin, positions_.begin() + end, [&](int64_t a, int64_t b) {
      const int64_t row_a = leave[static_cast<size_t>(a)];
      const int64_t row_b = leave[static_cast<size_t>(b)];
      if (input.created != nullptr && input.created[row_a] != input.created[row_b]) {
        return input.created[row_a] < input.created[row_b];
      }
      return columns::CompareCells(input.value, row_a, input.value, row_b) < 0;
    });
  }

  std::vector<int64_t> positions_;  // by rank
  std::vector<int64_t> ranks_;      // by position
};

template <class Key, bool kNewest>
class NearestEvents {
 public:
  struct Event {
    int64_t time;
    int64_t created;  // 0 when the source has none
    keys::OwnedKey<Key> value;
    friend bool operator<(const Event& a, const Event& b) {
      if (a.time != b.time) return a.time < b.time;
      if (a.created != b.created) return a.created < b.created;
      return a.value < b.value;
    }
  };

  explicit NearestEvents(int64_t k) : k_(static_cast<uint64_t>(k)) {}

  void Add(const Input& input, int64_t row) {
    has_created_ = input.created != nullptr;
    Keep({input.times[row].micros(), has_created_ ? input.created[row].micros() : 0,
          keys::OwnedKey<Key>(keys::KeyOf<Key>(input.value, row, &scratch_))});
  }
  void Merge(const NearestEvents& other) {
    has_created_ = has_created_ || other.has_created_;
    for (const Event& event : other.events_) Keep(event);
  }
  // At most k, oldest first; views of this.
  std::vector<const Event*> Sorted() const {
    std::vector<const Event*> sorted;
    sorted.reserve(events_.size());
    for (const Event& event : events_) sorted.push_back(&event);
    std::ranges::sort(sorted, [](const Event* a, const Event* b) { return *a < *b; });
    if (sorted.size() > k_) {
      const auto extra = static_cast<std::ptrdiff_t>(sorted.size() - k_);
      sorted.erase(kNewest ? sorted.begin() : sorted.end() - extra,
                   kNewest ? sorted.begin() + extra : sorted.end());
    }
    return sorted;
  }

  void Encode(const columns::Type& type, base::ByteWriter* out) const {
    const auto sorted = Sorted();
    out->Varint(sorted.size() << 1 | (has_created_ && !sorted.empty() ? 1 : 0));
    uint64_t time = 0;
    for (const Event* event : sorted) {
      if (event == sorted.front()) {
        out->SignedVarint(event->time);
      } else {
        out->Varint(static_cast<uint64_t>(event->time) - time);
      }
      time = static_cast<uint64_t>(event->time);
      if (has_created_) {
        out->SignedVarint(static_cast<int64_t>(static_cast<uint64_t>(event->created) - time));
      }
      keys::WriteKey(type, Key(event->value), out);
    }
  }
  base::Status Decode(const columns::Type& type, base::ByteReader* in) {
    ARROW_ASSIGN_OR_RAISE(const uint64_t head, in->Varint());
    const uint64_t size = head >> 1;
    has_created_ = (head & 1) != 0;
    if (head == 1 || size > k_ || size > in->remaining()) return CorruptState("too many events");
    events_.reserve(size);
    for (uint64_t i = 0; i < size; ++i) {
      ARROW_ASSIGN_OR_RAISE(Event event, DecodeEvent(type, in));
      if (i > 0 && event < events_.back()) return CorruptState("its events do not ascend");
      events_.push_back(std::move(event));
    }
    return base::Status::OK();
  }

 private:
  base::Result<Event> DecodeEvent(const columns::Type& type, base::ByteReader* in) const {
    Event event{};
    if (events_.empty()) {
      ARROW_ASSIGN_OR_RAISE(event.time, in->SignedVarint());
    } else {
      ARROW_ASSIGN_OR_RAISE(const uint64_t step, in->Varint());
      event.time = static_cast<int64_t>(static_cast<uint64_t>(events_.back().time) + step);
    }
    if (has_created_) {
      ARROW_ASSIGN_OR_RAISE(const int64_t after, in->SignedVarint());
      event.created =
          static_cast<int64_t>(static_cast<uint64_t>(event.time) + static_cast<uint64_t>(after));
    }
    Key key;
    ARROW_RETURN_NOT_OK(keys::ReadKey(type, in, &key));
    event.value = keys::OwnedKey<Key>(key);
    return event;
  }

  // Lets twice as many gather before the far half is dropped, so that k may be large.
  void Keep(Event event) {
    events_.push_back(std::move(event));
    if (events_.size() / 2 < k_) return;
    const auto kth = events_.begin() + static_cast<std::ptrdiff_t>(k_);
    std::nth_element(events_.begin(), kth - 1, events_.end(),
                     [](const Event& a, const Event& b) { return kNewest ? b < a : a < b; });
    events_.erase(kth, events_.end());
  }

  uint64_t k_;
  bool has_created_ = false;
  std::vector<Event> events_;
  std::string scratch_;
};

}  // namespace millrace::aggregate
