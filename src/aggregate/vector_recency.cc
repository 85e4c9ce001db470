// vector_recency_avg(v, k): the newest k vectors, weighted exp(-1 + i / (n - 1)) from the oldest of
// them to the newest. Zeros when there is none.
#include <sleef.h>

#include "aggregate/event_order.h"
#include "aggregate/exact/float_sum.h"
#include "aggregate/families.h"
#include "aggregate/keys/position_set.h"
#include "aggregate/slide_loop.h"

namespace millrace::aggregate {
namespace {

constexpr int64_t kNewestMax = 1024;

double Weight(int64_t i, int64_t n) {
  if (n == 1) return 1;
  const double part = static_cast<double>(i) / static_cast<double>(n - 1);
  return Sleef_cinz_expd1_u10purec(-1 + part);
}

// The weighted mean of vectors given one after another, oldest first.
class WeightedMean {
 public:
  explicit WeightedMean(int32_t size) : size_(static_cast<size_t>(size)), sums_(size_) {}

  // vector_at(i): its components, valid until the next call.
  template <class VectorAt>
  void Append(int64_t n, const VectorAt& vector_at, columns::ColumnBuffer* out) {
    for (exact::FloatSum& sum : sums_) sum.Reset();
    exact::FloatSum weights;
    for (int64_t i = 0; i < n; ++i) {
      const double weight = Weight(i, n);
      weights.Add(weight);
      const double* values = vector_at(i);
      for (size_t j = 0; j < size_; ++j) sums_[j].Add(weight * values[j]);
    }
    const double total = weights.Round();
    for (const exact::FloatSum& sum : sums_) {
      const double mean = n == 0 ? 0.0 : sum.Round() / total;
      const auto narrow = static_cast<float>(mean);
      out->elements()->AppendFloat(columns::CanonicalFloat(static_cast<double>(narrow)));
    }
    out->CloseList();
  }

 private:
  size_t size_;
  std::vector<exact::FloatSum> sums_;
};

// A vector of another length is not one of the type: it is left out.
bool HasLength(const columns::Column& column, int64_t row) {
  return column.offsets[row + 1] - column.offsets[row] == column.type.vector_size();
}

class VectorRecencyState final : public FamilyState<VectorRecencyState> {
 public:
  explicit VectorRecencyState(const BindingPtr& binding) : binding_(binding), events_(binding->k) {}
  void UpdateRow(const Input& input, int64_t row) {
    if (HasLength(input.value, row)) events_.Add(input, row);
  }
  void MergeFrom(const VectorRecencyState& other) { events_.Merge(other.events_); }
  void Finalize(base::EventTime, columns::ColumnBuffer* out) const override {
    const auto sorted = events_.Sorted();
    columns::ColumnBuffer vectors(binding_->input);
    for (const auto* event : sorted) {
      keys::AppendKey(binding_->input, keys::BytesKey(event->value), &vectors);
    }
    const columns::Column view = vectors.View();
    WeightedMean mean(binding_->input.vector_size());
    mean.Append(
        view.size, [&](int64_t i) { return view.children[0].floats + view.offsets[i]; }, out);
  }
  void EncodeBody(base::ByteWriter* out) const { events_.Encode(binding_->input, out); }
  base::Status DecodeBody(base::ByteReader* in) { return events_.Decode(binding_->input, in); }

 private:
  BindingPtr binding_;
  NearestEvents<keys::BytesKey, true> events_;
};

class VectorRecencySlide final : public PositionSlide<VectorRecencySlide> {
 public:
  explicit VectorRecencySlide(const BindingPtr& binding)
      : binding_(binding), mean_(binding->input.vector_size()) {}
  void Begin(const Input& input, std::span<const int64_t> leave) {
    value_ = input.value;
    leave_ = leave;
    order_.Reset(input, leave);
    present_.Reset(static_cast<int64_t>(leave.size()));
  }
  void Enter(int64_t position) {
    if (HasLength(value_, Row(position))) present_.Insert(order_.rank(position));
  }
  void Leave(int64_t position) {
    if (HasLength(value_, Row(position))) present_.Erase(order_.rank(position));
  }
  void Read(base::EventTime, columns::ColumnBuffer* out) {
    newest_.clear();
    for (int64_t rank = present_.Last(); rank >= 0; rank = present_.AtOrBefore(rank - 1)) {
      newest_.push_back(Row(order_.position(rank)));
      if (static_cast<int64_t>(newest_.size()) == binding_->k) break;
    }
    const auto n = static_cast<int64_t>(newest_.size());
    mean_.Append(
        n,
        [&](int64_t i) {
          const int64_t row = newest_[static_cast<size_t>(n - 1 - i)];
          return value_.children[0].floats + value_.offsets[row];
        },
        out);
  }

 private:
  int64_t Row(int64_t position) const { return leave_[static_cast<size_t>(position)]; }

  BindingPtr binding_;
  WeightedMean mean_;
  columns::Column value_;
  std::span<const int64_t> leave_;
  EventOrder order_;
  keys::PositionSet present_;  // by rank
  std::vector<int64_t> newest_;
};

}  // namespace

base::Result<AggregatePtr> MakeVectorRecencyAvg(const Call& call) {
  ARROW_RETURN_NOT_OK(
      CheckInput(call, call.input.kind() == columns::Kind::kVector, "a vector<float32, N>"));
  ARROW_ASSIGN_OR_RAISE(const int64_t k, CountParameter(call, kNewestMax));
  return Bind<VectorRecencyState, VectorRecencySlide>(
      {.input = call.input, .result = call.input, .k = k});
}

}  // namespace millrace::aggregate
