// vector_avg(v): per component the exact sum, rounded, over the number of vectors.
#include <bit>

#include "aggregate/exact/float_sum.h"
#include "aggregate/families.h"
#include "aggregate/slide_loop.h"

namespace millrace::aggregate {
namespace {

// The exact sum of vectors of one length.
class VectorSum {
 public:
  explicit VectorSum(int32_t size) : sums_(static_cast<size_t>(size)) {}

  void Reset() {
    count_ = 0;
    specials_.clear();
    for (exact::Float32Sum& sum : sums_) sum.Reset();
  }
  // A vector of another length is not one of the type: it is left out.
  void Change(const columns::Column& column, int64_t row, bool subtract) {
    const int64_t begin = column.offsets[row];
    if (column.offsets[row + 1] - begin != static_cast<int64_t>(sums_.size())) return;
    count_ += subtract ? ~uint64_t{0} : 1;
    const double* values = column.children[0].floats + begin;
    for (size_t i = 0; i < sums_.size(); ++i) {
      const auto value = static_cast<float>(values[i]);
      const uint32_t bits = std::bit_cast<uint32_t>(value);
      const int biased = static_cast<int>((bits >> 23) & 0xff);
      if (biased == 0xff) {
        if (specials_.empty()) specials_.resize(sums_.size());
        specials_[i].Add(values[i], subtract ? ~uint64_t{0} : 1);
        continue;
      }
      const int normal = biased != 0 ? 1 : 0;
      const uint32_t mantissa = (bits & 0x7fffff) | static_cast<uint32_t>(normal) << 23;
      if (mantissa != 0) {
        sums_[i].AddMantissa(mantissa, biased - normal, (bits >> 31 != 0) != subtract);
      }
    }
  }
  void Merge(const VectorSum& other) {
    count_ += other.count_;
    for (size_t i = 0; i < sums_.size(); ++i) sums_[i].Merge(other.sums_[i]);
    if (!other.specials_.empty()) {
      specials_.resize(sums_.size());
      for (size_t i = 0; i < sums_.size(); ++i) specials_[i].Merge(other.specials_[i]);
    }
  }
  void Append(columns::ColumnBuffer* out) const {
    if (count_ == 0) return out->AppendNull();
    const auto count = static_cast<double>(count_);
    for (size_t i = 0; i < sums_.size(); ++i) {
      const bool special = !specials_.empty() && specials_[i].any();
      const double sum = special ? specials_[i].Value() : sums_[i].Round();
      const auto mean = static_cast<float>(sum / count);
      out->elements()->AppendFloat(columns::CanonicalFloat(static_cast<double>(mean)));
    }
    out->CloseList();
  }
  void Encode(base::ByteWriter* out) const {
    out->Varint(count_);
    if (count_ == 0) return;
    for (size_t i = 0; i < sums_.size(); ++i) {
      (specials_.empty() ? exact::Specials() : specials_[i]).Encode(out);
      sums_[i].ToDyadic().Encode(out);
    }
  }
  base::Status Decode(base::ByteReader* in) {
    ARROW_ASSIGN_OR_RAISE(count_, in->Varint());
    if (count_ == 0) return base::Status::OK();
    specials_.resize(sums_.size());
    for (size_t i = 0; i < sums_.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(specials_[i], exact::Specials::Decode(in));
      ARROW_ASSIGN_OR_RAISE(const exact::Dyadic sum,
                            exact::Dyadic::Decode(-149, exact::Float32Sum::kHighBit, in));
      sums_[i].AddDyadic(sum);
    }
    return base::Status::OK();
  }

 private:
  uint64_t count_ = 0;
  std::vector<exact::Float32Sum> sums_;
  std::vector<exact::Specials> specials_;  // by component; empty until there is one
};

class VectorAvgState final : public FamilyState<VectorAvgState> {
 public:
  explicit VectorAvgState(const BindingPtr& binding) : sum_(binding->input.vector_size()) {}
  void UpdateRow(const Input& input, int64_t row) { sum_.Change(input.value, row, false); }
  void MergeFrom(const VectorAvgState& other) { sum_.Merge(other.sum_); }
  void Finalize(base::EventTime, columns::ColumnBuffer* out) const override { sum_.Append(out); }
  void EncodeBody(base::ByteWriter* out) const { sum_.Encode(out); }
  base::Status DecodeBody(base::ByteReader* in) { return sum_.Decode(in); }

 private:
  VectorSum sum_;
};

class VectorAvgSlide final : public RowSlide<VectorAvgSlide> {
 public:
  explicit VectorAvgSlide(const BindingPtr& binding) : sum_(binding->input.vector_size()) {}
  void Begin(const Input& input) {
    value_ = input.value;
    sum_.Reset();
  }
  void Enter(int64_t row) { sum_.Change(value_, row, false); }
  void Leave(int64_t row) { sum_.Change(value_, row, true); }
  void Read(base::EventTime, columns::ColumnBuffer* out) { sum_.Append(out); }

 private:
  columns::Column value_;
  VectorSum sum_;
};

}  // namespace

base::Result<AggregatePtr> MakeVectorAvg(const Call& call) {
  ARROW_RETURN_NOT_OK(
      CheckInput(call, call.input.kind() == columns::Kind::kVector, "a vector<float32, N>"));
  return Bind<VectorAvgState, VectorAvgSlide>({.input = call.input, .result = call.input});
}

}  // namespace millrace::aggregate
