// count(), count(x), count_if(b): how many rows, values that are not null, values that are true.
#include "aggregate/families.h"
#include "aggregate/slide_loop.h"

namespace millrace::aggregate {
namespace {

template <bool kTrueOnly>
bool Counts(const columns::Column& column, int64_t row) {
  return !kTrueOnly || column.bools[row] != 0;
}

template <bool kTrueOnly>
class CountState final : public FamilyState<CountState<kTrueOnly>> {
 public:
  explicit CountState(const BindingPtr&) {}
  void UpdateRow(const Input& input, int64_t row) {
    count_ += Counts<kTrueOnly>(input.value, row) ? 1 : 0;
  }
  void MergeFrom(const CountState& other) { count_ += other.count_; }
  void Finalize(base::EventTime, columns::ColumnBuffer* out) const override {
    out->AppendInt(static_cast<int64_t>(count_));
  }
  void EncodeBody(base::ByteWriter* out) const { out->Varint(count_); }
  base::Status DecodeBody(base::ByteReader* in) { return in->Varint().Value(&count_); }

 private:
  uint64_t count_ = 0;
};

template <bool kTrueOnly>
class CountSlide final : public Slide {
 public:
  explicit CountSlide(const BindingPtr&) {}
  void Run(const Input& input, const Walk& walk, columns::ColumnBuffer* out) override {
    if (!kTrueOnly && input.value.cells == nullptr) {  // every row counts: which is no matter
      for (const Walk::Step& step : walk.steps) out->AppendInt(step.entered - step.left);
      return;
    }
    value_ = input.value;
    count_ = 0;
    WalkRows(input, walk, this, out);
  }
  void Enter(int64_t row) { count_ += Counts<kTrueOnly>(value_, row) ? 1 : 0; }
  void Leave(int64_t row) { count_ -= Counts<kTrueOnly>(value_, row) ? 1 : 0; }
  void Read(base::EventTime, columns::ColumnBuffer* out) { out->AppendInt(count_); }

 private:
  columns::Column value_;
  int64_t count_ = 0;
};

template <bool kTrueOnly>
AggregatePtr BindCount(const Call& call) {
  return Bind<CountState<kTrueOnly>, CountSlide<kTrueOnly>>(
      {.input = call.input,
       .result = columns::Kind::kInt64,
       .power_value = kTrueOnly ? std::nullopt : std::optional(PowerValue::kCount)});
}

}  // namespace

base::Result<AggregatePtr> MakeCount(const Call& call) {
  return BindCount<false>(call);
}

base::Result<AggregatePtr> MakeCountIf(const Call& call) {
  ARROW_RETURN_NOT_OK(CheckInput(call, call.input.kind() == columns::Kind::kBool, "a bool"));
  return BindCount<true>(call);
}

}  // namespace millrace::aggregate
