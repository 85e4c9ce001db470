// min and max in the order of values. The Slide keeps the staircase of rows that no row leaving
// later beats, by position of leaving, so that rows may enter in any order.
#include <optional>

#include "aggregate/families.h"
#include "aggregate/keys/key_ids.h"
#include "aggregate/keys/position_set.h"
#include "aggregate/slide_loop.h"

namespace millrace::aggregate {
namespace {

template <bool kMax, class Key>
bool Beats(const Key& a, const Key& b) {
  return kMax ? b < a : a < b;
}

template <class Key, bool kMax>
class ExtremumState final : public FamilyState<ExtremumState<Key, kMax>> {
 public:
  explicit ExtremumState(const BindingPtr& binding) : binding_(binding) {}
  void UpdateRow(const Input& input, int64_t row) {
    Offer(keys::KeyOf<Key>(input.value, row, &scratch_));
  }
  void MergeFrom(const ExtremumState& other) {
    if (other.best_) Offer(*other.best_);
  }
  void Finalize(base::EventTime, columns::ColumnBuffer* out) const override {
    if (!best_) return out->AppendNull();
    keys::AppendKey(binding_->result, Key(*best_), out);
  }
  void EncodeBody(base::ByteWriter* out) const {
    out->U8(best_ ? 1 : 0);
    if (best_) keys::WriteKey(binding_->input, Key(*best_), out);
  }
  base::Status DecodeBody(base::ByteReader* in) {
    ARROW_ASSIGN_OR_RAISE(const uint8_t present, in->U8());
    if (present > 1) return CorruptState("a flag is neither 0 nor 1");
    if (present == 0) return base::Status::OK();
    Key key;
    ARROW_RETURN_NOT_OK(keys::ReadKey(binding_->input, in, &key));
    best_ = keys::OwnedKey<Key>(key);
    return base::Status::OK();
  }

 private:
  void Offer(Key key) {
    if (!best_ || Beats<kMax, Key>(key, *best_)) best_ = keys::OwnedKey<Key>(key);
  }

  BindingPtr binding_;
  std::optional<keys::OwnedKey<Key>> best_;
  std::string scratch_;
};

template <class Key, bool kMax>
class ExtremumSlide final : public PositionSlide<ExtremumSlide<Key, kMax>> {
 public:
  explicit ExtremumSlide(const BindingPtr& binding) : binding_(binding) {}
  void Begin(const Input& input, std::span<const int64_t> leave) {
    keys_.Reset(input.value, leave);
    stairs_.Reset(static_cast<int64_t>(leave.size()));
  }
  void Enter(int64_t position) {
    const Key key = keys_[position];
    const int64_t later = stairs_.AtOrAfter(position + 1);
    if (later >= 0 && !Beats<kMax, Key>(key, keys_[later])) return;
    stairs_.Insert(position);
    for (int64_t earlier = stairs_.AtOrBefore(position - 1);
         earlier >= 0 && !Beats<kMax, Key>(keys_[earlier], key);
         earlier = stairs_.AtOrBefore(position - 1)) {
      stairs_.Erase(earlier);
    }
  }
  void Leave(int64_t position) {
    if (stairs_.Contains(position)) stairs_.Erase(position);
  }
  void Read(base::EventTime, columns::ColumnBuffer* out) {
    const int64_t best = stairs_.First();
    if (best < 0) return out->AppendNull();
    keys::AppendKey(binding_->result, keys_[best], out);
  }

 private:
  BindingPtr binding_;
  keys::RowKeys<Key> keys_;
  keys::PositionSet stairs_;
};

template <bool kMax>
base::Result<AggregatePtr> MakeExtremum(const Call& call) {
  ARROW_RETURN_NOT_OK(CheckOrdered(call));
  Binding binding{.input = call.input, .result = call.input};
  if (keys::IsFixed(call.input)) {
    return Bind<ExtremumState<keys::FixedKey, kMax>, ExtremumSlide<keys::FixedKey, kMax>>(binding);
  }
  return Bind<ExtremumState<keys::BytesKey, kMax>, ExtremumSlide<keys::BytesKey, kMax>>(binding);
}

}  // namespace

base::Result<AggregatePtr> MakeMin(const Call& call) {
  return MakeExtremum<false>(call);
}
base::Result<AggregatePtr> MakeMax(const Call& call) {
  return MakeExtremum<true>(call);
}

}  // namespace millrace::aggregate
