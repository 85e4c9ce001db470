// Rounds of one batched read each. Readings whose readers know the catalogue are done after the
// first; what a new catalogue bound to other tables asks once more.
#include "online/read_batch.h"

#include <algorithm>
#include <utility>

#include "online/reading_run.h"

namespace millrace::online {

using base::Status;
using state::Description;

struct ReadBatch::Waiting {
  explicit Waiting(Reading* of) : reading(of), run(of->reader, *of->asked) {}
  void Answer(base::Result<online::Answer> answer) {
    reading->answer = std::move(answer);
    is_answered = true;
  }
  Reading* reading;
  FeatureReader::Run run;
  bool is_answered = false;
};

ReadBatch::ReadBatch(std::span<Reading> readings) {
  waiting_.reserve(readings.size());
  for (Reading& reading : readings) {
    Waiting& one = waiting_.emplace_back(&reading);
    if (const Status status = one.run.FindColumns(); !status.ok()) one.Answer(status);
  }
}

ReadBatch::~ReadBatch() = default;

bool ReadBatch::IsDone() const {
  return std::all_of(waiting_.begin(), waiting_.end(),
                     [](const Waiting& one) { return one.is_answered; });
}

// The description is asked for when a reader does not know it, or, by the last commit that was
// seen, knows an earlier one.
std::span<const std::string_view> ReadBatch::Ask() {
  if (IsDone()) return {};
  heads_.Clear();
  is_described_ = false;
  for (Waiting& one : waiting_) {
    if (one.is_answered) continue;
    const FeatureReader& reader = *one.reading->reader;
    const bool knows =
        reader.is_bound_ && reader.is_steady_ && (!commit_.has_value() || IsBound(reader));
    is_described_ = is_described_ || !knows;
    one.run.AskHeads(&heads_);
  }
  return heads_.Keys(is_described_);
}

void ReadBatch::Give(const kv::Snapshot& snapshot, kv::Found found) {
  heads_.Give(std::move(found));
  description_.reset();
  commit_ = state::CommitRecord();
  if (heads_.commit().has_value()) {
    auto commit = state::CommitRecord::Decode(*heads_.commit());
    if (!commit.ok()) return Fail(commit.status());
    commit_ = *std::move(commit);
  }
  for (Waiting& one : waiting_) {
    if (!one.is_answered) Settle(snapshot, &one);
  }
}

void ReadBatch::Fail(const Status& status) {
  for (Waiting& one : waiting_) {
    if (!one.is_answered) one.Answer(status);
  }
}

bool ReadBatch::IsBound(const FeatureReader& reader) const {
  return reader.is_bound_ && reader.catalog_version_ == commit_->catalog_version;
}

// Answers unless it has to be asked again: for the catalogue, or for heads in other tables.
void ReadBatch::Settle(const kv::Snapshot& snapshot, Waiting* one) {
  FeatureReader* const reader = one->reading->reader;
  if (!is_described_ && !IsBound(*reader)) return;
  if (is_described_ && !(IsBound(*reader) && reader->is_steady_)) {
    if (const Status bound = Bind(reader); !bound.ok()) return one->Answer(bound);
  }
  if (one->run.HasHeads()) one->Answer(one->run.Finish({snapshot, heads_, *commit_}));
}

Status ReadBatch::Bind(FeatureReader* reader) {
  if (!description_.has_value() || description_->project != reader->project_) {
    ARROW_ASSIGN_OR_RAISE(description_,
                          Description::Decode(heads_.description(), reader->project_));
  }
  return reader->Bind(*description_, description_->Now(reader->clock_.Now()));
}

void ReadAll(const kv::Store& store, std::span<Reading> readings) {
  ReadBatch batch(readings);
  std::unique_ptr<kv::Snapshot> snapshot;
  for (auto keys = batch.Ask(); !keys.empty(); keys = batch.Ask()) {
    if (snapshot == nullptr) {
      if (const Status status = store.Read().Value(&snapshot); !status.ok()) {
        return batch.Fail(status);
      }
    }
    auto found = snapshot->GetMany(keys);
    if (!found.ok()) return batch.Fail(found.status());
    batch.Give(*snapshot, *std::move(found));
  }
}

}  // namespace millrace::online
