// first, last, first_k, last_k: values by (event time, created, value); lists oldest first.
#include <limits>

#include "aggregate/event_order.h"
#include "aggregate/families.h"
#include "aggregate/keys/position_set.h"
#include "aggregate/slide_loop.h"

namespace millrace::aggregate {
namespace {

template <class Key, bool kNewest, bool kList>
class OrderedState final : public FamilyState<OrderedState<Key, kNewest, kList>> {
 public:
  explicit OrderedState(const BindingPtr& binding) : binding_(binding), events_(binding->k) {}
  void UpdateRow(const Input& input, int64_t row) { events_.Add(input, row); }
  void MergeFrom(const OrderedState& other) { events_.Merge(other.events_); }
  void Finalize(base::EventTime, columns::ColumnBuffer* out) const override {
    const auto sorted = events_.Sorted();
    if (sorted.empty()) return out->AppendNull();
    for (const auto* event : sorted) {
      keys::AppendKey(binding_->input, Key(event->value), kList ? out->elements() : out);
    }
    if (kList) out->CloseList();
  }
  void EncodeBody(base::ByteWriter* out) const { events_.Encode(binding_->input, out); }
  base::Status DecodeBody(base::ByteReader* in) { return events_.Decode(binding_->input, in); }

 private:
  BindingPtr binding_;
  NearestEvents<Key, kNewest> events_;
};

template <class Key, bool kNewest, bool kList>
class OrderedSlide final : public PositionSlide<OrderedSlide<Key, kNewest, kList>> {
 public:
  explicit OrderedSlide(const BindingPtr& binding) : binding_(binding) {}
  void Begin(const Input& input, std::span<const int64_t> leave) {
    value_ = input.value;
    leave_ = leave;
    order_.Reset(input, leave);
    present_.Reset(static_cast<int64_t>(leave.size()));
  }
  void Enter(int64_t position) { present_.Insert(order_.rank(position)); }
  void Leave(int64_t position) { present_.Erase(order_.rank(position)); }
  void Read(base::EventTime, columns::ColumnBuffer* out) {
    int64_t rank = kNewest ? present_.Last() : present_.First();
    if (rank < 0) return out->AppendNull();
    if constexpr (!kList) return AppendValue(rank, out);
    int64_t count = 1;
    if (kNewest) {  // back to the oldest of the k
      for (; count < binding_->k; ++count) {
        const int64_t before = present_.AtOrBefore(rank - 1);
        if (before < 0) break;
        rank = before;
      }
    } else {
      count = binding_->k;
    }
    for (; count > 0 && rank >= 0; --count, rank = present_.AtOrAfter(rank + 1)) {
      AppendValue(rank, out->elements());
    }
    out->CloseList();
  }

 private:
  void AppendValue(int64_t rank, columns::ColumnBuffer* out) {
    const int64_t row = leave_[static_cast<size_t>(order_.position(rank))];
    keys::AppendKey(binding_->input, keys::KeyOf<Key>(value_, row, &scratch_), out);
  }

  BindingPtr binding_;
  columns::Column value_;
  std::span<const int64_t> leave_;
  EventOrder order_;
  keys::PositionSet present_;  // by rank
  std::string scratch_;
};

template <bool kNewest, bool kList>
base::Result<AggregatePtr> MakeOrdered(const Call& call) {
  ARROW_RETURN_NOT_OK(CheckStorable(call));
  int64_t k = 1;
  if (kList) {
    ARROW_ASSIGN_OR_RAISE(k, CountParameter(call, std::numeric_limits<int64_t>::max()));
  }
  Binding binding{
      .input = call.input, .result = kList ? columns::Type::List(call.input) : call.input, .k = k};
  if (keys::IsFixed(call.input)) {
    return Bind<OrderedState<keys::FixedKey, kNewest, kList>,
                OrderedSlide<keys::FixedKey, kNewest, kList>>(binding);
  }
  return Bind<OrderedState<keys::BytesKey, kNewest, kList>,
              OrderedSlide<keys::BytesKey, kNewest, kList>>(binding);
}

}  // namespace

base::Result<AggregatePtr> MakeFirst(const Call& call) {
  return MakeOrdered<false, false>(call);
}
base::Result<AggregatePtr> MakeLast(const Call& call) {
  return MakeOrdered<true, false>(call);
}
base::Result<AggregatePtr> MakeFirstK(const Call& call) {
  return MakeOrdered<false, true>(call);
}
base::Result<AggregatePtr> MakeLastK(const Call& call) {
  return MakeOrdered<true, true>(call);
}

}  // namespace millrace::aggregate
