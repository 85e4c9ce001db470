// Pusher: the call behind `push`: JSON lines into a source's push log and the online store, a batch
// at a time. A batch that was acknowledged is in the log for good and in the store under one
// commit. Called by cli.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "jobs/push/pushed_lines.h"
#include "jobs/push/source_log.h"
#include "jobs/repository.h"

namespace millrace::jobs {

struct PushOptions {
  std::string source;
  sources::PushTo to = sources::PushTo::kBoth;
  int wait_seconds = 10;  // for another owner of the store, then of the log, to end
};

// Owns the store and the source's log until it is destroyed. One thread at a time.
class Pusher {
 public:
  // Also gives the store what the log had more than it, as after a crash between the two. Errors:
  // not_ready (nothing was ever applied), unknown_name (the source), store_owned, conflict (another
  // process writes the log), missing_column (no event time), the store's, the log's. REQUIRES: the
  // repository and the clock outlive it.
  static base::Result<std::unique_ptr<Pusher>> Open(const Repository& repository,
                                                    const PushOptions& options,
                                                    const base::Clock& clock);

  // What opening it gave the store; its rows are none.
  const PushedBatch& caught_up() const { return log_->caught_up(); }

  // A batch; `first_line`: the number of lines[0], for messages. A null knowledge time is that of
  // the receipt. Errors: bad_value, where the source would reject a line (the first few of them):
  // then nothing was pushed; those of the log: the same; those of the store, with a message that
  // says which rows are in the log and come to the store with the next push or materialize.
  base::Result<PushedBatch> Append(std::span<const std::string_view> lines, int64_t first_line);

  // Rewrites the log's segments as Parquet when they are due. To be called when nobody waits; an
  // error loses nothing.
  base::Status CompactIfDue();

 private:
  Pusher(const PushOptions& options, const base::Clock& clock, ServedPlans plans,
         PushedLines lines);

  const PushOptions options_;
  const base::Clock& clock_;
  ServedPlans plans_;
  PushedLines lines_;
  std::unique_ptr<kv::Store> store_;
  std::unique_ptr<SourceLog> log_;
};

}  // namespace millrace::jobs
