// RowSorter: rows of many keys, put in the order in which a store is written: by key, then by
// (event time, created). In bounded memory: beyond it sorted runs wait in a file. Called by the
// updater.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "state/sort/run_file.h"

namespace millrace::state {

// Opens a file for reading and writing that is gone when it is closed; its descriptor.
using OpenSpillFile = std::function<base::Result<int>()>;

struct SortedKey {
  std::string_view prefix;     // KeyRows::prefix()
  std::string_view whole_key;  // of a key that is cut; else empty
};

class SortedRows {
 public:
  virtual ~SortedRows() = default;
  // The next key; false at the end. What it gives is valid until the next call.
  virtual base::Result<bool> NextKey(SortedKey* key) = 0;
  // The next row of that key, false after its last; each run's rows are in order.
  virtual base::Result<bool> NextRow(std::string_view* row) = 0;
};

class RowSorter {
 public:
  // Without `open`, everything is kept in memory.
  RowSorter(int64_t bytes_max, OpenSpillFile open);
  ~RowSorter();

  // The key's number until the next EndBatch.
  uint32_t KeyNumber(const SortedKey& key);
  void Add(uint32_t key, base::EventTime time, base::EventTime created, std::string_view row);
  // Writes a run when there is too much. Errors: disk_full, io_error.
  base::Status EndBatch();
  int64_t rows() const { return rows_added_; }

  // All rows so far, from the first one on each time. REQUIRES: the sorter outlives what it gives.
  // INVALIDATES: what it gave before, as Add does.
  base::Result<std::unique_ptr<SortedRows>> Finish();

 private:
  struct Row {
    base::EventTime time;
    base::EventTime created;
    const char* bytes;
    uint32_t size;
    uint32_t key;
  };
  struct WaitingRun {
    int64_t begin;  // in the file
    int64_t end;
    uint64_t keys;
  };
  class Arena;
  class MemoryRun;
  class FileRun;
  class MergedRuns;

  void Sort();
  base::Status Spill();

  const int64_t bytes_max_;
  const OpenSpillFile open_;
  int64_t rows_added_ = 0;
  int64_t key_bytes_ = 0;
  std::vector<SortedKey> keys_;                              // into the arena
  absl::flat_hash_map<std::string_view, uint32_t> numbers_;  // by prefix and whole key
  std::vector<Row> sorted_;                                  // by key's rank once sorted
  std::vector<uint32_t> order_;                              // keys by their bytes
  std::unique_ptr<Arena> arena_;
  std::unique_ptr<RunFile> file_;
  std::vector<WaitingRun> runs_;
};

}  // namespace millrace::state
