// approx_nunique: HyperLogLog of 4096 registers over XXH3-64 of canonical bytes, read by Ertl's
// improved estimator (arXiv 1702.01284, algorithm 6, p = 12, q = 52). Its Slide keeps how many
// present rows ask for each rank of a register, so that ranks also go down.
#include <absl/container/flat_hash_map.h>

#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "aggregate/families.h"
#include "aggregate/slide_loop.h"
#include "base/hash.h"

namespace millrace::aggregate {
namespace {

constexpr int kRegisters = 4096;
constexpr int kRankMax = 53;
constexpr int kSparseMax = 1024;  // up to as many set registers are stored as a list
// How many registers hold each rank.
using RankCounts = std::array<int32_t, kRankMax + 1>;

struct Slot {
  uint32_t index;
  uint32_t rank;
};

Slot SlotOf(const columns::Column& column, int64_t row, std::string* scratch) {
  scratch->clear();
  columns::AppendCanonicalBytes(column, row, scratch);
  const uint64_t hash = base::Hash64(*scratch);
  const uint64_t rest = hash << 12;
  return {static_cast<uint32_t>(hash >> 52),
          static_cast<uint32_t>(rest == 0 ? kRankMax : std::countl_zero(rest) + 1)};
}

double Sigma(double x) {
  if (x == 1) return std::numeric_limits<double>::infinity();
  double y = 1;
  double z = x;
  for (double before = -1; z != before;) {
    x = x * x;
    before = z;
    z = z + x * y;
    y = y + y;
  }
  return z;
}

double Tau(double x) {
  if (x == 0 || x == 1) return 0;
  double y = 1;
  double z = 1 - x;
  for (double before = -1; z != before;) {
    x = std::sqrt(x);
    before = z;
    y = 0.5 * y;
    z = z - (1 - x) * (1 - x) * y;
  }
  return z / 3;
}

int64_t Estimate(const RankCounts& counts) {
  constexpr double kM = kRegisters;
  constexpr double kAlpha = 0.721347520444481703680;  // 1 / (2 ln 2)
  double z = kM * Tau(1 - counts[kRankMax] / kM);
  for (int rank = kRankMax - 1; rank >= 1; --rank) {
    z = 0.5 * (z + counts[static_cast<size_t>(rank)]);
  }
  z = z + kM * Sigma(counts[0] / kM);
  // Only registers that no 2^62 values fill reach the bound.
  const double estimate = std::nearbyint(kAlpha * kM * kM / z);
  return estimate < 0x1p62 ? static_cast<int64_t>(estimate) : int64_t{1} << 62;
}

class ApproxNuniqueState final : public FamilyState<ApproxNuniqueState> {
 public:
  explicit ApproxNuniqueState(const BindingPtr&) { ranks_.fill(0); }
  void UpdateRow(const Input& input, int64_t row) {
    const Slot slot = SlotOf(input.value, row, &scratch_);
    ranks_[slot.index] = std::max(ranks_[slot.index], static_cast<uint8_t>(slot.rank));
  }
  void MergeFrom(const ApproxNuniqueState& other) {
    for (size_t i = 0; i < kRegisters; ++i) ranks_[i] = std::max(ranks_[i], other.ranks_[i]);
  }
  void Finalize(base::EventTime, columns::ColumnBuffer* out) const override {
    RankCounts counts{};
    for (const uint8_t rank : ranks_) ++counts[rank];
    out->AppendInt(Estimate(counts));
  }
  void EncodeBody(base::ByteWriter* out) const;
  base::Status DecodeBody(base::ByteReader* in);

 private:
  std::array<uint8_t, kRegisters> ranks_;
  std::string scratch_;
};

void ApproxNuniqueState::EncodeBody(base::ByteWriter* out) const {
  const auto set = static_cast<size_t>(kRegisters - std::ranges::count(ranks_, 0));
  out->Varint(set);
  if (set <= kSparseMax) {
    uint32_t next = 0;
    for (uint32_t i = 0; i < kRegisters; ++i) {
      if (ranks_[i] == 0) continue;
      out->Varint(static_cast<uint64_t>(i - next) << 6 | ranks_[i]);
      next = i + 1;
    }
    return;
  }
  for (size_t i = 0; i < kRegisters; i += 4) {  // four ranks of 6 bits in three bytes
    const uint32_t packed = ranks_[i] | static_cast<uint32_t>(ranks_[i + 1]) << 6 |
                            static_cast<uint32_t>(ranks_[i + 2]) << 12 |
                            static_cast<uint32_t>(ranks_[i + 3]) << 18;
    for (int shift = 0; shift < 24; shift += 8) out->U8(static_cast<uint8_t>(packed >> shift));
  }
}

base::Status ApproxNuniqueState::DecodeBody(base::ByteReader* in) {
  ARROW_ASSIGN_OR_RAISE(const uint64_t set, in->Varint());
  if (set > kRegisters) return CorruptState("more registers than there are");
  if (set <= kSparseMax) {
    uint64_t next = 0;
    for (uint64_t i = 0; i < set; ++i) {
      ARROW_ASSIGN_OR_RAISE(const uint64_t item, in->Varint());
      const uint64_t rank = item & 63;
      if (rank == 0 || rank > kRankMax || (item >> 6) >= kRegisters - next) {
        return CorruptState("a register is malformed");
      }
      next += item >> 6;
      ranks_[next++] = static_cast<uint8_t>(rank);
    }
    return base::Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(const std::string_view bytes, in->Raw(kRegisters / 4 * 3));
  uint64_t found = 0;
  for (size_t i = 0; i < kRegisters; ++i) {
    const size_t at = i / 4 * 3;
    const uint32_t packed = static_cast<uint8_t>(bytes[at]) |
                            static_cast<uint32_t>(static_cast<uint8_t>(bytes[at + 1])) << 8 |
                            static_cast<uint32_t>(static_cast<uint8_t>(bytes[at + 2])) << 16;
    ranks_[i] = static_cast<uint8_t>(packed >> (i % 4 * 6) & 63);
    if (ranks_[i] > kRankMax) return CorruptState("a register is malformed");
    found += ranks_[i] != 0 ? 1 : 0;
  }
  return found == set ? base::Status::OK() : CorruptState("its registers are miscounted");
}

class ApproxNuniqueSlide final : public PositionSlide<ApproxNuniqueSlide> {
 public:
  explicit ApproxNuniqueSlide(const BindingPtr&) {}
  void Begin(const Input& input, std::span<const int64_t> leave) {
    ranks_present_.assign(kRegisters, 0);
    asking_.clear();
    counts_ = {};
    counts_[0] = kRegisters;
    slots_.assign(leave.size(), Slot{0, 0});
    for (size_t i = 0; i < leave.size(); ++i) {
      if (input.value.valid(leave[i])) slots_[i] = SlotOf(input.value, leave[i], &scratch_);
    }
  }
  void Enter(int64_t position) {
    const Slot slot = slots_[static_cast<size_t>(position)];
    if (asking_[slot.index << 6 | slot.rank]++ != 0) return;
    SetRanks(slot.index, ranks_present_[slot.index] | uint64_t{1} << slot.rank);
  }
  void Leave(int64_t position) {
    const Slot slot = slots_[static_cast<size_t>(position)];
    const auto at = asking_.find(slot.index << 6 | slot.rank);
    if (--at->second != 0) return;
    asking_.erase(at);
    SetRanks(slot.index, ranks_present_[slot.index] & ~(uint64_t{1} << slot.rank));
  }
  void Read(base::EventTime, columns::ColumnBuffer* out) { out->AppendInt(Estimate(counts_)); }

 private:
  static size_t TopRank(uint64_t ranks) {
    return ranks == 0 ? 0 : 63 - static_cast<size_t>(std::countl_zero(ranks));
  }
  void SetRanks(uint32_t index, uint64_t ranks) {
    --counts_[TopRank(ranks_present_[index])];
    ++counts_[TopRank(ranks)];
    ranks_present_[index] = ranks;
  }

  std::vector<Slot> slots_;                        // by position
  std::vector<uint64_t> ranks_present_;            // per register, a bit per rank some row asks for
  absl::flat_hash_map<uint32_t, int64_t> asking_;  // rows per (register, rank)
  RankCounts counts_{};
  std::string scratch_;
};

}  // namespace

base::Result<AggregatePtr> MakeApproxNunique(const Call& call) {
  ARROW_RETURN_NOT_OK(CheckOrdered(call));
  return Bind<ApproxNuniqueState, ApproxNuniqueSlide>(
      {.input = call.input, .result = columns::Kind::kInt64});
}

}  // namespace millrace::aggregate
