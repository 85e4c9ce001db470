// AnswerChunks: the rows of a training set, a range at a time: the spine's columns, then the
// answer's, and what they add to the report.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <optional>

#include "offline/accounting.h"
#include "offline/answers.h"
#include "offline/steps.h"

namespace millrace::offline {

struct AnswerChunk {
  std::shared_ptr<arrow::RecordBatch> rows;
  ChunkTally tally;
};

class AnswerChunks {
 public:
  // `respecting`: with --ignore-created, the answers that respect knowledge time; else nullptr.
  // REQUIRES: all of it outlives this.
  AnswerChunks(const Known& known, const SweptAnswers& answers, const SweptAnswers* respecting);

  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }
  // From any thread.
  base::Result<AnswerChunk> Make(const RowRange& range) const;

 private:
  std::shared_ptr<arrow::Schema> MakeSchema() const;
  base::Result<std::shared_ptr<arrow::Table>> SpineRows(const RowRange& range) const;

  const Known known_;
  std::optional<StepRows> steps_;  // without a spine
  std::shared_ptr<arrow::Schema> schema_;
  const SweptAnswers& answers_;
  const SweptAnswers* respecting_;
};

}  // namespace millrace::offline
