// mode, top_k, histogram: how often each value occurs. The Slide keeps counts by value and, for
// mode and top_k, a tournament tree over them: log(distinct values) an event.
#include <limits>
#include <queue>

#include "aggregate/families.h"
#include "aggregate/keys/counted_keys.h"
#include "aggregate/keys/key_ids.h"
#include "aggregate/keys/position_set.h"
#include "aggregate/slide_loop.h"

namespace millrace::aggregate {
namespace {

enum class Frequency { kMode, kTopK, kHistogram };

template <class Key, Frequency kFrequency>
class FrequencyState final : public FamilyState<FrequencyState<Key, kFrequency>> {
 public:
  explicit FrequencyState(const BindingPtr& binding) : binding_(binding) {}
  void UpdateRow(const Input& input, int64_t row) {
    counts_.Add(keys::KeyOf<Key>(input.value, row, &scratch_), 1);
  }
  void MergeFrom(const FrequencyState& other) { counts_.Merge(other.counts_); }
  void Finalize(base::EventTime, columns::ColumnBuffer* out) const override {
    if (counts_.empty()) return out->AppendNull();
    auto entries = counts_.Ascending();
    const columns::Type& type = binding_->input;
    if constexpr (kFrequency == Frequency::kHistogram) {
      for (const auto& entry : entries) {
        keys::AppendKey(type, entry.key, out->keys());
        out->elements()->AppendInt(static_cast<int64_t>(entry.count));
      }
      return out->CloseList();
    }
    std::ranges::sort(entries, [](const auto& a, const auto& b) {
      return a.count != b.count ? a.count > b.count : a.key < b.key;
    });
    if constexpr (kFrequency == Frequency::kMode) {
      return keys::AppendKey(type, entries.front().key, out);
    }
    const auto size = std::min(entries.size(), static_cast<size_t>(binding_->k));
    for (size_t i = 0; i < size; ++i) keys::AppendKey(type, entries[i].key, out->elements());
    out->CloseList();
  }
  void EncodeBody(base::ByteWriter* out) const { counts_.Encode(binding_->input, out); }
  base::Status DecodeBody(base::ByteReader* in) { return counts_.Decode(binding_->input, in); }

 private:
  BindingPtr binding_;
  keys::CountedKeys<Key> counts_;
  std::string scratch_;
};

// The most frequent of ids 0 … n-1, the smaller id where counts are equal.
class Tournament {
 public:
  void Reset(int64_t size) {
    leaves_ = 1;
    while (leaves_ < size) leaves_ *= 2;
    counts_.assign(static_cast<size_t>(leaves_), 0);
    winners_.resize(static_cast<size_t>(2 * leaves_));
    for (int64_t node = 2 * leaves_ - 1; node > 0; --node) {
      winners_[static_cast<size_t>(node)] = node >= leaves_
                                                ? static_cast<int32_t>(node - leaves_)
                                                : winners_[static_cast<size_t>(2 * node)];
    }
  }
  // The new count.
  int64_t Change(int32_t id, int64_t by) {
    const int64_t count = counts_[static_cast<size_t>(id)] += by;
    for (int64_t node = (leaves_ + id) / 2; node > 0; node /= 2) {
      const int32_t left = winners_[static_cast<size_t>(2 * node)];
      const int32_t right = winners_[static_cast<size_t>(2 * node + 1)];
      winners_[static_cast<size_t>(node)] = count_of(right) > count_of(left) ? right : left;
    }
    return count;
  }
  int64_t count_of(int32_t id) const { return counts_[static_cast<size_t>(id)]; }
  int32_t winner() const { return winners_[1]; }

  // Calls visit(id) for the k most frequent ids that occur, best first.
  template <class Visit>
  void Top(int64_t k, const Visit& visit) const {
    const auto worse = [&](int64_t a, int64_t b) {
      const int32_t id_a = winners_[static_cast<size_t>(a)];
      const int32_t id_b = winners_[static_cast<size_t>(b)];
      if (count_of(id_a) != count_of(id_b)) return count_of(id_a) < count_of(id_b);
      return id_a > id_b;
    };
    std::priority_queue<int64_t, std::vector<int64_t>, decltype(worse)> subtrees(worse);
    subtrees.push(1);
    for (; k > 0 && !subtrees.empty(); --k) {
      const int64_t root = subtrees.top();
      subtrees.pop();
      const int32_t best = winners_[static_cast<size_t>(root)];
      if (count_of(best) == 0) return;
      visit(best);
      for (int64_t node = leaves_ + best; node != root; node /= 2) subtrees.push(node ^ 1);
    }
  }

 private:
  int64_t leaves_ = 1;
  std::vector<int64_t> counts_;
  std::vector<int32_t> winners_;
};

template <class Key, Frequency kFrequency>
class FrequencySlide final : public PositionSlide<FrequencySlide<Key, kFrequency>> {
 public:
  explicit FrequencySlide(const BindingPtr& binding) : binding_(binding) {}
  void Begin(const Input& input, std::span<const int64_t> leave) {
    ids_.Reset(input.value, leave);
    present_.Reset(ids_.size());
    if constexpr (kFrequency == Frequency::kHistogram) {
      counts_.assign(static_cast<size_t>(ids_.size()), 0);
    } else {
      tournament_.Reset(ids_.size());
    }
  }
  void Enter(int64_t position) { Change(ids_.id(position), 1); }
  void Leave(int64_t position) { Change(ids_.id(position), -1); }
  void Read(base::EventTime, columns::ColumnBuffer* out) {
    const columns::Type& type = binding_->input;
    if constexpr (kFrequency == Frequency::kHistogram) {
      if (present_.First() < 0) return out->AppendNull();
      for (int64_t id = present_.First(); id >= 0; id = present_.AtOrAfter(id + 1)) {
        keys::AppendKey(type, ids_.key(id), out->keys());
        out->elements()->AppendInt(counts_[static_cast<size_t>(id)]);
      }
      return out->CloseList();
    }
    if (tournament_.count_of(tournament_.winner()) == 0) return out->AppendNull();
    if constexpr (kFrequency == Frequency::kMode) {
      return keys::AppendKey(type, ids_.key(tournament_.winner()), out);
    }
    tournament_.Top(binding_->k,
                    [&](int32_t id) { keys::AppendKey(type, ids_.key(id), out->elements()); });
    out->CloseList();
  }

 private:
  void Change(int32_t id, int64_t by) {
    if constexpr (kFrequency == Frequency::kHistogram) {
      int64_t& count = counts_[static_cast<size_t>(id)];
      count += by;
      if (count == 0) present_.Erase(id);
      if (count == by) present_.Insert(id);
    } else {
      tournament_.Change(id, by);
    }
  }

  BindingPtr binding_;
  keys::KeyIds<Key> ids_;
  std::vector<int64_t> counts_;
  keys::PositionSet present_;
  Tournament tournament_;
};

template <Frequency kFrequency>
base::Result<AggregatePtr> MakeFrequency(const Call& call) {
  ARROW_RETURN_NOT_OK(CheckOrdered(call));
  Binding binding{.input = call.input, .result = call.input};
  if (kFrequency == Frequency::kTopK) {
    ARROW_ASSIGN_OR_RAISE(binding.k, CountParameter(call, std::numeric_limits<int64_t>::max()));
    binding.result = columns::Type::List(call.input);
  }
  if (kFrequency == Frequency::kHistogram) {
    binding.result = columns::Type::Map(call.input, columns::Kind::kInt64);
  }
  if (keys::IsFixed(call.input)) {
    return Bind<FrequencyState<keys::FixedKey, kFrequency>,
                FrequencySlide<keys::FixedKey, kFrequency>>(binding);
  }
  return Bind<FrequencyState<keys::BytesKey, kFrequency>,
              FrequencySlide<keys::BytesKey, kFrequency>>(binding);
}

}  // namespace

base::Result<AggregatePtr> MakeMode(const Call& call) {
  return MakeFrequency<Frequency::kMode>(call);
}
base::Result<AggregatePtr> MakeTopK(const Call& call) {
  return MakeFrequency<Frequency::kTopK>(call);
}
base::Result<AggregatePtr> MakeHistogram(const Call& call) {
  return MakeFrequency<Frequency::kHistogram>(call);
}

}  // namespace millrace::aggregate
