// var, stddev, skewness, kurtosis: exact sums of powers S1..S4, turned into one rational per value
// and rounded once. No mean is subtracted and no range is lost in x*x. Their Slides: powers/.
#include "aggregate/families.h"
#include "aggregate/powers/power_slide.h"
#include "aggregate/powers/power_sums.h"
#include "aggregate/powers/power_values.h"

namespace millrace::aggregate {
namespace {

template <template <int> class Sum, PowerValue kValue>
class MomentState final : public FamilyState<MomentState<Sum, kValue>> {
 public:
  explicit MomentState(const BindingPtr&) {}
  void UpdateRow(const Input& input, int64_t row) { sums_.Change(input.value, row, false); }
  void MergeFrom(const MomentState& other) { sums_.Merge(other.sums_); }
  void Finalize(base::EventTime, columns::ColumnBuffer* out) const override {
    if constexpr (powers::PowersOf(kValue) > 2) {
      powers::AppendShape(sums_, kValue, out);
    } else {
      powers::AppendVariance(sums_, kValue, out);
    }
  }
  void EncodeBody(base::ByteWriter* out) const { sums_.Encode(out); }
  base::Status DecodeBody(base::ByteReader* in) { return sums_.Decode(in); }

 private:
  powers::PowerSums<Sum, powers::PowersOf(kValue)> sums_;
};

template <PowerValue kValue>
base::Result<AggregatePtr> MakeMoment(const Call& call) {
  ARROW_RETURN_NOT_OK(CheckNumber(call));
  const Binding binding{
      .input = call.input, .result = columns::Kind::kFloat64, .power_value = kValue};
  if (call.input.is_float()) {
    return Bind<MomentState<exact::FloatPowerSum, kValue>, powers::LonePowerSlide>(binding);
  }
  return Bind<MomentState<exact::IntPowerSum, kValue>, powers::LonePowerSlide>(binding);
}

}  // namespace

base::Result<AggregatePtr> MakeVar(const Call& call) {
  return MakeMoment<PowerValue::kVar>(call);
}
base::Result<AggregatePtr> MakeVarPop(const Call& call) {
  return MakeMoment<PowerValue::kVarPop>(call);
}
base::Result<AggregatePtr> MakeStddev(const Call& call) {
  return MakeMoment<PowerValue::kStddev>(call);
}
base::Result<AggregatePtr> MakeStddevPop(const Call& call) {
  return MakeMoment<PowerValue::kStddevPop>(call);
}
base::Result<AggregatePtr> MakeSkewness(const Call& call) {
  return MakeMoment<PowerValue::kSkewness>(call);
}
base::Result<AggregatePtr> MakeKurtosis(const Call& call) {
  return MakeMoment<PowerValue::kKurtosis>(call);
}

}  // namespace millrace::aggregate
