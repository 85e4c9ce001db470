#include "offline/rows/view_store.h"

#include <arrow/record_batch.h>

#include <algorithm>
#include <utility>

#include "sweep/event_records.h"

namespace millrace::offline {

using base::Result;
using base::Status;
using sweep::EventPiece;
using sweep::EventRows;

namespace {

// Of a row being sorted, besides its cells twice: place, key, walk.
constexpr int64_t kSortBytesPerRow = 40;

}  // namespace

ViewStore::ViewStore(const features::View& view, KeySpace* keys, bool insert, RowBudget* budget)
    : view_(view),
      keys_(keys),
      insert_(insert),
      budget_(budget),
      partitions_{budget->plan().partitions},
      codes_(view, budget->plan().strings_bytes_max),
      spilled_(partitions_.count),
      rows_(partitions_.count) {
  budget_->stores_.push_back(this);
}

Status ViewStore::Add(const ViewBatch& batch) {
  const std::vector<int32_t> keys = keys_->Number(batch.rows.keys, insert_);
  Block block{batch.part, PickRows(batch.batch, batch.rows, keys, partitions_, &codes_)};
  const int64_t size = block.picked.rows.size();
  if (size == 0) return Status::OK();
  const int64_t bytes = block.picked.rows.bytes();
  std::vector<std::pair<ViewStore*, std::vector<Block>>> taken;
  {
    const std::lock_guard lock(budget_->mutex_);
    for (int32_t p = 0; p < partitions_.count; ++p) {
      rows_[p] += block.picked.offsets[p + 1] - block.picked.offsets[p];
    }
    row_bytes_max_ = std::max(row_bytes_max_, bytes / size);
    blocks_.push_back(std::move(block));
    budget_->bytes_ += bytes;
    if (budget_->bytes_ <= budget_->plan().rows_bytes_max) return Status::OK();
    for (ViewStore* store : budget_->stores_) {
      taken.emplace_back(store, std::exchange(store->blocks_, {}));
    }
    budget_->bytes_ = 0;
    if (!std::exchange(budget_->spilled_, true)) ReturnFreedMemory();
  }
  // Other threads go on reading meanwhile.
  for (auto& [store, blocks] : taken) ARROW_RETURN_NOT_OK(store->Spill(std::move(blocks)));
  return Status::OK();
}

Status ViewStore::Spill(std::vector<Block> blocks) {
  for (Block& block : blocks) {
    std::vector<std::pair<int32_t, SpilledRows>> spilled;
    for (int32_t p = 0; p < partitions_.count; ++p) {
      const EventPiece piece{&block.picked.rows, block.picked.offsets[p],
                             block.picked.offsets[p + 1]};
      if (piece.size() == 0) continue;
      ARROW_ASSIGN_OR_RAISE(const auto records, sweep::ToRecords(piece));
      ARROW_ASSIGN_OR_RAISE(const SpillFile::Place place, budget_->spill_->Write(*records));
      spilled.push_back({p, {block.part, place}});
    }
    block.picked = {};
    const std::lock_guard lock(budget_->mutex_);
    for (const auto& [partition, rows] : spilled) spilled_[partition].push_back(rows);
  }
  return Status::OK();
}

Status ViewStore::Finish() {
  if (budget_->spilled_) ARROW_RETURN_NOT_OK(Spill(std::exchange(blocks_, {})));
  for (Block& block : blocks_) codes_.SetDictionaries(&block.picked.rows);
  const auto by_part = [](const auto& a, const auto& b) { return a.part < b.part; };
  std::stable_sort(blocks_.begin(), blocks_.end(), by_part);
  for (auto& rows : spilled_) std::stable_sort(rows.begin(), rows.end(), by_part);
  return Status::OK();
}

int64_t RowBudget::LoadBytesMax() const {
  return plan_.load_bytes_max - (spilled_ ? 0 : bytes_);
}

int64_t ViewStore::load_bytes(int32_t partition) const {
  return rows_[partition] * row_load_bytes();
}

int64_t ViewStore::row_load_bytes() const {
  return 2 * row_bytes_max_ + kSortBytesPerRow;
}

int32_t ViewStore::key_count(int32_t partition) const {
  return partitions_.Keys(partition, keys_->ids.size());
}

Result<std::unique_ptr<EventRows>> ViewStore::Read(const SpillFile::Place& place) const {
  ARROW_ASSIGN_OR_RAISE(const auto records, budget_->spill_->Read(place));
  ARROW_ASSIGN_OR_RAISE(EventRows rows, sweep::FromRecords(view_, *records));
  codes_.SetDictionaries(&rows);
  return std::make_unique<EventRows>(std::move(rows));
}

Status ViewStore::ForPieces(int32_t partition, int64_t bytes_max, const TakePieces& take) const {
  LoadedRows group;
  int64_t bytes = 0;
  const auto add = [&](const EventPiece& piece) -> Status {
    group.pieces.push_back(piece);
    bytes += piece.size() * row_load_bytes();
    if (bytes < bytes_max) return Status::OK();
    ARROW_RETURN_NOT_OK(take(group.pieces));
    group = {};
    bytes = 0;
    return Status::OK();
  };
  for (const SpilledRows& spilled : spilled_[partition]) {
    ARROW_ASSIGN_OR_RAISE(std::unique_ptr<EventRows> rows, Read(spilled.place));
    const EventPiece piece{rows.get(), 0, rows->size()};
    group.read.push_back(std::move(rows));
    ARROW_RETURN_NOT_OK(add(piece));
  }
  for (const Block& block : blocks_) {
    const auto& offsets = block.picked.offsets;
    const EventPiece piece{&block.picked.rows, offsets[partition], offsets[partition + 1]};
    if (piece.size() > 0) ARROW_RETURN_NOT_OK(add(piece));
  }
  return group.pieces.empty() ? Status::OK() : take(group.pieces);
}

Result<LoadedRows> ViewStore::Load(int32_t partition) const {
  LoadedRows loaded;
  for (const SpilledRows& spilled : spilled_[partition]) {
    ARROW_ASSIGN_OR_RAISE(std::unique_ptr<EventRows> rows, Read(spilled.place));
    loaded.pieces.push_back({rows.get(), 0, rows->size()});
    loaded.read.push_back(std::move(rows));
  }
  for (const Block& block : blocks_) {
    const auto& offsets = block.picked.offsets;
    loaded.pieces.push_back({&block.picked.rows, offsets[partition], offsets[partition + 1]});
  }
  return loaded;
}

}  // namespace millrace::offline
