// Answers: the columns of a training set: the sweep's results settled, then derived and on-demand
// features, then labels; and why cells are null.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "columns/column.h"
#include "features/derive.h"
#include "features/plan.h"
#include "offline/needs.h"
#include "offline/spine.h"
#include "offline/training_set.h"
#include "sweep/questions.h"
#include "sweep/tasks.h"
#include "sweep/view_events.h"

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

// Everything that is known when answers are made.  REQUIRES: all of it outlives the Answerer.
struct Known {
  const TrainingSetRequest& request;
  const Needs& needs;
  const Spine& spine;
  const std::vector<sweep::SortedEvents>& views;   // by Needs::views
  const std::vector<sweep::SortedEvents>& labels;  // by TrainingSetRequest::labels
  // By TrainingSetRequest::labels: the newest event time of all readable rows of its source.
  const std::vector<std::optional<base::EventTime>>& newest;
  const sweep::RunTasks& run;
};

class Answerer {
 public:
  explicit Answerer(const Known& known);
  Answers Answer(bool ignore_created);

 private:
  ViewAnswers AnswerUse(size_t use, bool ignore_created);
  ViewAnswers AnswerOnDemand(size_t run, const Answers& answers) const;
  ViewAnswers AnswerLabel(size_t label);
  std::vector<columns::OwnedColumn> Windowed(size_t use, bool ignore_created, ViewAnswers* answers);
  // Also the winning rows' event times, when derived features read them.
  std::vector<columns::OwnedColumn> Snapshot(size_t use, bool ignore_created,
                                             columns::OwnedColumn* event_times,
                                             ViewAnswers* answers);
  const sweep::Questions& QuestionsOf(const SpineKeys& keys);
  std::vector<RowState> StatesOf(const SpineKeys& keys) const;

  const Known known_;
  columns::OwnedColumn as_of_;
  std::map<std::pair<std::vector<std::string>, const KeySpace*>, sweep::Questions> questions_;
};

}  // namespace millrace::offline
