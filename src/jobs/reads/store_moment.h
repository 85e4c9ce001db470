// StoreMoment: a store and the clock as they are at one moment, however often they are read: what
// an answer of many parts is read from. Called by get.
#pragma once

#include <memory>

#include "base/clock.h"
#include "kv/store.h"

namespace millrace::jobs {

class StoreMoment final : public kv::Store {
 public:
  // Errors: as kv::Store::Read.
  static base::Result<StoreMoment> Of(const kv::Store& store, const base::Clock& clock);

  const kv::Snapshot& snapshot() const { return *snapshot_; }
  // Stands still.
  const base::Clock& clock() const { return *clock_; }

  // The same snapshot each time. One thread at a time.
  base::Result<std::unique_ptr<kv::Snapshot>> Read() const override;
  // Nothing is written to the past: error internal.
  base::Result<std::unique_ptr<kv::Transaction>> Begin(kv::Guard guard) override;
  base::Status BulkLoad(kv::RowReader* rows) override;
  base::Status DeletePrefix(std::string_view prefix) override;
  base::Result<int64_t> SizeBytes() const override;

 private:
  StoreMoment(std::shared_ptr<const kv::Snapshot> snapshot,
              std::shared_ptr<const base::Clock> clock)
      : snapshot_(std::move(snapshot)), clock_(std::move(clock)) {}

  std::shared_ptr<const kv::Snapshot> snapshot_;
  std::shared_ptr<const base::Clock> clock_;
};

}  // namespace millrace::jobs
