// percentile(x, p): exact, interpolated between the neighbours of p * (n - 1). The Slide counts
// values in a Fenwick tree over their ranks: log(distinct values) an event and a read.
#include <bit>
#include <cmath>

#include "aggregate/families.h"
#include "aggregate/keys/counted_keys.h"
#include "aggregate/keys/key_ids.h"
#include "aggregate/slide_loop.h"

namespace millrace::aggregate {
namespace {

// value_at(k): the k-th smallest of n > 0 values, from 0.
template <class ValueAt>
double Percentile(double p, uint64_t n, const ValueAt& value_at) {
  const double h = p * static_cast<double>(n - 1);
  const double floor = std::floor(h);
  const auto k = static_cast<uint64_t>(floor);
  if (k >= n - 1) return value_at(n - 1);
  const double below = value_at(k);
  if (h == floor) return below;
  const double step = value_at(k + 1) - below;
  const double part = (h - floor) * step;
  return below + part;
}

class PercentileState final : public FamilyState<PercentileState> {
 public:
  explicit PercentileState(const BindingPtr& binding) : binding_(binding) {}
  void UpdateRow(const Input& input, int64_t row) {
    counts_.Add(keys::FloatKey(FloatAt(input.value, row)), 1);
  }
  void MergeFrom(const PercentileState& other) { counts_.Merge(other.counts_); }
  void Finalize(base::EventTime, columns::ColumnBuffer* out) const override {
    if (counts_.empty()) return out->AppendNull();
    const auto entries = counts_.Ascending();
    uint64_t n = 0;
    for (const auto& entry : entries) n += entry.count;
    const double value = Percentile(binding_->p, n, [&](uint64_t k) {
      size_t i = 0;
      while (k >= entries[i].count && i + 1 < entries.size()) k -= entries[i++].count;
      return keys::FloatOfKey(entries[i].key);
    });
    out->AppendFloat(columns::CanonicalFloat(value));
  }
  void EncodeBody(base::ByteWriter* out) const { counts_.Encode(columns::Kind::kFloat64, out); }
  base::Status DecodeBody(base::ByteReader* in) {
    return counts_.Decode(columns::Kind::kFloat64, in);
  }

 private:
  BindingPtr binding_;
  keys::CountedKeys<keys::FixedKey> counts_;
};

// Counts of ids 0 … n-1, and the id that holds the k-th of them.
class RankTree {
 public:
  void Reset(int64_t size) { sums_.assign(static_cast<size_t>(size) + 1, 0); }
  void Change(int64_t id, int64_t by) {
    for (auto i = static_cast<size_t>(id) + 1; i < sums_.size(); i += i & (~i + 1)) sums_[i] += by;
  }
  int64_t Select(int64_t k) const {  // REQUIRES: k < the total
    size_t at = 0;
    for (size_t step = std::bit_floor(sums_.size() - 1); step > 0; step /= 2) {
      if (at + step < sums_.size() && sums_[at + step] <= k) {
        at += step;
        k -= sums_[at];
      }
    }
    return static_cast<int64_t>(at);
  }

 private:
  std::vector<int64_t> sums_;
};

class PercentileSlide final : public PositionSlide<PercentileSlide> {
 public:
  explicit PercentileSlide(const BindingPtr& binding) : binding_(binding) {}
  void Begin(const Input& input, std::span<const int64_t> leave) {
    const auto row = [&](int64_t position) { return leave[static_cast<size_t>(position)]; };
    ids_.Reset(
        static_cast<int64_t>(leave.size()),
        [&](int64_t i) { return keys::FloatKey(FloatAt(input.value, row(i))); },
        [&](int64_t i) { return input.value.valid(row(i)); });
    tree_.Reset(ids_.size());
    count_ = 0;
  }
  void Enter(int64_t position) {
    tree_.Change(ids_.id(position), 1);
    ++count_;
  }
  void Leave(int64_t position) {
    tree_.Change(ids_.id(position), -1);
    --count_;
  }
  void Read(base::EventTime, columns::ColumnBuffer* out) {
    if (count_ == 0) return out->AppendNull();
    const double value = Percentile(binding_->p, static_cast<uint64_t>(count_), [&](uint64_t k) {
      return keys::FloatOfKey(ids_.key(tree_.Select(static_cast<int64_t>(k))));
    });
    out->AppendFloat(columns::CanonicalFloat(value));
  }

 private:
  BindingPtr binding_;
  keys::KeyIds<keys::FixedKey> ids_;
  RankTree tree_;
  int64_t count_ = 0;
};

}  // namespace

base::Result<AggregatePtr> MakePercentile(const Call& call) {
  ARROW_RETURN_NOT_OK(CheckNumber(call));
  ARROW_ASSIGN_OR_RAISE(const double p, FractionParameter(call));
  return Bind<PercentileState, PercentileSlide>(
      {.input = call.input, .result = columns::Kind::kFloat64, .p = p});
}

}  // namespace millrace::aggregate
