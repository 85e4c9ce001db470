// approx_percentile(x, p): a count per bucket of float64s that share sign, exponent and six bits of
// mantissa, within 0.8% of the value. Deterministic, mergeable, and what leaves can be taken away.
#include <bit>
#include <cmath>
#include <map>

#include "aggregate/families.h"
#include "aggregate/keys/order_key.h"
#include "aggregate/slide_loop.h"

namespace millrace::aggregate {
namespace {

constexpr int kDropped = 46;  // bits of a float64 below its bucket
constexpr uint32_t kBuckets = 1 << 18;

// Buckets in the order of values. Both zeros and the subnormals nearest to them are one bucket; NaN
// is the last.
uint32_t BucketOf(double value) {
  if (std::isnan(value)) return kBuckets - 1;
  const uint64_t bucket = std::bit_cast<uint64_t>(value) >> kDropped;
  if ((bucket & (kBuckets / 2 - 1)) == 0) return kBuckets / 2;
  return static_cast<uint32_t>((bucket & kBuckets / 2) != 0 ? kBuckets - 1 - bucket
                                                            : bucket + kBuckets / 2);
}

double ValueOf(uint32_t bucket) {
  constexpr uint32_t kInfinity = 0x7ff << 6;
  if (bucket == kBuckets - 1) return keys::FloatOfKey(~uint64_t{0});
  const bool negative = bucket < kBuckets / 2;
  const uint64_t code = negative ? kBuckets - 1 - bucket : bucket - kBuckets / 2;
  const uint64_t magnitude = code & (kBuckets / 2 - 1);
  if (magnitude == 0) return 0.0;
  const uint64_t middle = magnitude == kInfinity ? 0 : uint64_t{1} << (kDropped - 1);
  const uint64_t sign = negative ? keys::kSignBit : 0;
  return std::bit_cast<double>(sign | magnitude << kDropped | middle);
}

// Whether values fall into the bucket: neither the unused codes beyond infinity nor the second
// zero.
bool IsBucket(uint64_t bucket) {
  if (bucket == kBuckets - 1) return true;
  return bucket < kBuckets && BucketOf(ValueOf(static_cast<uint32_t>(bucket))) == bucket;
}

uint64_t RankOf(double p, uint64_t n) {
  const auto rank = static_cast<uint64_t>(std::floor(p * static_cast<double>(n - 1)));
  return std::min(rank, n - 1);
}

class ApproxPercentileState final : public FamilyState<ApproxPercentileState> {
 public:
  explicit ApproxPercentileState(const BindingPtr& binding) : binding_(binding) {}
  void UpdateRow(const Input& input, int64_t row) {
    ++counts_[BucketOf(FloatAt(input.value, row))];
  }
  void MergeFrom(const ApproxPercentileState& other) {
    for (const auto& [bucket, count] : other.counts_) counts_[bucket] += count;
  }
  void Finalize(base::EventTime, columns::ColumnBuffer* out) const override {
    if (counts_.empty()) return out->AppendNull();
    uint64_t n = 0;
    for (const auto& [bucket, count] : counts_) n += count;
    uint64_t rank = RankOf(binding_->p, n);
    for (const auto& [bucket, count] : counts_) {
      if (rank < count) return out->AppendFloat(ValueOf(bucket));
      rank -= count;
    }
    out->AppendNull();  // not reached: the rank is below n
  }
  void EncodeBody(base::ByteWriter* out) const {
    out->Varint(counts_.size());
    uint32_t next = 0;
    for (const auto& [bucket, count] : counts_) {
      out->Varint(bucket - next);
      out->Varint(count);
      next = bucket + 1;
    }
  }
  base::Status DecodeBody(base::ByteReader* in) {
    ARROW_ASSIGN_OR_RAISE(const uint64_t size, in->Count(2));
    uint64_t next = 0;
    for (uint64_t i = 0; i < size; ++i) {
      ARROW_ASSIGN_OR_RAISE(const uint64_t step, in->Varint());
      ARROW_ASSIGN_OR_RAISE(const uint64_t count, in->Varint());
      if (step >= kBuckets || !IsBucket(next + step) || count == 0 || count >> 40 != 0) {
        return CorruptState("a bucket is malformed");
      }
      next += step;
      counts_.emplace_hint(counts_.end(), static_cast<uint32_t>(next), count);
      ++next;
    }
    return base::Status::OK();
  }

 private:
  BindingPtr binding_;
  std::map<uint32_t, uint64_t> counts_;
};

// Counts per bucket and per 64 and 4096 of them, so that a change is three additions and a read at
// most 192 steps.
class BucketCounts {
 public:
  void Change(uint32_t bucket, int64_t by) {
    if (buckets_.empty()) buckets_.assign(kBuckets, 0);
    buckets_[bucket] += by;
    groups_[bucket >> 6] += by;
    blocks_[bucket >> 12] += by;
  }
  uint32_t Select(int64_t rank) const {  // REQUIRES: rank < the total
    uint32_t block = 0;
    while (rank >= blocks_[block]) rank -= blocks_[block++];
    uint32_t group = block << 6;
    while (rank >= groups_[group]) rank -= groups_[group++];
    uint32_t bucket = group << 6;
    while (rank >= buckets_[bucket]) rank -= buckets_[bucket++];
    return bucket;
  }

 private:
  std::vector<int64_t> buckets_;
  std::vector<int64_t> groups_ = std::vector<int64_t>(kBuckets >> 6, 0);
  std::vector<int64_t> blocks_ = std::vector<int64_t>(kBuckets >> 12, 0);
};

class ApproxPercentileSlide final : public PositionSlide<ApproxPercentileSlide> {
 public:
  explicit ApproxPercentileSlide(const BindingPtr& binding) : binding_(binding) {}
  void Begin(const Input& input, std::span<const int64_t> leave) {
    // What the last walk left inside is taken out, which is cheaper than a megabyte of zeros.
    for (size_t i = 0; i < present_.size(); ++i) {
      if (present_[i] != 0) counts_.Change(bucket_of_[i], -1);
    }
    present_.assign(leave.size(), 0);
    bucket_of_.assign(leave.size(), 0);
    for (size_t i = 0; i < leave.size(); ++i) {
      if (input.value.valid(leave[i])) bucket_of_[i] = BucketOf(FloatAt(input.value, leave[i]));
    }
    count_ = 0;
  }
  void Enter(int64_t position) { Change(static_cast<size_t>(position), 1); }
  void Leave(int64_t position) { Change(static_cast<size_t>(position), -1); }
  void Read(base::EventTime, columns::ColumnBuffer* out) {
    if (count_ == 0) return out->AppendNull();
    const uint64_t rank = RankOf(binding_->p, static_cast<uint64_t>(count_));
    out->AppendFloat(ValueOf(counts_.Select(static_cast<int64_t>(rank))));
  }

 private:
  void Change(size_t position, int64_t by) {
    counts_.Change(bucket_of_[position], by);
    present_[position] = by > 0 ? 1 : 0;
    count_ += by;
  }

  BindingPtr binding_;
  BucketCounts counts_;
  std::vector<uint32_t> bucket_of_;  // by position
  std::vector<uint8_t> present_;
  int64_t count_ = 0;
};

}  // namespace

base::Result<AggregatePtr> MakeApproxPercentile(const Call& call) {
  ARROW_RETURN_NOT_OK(CheckNumber(call));
  ARROW_ASSIGN_OR_RAISE(const double p, FractionParameter(call));
  return Bind<ApproxPercentileState, ApproxPercentileSlide>(
      {.input = call.input, .result = columns::Kind::kFloat64, .p = p});
}

}  // namespace millrace::aggregate
