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
  int use = -1;        // into Spine::uses: whose keys name a row; -1: none
};

// The selected features, then the labels.  REQUIRES: `answers` outlives the result.
std::vector<AnswerColumn> AnswerColumns(const TrainingSetRequest& request, const Answers& answers);

void CountNulls(const std::vector<AnswerColumn>& columns, Report* report);
void CountErrors(const TrainingSetRequest& request, const Answers& answers, const Spine& spine,
                 Report* report);
void CountNullSpineCells(const Spine& spine, Report* report);
// How `columns` differ from what respecting knowledge time would give; features only, as labels do
// not depend on it.
void CountChanged(const std::vector<AnswerColumn>& columns,
                  const std::vector<AnswerColumn>& respecting, const Spine& spine, Report* report);

}  // namespace millrace::offline
