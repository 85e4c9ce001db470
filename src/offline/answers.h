// Answers: the columns of a chunk of a training set: the sweep's results settled, then derived and
// on-demand features, then labels; and why cells are null.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "columns/column.h"
#include "features/derive.h"
#include "features/needs.h"
#include "features/plan.h"
#include "offline/spine.h"
#include "offline/training_set.h"
#include "offline/use_answers.h"

namespace millrace::offline {

// What a view, resp. a label, had to say about a row of the spine.
enum class RowState : uint8_t { kCounts, kNotFound, kExpired, kNullKey, kNullTime, kNotOver };

struct ViewAnswers {
  std::vector<columns::OwnedColumn> columns;  // by the view's features; type kNull where not needed
  std::vector<RowState> states;               // by row; empty for on-demand views
  std::vector<features::ErrorCell> errors;
};

struct Answers {
  std::vector<ViewAnswers> uses;       // by Selection::uses
  std::vector<ViewAnswers> on_demand;  // by Selection::on_demand
  std::vector<ViewAnswers> labels;     // by TrainingSetRequest::labels, one column each
};

// The sweeps' answers for the whole spine.
struct SweptAnswers {
  std::vector<std::unique_ptr<UseAnswers>> uses;  // by Selection::uses
  std::vector<std::unique_ptr<UseAnswers>>
      labels;  // by TrainingSetRequest::labels; none where only features are compared
};

// Everything that is known when answers are made.  REQUIRES: all of it outlives the Answerer.
struct Known {
  const TrainingSetRequest& request;
  const features::Needs& needs;
  const Spine& spine;
  // By TrainingSetRequest::labels: the newest event time of all readable rows of its source.
  const std::vector<std::optional<base::EventTime>>& newest;
};

// Rows of the spine.
struct RowRange {
  int64_t first = 0;
  int64_t last = 0;
  int64_t size() const { return last - first; }
};

// Of one chunk; one thread.
class Answerer {
 public:
  Answerer(const Known& known, const RowRange& range);
  base::Result<Answers> Answer(const SweptAnswers& swept) const;

 private:
  base::Result<ViewAnswers> AnswerUse(size_t use, const UseAnswers& swept) const;
  ViewAnswers AnswerOnDemand(size_t run, const Answers& answers) const;
  base::Result<ViewAnswers> AnswerLabel(size_t label, const UseAnswers& swept) const;
  std::vector<RowState> StatesOf(const SpineKeys& keys,
                                 const std::vector<sweep::Found>& found) const;

  const Known known_;
  const RowRange range_;
  columns::OwnedColumn as_of_;
};

}  // namespace millrace::offline
