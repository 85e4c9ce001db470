// decayed_sum and ewma. The Slide keeps one sum on a grid that follows the questions; only a label,
// whose rows lie more than 1024 half-lives after its question, is summed anew for each.
#include <cmath>
#include <limits>

#include "aggregate/decay_groups.h"
#include "aggregate/exact/float_sum.h"
#include "aggregate/families.h"
#include "aggregate/slide_loop.h"

namespace millrace::aggregate {
namespace {

template <bool kMean>
class DecayState final : public FamilyState<DecayState<kMean>> {
 public:
  explicit DecayState(const BindingPtr& binding) : binding_(binding) {}
  void UpdateRow(const Input& input, int64_t row) {
    const HalfLives at(input.times[row], binding_->half_life);
    groups_.Add(at.whole, DecayTermsOf<kMean>(FloatAt(input.value, row), at.rest));
  }
  void MergeFrom(const DecayState& other) { groups_.Merge(other.groups_); }
  void Finalize(base::EventTime as_of, columns::ColumnBuffer* out) const override {
    groups_.Append(HalfLives(as_of, binding_->half_life), out);
  }
  void EncodeBody(base::ByteWriter* out) const { groups_.Encode(out); }
  base::Status DecodeBody(base::ByteReader* in) { return groups_.Decode(in); }

 private:
  BindingPtr binding_;
  DecayGroups<kMean> groups_;
};

// Sums of term * 2^(k - reference) with k - reference in [-1024, 1024]. The reference follows the
// questions in leaps of more than 1024 half-lives.
template <bool kMean>
class DecaySlide final : public PositionSlide<DecaySlide<kMean>> {
 public:
  explicit DecaySlide(const BindingPtr& binding) : binding_(binding) {}
  void Begin(const Input& input, std::span<const int64_t> leave) {
    value_ = input.value;
    times_ = input.times;
    leave_ = leave;
    terms_.resize(leave.size());
    presence_.assign(leave.size(), kOutside);
    waiting_.clear();
    ResetSums();
    first_ = 0;
  }
  // A row waits for the question that says where the grid stands.
  void Enter(int64_t position) {
    const auto i = static_cast<size_t>(position);
    const HalfLives at(times_[leave_[i]], binding_->half_life);
    terms_[i] = {at.whole, DecayTermsOf<kMean>(FloatAt(value_, leave_[i]), at.rest)};
    presence_[i] = kWaiting;
    waiting_.push_back(i);
  }
  void Leave(int64_t position) { TakeOut(static_cast<size_t>(position)); }
  void Read(base::EventTime as_of, columns::ColumnBuffer* out) {
    const HalfLives at(as_of, binding_->half_life);
    Advance(at.whole);
    AddWaiting(at.whole);
    if (!waiting_.empty()) return ReadAnew(at, out);
    if (count_ == 0) return out->AppendNull();
    DecayTerms<kMean> sums;
    for (size_t i = 0; i < sums.size(); ++i) {
      sums[i] = RoundScaled(sums_[i].ToDyadic(), reference_ - at.whole);
    }
    if (specials_.any()) sums[0] = specials_.Value();
    out->AppendFloat(DecayedValue<kMean>(sums, at.rest));
  }

 private:
  using Sum = exact::ChunkSum<-1074 - kDecayCut, 2098 + 2 * kDecayCut>;
  enum Presence : uint8_t { kOutside, kWaiting, kSummed };
  struct Term {
    int64_t k;
    DecayTerms<kMean> values;
  };

  void ResetSums() {
    for (Sum& sum : sums_) sum.Reset();
    specials_ = {};
    count_ = 0;
  }

  // Takes out what the question no longer sees, and keeps the grid within its reach.
  void Advance(int64_t question) {
    for (; first_ < leave_.size(); ++first_) {
      const base::EventTime time = times_[leave_[first_]];
      if (!IsDecayed(base::FloorDiv(time.micros(), binding_->half_life), question)) break;
      TakeOut(first_);
    }
    if (count_ == 0) {
      ResetSums();
      reference_ = question;
    } else if (question - reference_ > kDecayCut) {
      for (Sum& sum : sums_) {
        const exact::Dyadic moved = sum.ToDyadic().Scaled(reference_ - question);
        sum.Reset();
        sum.AddDyadic(moved);
      }
      reference_ = question;
    }
  }

  // What lies too far after the question keeps waiting.
  void AddWaiting(int64_t question) {
    size_t kept = 0;
    for (const size_t position : waiting_) {
      if (presence_[position] != kWaiting) continue;  // it left
      const int64_t k = terms_[position].k;
      if (IsDecayed(k, question)) {
        presence_[position] = kOutside;
      } else if (base::SaturatingSubtract(k, reference_) > kDecayCut) {
        waiting_[kept++] = position;
      } else {
        Change(position, false);
        presence_[position] = kSummed;
      }
    }
    waiting_.resize(kept);
  }

  void TakeOut(size_t position) {
    if (presence_[position] == kSummed) Change(position, true);
    presence_[position] = kOutside;
  }

  void Change(size_t position, bool subtract) {
    const Term& term = terms_[position];
    const int shift = static_cast<int>(term.k - reference_ + kDecayCut);
    for (size_t i = 0; i < sums_.size(); ++i) {
      const double value = term.values[i];
      if (!std::isfinite(value)) {
        specials_.Add(value, subtract ? ~uint64_t{0} : 1);
        continue;
      }
      const exact::FloatParts parts(value);
      if (parts.mantissa == 0) continue;
      sums_[i].AddMantissa(parts.mantissa, parts.position + shift, parts.negative != subtract);
    }
    count_ += subtract ? -1 : 1;
  }

  void ReadAnew(const HalfLives& at, columns::ColumnBuffer* out) const {
    DecayGroups<kMean> groups;
    for (size_t i = first_; i < presence_.size(); ++i) {
      if (presence_[i] != kOutside) groups.Add(terms_[i].k, terms_[i].values);
    }
    groups.Append(at, out);
  }

  BindingPtr binding_;
  columns::Column value_;
  const base::EventTime* times_ = nullptr;
  std::span<const int64_t> leave_;
  std::vector<Term> terms_;         // by position
  std::vector<Presence> presence_;  // by position
  std::vector<size_t> waiting_;
  std::array<Sum, std::tuple_size_v<DecayTerms<kMean>>> sums_;
  exact::Specials specials_;
  int64_t count_ = 0;      // rows in the sums
  int64_t reference_ = 0;  // the k of the grid's middle
  size_t first_ = 0;       // positions before it have decayed
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
