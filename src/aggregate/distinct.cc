// nunique and collect_distinct: the set of values, exactly.
#include <utility>

#include "aggregate/families.h"
#include "aggregate/keys/key_ids.h"
#include "aggregate/keys/key_set.h"
#include "aggregate/keys/position_set.h"
#include "aggregate/slide_loop.h"

namespace millrace::aggregate {
namespace {

template <class Key, bool kList>
class DistinctState final : public FamilyState<DistinctState<Key, kList>> {
 public:
  explicit DistinctState(const BindingPtr& binding) : binding_(binding) {}
  void UpdateRow(const Input& input, int64_t row) {
    keys_.Add(keys::KeyOf<Key>(input.value, row, &scratch_));
  }
  void MergeFrom(const DistinctState& other) { keys_.Merge(other.keys_); }
  // The fewer into the more.
  void MergeFrom(DistinctState&& other) {
    if (other.keys_.size() > keys_.size()) std::swap(keys_, other.keys_);
    keys_.Merge(other.keys_);
  }
  void Finalize(base::EventTime, columns::ColumnBuffer* out) const override {
    if constexpr (kList) {
      if (keys_.size() == 0) return out->AppendNull();
      for (const Key key : Ascending()) keys::AppendKey(binding_->input, key, out->elements());
      out->CloseList();
    } else {
      out->AppendInt(static_cast<int64_t>(keys_.size()));
    }
  }
  void EncodeBody(base::ByteWriter* out) const {
    out->Varint(keys_.size());
    keys::KeySequenceWriter<Key> writer(binding_->input, out);
    for (const Key key : Ascending()) writer.Write(key);
  }
  base::Status DecodeBody(base::ByteReader* in) {
    ARROW_ASSIGN_OR_RAISE(const uint64_t size, in->Count(1));
    keys_.Reserve(size);
    keys::KeySequenceReader<Key> reader(binding_->input, in);
    for (uint64_t i = 0; i < size; ++i) {
      ARROW_ASSIGN_OR_RAISE(const Key key, reader.Read());
      keys_.Add(key);
    }
    return base::Status::OK();
  }

 private:
  std::vector<Key> Ascending() const {
    std::vector<Key> ascending = keys_.All();
    std::ranges::sort(ascending);
    return ascending;
  }

  BindingPtr binding_;
  keys::KeySet<Key> keys_;
  std::string scratch_;
};

template <class Key, bool kList>
class DistinctSlide final : public PositionSlide<DistinctSlide<Key, kList>> {
 public:
  explicit DistinctSlide(const BindingPtr& binding) : binding_(binding) {}
  void Begin(const Input& input, std::span<const int64_t> leave) {
    kList ? ids_.Reset(input.value, leave) : ids_.ResetUnordered(input.value, leave);
    counts_.assign(static_cast<size_t>(ids_.size()), 0);
    distinct_ = 0;
    if (kList) present_.Reset(ids_.size());
  }
  void Enter(int64_t position) {
    const int32_t id = ids_.id(position);
    if (counts_[static_cast<size_t>(id)]++ != 0) return;
    ++distinct_;
    if (kList) present_.Insert(id);
  }
  void Leave(int64_t position) {
    const int32_t id = ids_.id(position);
    if (--counts_[static_cast<size_t>(id)] != 0) return;
    --distinct_;
    if (kList) present_.Erase(id);
  }
  void Read(base::EventTime, columns::ColumnBuffer* out) {
    if constexpr (kList) {
      if (distinct_ == 0) return out->AppendNull();
      for (int64_t id = present_.First(); id >= 0; id = present_.AtOrAfter(id + 1)) {
        keys::AppendKey(binding_->input, ids_.key(id), out->elements());
      }
      out->CloseList();
    } else {
      out->AppendInt(distinct_);
    }
  }

 private:
  BindingPtr binding_;
  keys::KeyIds<Key> ids_;
  std::vector<int64_t> counts_;
  int64_t distinct_ = 0;
  keys::PositionSet present_;
};

// nunique of strings that carry codes: one array look-up a row.
class CodeCounts {
 public:
  void Run(const Input& input, const Walk& walk, columns::ColumnBuffer* out) {
    codes_ = input.value.codes;
    const auto code_count = static_cast<size_t>(input.value.code_count);
    if (counts_.size() < code_count) counts_.resize(code_count, 0);
    distinct_ = 0;
    WalkRows(input, walk, this, out);
    // Takes out what is still inside: a Run costs its rows, however many codes there are.
    const int64_t left = walk.steps.empty() ? 0 : walk.steps.back().left;
    for (const int64_t row : walk.leave.subspan(static_cast<size_t>(left))) count(row) = 0;
  }
  void Enter(int64_t row) { distinct_ += count(row)++ == 0 ? 1 : 0; }
  void Leave(int64_t row) { distinct_ -= --count(row) == 0 ? 1 : 0; }
  void Read(base::EventTime, columns::ColumnBuffer* out) { out->AppendInt(distinct_); }

 private:
  int32_t& count(int64_t row) { return counts_[static_cast<size_t>(codes_[row])]; }

  const int32_t* codes_ = nullptr;
  std::vector<int32_t> counts_;  // by code; 0 between calls
  int64_t distinct_ = 0;
};

class NuniqueBytesSlide final : public Slide {
 public:
  explicit NuniqueBytesSlide(const BindingPtr& binding) : keys_(binding) {}
  void Run(const Input& input, const Walk& walk, columns::ColumnBuffer* out) override {
    input.value.codes != nullptr ? codes_.Run(input, walk, out) : keys_.Run(input, walk, out);
  }

 private:
  CodeCounts codes_;
  DistinctSlide<keys::BytesKey, false> keys_;
};

template <bool kList>
base::Result<AggregatePtr> MakeDistinct(const Call& call) {
  ARROW_RETURN_NOT_OK(CheckOrdered(call));
  Binding binding{.input = call.input,
                  .result = kList ? columns::Type::List(call.input) : columns::Kind::kInt64};
  if (keys::IsFixed(call.input)) {
    return Bind<DistinctState<keys::FixedKey, kList>, DistinctSlide<keys::FixedKey, kList>>(
        binding);
  }
  using BytesSlide =
      std::conditional_t<kList, DistinctSlide<keys::BytesKey, true>, NuniqueBytesSlide>;
  return Bind<DistinctState<keys::BytesKey, kList>, BytesSlide>(binding);
}

}  // namespace

base::Result<AggregatePtr> MakeNunique(const Call& call) {
  return MakeDistinct<false>(call);
}
base::Result<AggregatePtr> MakeCollectDistinct(const Call& call) {
  return MakeDistinct<true>(call);
}

}  // namespace millrace::aggregate
