#include "offline/answer_chunk.h"

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/chunked_array.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <utility>

#include "columns/arrow_column.h"
#include "sources/arrow/canonical_floats.h"

namespace millrace::offline {

using base::Result;

namespace {

// The type of each column of the answer, without any row of it.
std::vector<columns::Type> AnswerTypes(const TrainingSetRequest& request) {
  const features::FeaturePlan& plan = *request.plan;
  const features::Selection& selection = request.selection;
  std::vector<columns::Type> types;
  for (const features::SelectedColumn& column : selection.columns) {
    types.push_back(
        column.on_demand
            ? plan.on_demand[selection.on_demand[column.use]].features[column.feature].type
            : plan.views[selection.uses[column.use].view].features[column.feature].type);
  }
  for (const int label : request.labels) types.push_back(plan.labels[label].view.features[0].type);
  return types;
}

std::vector<std::string> AnswerNames(const TrainingSetRequest& request) {
  std::vector<std::string> names;
  for (const features::SelectedColumn& column : request.selection.columns) {
    names.push_back(column.name);
  }
  for (const int label : request.labels) names.push_back(request.plan->labels[label].name);
  return names;
}

Result<std::shared_ptr<arrow::Array>> OneArray(const arrow::ChunkedArray& column) {
  if (column.num_chunks() == 1) return column.chunk(0);
  if (column.num_chunks() == 0) return arrow::MakeArrayOfNull(column.type(), 0);
  return arrow::Concatenate(column.chunks());
}

}  // namespace

AnswerChunks::AnswerChunks(const Known& known, const SweptAnswers& answers,
                           const SweptAnswers* respecting)
    : known_(known), answers_(answers), respecting_(respecting) {
  if (known_.request.spine == nullptr) steps_.emplace(known_.request, known_.spine);
  schema_ = MakeSchema();
}

Result<std::shared_ptr<arrow::Table>> AnswerChunks::SpineRows(const RowRange& range) const {
  if (known_.request.spine != nullptr) {
    return known_.request.spine->Slice(range.first, range.size());
  }
  return steps_->Table(range.first, range.last);
}

std::shared_ptr<arrow::Schema> AnswerChunks::MakeSchema() const {
  arrow::FieldVector fields;
  if (known_.request.spine != nullptr) {
    fields = known_.request.spine->schema()->fields();
  } else {
    const auto none = steps_->Table(0, 0);
    if (none.ok()) fields = (*none)->schema()->fields();
  }
  const std::vector<columns::Type> types = AnswerTypes(known_.request);
  const std::vector<std::string> names = AnswerNames(known_.request);
  for (size_t i = 0; i < types.size(); ++i) {
    fields.push_back(arrow::field(names[i], types[i].ToArrow()));
  }
  return arrow::schema(std::move(fields));
}

Result<AnswerChunk> AnswerChunks::Make(const RowRange& range) const {
  const Answerer answerer(known_, range);
  ARROW_ASSIGN_OR_RAISE(const Answers answers, answerer.Answer(answers_));
  AnswerChunk chunk;
  chunk.tally = TallyChunk(known_, range, answers);
  const std::vector<AnswerColumn> columns = AnswerColumns(known_.request, answers);
  if (respecting_ != nullptr) {
    ARROW_ASSIGN_OR_RAISE(const Answers respecting, answerer.Answer(*respecting_));
    TallyChanged(known_, range, {columns, AnswerColumns(known_.request, respecting)}, &chunk.tally);
  }
  ARROW_ASSIGN_OR_RAISE(const std::shared_ptr<arrow::Table> first, SpineRows(range));
  arrow::ArrayVector arrays;
  for (const auto& column : first->columns()) {
    ARROW_ASSIGN_OR_RAISE(auto array, OneArray(*column));
    arrays.push_back(std::move(array));
  }
  ARROW_ASSIGN_OR_RAISE(const auto canonical,
                        sources::CanonicalFloats(*arrow::RecordBatch::Make(
                            first->schema(), range.size(), std::move(arrays))));
  arrays = canonical->columns();
  for (const AnswerColumn& column : columns) {
    ARROW_ASSIGN_OR_RAISE(auto array, columns::ToArrow(column.cells));
    arrays.push_back(std::move(array));
  }
  chunk.rows = arrow::RecordBatch::Make(schema_, range.size(), std::move(arrays));
  return chunk;
}

}  // namespace millrace::offline
