// SourceLog: the push log of one source, open for writing, and the store that follows it: rows are
// in the log for good first, then the store is brought up to the log. Called by push and
// pushed_source.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "jobs/update/log_update.h"
#include "project/project.h"
#include "sources/push/push_log_writer.h"

namespace millrace::jobs {

struct PushedBatch {
  sources::WriterRows rows;               // first > last: none, all lines were blank
  int64_t commit = 0;                     // the store's newest
  columns::RejectedRows rejected = {};    // rows that a view does not keep: those with a null key
  std::vector<std::string> waiting = {};  // views whose rows wait in the log: not materialized
};

struct SourceLogOptions {
  project::Durability durability = project::Durability::kProcess;
  int wait_seconds = 0;           // for another process that writes the log to end
  std::mutex* writing = nullptr;  // held while the store is written; nullptr: nobody else writes it
};

// One thread at a time.
class SourceLog {
 public:
  // Also gives the store what the log had more than it, as after a crash between the two.
  // `source`: the one that `of` names. Errors: conflict (another process writes the log), the
  // log's, the store's. REQUIRES: what `of` points at, and `writing`, outlive it.
  static base::Result<std::unique_ptr<SourceLog>> Open(const LogUpdateOf& of,
                                                       const features::Source& source,
                                                       const SourceLogOptions& options);

  // What opening it gave the store; its rows are none.
  const PushedBatch& caught_up() const { return caught_up_; }
  // Whether rows of the source, as it is defined here, are rows of the log.
  bool Takes(const features::Source& source) const;
  const std::string& writer() const { return log_->writer(); }

  // The rows of all batches, in order, under one write; which rows they became. Errors: as
  // PushLogWriter::Append; then none of them is there.
  base::Result<sources::RowRange> Append(std::span<const sources::PushRows> batches);
  // Gives the store what it lacks of the log; `rows` of the answer are none. Errors: as
  // UpdateFromLogs; the next one then does what was left.
  base::Result<PushedBatch> Update();
  // A batch of no rows at the newest commit that was seen here.
  PushedBatch Nothing() const;

  // Rewrites the log's segments as Parquet when they are due. To be called when nobody waits; an
  // error loses nothing.
  base::Status CompactIfDue();

 private:
  SourceLog(const LogUpdateOf& of, std::mutex* writing, std::unique_ptr<sources::PushLogWriter> log)
      : of_(of), writing_(writing), log_(std::move(log)) {}
  base::Result<PushedBatch> UpdateTo(const std::optional<sources::WriterRows>& pushed);

  const LogUpdateOf of_;
  std::mutex* const writing_;
  const std::unique_ptr<sources::PushLogWriter> log_;
  PushedBatch caught_up_;
  int64_t commit_ = 0;  // the newest that it saw
};

// Of a plan. Error: unknown_name, with the nearest.
base::Result<const features::Source*> FindSource(const features::FeaturePlan& plan,
                                                 const std::string& name);

// What the store reported, with what became of the rows: they are in the log.
base::Status OnlyLogged(const base::Status& store, const sources::WriterRows& rows);

}  // namespace millrace::jobs
