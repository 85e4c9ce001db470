// ReadAll: rounds of one batched read each. Readings whose readers know the catalogue are done
// after the first; what a new catalogue bound to other tables asks once more.
#include <algorithm>
#include <optional>
#include <utility>

#include "online/feature_reader.h"
#include "online/reading_run.h"

namespace millrace::online {

using base::Status;
using state::Description;

class ReadBatch {
 public:
  explicit ReadBatch(std::span<Reading> readings) {
    waiting_.reserve(readings.size());
    for (Reading& reading : readings) {
      Waiting& one = waiting_.emplace_back(&reading);
      if (const Status status = one.run.FindColumns(); !status.ok()) one.Answer(status);
    }
  }

  void Read(const kv::Store& store) {
    const Status status = ReadRounds(store);
    if (status.ok()) return;
    for (Waiting& one : waiting_) {
      if (!one.is_answered) one.Answer(status);
    }
  }

 private:
  struct Waiting {
    explicit Waiting(Reading* of) : reading(of), run(of->reader, *of->asked) {}
    void Answer(base::Result<Answer> answer) {
      reading->answer = std::move(answer);
      is_answered = true;
    }
    Reading* reading;
    FeatureReader::Run run;
    bool is_answered = false;
  };

  Status ReadRounds(const kv::Store& store) {
    if (IsDone()) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(const auto snapshot, store.Read());
    do {
      ARROW_RETURN_NOT_OK(Load(*snapshot));
      for (Waiting& one : waiting_) {
        if (!one.is_answered) Settle(*snapshot, &one);
      }
    } while (!IsDone());
    return Status::OK();
  }

  bool IsDone() const {
    return std::all_of(waiting_.begin(), waiting_.end(),
                       [](const Waiting& one) { return one.is_answered; });
  }

  // One moment of the store. The description is asked for when a reader does not know it, or, by
  // the last commit that was seen, knows an earlier one.
  Status Load(const kv::Snapshot& snapshot) {
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
    ARROW_RETURN_NOT_OK(heads_.Load(snapshot, is_described_));
    description_.reset();
    commit_ = state::CommitRecord();
    if (!heads_.commit().has_value()) return Status::OK();
    return state::CommitRecord::Decode(*heads_.commit()).Value(&*commit_);
  }

  bool IsBound(const FeatureReader& reader) const {
    return reader.is_bound_ && reader.catalog_version_ == commit_->catalog_version;
  }

  // Answers unless it has to be asked again: for the catalogue, or for heads in other tables.
  void Settle(const kv::Snapshot& snapshot, Waiting* one) {
    FeatureReader* const reader = one->reading->reader;
    if (!is_described_ && !IsBound(*reader)) return;
    if (is_described_ && !(IsBound(*reader) && reader->is_steady_)) {
      if (const Status bound = Bind(reader); !bound.ok()) return one->Answer(bound);
    }
    if (one->run.HasHeads()) one->Answer(one->run.Finish({snapshot, heads_, *commit_}));
  }

  Status Bind(FeatureReader* reader) {
    if (!description_.has_value() || description_->project != reader->project_) {
      ARROW_ASSIGN_OR_RAISE(description_,
                            Description::Decode(heads_.description(), reader->project_));
    }
    return reader->Bind(*description_, description_->Now(reader->clock_.Now()));
  }

  std::vector<Waiting> waiting_;  // by reading
  HeadList heads_;
  // Of the last round:
  std::optional<state::CommitRecord> commit_;  // number 0: nothing was ever written
  bool is_described_ = false;
  std::optional<Description> description_;  // once somebody needs it
};

void ReadAll(const kv::Store& store, std::span<Reading> readings) {
  ReadBatch(readings).Read(store);
}

}  // namespace millrace::online
