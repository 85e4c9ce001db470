// decayed_sum and ewma: values halve every half-life h. A value's weight is cut into 2^k, which is
// exact (k = floor(time / h)), and exp2 of the rest, which is rounded per value: so sums stay
// exact, merge in any order, and do not depend on when they are read. REQUIRES: no row is later
// than as_of; if one is, its k takes the place of as_of's in the cut.
#include <sleef.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>

#include "aggregate/exact/float_sum.h"
#include "aggregate/families.h"
#include "aggregate/slide_loop.h"

namespace millrace::aggregate {
namespace {

using exact::Dyadic;

// Rows whose k is smaller than the newest by more count no longer.
constexpr int64_t kCut = 1024;

// Where a time stands on the grid of half-lives.
struct HalfLives {
  int64_t whole;
  double rest;  // in [0, 1)

  HalfLives(base::EventTime time, int64_t half_life)
      : whole(base::FloorDiv(time.micros(), half_life)),
        rest(static_cast<double>(base::FloorMod(time.micros(), half_life)) /
             static_cast<double>(half_life)) {}
};

bool IsCut(int64_t k, int64_t newest) {
  return base::SaturatingSubtract(newest, k) > kCut;
}

// What is summed: decayed values and, for ewma, decayed ones.
template <bool kMean>
constexpr size_t kSums = kMean ? 2 : 1;
template <bool kMean>
using Terms = std::array<double, kSums<kMean>>;

template <bool kMean>
Terms<kMean> TermsOf(double value, double rest) {
  const double growth = Sleef_cinz_exp2d1_u10purec(rest);
  if constexpr (kMean) return {value * growth, growth};
  return {value * growth};
}

// sums[i] are the exact sums of terms times 2^-K rounded.
template <bool kMean>
double ValueOf(const Terms<kMean>& sums, double rest) {
  if constexpr (kMean) return sums[0] / sums[1];
  return sums[0] * Sleef_cinz_exp2d1_u10purec(-rest);
}

// One rounding of number * 2^power, whatever the power.
double RoundScaled(const Dyadic& number, int64_t power) {
  constexpr int64_t kFar = 1 << 20;  // beyond the reach of float64 from either side
  return exact::Round(number.Scaled(std::clamp(power, -kFar, kFar)));
}

// Which of NaN, +infinity and -infinity are among the terms.
uint8_t SpecialBit(double term) {
  if (term != term) return 1;
  return term > 0 ? 2 : 4;
}
double SpecialValue(uint8_t bits) {
  if ((bits & 1) != 0 || (bits & 6) == 6) return std::numeric_limits<double>::quiet_NaN();
  return (bits & 2) != 0 ? std::numeric_limits<double>::infinity()
                         : -std::numeric_limits<double>::infinity();
}

template <bool kMean>
class DecayState final : public FamilyState<DecayState<kMean>> {
 public:
  explicit DecayState(const BindingPtr& binding) : binding_(binding) {}
  void UpdateRow(const Input& input, int64_t row) {
    const HalfLives at(input.times[row], binding_->half_life);
    if (!buckets_.empty() && IsCut(at.whole, buckets_.rbegin()->first)) return;
    Bucket& bucket = buckets_[at.whole];
    const auto terms = TermsOf<kMean>(FloatAt(input.value, row), at.rest);
    for (size_t i = 0; i < terms.size(); ++i) {
      if (terms[i] - terms[i] == 0.0) {
        bucket.sums[i] = bucket.sums[i] + Dyadic::FromFloat(terms[i]);
      } else {
        bucket.specials |= SpecialBit(terms[i]);
      }
    }
    Cut();
  }
  void MergeFrom(const DecayState& other) {
    for (const auto& [k, theirs] : other.buckets_) {
      Bucket& mine = buckets_[k];
      for (size_t i = 0; i < mine.sums.size(); ++i) mine.sums[i] = mine.sums[i] + theirs.sums[i];
      mine.specials |= theirs.specials;
    }
    Cut();
  }
  void Finalize(base::EventTime as_of, columns::ColumnBuffer* out) const override;
  void EncodeBody(base::ByteWriter* out) const;
  base::Status DecodeBody(base::ByteReader* in);

 private:
  struct Bucket {
    std::array<Dyadic, kSums<kMean>> sums;
    uint8_t specials = 0;  // of the values; a one is always finite
  };
  // The span of a bucket's sum: up to 2^64 terms, each below 2^1024.
  static constexpr int64_t kLowBit = -1074;
  static constexpr int64_t kHighBit = 1024 + 64;

  // Drops what no later question can see.
  void Cut() {
    while (!buckets_.empty() && IsCut(buckets_.begin()->first, buckets_.rbegin()->first)) {
      buckets_.erase(buckets_.begin());
    }
  }

  BindingPtr binding_;
  std::map<int64_t, Bucket> buckets_;  // by k
};

template <bool kMean>
void DecayState<kMean>::Finalize(base::EventTime as_of, columns::ColumnBuffer* out) const {
  if (buckets_.empty()) return out->AppendNull();
  const HalfLives at(as_of, binding_->half_life);
  const int64_t newest = buckets_.rbegin()->first;
  if (IsCut(newest, at.whole)) return out->AppendNull();
  std::array<Dyadic, kSums<kMean>> totals;
  uint8_t specials = 0;
  for (const auto& [k, bucket] : buckets_) {
    if (IsCut(k, at.whole)) continue;
    specials |= bucket.specials;
    for (size_t i = 0; i < totals.size(); ++i) {
      totals[i] = totals[i] + bucket.sums[i].Scaled(k - newest);
    }
  }
  Terms<kMean> sums;
  for (size_t i = 0; i < sums.size(); ++i) {
    sums[i] = RoundScaled(totals[i], base::SaturatingSubtract(newest, at.whole));
  }
  if (specials != 0) sums[0] = SpecialValue(specials);
  out->AppendFloat(columns::CanonicalFloat(ValueOf<kMean>(sums, at.rest)));
}

template <bool kMean>
void DecayState<kMean>::EncodeBody(base::ByteWriter* out) const {
  out->Varint(buckets_.size());
  uint64_t previous = 0;
  for (const auto& [k, bucket] : buckets_) {
    if (k == buckets_.begin()->first) {
      out->SignedVarint(k);
    } else {
      out->Varint(static_cast<uint64_t>(k) - previous);
    }
    previous = static_cast<uint64_t>(k);
    out->U8(bucket.specials);
    for (const Dyadic& sum : bucket.sums) sum.Encode(out);
  }
}

template <bool kMean>
base::Status DecayState<kMean>::DecodeBody(base::ByteReader* in) {
  ARROW_ASSIGN_OR_RAISE(const uint64_t size, in->Count(2 + kSums<kMean>));
  int64_t k = 0;
  for (uint64_t i = 0; i < size; ++i) {
    if (i == 0) {
      ARROW_ASSIGN_OR_RAISE(k, in->SignedVarint());
    } else {
      ARROW_ASSIGN_OR_RAISE(const uint64_t step, in->Varint());
      if (step == 0 || step > kCut || __builtin_add_overflow(k, static_cast<int64_t>(step), &k) ||
          IsCut(buckets_.begin()->first, k)) {
        return CorruptState("its half-lives do not ascend or lie too far apart");
      }
    }
    Bucket bucket;
    ARROW_ASSIGN_OR_RAISE(bucket.specials, in->U8());
    if (bucket.specials > 7) return CorruptState("a flag is unknown");
    for (Dyadic& sum : bucket.sums) {
      ARROW_ASSIGN_OR_RAISE(sum, Dyadic::Decode(kLowBit, kHighBit, in));
    }
    buckets_.emplace(k, std::move(bucket));
  }
  return base::Status::OK();
}

// Sums of term * 2^(k - reference) with k - reference in [-1024, 1024]. The reference follows as_of
// in leaps of at least 1024 half-lives.
template <bool kMean>
class DecaySlide final : public PositionSlide<DecaySlide<kMean>> {
 public:
  explicit DecaySlide(const BindingPtr& binding) : binding_(binding) {}
  void Begin(const Input& input, std::span<const int64_t> leave) {
    value_ = input.value;
    times_ = input.times;
    leave_ = leave;
    terms_.resize(leave.size());
    present_.assign(leave.size(), 0);
    ResetSums();
    newest_ = std::numeric_limits<int64_t>::min();
    first_ = 0;
  }
  void Enter(int64_t position) {
    const auto i = static_cast<size_t>(position);
    const HalfLives at(times_[leave_[i]], binding_->half_life);
    Advance(at.whole);
    if (IsCut(at.whole, newest_)) return;
    terms_[i] = {at.whole, TermsOf<kMean>(FloatAt(value_, leave_[i]), at.rest)};
    Change(i, 1);
  }
  void Leave(int64_t position) {
    const auto i = static_cast<size_t>(position);
    if (present_[i] != 0) Change(i, -1);
  }
  void Read(base::EventTime as_of, columns::ColumnBuffer* out) {
    const HalfLives at(as_of, binding_->half_life);
    Advance(at.whole);
    if (count_ == 0) return out->AppendNull();
    Terms<kMean> sums;
    for (size_t i = 0; i < sums.size(); ++i) {
      sums[i] = RoundScaled(sums_[i].ToDyadic(), base::SaturatingSubtract(reference_, at.whole));
    }
    if (specials_.any()) sums[0] = specials_.Value();
    out->AppendFloat(columns::CanonicalFloat(ValueOf<kMean>(sums, at.rest)));
  }

 private:
  using Sum = exact::ChunkSum<-1074 - kCut, 2098 + 2 * kCut>;
  struct Term {
    int64_t k;
    Terms<kMean> values;
  };

  void ResetSums() {
    for (Sum& sum : sums_) sum.Reset();
    specials_ = {};
    count_ = 0;
  }

  // Takes out what the newest k cuts, and keeps the reference within reach of what is left.
  void Advance(int64_t k) {
    if (k <= newest_) return;
    newest_ = k;
    for (; first_ < leave_.size(); ++first_) {
      if (!IsCut(base::FloorDiv(times_[leave_[first_]].micros(), binding_->half_life), newest_))
        break;
      if (present_[first_] != 0) Change(first_, -1);
    }
    if (count_ == 0) {
      ResetSums();
      reference_ = newest_;
    } else if (newest_ - reference_ > kCut) {
      for (Sum& sum : sums_) {
        const Dyadic moved = sum.ToDyadic().Scaled(reference_ - newest_);
        sum.Reset();
        sum.AddDyadic(moved);
      }
      reference_ = newest_;
    }
  }

  void Change(size_t position, int by) {
    const Term& term = terms_[position];
    const int shift = static_cast<int>(term.k - reference_ + kCut);
    for (size_t i = 0; i < sums_.size(); ++i) {
      const double value = term.values[i];
      if (!(value - value == 0.0)) {
        specials_.Add(value, by > 0 ? 1 : ~uint64_t{0});
        continue;
      }
      const exact::FloatParts parts(value);
      if (parts.mantissa == 0) continue;
      sums_[i].AddMantissa(parts.mantissa, parts.position + shift, parts.negative != (by < 0));
    }
    count_ += by;
    present_[position] = by > 0 ? 1 : 0;
  }

  BindingPtr binding_;
  columns::Column value_;
  const base::EventTime* times_ = nullptr;
  std::span<const int64_t> leave_;
  std::vector<Term> terms_;       // by position
  std::vector<uint8_t> present_;  // by position
  std::array<Sum, kSums<kMean>> sums_;
  exact::Specials specials_;
  int64_t count_ = 0;
  int64_t newest_ = 0;  // the largest k seen, of rows and questions
  int64_t reference_ = 0;
  size_t first_ = 0;  // positions before it are cut
};

template <bool kMean>
base::Result<AggregatePtr> MakeDecay(const Call& call) {
  ARROW_RETURN_NOT_OK(CheckNumber(call));
  ARROW_ASSIGN_OR_RAISE(const int64_t half_life, DurationParameter(call));
  return Bind<DecayState<kMean>, DecaySlide<kMean>>(
      {.input = call.input, .result = columns::Kind::kFloat64, .half_life = half_life});
}

}  // namespace

base::Result<AggregatePtr> MakeDecayedSum(const Call& call) {
  return MakeDecay<false>(call);
}
base::Result<AggregatePtr> MakeEwma(const Call& call) {
  return MakeDecay<true>(call);
}

}  // namespace millrace::aggregate
