// time_since_last() and mean_gap(): seconds from the newest event, mean seconds between events.
#include <algorithm>

#include "aggregate/exact/rounding.h"
#include "aggregate/families.h"
#include "aggregate/keys/position_set.h"
#include "aggregate/slide_loop.h"

namespace millrace::aggregate {
namespace {

// micros / (divisor * 10^6) seconds, rounded once; the sign of a zero is plus.
double Seconds(__int128 micros, uint64_t divisor) {
  constexpr int64_t kExact = int64_t{1} << 53;
  if (divisor == 1 && micros > -kExact && micros < kExact) {  // both operands exact
    return static_cast<double>(static_cast<int64_t>(micros)) / 1e6;
  }
  return exact::RoundRatio(exact::Dyadic::FromInt128(micros),
                           exact::Dyadic::FromUInt(divisor) * exact::Dyadic::FromUInt(1'000'000));
}

__int128 Between(base::EventTime from, base::EventTime to) {
  return static_cast<__int128>(to.micros()) - from.micros();
}

class TimeSinceLastState final : public FamilyState<TimeSinceLastState> {
 public:
  explicit TimeSinceLastState(const BindingPtr&) {}
  void UpdateRow(const Input& input, int64_t row) { Offer(input.times[row]); }
  void MergeFrom(const TimeSinceLastState& other) {
    if (other.present_) Offer(other.newest_);
  }
  void Finalize(base::EventTime as_of, columns::ColumnBuffer* out) const override {
    if (!present_) return out->AppendNull();
    out->AppendFloat(Seconds(Between(newest_, as_of), 1));
  }
  void EncodeBody(base::ByteWriter* out) const {
    out->U8(present_ ? 1 : 0);
    if (present_) out->SignedVarint(newest_.micros());
  }
  base::Status DecodeBody(base::ByteReader* in) {
    ARROW_ASSIGN_OR_RAISE(const uint8_t present, in->U8());
    if (present > 1) return CorruptState("a flag is neither 0 nor 1");
    present_ = present == 1;
    if (!present_) return base::Status::OK();
    ARROW_ASSIGN_OR_RAISE(const int64_t micros, in->SignedVarint());
    newest_ = base::EventTime::Micros(micros);
    return base::Status::OK();
  }

 private:
  void Offer(base::EventTime time) {
    newest_ = present_ ? std::max(newest_, time) : time;
    present_ = true;
  }
  bool present_ = false;
  base::EventTime newest_;
};

class TimeSinceLastSlide final : public RowSlide<TimeSinceLastSlide> {
 public:
  explicit TimeSinceLastSlide(const BindingPtr&) {}
  void Begin(const Input& input) {
    times_ = input.times;
    count_ = 0;
    newest_ = base::EventTime::Min();
  }
  void Enter(int64_t row) {
    ++count_;
    newest_ = std::max(newest_, times_[row]);
  }
  // The newest row leaves last, so the newest that entered is the newest that is left.
  void Leave(int64_t) { --count_; }
  void Read(base::EventTime as_of, columns::ColumnBuffer* out) {
    if (count_ == 0) return out->AppendNull();
    out->AppendFloat(Seconds(Between(newest_, as_of), 1));
  }

 private:
  const base::EventTime* times_ = nullptr;
  int64_t count_ = 0;
  base::EventTime newest_;
};

class MeanGapState final : public FamilyState<MeanGapState> {
 public:
  explicit MeanGapState(const BindingPtr&) {}
  void UpdateRow(const Input& input, int64_t row) { Offer(input.times[row], input.times[row], 1); }
  void MergeFrom(const MeanGapState& other) {
    if (other.count_ > 0) Offer(other.oldest_, other.newest_, other.count_);
  }
  void Finalize(base::EventTime, columns::ColumnBuffer* out) const override {
    if (count_ < 2) return out->AppendNull();
    out->AppendFloat(Seconds(Between(oldest_, newest_), count_ - 1));
  }
  void EncodeBody(base::ByteWriter* out) const {
    out->Varint(count_);
    if (count_ == 0) return;
    out->SignedVarint(oldest_.micros());
    out->Varint(static_cast<uint64_t>(Between(oldest_, newest_)));
  }
  base::Status DecodeBody(base::ByteReader* in) {
    ARROW_ASSIGN_OR_RAISE(count_, in->Varint());
    if (count_ == 0) return base::Status::OK();
    ARROW_ASSIGN_OR_RAISE(const int64_t oldest, in->SignedVarint());
    ARROW_ASSIGN_OR_RAISE(const uint64_t span, in->Varint());
    const auto newest = static_cast<int64_t>(static_cast<uint64_t>(oldest) + span);
    if (newest < oldest || (count_ == 1 && span != 0)) {
      return CorruptState("its newest event is before its oldest");
    }
    oldest_ = base::EventTime::Micros(oldest);
    newest_ = base::EventTime::Micros(newest);
    return base::Status::OK();
  }

 private:
  void Offer(base::EventTime oldest, base::EventTime newest, uint64_t count) {
    oldest_ = count_ > 0 ? std::min(oldest_, oldest) : oldest;
    newest_ = count_ > 0 ? std::max(newest_, newest) : newest;
    count_ += count;
  }
  uint64_t count_ = 0;
  base::EventTime oldest_;
  base::EventTime newest_;
};

class MeanGapSlide final : public PositionSlide<MeanGapSlide> {
 public:
  explicit MeanGapSlide(const BindingPtr&) {}
  void Begin(const Input& input, std::span<const int64_t> leave) {
    times_ = input.times;
    leave_ = leave;
    present_.Reset(static_cast<int64_t>(leave.size()));
    count_ = 0;
  }
  void Enter(int64_t position) {
    ++count_;
    present_.Insert(position);
  }
  void Leave(int64_t position) {
    --count_;
    present_.Erase(position);
  }
  void Read(base::EventTime, columns::ColumnBuffer* out) {
    if (count_ < 2) return out->AppendNull();
    out->AppendFloat(
        Seconds(Between(TimeAt(present_.First()), TimeAt(present_.Last())), count_ - 1));
  }

 private:
  base::EventTime TimeAt(int64_t position) const {
    return times_[leave_[static_cast<size_t>(position)]];
  }
  const base::EventTime* times_ = nullptr;
  std::span<const int64_t> leave_;
  keys::PositionSet present_;
  uint64_t count_ = 0;
};

}  // namespace

base::Result<AggregatePtr> MakeTimeSinceLast(const Call& call) {
  return Bind<TimeSinceLastState, TimeSinceLastSlide>(
      {.input = call.input, .result = columns::Kind::kFloat64});
}

base::Result<AggregatePtr> MakeMeanGap(const Call& call) {
  return Bind<MeanGapState, MeanGapSlide>({.input = call.input, .result = columns::Kind::kFloat64});
}

}  // namespace millrace::aggregate
