// SweepStreams: a view's answers from two pull iterators of sorted Arrow batches, events and spine,
// in bounded memory: how a sweep runs where its rows do not fit, and inside a foreign engine. Opens
// no file, starts no thread.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "base/status.h"
#include "base/time.h"
#include "sweep/view_sweep.h"

namespace millrace::sweep {

// When an event enters the answers of the sweep: what its stream is sorted by within a key.
base::EventTime EntryOf(const ViewSweep& sweep, base::EventTime event_time,
                        std::optional<base::EventTime> created);

// events: `key` (binary: features/entity_key.h) and the columns of event_records.h, sorted by
// (XXH3-64
//   of the key, key, EntryOf); rows of one instant in any order.
// spine: `key`, `event_timestamp` (timestamp) and `row` (int64), sorted by (hash, key, time).
struct SortedStreams {
  arrow::RecordBatchReader* events = nullptr;
  arrow::RecordBatchReader* spine = nullptr;
  // How many events and questions are held at a time, besides one batch of each stream and half as
  // many again as the events that one question sees.
  int64_t rows_max = 1 << 16;
};

// Batches of answers in the order of the spine: `row`, `found` (uint8, Found), `event_time` of the
// winning rows where asked for, and `feature N` of View::features.
using PushBatch = std::function<base::Status(std::shared_ptr<arrow::RecordBatch>)>;

// Errors: missing_column, type_mismatch, bad_value (a stream that is not sorted, with the row), and
// whatever the streams and `push` report. The sweep's gaps are added to *gaps.
base::Status SweepStreams(const ViewSweep& sweep, const SortedStreams& streams,
                          const PushBatch& push, Gaps* gaps);

}  // namespace millrace::sweep
