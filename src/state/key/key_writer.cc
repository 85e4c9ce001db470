#include "state/key/key_writer.h"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "state/format/chunk.h"
#include "state/format/row_bytes.h"

namespace millrace::state {

using base::EventTime;
using base::Status;

KeyWriter::KeyWriter(const BoundTable& bound, const KeptTimes& kept, const kv::Snapshot* before,
                     RowSink* sink)
    : bound_(bound),
      kept_(kept),
      before_(before),
      sink_(sink),
      open_(bound.layout),
      spare_(bound.layout) {}

KeyWriter::~KeyWriter() = default;

Status KeyWriter::Begin(std::string_view prefix, std::string_view whole_key,
                        std::optional<std::string_view> head) {
  rows_.emplace(prefix);
  whole_key_ = whole_key;
  head_ = {};
  open_.Clear();
  if (head.has_value()) {
    ARROW_ASSIGN_OR_RAISE(head_, KeyHead::Decode(*head));
    if (head_.whole_key != whole_key) {
      return base::Error(base::codes::kConflict,
                         "two long keys have one hash; the store cannot tell them apart");
    }
    base::ByteReader in(head_.open);
    ARROW_RETURN_NOT_OK(DecodeRows(&in, head_.open_rows, &open_));
    ARROW_RETURN_NOT_OK(in.ExpectEnd());
  }
  const kv::Snapshot* before = head.has_value() ? before_ : nullptr;
  chain_.emplace(bound_, before, *rows_, head_.chunks);
  if (tiled()) tiles_.emplace(bound_, before, *rows_);
  return Status::OK();
}

Status KeyWriter::Add(std::string_view row) {
  base::ByteReader in(row);
  ARROW_RETURN_NOT_OK(DecodeRows(&in, 1, &open_));
  // Twice a chunk: rows that come a little late are still put where they belong.
  return open_.size() >= static_cast<int64_t>(2 * chunk_rows()) ? Settle(false) : Status::OK();
}

// Takes out of the open rows what need not stay there. `all`: until no whole chunk is left.
Status KeyWriter::Settle(bool all) {
  if (snapshot()) DropOlderRows();
  if (!snapshot() && kept_.thorough) DropEndedRows();
  if (tiled()) ARROW_RETURN_NOT_OK(FoldSettled());
  const size_t rows_max = all ? chunk_rows() : 2 * chunk_rows();
  if (static_cast<size_t>(open_.size()) < rows_max) return Status::OK();
  // When a chunk is closed is often enough for looking at those before it.
  if (!tiled()) ARROW_RETURN_NOT_OK(DropEndedParts());
  return CloseOldest();
}

// Closes whole chunks until less than one is open.
Status KeyWriter::CloseOldest() {
  const std::vector<int64_t> order = open_.TimeOrder();
  const EventColumns view = open_.View();
  size_t closed = 0;
  while (order.size() - closed >= chunk_rows()) {
    const auto oldest = std::span(order).subspan(closed, chunk_rows());
    ARROW_RETURN_NOT_OK(chain_->Close(view, oldest, sink_));
    closed += chunk_rows();
  }
  KeepOpen(std::span(order).subspan(closed));
  return Status::OK();
}

void KeyWriter::KeepOpen(std::span<const int64_t> rows) {
  if (static_cast<int64_t>(rows.size()) == open_.size()) return;
  open_.View(&view_);
  spare_.Clear();
  for (const int64_t row : rows) spare_.AppendFrom(view_, row);
  std::swap(open_, spare_);
}

bool KeyWriter::VisibleWhenSettled(int64_t row) const {
  return open_.times[row] <= kept_.settled &&
         (!open_.has_created() || open_.created[row] <= kept_.settled);
}

// Of rows with equal times, those that differ.
void KeyWriter::KeepDistinct(std::span<const int64_t> tied, std::vector<int64_t>* kept) const {
  if (tied.size() == 1) return kept->push_back(tied[0]);
  const EventColumns view = open_.View();
  std::vector<std::string> contents;
  for (const int64_t row : tied) {
    base::ByteWriter bytes;
    AppendRow(view, row, &bytes);
    if (std::find(contents.begin(), contents.end(), bytes.bytes()) != contents.end()) continue;
    contents.push_back(bytes.Take());
    kept->push_back(row);
  }
}

// Of a snapshot view's rows: what a newer one hides from every question, and what was there
// already.
void KeyWriter::DropOlderRows() {
  if (open_.size() == 1) return;
  const std::vector<int64_t> order = open_.TimeOrder();
  int64_t newest = -1;  // of those that every question sees
  for (const int64_t row : order) {
    if (VisibleWhenSettled(row)) newest = row;
  }
  const auto hidden = [&](int64_t row) {
    if (newest < 0 || !VisibleWhenSettled(row)) return false;
    if (open_.times[row] != open_.times[newest]) return open_.times[row] < open_.times[newest];
    return open_.has_created() && open_.created[row] < open_.created[newest];
  };
  const auto same_times = [&](int64_t a, int64_t b) {
    return open_.times[a] == open_.times[b] &&
           (!open_.has_created() || open_.created[a] == open_.created[b]);
  };
  std::vector<int64_t> kept;
  for (size_t first = 0, end = 0; first < order.size(); first = end) {
    while (end < order.size() && same_times(order[first], order[end])) ++end;
    const auto tied = std::span(order).subspan(first, end - first);
    if (!hidden(tied[0])) KeepDistinct(tied, &kept);
  }
  KeepOpen(kept);
}

// Of a windowed view's rows: those that are in no window any more.
void KeyWriter::DropEndedRows() {
  const EventColumns view = open_.View();
  EventBlock kept(bound_.layout);
  for (int64_t row = 0; row < view.size; ++row) {
    if (open_.times[row] >= kept_.keep_from) kept.AppendFrom(view, row);
  }
  if (kept.size() < view.size) open_ = std::move(kept);
}

Status KeyWriter::FoldSettled() {
  const EventColumns view = open_.View();
  std::vector<int64_t> folded;
  std::vector<int64_t> rest;
  for (int64_t row = 0; row < view.size; ++row) {
    const bool folds = open_.times[row] < kept_.settled && VisibleWhenSettled(row);
    (folds ? folded : rest).push_back(row);
  }
  if (folded.empty()) return Status::OK();
  tiles_->Add(view, folded);
  KeepOpen(rest);
  return Status::OK();
}

// Whole groups and chunks that nobody can ask about; with tiles, those that can be folded.
Status KeyWriter::DropEndedParts() {
  if (head_.chunks == 0) return Status::OK();
  if (tiled()) {
    const auto take = [&](const EventColumns& events) {
      std::vector<int64_t> rows(events.size);
      for (int64_t row = 0; row < events.size; ++row) rows[row] = row;
      tiles_->Add(events, rows);
      return Status::OK();
    };
    return chain_->DropEnded([&](const Summary& part) { return part.StandsAt(kept_.settled); },
                             take, sink_);
  }
  if (!snapshot()) {
    return chain_->DropEnded([&](const Summary& part) { return part.last < kept_.keep_from; }, {},
                             sink_);
  }
  EventTime newest = EventTime::Min();
  for (int64_t row = 0; row < open_.size(); ++row) {
    if (VisibleWhenSettled(row)) newest = std::max(newest, open_.times[row]);
  }
  const auto seen = [&](const Summary& part) {
    return part.last <= kept_.settled && part.created_max <= kept_.settled;
  };
  ARROW_RETURN_NOT_OK(chain_->ForParts([&](const Summary& part) {
    if (seen(part)) newest = std::max(newest, part.last);
  }));
  return chain_->DropEnded([&](const Summary& part) { return seen(part) && part.last < newest; },
                           {}, sink_);
}

Status KeyWriter::Finish() {
  ARROW_RETURN_NOT_OK(Settle(true));
  if (tiled() || kept_.thorough) ARROW_RETURN_NOT_OK(DropEndedParts());
  ARROW_RETURN_NOT_OK(chain_->Finish(sink_));
  if (tiled()) ARROW_RETURN_NOT_OK(tiles_->Finish(kept_.keep_from, &head_, sink_));
  head_.chunks = chain_->chunks();
  head_.whole_key = whole_key_;
  head_.open_rows = static_cast<uint64_t>(open_.size());
  base::ByteWriter open;
  open_.View(&view_);
  AppendRows(view_, open_.TimeOrder(), &open);
  head_.open = open.bytes();
  return sink_->Put(rows_->Head(), head_.Encode());
}

}  // namespace millrace::state
