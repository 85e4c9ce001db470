// FeatureLog: what was answered with, kept as Parquet in the lake's folder
// (docs/formats/feature_log.md): the audit's spine. Off the path of requests: a bounded queue, at
// most once, lost rows counted.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "columns/column.h"
#include "online/answer.h"

namespace millrace::serve {

// One answered request: all of its rows.
struct ServedAnswer {
  std::string request_id;
  std::string service;  // "": features by name
  int version = 0;      // of the definitions
  base::EventTime as_of;
  columns::OwnedColumn as_of_rows;  // type kNull: all have as_of
  base::EventTime received;
  // Keys and request fields by name, a cell for each of the answer's rows.
  std::map<std::string, columns::OwnedColumn> keys;
  std::map<std::string, columns::OwnedColumn> request;
  std::shared_ptr<const online::Answer> answer;
};

// What became of a request, told later.
struct Outcome {
  std::string request_id;
  std::string kind;   // prediction, outcome
  std::string value;  // JSON text
  base::EventTime time;
};

struct FeatureLogOptions {
  int64_t queue_rows_max = 100'000;   // rows that wait; beyond them they are lost and counted
  int64_t file_rows_max = 1'000'000;  // of a file
  int64_t file_seconds_max = 60;      // after which what there is becomes a file
};

// In rows; an Outcome is one.
struct FeatureLogCounts {
  int64_t logged = 0;      // in files
  int64_t queued = 0;      // accepted, and in no file yet
  int64_t lost = 0;        // there was no place for them, or their file could not be written
  std::string last_error;  // of a file that could not be written; "": none
};

// Whether an answer with this request id belongs to the share that is kept: the same for everybody
// who asks. A share of 1 keeps all, of 0 none.
bool IsKept(std::string_view request_id, double share);

// Safe from every thread. No call waits for a file.
class FeatureLog {
 public:
  // `lake`: a folder, by its path from the working one, or s3://bucket/prefix, which is not asked
  // before the first file. Removes what a killed process left half-written. `clock` outlives this.
  // Errors: permission_denied, disk_full, io_error, file_not_found (a file is where a folder has to
  // be).
  static base::Result<std::unique_ptr<FeatureLog>> Open(const std::string& lake,
                                                        const FeatureLogOptions& options,
                                                        const base::Clock& clock);
  // Writes what waits.
  virtual ~FeatureLog() = default;
  // Lost, and counted as that, when there is no place in the queue. REQUIRES: the columns own their
  // memory; `answer` is set.
  virtual void Add(ServedAnswer answer) = 0;
  // False: there was no place in the queue. It is not counted, as the caller can say so.
  virtual bool Add(Outcome outcome) = 0;
  virtual FeatureLogCounts counts() const = 0;
};

}  // namespace millrace::serve
