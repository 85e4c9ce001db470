// ReadAhead: decodes rows on a thread of its own while the caller works on those before. One unit
// after the other, their parts and rows in order. Called by materialize.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "columns/event_batch.h"
#include "sources/event_reader.h"

namespace millrace::jobs {

// What is opened and read to its end: a file, or rows of a push log.
struct ReadUnit {
  std::function<base::Result<std::unique_ptr<sources::EventReader>>()> open;

  // What was found, when it is read.
  int64_t rows = 0;  // good ones
  columns::RejectedRows rejected = {};
  int64_t one_sided = 0;
  sources::Pruned pruned = {};
  std::vector<sources::InputFile> files = {};
};

class ReadAhead {
 public:
  struct Item {
    size_t unit = 0;
    std::optional<columns::EventBatch> batch;  // nothing: the unit was read to its end
  };

  // Begins at once, and waits when `batches_max` batches wait. The units outlive this, and one is
  // the thread's until its end was given.
  ReadAhead(std::vector<ReadUnit*> units, size_t batches_max);
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;
  ~ReadAhead();

  // Nothing at the end. Whatever opening and reading report, after all batches before it.
  base::Result<std::optional<Item>> Next();

 private:
  void Run();
  base::Status ReadUnits();
  base::Status Read(size_t unit);
  bool Give(Item item);  // false: nobody wants it any more

  const std::vector<ReadUnit*> units_;
  const size_t batches_max_;

  std::mutex mutex_;  // for all below
  std::condition_variable changed_;
  std::deque<Item> waiting_;
  base::Status status_;
  bool ended_ = false;
  bool stopped_ = false;

  std::thread thread_;
};

}  // namespace millrace::jobs
