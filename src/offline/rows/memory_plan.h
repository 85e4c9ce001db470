// MemoryPlan: how the memory of a training set is shared out. MemoryGate: who may load how much at
// once.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace millrace::offline {

// What is known before anything is read.
struct WorkEstimate {
  int64_t event_bytes = 0;   // of all rows that views will keep, at most
  int64_t spine_bytes = 0;   // that stay in memory throughout
  int64_t answer_bytes = 0;  // of all cells of all views for the whole spine
  int threads = 1;
};

struct MemoryPlan {
  int64_t rows_bytes_max = 0;  // rows waiting in memory, of all views; beyond it they are spilled
  int64_t strings_bytes_max = 0;  // of one column's distinct strings
  // Partitions being swept, less the rows that wait; a larger one is swept from sorted runs.
  int64_t load_bytes_max = 0;
  bool spill_answers = false;
  int32_t partitions = 1;

  // How many rows a source decodes at a time, on each of `threads`.
  static int64_t BatchRows(int64_t bytes_max, int threads);
  // REQUIRES: bytes_max > 0.
  static MemoryPlan Make(int64_t bytes_max, const WorkEstimate& work);
};

// From now on columns go back to the system when they are freed, and what is free now does: without
// it the heap keeps what was spilled. Costs page faults; for when memory is short.
void ReturnFreedMemory();

// Lets loads through while they fit, one always.
class MemoryGate {
 public:
  explicit MemoryGate(int64_t bytes_max) : bytes_max_(bytes_max) {}

  class Pass {
   public:
    Pass(MemoryGate* gate, int64_t bytes);
    ~Pass();
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;

   private:
    MemoryGate* gate_;
    const int64_t bytes_;
  };

 private:
  const int64_t bytes_max_;
  std::mutex mutex_;
  std::condition_variable freed_;
  int64_t bytes_ = 0;
};

}  // namespace millrace::offline
