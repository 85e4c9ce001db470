// LoopReads: reads of a store behind a network on one of the server's threads, which waits for
// none: requests that arrive together share a read of the store, on a connection of the thread's
// own. What that does not answer goes to the ReadQueue.
#pragma once

#include <memory>
#include <vector>

#include "jobs/reads/online_reads.h"
#include "kv/async_reader.h"
#include "serve/http/event_loop.h"
#include "serve/work/read_queue.h"

namespace millrace::serve {

// Of the loop's thread alone, but for its end.
class LoopReads {
 public:
  // REQUIRES: `reads` and `queue` outlive it; `reader` is of this loop.
  LoopReads(jobs::OnlineReads* reads, ReadQueue* queue, EventLoop loop,
            std::unique_ptr<kv::AsyncReader> reader);
  // Finishes what waits. REQUIRES: nobody runs the loop any more.
  ~LoopReads();

  // Finishes it later. REQUIRES: it was admitted by the queue.
  void Add(std::shared_ptr<QueuedRead> read);

 private:
  using Reads = std::vector<std::shared_ptr<QueuedRead>>;

  void ReadWhatArrived();
  void Finish(const Reads& reads, std::vector<jobs::ReadTogether> answered);

  jobs::OnlineReads* const reads_;
  ReadQueue* const queue_;
  const EventLoop loop_;
  std::unique_ptr<kv::AsyncReader> reader_;
  Reads arrived_;
};

}  // namespace millrace::serve
