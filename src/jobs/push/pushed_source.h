// PushedSource: one source as a server pushes into it: rows are decoded on the thread of their
// caller, calls that wait for each other are written as one, and a call that is repeated is known.
// Called by online_writes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/push/push_queue.h"
#include "jobs/push/pushed_lines.h"
#include "jobs/push/source_log.h"
#include "jobs/update/served_plans.h"
#include "sources/push/push_requests.h"

namespace millrace::jobs {

// Rows as JSON objects, each one line of what `push` reads.
struct PushCall {
  std::string source = {};
  sources::PushTo to = sources::PushTo::kBoth;
  std::vector<std::string_view> rows = {};
  int64_t first_row = 1;  // the number of rows[0], for messages
  // A repetition under it is applied once (sources::RequestLimits): UTF-8, 1 to 255 bytes.
  std::optional<std::string> request_id = {};
};

struct PushAnswer {
  // `rejected` counts over all calls that came to the store under this commit.
  PushedBatch batch;
  bool repeated = false;  // the rows were there already, under this request_id
};

struct PushedSourceOptions {
  LogUpdateOf update;  // its `source` is the one
  SourceLogOptions log;
  // The definitions that count now. From any thread; no older than what `update.plans` has.
  std::function<ServedPlan()> newest;
};

// Safe from every thread.
class PushedSource {
 public:
  explicit PushedSource(PushedSourceOptions options);
  ~PushedSource();

  // Errors: as OnlineWrites::Push. The log is opened at the first call and kept.
  base::Result<PushAnswer> Push(const PushCall& call);
  // What is to be done every few seconds: the log's segments that are due become Parquet; the store
  // gets what it lacks, as after a failure, or for views that the definitions have now. Pushes
  // wait. Errors: the log's, the store's; they lose nothing.
  base::Status Tend();

 private:
  struct Waiting;

  base::Result<std::shared_ptr<arrow::RecordBatch>> Decode(const ServedPlan& plan,
                                                           const PushCall& call);
  // What follows is done by one thread at a time, the queue's.
  void Write(std::span<PushQueue::Call* const> calls);
  base::Status Ready();
  base::Status ReadRequests(std::span<PushQueue::Call* const> calls);
  std::vector<Waiting*> ChooseFresh(std::span<PushQueue::Call* const> calls,
                                    const base::Status& requests);
  void Log(const std::vector<Waiting*>& calls);
  base::Status LogTogether(std::span<Waiting* const> calls);
  base::Result<PushedBatch> Update();
  void Answer(std::span<PushQueue::Call* const> calls, const base::Result<PushedBatch>& batch);
  base::Status TendNow();

  const PushedSourceOptions options_;
  PushQueue queue_;
  std::mutex mutex_;  // of the decoders
  int decoders_version_ = 0;
  std::vector<PushedLines> decoders_;  // idle

  int version_ = 0;  // of the definitions that the log is open for
  std::unique_ptr<SourceLog> log_;
  bool log_failed_ = false;                        // how it ends is to be found out anew
  std::optional<sources::PushRequests> requests_;  // read when somebody names one
  bool store_failed_ = false;                      // the log has more than the store
  int updated_version_ = 0;                        // of the definitions that the store followed
};

}  // namespace millrace::jobs
