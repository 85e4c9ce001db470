// Accounting: fills a Report from answers: null cells by reason, error cells, labels that are not
// over, changes by --ignore-created.
#pragma once

#include <string>
#include <vector>

#include "columns/column.h"
#include "features/derive.h"
#include "offline/answers.h"
#include "offline/report.h"
#include "offline/spine.h"
#include "offline/training_set.h"

namespace millrace::offline {

// A column of the answer and what explains its nulls.
struct AnswerColumn {
  std::string name;     // in the table
  std::string feature;  // "view:feature", "label name"
  columns::Column cells;
  const ViewAnswers* from = nullptr;
  bool stored = true;  // false: derived or on-demand
  int use = -1;        // of Selection::uses, whose keys name its rows; -1: a label, or no view
};

// The selected features, then the labels.  REQUIRES: `answers` outlives the result.
std::vector<AnswerColumn> AnswerColumns(const TrainingSetRequest& request, const Answers& answers);

// What a chunk of the answer adds to the report.
struct ChunkTally {
  std::vector<NullCells> nulls;
  std::vector<ErrorCells> errors;
  std::vector<ChangedCells> changed;
  int64_t rows_changed = 0;
};

// Null cells by column and reason; error cells with their first key.
ChunkTally TallyChunk(const Known& known, const RowRange& range, const Answers& answers);
// The answer's columns, and what respecting knowledge time would have given.
struct ChangedAnswers {
  std::vector<AnswerColumn> columns;
  std::vector<AnswerColumn> respecting;
};
// How they differ; features only, as labels do not depend on it.
void TallyChanged(const Known& known, const RowRange& range, const ChangedAnswers& answers,
                  ChunkTally* tally);
// REQUIRES: chunks are added in order.
void AddTally(const ChunkTally& tally, Report* report);

void CountNullSpineCells(const Spine& spine, Report* report);

}  // namespace millrace::offline
