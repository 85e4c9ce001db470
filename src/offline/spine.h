// Spine: the questions of a training set: per row a time and, per view that is read, the id of its
// key. Made from a caller's table, or from steps (steps.h).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "columns/column.h"
#include "features/plan.h"
#include "offline/key_space.h"
#include "offline/threads.h"
#include "offline/training_set.h"

namespace millrace::offline {

// The keys of one use of a view (or of a label): one id per row.
struct SpineKeys {
  std::vector<std::string> columns;
  KeySpace* space = nullptr;
  std::vector<int32_t> ids;  // KeyIds::kNone: a null key
};

struct Spine {
  int64_t rows = 0;
  std::vector<base::EventTime> times;
  std::vector<uint8_t> has_time;
  // Shared by all that have the same keys.
  std::vector<std::shared_ptr<const SpineKeys>> uses;    // by Selection::uses
  std::vector<std::shared_ptr<const SpineKeys>> labels;  // by TrainingSetRequest::labels
  std::vector<columns::OwnedColumn> request;             // by Selection::request_fields

  int64_t bytes() const;  // of all of it
  // "user_id=u1 at 2025-01-31T00:00:00Z", for reports.
  std::string RowText(const SpineKeys& keys, int64_t row) const;
};

// Reads times, keys and request fields, and inserts the keys into their spaces. Errors: as
// MakeTrainingSet says.
base::Result<Spine> ReadSpine(const TrainingSetRequest& request, const RunTasks& run,
                              KeySpaces* spaces);

}  // namespace millrace::offline
