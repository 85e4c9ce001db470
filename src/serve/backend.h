// Backend: what routes answer with: the project's reads and writes, the queues that carry them, and
// what is told of them. Made by FeatureServer, which owns it all.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "jobs/push/online_writes.h"
#include "jobs/reads/online_reads.h"
#include "serve/access/tokens.h"
#include "serve/limits.h"
#include "serve/observe/feature_log.h"
#include "serve/observe/metrics.h"
#include "serve/observe/request_log.h"
#include "serve/work/loop_reads.h"
#include "serve/work/read_queue.h"
#include "serve/work/work_queue.h"

namespace millrace::serve {

// What the last look at the store said.
struct StoreState {
  std::atomic<bool> reachable = true;
  std::atomic<int64_t> commit = 0;
};

struct Backend {
  const jobs::Repository* repository = nullptr;
  const base::Clock* clock = nullptr;
  Limits limits;
  int threads = 1;  // that call routes
  std::unique_ptr<Metrics> metrics;
  std::unique_ptr<RequestLog> log;
  std::unique_ptr<Tokens> tokens;
  std::unique_ptr<FeatureLog> feature_log;
  std::unique_ptr<jobs::OnlineReads> reads;
  std::unique_ptr<jobs::OnlineWrites> writes;
  StoreState store;
  // Nothing, and none: reads are done where they arrive.
  std::unique_ptr<ReadQueue> read_queue;
  std::vector<std::unique_ptr<LoopReads>> loop_reads;  // by thread
  std::unique_ptr<WorkQueue> search_queue;             // for names that are not known
  std::unique_ptr<WorkQueue> write_queue;
  std::unique_ptr<WorkQueue> materialize_queue;
};

}  // namespace millrace::serve
