// sum and avg: integers in 128 bits, floats in a sum that loses nothing; rounded or judged when
// read. Their Slides: powers/.
#include "aggregate/exact/float_sum.h"
#include "aggregate/families.h"
#include "aggregate/powers/power_slide.h"
#include "aggregate/powers/power_values.h"

namespace millrace::aggregate {
namespace {

// Wraps only where hostile bytes say so: 2^63 values of 64 bits fit.
class IntTotal {
 public:
  void Add(const columns::Column& column, int64_t row) { total_ += At(column, row); }
  void Merge(const IntTotal& other) { total_ += other.total_; }
  void AppendSum(columns::ColumnBuffer* out) const {
    powers::AppendWhole(static_cast<__int128>(total_), out);
  }
  double RoundSum() const { return static_cast<double>(static_cast<__int128>(total_)); }
  void Encode(base::ByteWriter* out) const {
    exact::Dyadic::FromInt128(static_cast<__int128>(total_)).Encode(out);
  }
  base::Status Decode(base::ByteReader* in) {
    ARROW_ASSIGN_OR_RAISE(const exact::Dyadic number, exact::Dyadic::Decode(0, 127, in));
    unsigned __int128 magnitude = 0;
    const exact::Limbs& limbs = number.magnitude();
    for (size_t i = limbs.size(); i-- > 0;) magnitude = magnitude << 64 | limbs[i];
    magnitude <<= number.exponent();
    total_ = number.negative() ? -magnitude : magnitude;
    return base::Status::OK();
  }

 private:
  static unsigned __int128 At(const columns::Column& column, int64_t row) {
    if (column.ints != nullptr) return static_cast<unsigned __int128>(column.ints[row]);
    return column.uints[row];
  }
  unsigned __int128 total_ = 0;
};

class FloatTotal {
 public:
  void Add(const columns::Column& column, int64_t row) { sum_.Add(column.floats[row]); }
  void Merge(const FloatTotal& other) { sum_.Merge(other.sum_); }
  void AppendSum(columns::ColumnBuffer* out) const {
    out->AppendFloat(columns::CanonicalFloat(sum_.Round()));
  }
  double RoundSum() const { return sum_.Round(); }
  void Encode(base::ByteWriter* out) const { sum_.Encode(out); }
  base::Status Decode(base::ByteReader* in) { return sum_.Decode(in); }

 private:
  exact::FloatSum sum_;
};

template <class Total, bool kMean>
class SumState final : public FamilyState<SumState<Total, kMean>> {
 public:
  explicit SumState(const BindingPtr&) {}
  void UpdateRow(const Input& input, int64_t row) {
    total_.Add(input.value, row);
    ++count_;
  }
  void MergeFrom(const SumState& other) {
    total_.Merge(other.total_);
    count_ += other.count_;
  }
  void Finalize(base::EventTime, columns::ColumnBuffer* out) const override {
    kMean ? powers::AppendAvg(total_, count_, out) : powers::AppendSum(total_, count_, out);
  }
  void EncodeBody(base::ByteWriter* out) const {
    out->Varint(count_);
    if (count_ > 0) total_.Encode(out);
  }
  base::Status DecodeBody(base::ByteReader* in) {
    ARROW_ASSIGN_OR_RAISE(count_, in->Varint());
    return count_ > 0 ? total_.Decode(in) : base::Status::OK();
  }

 private:
  Total total_;
  uint64_t count_ = 0;
};

template <bool kMean>
base::Result<AggregatePtr> MakeTotal(const Call& call) {
  ARROW_RETURN_NOT_OK(CheckNumber(call));
  const bool floats = call.input.is_float();
  const Binding binding{.input = call.input,
                        .result = floats || kMean ? columns::Kind::kFloat64 : columns::Kind::kInt64,
                        .power_value = kMean ? PowerValue::kAvg : PowerValue::kSum};
  if (floats) return Bind<SumState<FloatTotal, kMean>, powers::LonePowerSlide>(binding);
  return Bind<SumState<IntTotal, kMean>, powers::LonePowerSlide>(binding);
}

}  // namespace

base::Result<AggregatePtr> MakeSum(const Call& call) {
  return MakeTotal<false>(call);
}
base::Result<AggregatePtr> MakeAvg(const Call& call) {
  return MakeTotal<true>(call);
}

}  // namespace millrace::aggregate
