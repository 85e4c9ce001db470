#include "jobs/reads/head_reads.h"

#include <memory>
#include <optional>
#include <utility>

#include "jobs/reads/lent_readings.h"
#include "jobs/reads/version_search.h"

namespace millrace::jobs {

using base::Result;
using base::Status;

namespace {

// Has nothing: who needs more than the heads says so by what it fails with.
class NothingMore final : public kv::Snapshot {
 public:
  Result<kv::Found> GetMany(std::span<const std::string_view>) const override { return Left(); }
  Result<std::unique_ptr<kv::RowReader>> Range(std::string_view) const override { return Left(); }

 private:
  static Status Left() { return Status::Cancelled("it needs more than heads"); }
};

// Lives until its last round.
class HeadReads {
 public:
  HeadReads(kv::AsyncReader* store, std::vector<ReadTogether> reads, OnlineReads::Then then)
      : store_(store), reads_(std::move(reads)), then_(std::move(then)) {
    readings_.emplace();
    for (ReadTogether& read : reads_) {
      read.is_left = !KeptReaders::Of(read).TriesHeads();
      if (!read.is_left) readings_->Add(read);
    }
    batch_.emplace(readings_->all());
  }

  static void Next(std::unique_ptr<HeadReads> self) {
    const auto keys = self->batch_->Ask();
    if (keys.empty()) return self->End();
    kv::AsyncReader* const store = self->store_;
    store->GetMany(keys, [self = std::move(self)](Result<kv::Found> found) mutable {
      found.ok() ? self->batch_->Give(NothingMore(), *std::move(found))
                 : self->batch_->Fail(found.status());
      Next(std::move(self));
    });
  }

 private:
  void End() {
    size_t next = 0;
    for (ReadTogether& read : reads_) {
      if (read.is_left) continue;
      read.answer = std::move(readings_->all()[next++].answer);
      const Status status = read.answer.status();
      if (status.IsCancelled()) KeptReaders::Of(read).HeadsFellShort();
      read.is_left = status.IsCancelled() || (!status.ok() && IsNotReady(status));
    }
    batch_.reset();
    readings_.reset();
    then_(std::move(reads_));
  }

  kv::AsyncReader* const store_;
  std::vector<ReadTogether> reads_;
  OnlineReads::Then then_;
  std::optional<LentReadings> readings_;
  std::optional<online::ReadBatch> batch_;
};

}  // namespace

void ReadByHeads(kv::AsyncReader* store, std::vector<ReadTogether> reads, OnlineReads::Then then) {
  HeadReads::Next(std::make_unique<HeadReads>(store, std::move(reads), std::move(then)));
}

}  // namespace millrace::jobs
