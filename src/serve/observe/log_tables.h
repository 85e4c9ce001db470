// LogTables: the feature log's files in the making. Rows of one shape wait in memory, go into a
// file that is not yet visible, and are there when it is full or old enough. Called by the feature
// log's one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/status.h"
#include "serve/observe/feature_log.h"
#include "serve/observe/row_buffer.h"
#include "sources/table_writer.h"

namespace millrace::serve {

// Not thread-safe.
class LogTables {
 public:
  using Moment = std::chrono::steady_clock::time_point;
  // Told of each file once, with its rows: written, or lost by this error.
  using Told = std::function<void(int64_t rows, const base::Status& status)>;

  // `root`: the folder feature_log, with a slash at the end.
  LogTables(std::string root, const FeatureLogOptions& options, Told told);
  LogTables(const LogTables&) = delete;
  LogTables& operator=(const LogTables&) = delete;

  void Add(const ServedAnswer& served, Moment now);
  void Add(const Outcome& outcome, base::EventTime received, Moment now);
  // Makes files of what is old enough, resp. of everything.
  void WriteDue(Moment now);
  void WriteAll();
  // When there will be something old enough; Moment::max() while there is nothing.
  Moment due() const;

 private:
  struct Table {
    RowBuffer waiting;
    std::string folder;
    std::string name;  // of its file
    Moment due;
    std::unique_ptr<sources::TableWriter> writer = nullptr;  // once rows went out of memory
    int64_t written = 0;                                     // given to `writer`

    int64_t rows() const { return written + waiting.rows(); }
  };
  using Tables = std::map<std::string, Table>;  // by shape

  Tables::iterator Place(const std::string& shape, RowBuffer columns, std::string folder,
                         base::EventTime received, Moment now);
  void Settle(Tables::iterator table, int64_t rows_before, int64_t bytes_before);
  base::Status Open(Table* table);
  base::Status Spill(Table* table);
  void Commit(Tables::iterator table);
  void Forget(Tables::iterator table, const base::Status& status);
  void SpillLargest();

  const std::string root_;
  const FeatureLogOptions options_;
  const Told told_;
  Tables tables_;
  // Of all tables' waiting rows.
  int64_t waiting_rows_ = 0;
  int64_t waiting_bytes_ = 0;
};

}  // namespace millrace::serve
