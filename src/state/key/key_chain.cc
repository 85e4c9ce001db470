#include "state/key/key_chain.h"

#include <string>
#include <utility>

#include "state/format/chunk.h"

namespace millrace::state {

using base::Result;
using base::Status;

namespace {

// Longer states are not kept: the rows say the same in as many bytes.
constexpr size_t kChunkStateBytesMax = 1'024;
constexpr size_t kGroupStateBytesMax = 65'536;

Status Missing(const char* what) {
  return base::Error(base::codes::kCorrupt, std::string("the store has lost ") + what);
}

}  // namespace

KeyChain::KeyChain(const BoundTable& bound, const kv::Snapshot* before, const KeyRows& rows,
                   uint32_t chunks)
    : bound_(bound), before_(before), rows_(rows), stored_chunks_(chunks), chunks_(chunks) {}

Status KeyChain::Load(const std::string& key, Summaries* summaries) const {
  if (std::exchange(summaries->loaded, true) || before_ == nullptr) return Status::OK();
  const std::string_view asked = key;
  ARROW_ASSIGN_OR_RAISE(const kv::Found found, before_->GetMany(std::span(&asked, 1)));
  if (!found.values[0].has_value()) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(summaries->all, DecodeSummaries(*found.values[0]));
  summaries->stored = summaries->all.size();
  return Status::OK();
}

Status KeyChain::LoadChunks() {
  const bool any = stored_chunks_ % per_group() != 0 && group() == stored_chunks_ / per_group();
  if (!any) {
    closed_.loaded = true;
    return Status::OK();
  }
  return Load(rows_.Summaries(group()), &closed_);
}

Result<EventBlock> KeyChain::ReadChunk(int64_t number) const {
  const std::string key = rows_.Chunk(static_cast<uint32_t>(number));
  const std::string_view asked = key;
  ARROW_ASSIGN_OR_RAISE(const kv::Found found, before_->GetMany(std::span(&asked, 1)));
  if (!found.values[0].has_value()) return Missing("a chunk");
  EventBlock block(bound_.layout);
  ARROW_RETURN_NOT_OK(DecodeChunk(*found.values[0], &block));
  return block;
}

Status KeyChain::Close(const EventColumns& events, std::span<const int64_t> rows, RowSink* sink) {
  ARROW_RETURN_NOT_OK(LoadChunks());
  Summary summary;
  summary.number = chunks_;
  summary.rows = static_cast<int64_t>(rows.size());
  for (const int64_t row : rows) {
    summary.first = std::min(summary.first, events.times[row]);
    summary.last = std::max(summary.last, events.times[row]);
    if (events.created != nullptr) {
      summary.created_max = std::max(summary.created_max, events.created[row]);
    }
  }
  StateSet states(bound_);
  states.Update(events, rows);
  summary.states = states.Encode(kChunkStateBytesMax);
  if (grown_ == nullptr) grown_ = std::make_unique<StateSet>(bound_);
  grown_->MergeFrom(states);
  ARROW_RETURN_NOT_OK(sink->Put(rows_.Chunk(chunks_), EncodeChunk(events, rows)));
  closed_.all.push_back(std::move(summary));
  ++chunks_;
  return chunks_ % per_group() == 0 ? CloseGroup(sink) : Status::OK();
}

// Called when the last chunk of a group has been closed; the next one begins.
Status KeyChain::CloseGroup(RowSink* sink) {
  const uint32_t number = chunks_ / per_group() - 1;
  Summary summary;
  for (size_t i = 0; i < closed_.all.size(); ++i) {
    const Summary& chunk = closed_.all[i];
    summary.AddTimes(chunk);
    if (i >= closed_.stored) continue;  // grown_ has it
    std::vector<int> missing;
    ARROW_RETURN_NOT_OK(grown_->Merge(chunk, &missing));
    if (missing.empty()) continue;
    ARROW_ASSIGN_OR_RAISE(const EventBlock block, ReadChunk(chunk.number));
    grown_->UpdateSlots(block.View(), block.TimeOrder(), missing);
  }
  summary.number = number;
  summary.states = grown_->Encode(kGroupStateBytesMax);
  grown_.reset();
  ARROW_RETURN_NOT_OK(Write(rows_.Summaries(number), closed_, sink));
  closed_ = {};
  closed_.loaded = true;
  if (stored_chunks_ >= per_group()) ARROW_RETURN_NOT_OK(LoadGroups());
  groups_.all.push_back(std::move(summary));
  return Status::OK();
}

Status KeyChain::DropChunk(const Summary& chunk, const TakeRows& take, RowSink* sink) const {
  if (take) {
    ARROW_ASSIGN_OR_RAISE(const EventBlock block, ReadChunk(chunk.number));
    ARROW_RETURN_NOT_OK(take(block.View()));
  }
  return sink->Delete(rows_.Chunk(static_cast<uint32_t>(chunk.number)));
}

Status KeyChain::DropGroup(const Summary& group, const TakeRows& take, RowSink* sink) const {
  Summaries chunks;
  const std::string key = rows_.Summaries(static_cast<uint32_t>(group.number));
  ARROW_RETURN_NOT_OK(Load(key, &chunks));
  for (const Summary& chunk : chunks.all) ARROW_RETURN_NOT_OK(DropChunk(chunk, take, sink));
  return sink->Delete(key);
}

Status KeyChain::ForParts(const std::function<void(const Summary& part)>& look) {
  if (stored_chunks_ >= per_group()) ARROW_RETURN_NOT_OK(LoadGroups());
  ARROW_RETURN_NOT_OK(LoadChunks());
  for (size_t i = 0; i < groups_.stored; ++i) look(groups_.all[i]);
  for (size_t i = 0; i < closed_.stored; ++i) look(closed_.all[i]);
  return Status::OK();
}

Status KeyChain::DropEnded(const Ended& ended, const TakeRows& take, RowSink* sink) {
  if (stored_chunks_ >= per_group()) ARROW_RETURN_NOT_OK(LoadGroups());
  ARROW_RETURN_NOT_OK(LoadChunks());
  const auto drop = [&](Summaries* summaries, auto drop_one) -> Status {
    std::vector<Summary> kept;
    size_t stored = 0;
    for (size_t i = 0; i < summaries->all.size(); ++i) {
      Summary& part = summaries->all[i];
      if (i < summaries->stored && ended(part)) {
        ARROW_RETURN_NOT_OK(drop_one(part));
        summaries->dropped = true;
        continue;
      }
      if (i < summaries->stored) ++stored;
      kept.push_back(std::move(part));
    }
    summaries->all = std::move(kept);
    summaries->stored = stored;
    return Status::OK();
  };
  ARROW_RETURN_NOT_OK(
      drop(&groups_, [&](const Summary& part) { return DropGroup(part, take, sink); }));
  return drop(&closed_, [&](const Summary& part) { return DropChunk(part, take, sink); });
}

Status KeyChain::Write(const std::string& key, const Summaries& summaries, RowSink* sink) const {
  if (summaries.dropped) {
    if (summaries.all.empty()) return sink->Delete(key);
    return sink->Put(key, EncodeSummaries(summaries.all));
  }
  base::ByteWriter added;
  for (size_t i = summaries.stored; i < summaries.all.size(); ++i) {
    AppendSummary(summaries.all[i], &added);
  }
  return summaries.stored == 0 ? sink->Put(key, added.Take()) : sink->Append(key, added.Take());
}

Status KeyChain::Finish(RowSink* sink) {
  if (closed_.changed()) ARROW_RETURN_NOT_OK(Write(rows_.Summaries(group()), closed_, sink));
  return groups_.changed() ? Write(rows_.GroupSummaries(), groups_, sink) : Status::OK();
}

}  // namespace millrace::state
