// var, stddev, skewness, kurtosis: exact sums of powers S1..S4, turned into one rational per value
// and rounded once. No mean is subtracted and no range is lost in x*x.
#include <array>
#include <cmath>
#include <limits>
#include <tuple>

#include "aggregate/exact/chunk_sum.h"
#include "aggregate/families.h"
#include "aggregate/slide_loop.h"

namespace millrace::aggregate {
namespace {

using exact::Dyadic;

enum class Moment { kVar, kVarPop, kStddev, kStddevPop, kSkewness, kKurtosis };

constexpr int PowersOf(Moment moment) {
  return moment == Moment::kKurtosis ? 4 : (moment == Moment::kSkewness ? 3 : 2);
}

// magnitude * factor; the product fits.
template <size_t kLimbs>
std::array<uint64_t, kLimbs> Times(const std::array<uint64_t, kLimbs>& magnitude, uint64_t factor) {
  std::array<uint64_t, kLimbs> product;
  uint64_t carry = 0;
  for (size_t i = 0; i < kLimbs; ++i) {
    const auto wide = static_cast<unsigned __int128>(magnitude[i]) * factor + carry;
    product[i] = static_cast<uint64_t>(wide);
    carry = static_cast<uint64_t>(wide >> 64);
  }
  return product;
}

template <template <int> class Sum, int... kPowers>
std::tuple<Sum<kPowers + 1>...> SumsOf(std::integer_sequence<int, kPowers...>);

// The sums of powers 1..kPowers of finite values, how many there are, and how many are not finite.
template <template <int> class Sum, int kPowers>
class PowerSums {
 public:
  static constexpr bool kFloats = std::is_same_v<Sum<1>, exact::FloatPowerSum<1>>;

  void Change(const columns::Column& column, int64_t row, bool subtract) {
    count_ += subtract ? ~uint64_t{0} : 1;
    if constexpr (kFloats) {
      const double value = column.floats[row];
      if (!std::isfinite(value)) {
        not_finite_ += subtract ? ~uint64_t{0} : 1;
        return;
      }
      const exact::FloatParts parts(value);
      if (parts.mantissa != 0) AddPowers(parts.mantissa, parts.position, parts.negative, subtract);
    } else if (column.ints != nullptr) {
      const auto value = static_cast<uint64_t>(column.ints[row]);
      const bool negative = column.ints[row] < 0;
      if (value != 0) AddPowers(negative ? -value : value, 0, negative, subtract);
    } else if (column.uints[row] != 0) {
      AddPowers(column.uints[row], 0, false, subtract);
    }
  }
  void Merge(const PowerSums& other) {
    count_ += other.count_;
    not_finite_ += other.not_finite_;
    std::apply(
        [&](auto&... mine) {
          std::apply([&](const auto&... theirs) { (mine.Merge(theirs), ...); }, other.sums_);
        },
        sums_);
  }
  void Reset() {
    count_ = 0;
    not_finite_ = 0;
    std::apply([](auto&... sum) { (sum.Reset(), ...); }, sums_);
  }

  uint64_t count() const { return count_; }
  bool finite() const { return not_finite_ == 0; }
  template <int kPower>
  Dyadic Power() const {
    return std::get<kPower - 1>(sums_).ToDyadic();
  }

  void Encode(base::ByteWriter* out) const {
    out->Varint(count_);
    if (count_ == 0) return;
    out->Varint(not_finite_);
    std::apply([&](const auto&... sum) { (sum.ToDyadic().Encode(out), ...); }, sums_);
  }
  base::Status Decode(base::ByteReader* in) {
    ARROW_ASSIGN_OR_RAISE(count_, in->Varint());
    if (count_ == 0) return base::Status::OK();
    ARROW_ASSIGN_OR_RAISE(not_finite_, in->Varint());
    if (not_finite_ > count_) return CorruptState("more values are not finite than there are");
    base::Status status;
    std::apply([&](auto&... sum) { ((status.ok() ? status = DecodeSum(in, &sum) : status), ...); },
               sums_);
    ARROW_RETURN_NOT_OK(status);
    return CheckMoments();
  }

 private:
  template <int kLowBit, int kBits>
  static base::Status DecodeSum(base::ByteReader* in, exact::ChunkSum<kLowBit, kBits>* sum) {
    ARROW_ASSIGN_OR_RAISE(const Dyadic number,
                          Dyadic::Decode(kLowBit, exact::ChunkSum<kLowBit, kBits>::kHighBit, in));
    sum->AddDyadic(number);
    return base::Status::OK();
  }
  // No values have n*S2 < S1^2: a variance below zero, which has no root.
  base::Status CheckMoments() const {
    const Dyadic first = Power<1>();
    const Dyadic spread = Dyadic::FromUInt(count_) * std::get<1>(sums_).ToDyadic() - first * first;
    return spread.negative() ? CorruptState("its sums of powers contradict each other")
                             : base::Status::OK();
  }

  void AddPowers(uint64_t mantissa, int position, bool negative, bool subtract) {
    std::get<0>(sums_).template AddLimbs<1>({mantissa}, position, negative != subtract);
    std::array<uint64_t, 2> square = Times<2>({mantissa, 0}, mantissa);
    std::get<1>(sums_).template AddLimbs<2>(square, 2 * position, subtract);
    if constexpr (kPowers >= 3) {
      const auto cube = Times<3>({square[0], square[1], 0}, mantissa);
      std::get<2>(sums_).template AddLimbs<3>(cube, 3 * position, negative != subtract);
      if constexpr (kPowers >= 4) {
        const auto fourth = Times<4>({cube[0], cube[1], cube[2], 0}, mantissa);
        std::get<3>(sums_).template AddLimbs<4>(fourth, 4 * position, subtract);
      }
    }
  }

  decltype(SumsOf<Sum>(std::make_integer_sequence<int, kPowers>())) sums_;
  uint64_t count_ = 0;
  uint64_t not_finite_ = 0;
};

Dyadic Whole(uint64_t value) {
  return Dyadic::FromUInt(value);
}

// With d_i = x_i - mean: n * sum(d^2), n^2 * sum(d^3), n^3 * sum(d^4), free of fractions.
template <class Sums>
Dyadic Central2(const Sums& sums) {
  const Dyadic s1 = sums.template Power<1>();
  return Whole(sums.count()) * sums.template Power<2>() - s1 * s1;
}

template <class Sums>
Dyadic Central3(const Sums& sums) {
  const Dyadic n = Whole(sums.count());
  const Dyadic s1 = sums.template Power<1>();
  const Dyadic s2 = sums.template Power<2>();
  return n * n * sums.template Power<3>() - Whole(3) * n * s1 * s2 + Whole(2) * s1 * s1 * s1;
}

template <class Sums>
Dyadic Central4(const Sums& sums) {
  const Dyadic n = Whole(sums.count());
  const Dyadic s1 = sums.template Power<1>();
  const Dyadic square = s1 * s1;
  return n * n * n * sums.template Power<4>() - Whole(4) * n * n * sums.template Power<3>() * s1 +
         Whole(6) * n * sums.template Power<2>() * square - Whole(3) * square * square;
}

// n (n-1) C3^2 / ((n-2)^2 C2^3) under the root, with the sign of C3; REQUIRES: C2 > 0, n >= 3.
template <class Sums>
double Skewness(const Sums& sums, const Dyadic& c2) {
  const uint64_t n = sums.count();
  const Dyadic c3 = Central3(sums);
  const Dyadic below = Whole(n - 2) * Whole(n - 2) * c2 * c2 * c2;
  const double root = std::sqrt(exact::RoundRatio(Whole(n) * Whole(n - 1) * c3 * c3, below));
  return c3.negative() ? -root : root;
}

// (n-1) ((n+1) C4 - 3 (n-1) C2^2) / ((n-2) (n-3) C2^2); REQUIRES: C2 > 0, n >= 4.
template <class Sums>
double Kurtosis(const Sums& sums, const Dyadic& c2) {
  const uint64_t n = sums.count();
  const Dyadic square = c2 * c2;
  const Dyadic above = (Whole(n) + Whole(1)) * Central4(sums) - Whole(3) * Whole(n - 1) * square;
  return exact::RoundRatio(Whole(n - 1) * above, Whole(n - 2) * Whole(n - 3) * square);
}

template <Moment kMoment, class Sums>
void Append(const Sums& sums, columns::ColumnBuffer* out) {
  constexpr bool kPopulation = kMoment == Moment::kVarPop || kMoment == Moment::kStddevPop;
  constexpr bool kRoot = kMoment == Moment::kStddev || kMoment == Moment::kStddevPop;
  constexpr uint64_t kCountMin = PowersOf(kMoment) > 2 ? PowersOf(kMoment) : (kPopulation ? 1 : 2);
  const uint64_t n = sums.count();
  if (n < kCountMin) return out->AppendNull();
  if (!sums.finite()) {
    return out->AppendFloat(columns::CanonicalFloat(std::numeric_limits<double>::quiet_NaN()));
  }
  const Dyadic c2 = Central2(sums);
  double value = 0;
  if constexpr (PowersOf(kMoment) > 2) {
    if (c2.sign() <= 0) return out->AppendNull();
    value = kMoment == Moment::kSkewness ? Skewness(sums, c2) : [&] {
      if constexpr (kMoment == Moment::kKurtosis) return Kurtosis(sums, c2);
      return 0.0;
    }();
  } else {
    value = exact::RoundRatio(c2, Whole(n) * Whole(kPopulation ? n : n - 1));
    if (kRoot) value = std::sqrt(value);
  }
  out->AppendFloat(columns::CanonicalFloat(value));
}

template <template <int> class Sum, Moment kMoment>
class MomentState final : public FamilyState<MomentState<Sum, kMoment>> {
 public:
  explicit MomentState(const BindingPtr&) {}
  void UpdateRow(const Input& input, int64_t row) { sums_.Change(input.value, row, false); }
  void MergeFrom(const MomentState& other) { sums_.Merge(other.sums_); }
  void Finalize(base::EventTime, columns::ColumnBuffer* out) const override {
    Append<kMoment>(sums_, out);
  }
  void EncodeBody(base::ByteWriter* out) const { sums_.Encode(out); }
  base::Status DecodeBody(base::ByteReader* in) { return sums_.Decode(in); }

 private:
  PowerSums<Sum, PowersOf(kMoment)> sums_;
};

template <template <int> class Sum, Moment kMoment>
class MomentSlide final : public RowSlide<MomentSlide<Sum, kMoment>> {
 public:
  explicit MomentSlide(const BindingPtr&) {}
  void Begin(const Input& input) {
    value_ = input.value;
    sums_.Reset();
  }
  void Enter(int64_t row) { sums_.Change(value_, row, false); }
  void Leave(int64_t row) { sums_.Change(value_, row, true); }
  void Read(base::EventTime, columns::ColumnBuffer* out) { Append<kMoment>(sums_, out); }

 private:
  columns::Column value_;
  PowerSums<Sum, PowersOf(kMoment)> sums_;
};

template <Moment kMoment>
base::Result<AggregatePtr> MakeMoment(const Call& call) {
  ARROW_RETURN_NOT_OK(CheckNumber(call));
  Binding binding{.input = call.input, .result = columns::Kind::kFloat64};
  if (call.input.is_float()) {
    return Bind<MomentState<exact::FloatPowerSum, kMoment>,
                MomentSlide<exact::FloatPowerSum, kMoment>>(binding);
  }
  return Bind<MomentState<exact::IntPowerSum, kMoment>, MomentSlide<exact::IntPowerSum, kMoment>>(
      binding);
}

}  // namespace

base::Result<AggregatePtr> MakeVar(const Call& call) {
  return MakeMoment<Moment::kVar>(call);
}
base::Result<AggregatePtr> MakeVarPop(const Call& call) {
  return MakeMoment<Moment::kVarPop>(call);
}
base::Result<AggregatePtr> MakeStddev(const Call& call) {
  return MakeMoment<Moment::kStddev>(call);
}
base::Result<AggregatePtr> MakeStddevPop(const Call& call) {
  return MakeMoment<Moment::kStddevPop>(call);
}
base::Result<AggregatePtr> MakeSkewness(const Call& call) {
  return MakeMoment<Moment::kSkewness>(call);
}
base::Result<AggregatePtr> MakeKurtosis(const Call& call) {
  return MakeMoment<Moment::kKurtosis>(call);
}

}  // namespace millrace::aggregate
