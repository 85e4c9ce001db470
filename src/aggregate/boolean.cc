// any and all: whether some value, every value is true.
#include "aggregate/families.h"
#include "aggregate/slide_loop.h"

namespace millrace::aggregate {
namespace {

template <bool kAll>
class BooleanState final : public FamilyState<BooleanState<kAll>> {
 public:
  explicit BooleanState(const BindingPtr&) {}
  void UpdateRow(const Input& input, int64_t row) { seen_ |= input.value.bools[row] != 0 ? 2 : 1; }
  void MergeFrom(const BooleanState& other) { seen_ |= other.seen_; }
  void Finalize(base::EventTime, columns::ColumnBuffer* out) const override {
    if (seen_ == 0) return out->AppendNull();
    out->AppendBool(kAll ? (seen_ & 1) == 0 : (seen_ & 2) != 0);
  }
  void EncodeBody(base::ByteWriter* out) const { out->U8(seen_); }
  base::Status DecodeBody(base::ByteReader* in) {
    ARROW_ASSIGN_OR_RAISE(seen_, in->U8());
    return seen_ <= 3 ? base::Status::OK() : CorruptState("a flag is unknown");
  }

 private:
  uint8_t seen_ = 0;  // 1: a false, 2: a true
};

template <bool kAll>
class BooleanSlide final : public RowSlide<BooleanSlide<kAll>> {
 public:
  explicit BooleanSlide(const BindingPtr&) {}
  void Begin(const Input& input) {
    bools_ = input.value.bools;
    count_ = 0;
    true_ = 0;
  }
  void Enter(int64_t row) {
    ++count_;
    true_ += bools_[row] != 0 ? 1 : 0;
  }
  void Leave(int64_t row) {
    --count_;
    true_ -= bools_[row] != 0 ? 1 : 0;
  }
  void Read(base::EventTime, columns::ColumnBuffer* out) {
    if (count_ == 0) return out->AppendNull();
    out->AppendBool(kAll ? true_ == count_ : true_ > 0);
  }

 private:
  const uint8_t* bools_ = nullptr;
  int64_t count_ = 0;
  int64_t true_ = 0;
};

template <bool kAll>
base::Result<AggregatePtr> MakeBoolean(const Call& call) {
  ARROW_RETURN_NOT_OK(CheckInput(call, call.input.kind() == columns::Kind::kBool, "a bool"));
  return Bind<BooleanState<kAll>, BooleanSlide<kAll>>(
      {.input = call.input, .result = columns::Kind::kBool});
}

}  // namespace

base::Result<AggregatePtr> MakeAny(const Call& call) {
  return MakeBoolean<false>(call);
}
base::Result<AggregatePtr> MakeAll(const Call& call) {
  return MakeBoolean<true>(call);
}

}  // namespace millrace::aggregate
