// Engine `offline`: the case's events become files, the question a training set of src/offline.
#include "engines/offline_engine.h"

#include <arrow/array/array_base.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>

#include "columns/arrow_column.h"
#include "engines/event_files.h"
#include "engines/temporary_folder.h"
#include "offline/training_set.h"
#include "sources/event_reader.h"

namespace millrace::engines {
namespace {

using base::Result;
using base::Status;

constexpr const char* kTimestamp = "event_timestamp";

Result<std::shared_ptr<arrow::Table>> SpineOf(const Question& question) {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  auto add = [&](const std::string& name, const Type& type, auto&& value_of) -> Status {
    columns::ColumnBuffer buffer(type);
    for (size_t row = 0; row < question.times.size(); ++row) buffer.AppendValue(value_of(row));
    ARROW_ASSIGN_OR_RAISE(auto array, columns::ToArrow(buffer.View()));
    fields.push_back(arrow::field(name, array->type()));
    arrays.push_back(std::move(array));
    return Status::OK();
  };
  ARROW_RETURN_NOT_OK(
      add(kTimestamp, columns::Kind::kTimestamp, [&](size_t row) { return question.times[row]; }));
  for (size_t i = 0; i < question.inputs.size(); ++i) {
    ARROW_RETURN_NOT_OK(add(question.inputs[i].name, question.inputs[i].type,
                            [&](size_t row) { return question.rows[row][i]; }));
  }
  return arrow::Table::Make(arrow::schema(std::move(fields)), arrays,
                            static_cast<int64_t>(question.times.size()));
}

// The columns of the table from `first` on.
Status ReadColumns(const arrow::Table& table, int first, Answer* answer) {
  answer->rows.resize(static_cast<size_t>(table.num_rows()));
  for (int i = first; i < table.num_columns(); ++i) {
    const arrow::Field& field = *table.schema()->field(i);
    ARROW_ASSIGN_OR_RAISE(Type type, Type::FromArrow(*field.type()));
    ARROW_ASSIGN_OR_RAISE(columns::OwnedColumn column, columns::FromArrow(*table.column(i), type));
    answer->columns.push_back({field.name() == kTimestamp ? "at" : field.name(), type});
    for (int64_t row = 0; row < table.num_rows(); ++row) {
      answer->rows[static_cast<size_t>(row)].push_back(column.view.value(row));
    }
  }
  return Status::OK();
}

void ReadReport(const offline::Report& report, Answer* answer) {
  for (const auto& reason : report.rejected.reasons) {
    answer->rejected[{reason.where, reason.code}] += reason.count;
  }
  for (const auto& cells : report.error_cells) {
    answer->errors[{cells.feature, cells.code}] += cells.count;
  }
  for (const auto& cells : report.null_cells) {
    answer->nulls[{cells.column, cells.reason}] += cells.count;
  }
  answer->pruned = std::any_of(report.sources.begin(), report.sources.end(),
                               [](const auto& source) { return source.rows_pruned > 0; });
  auto count = [&](const std::string& subject, const std::string& reason, int64_t n) {
    if (n > 0) answer->counted[{subject, reason}] += n;
  };
  for (const auto& cells : report.labels_not_over) {
    count(cells.column, "not_over_yet", cells.count);
  }
  for (const auto& cells : report.changed) count(cells.column, "changed", cells.count);
  count("rows", "changed", report.rows_changed);
  count("rows", "null_key", report.rows_null_key);
  count("rows", "null_time", report.rows_null_time);
}

// That the variation is what it says: a row that was used had to wait somewhere.
Status CheckSpilled(const Variation& variation, const offline::Report& report) {
  const bool used = std::any_of(report.gaps.begin(), report.gaps.end(),
                                [](const auto& gap) { return gap.event.has_value(); });
  if (variation.memory_bytes == 1 && used && report.spilled_bytes == 0) {
    return Status::Invalid("nothing was spilled");
  }
  if (variation.memory_bytes == 0 && report.spilled_bytes > 0) {
    return Status::Invalid("something was spilled");
  }
  return Status::OK();
}

class OfflineEngine : public Engine {
 public:
  Status Setup(const Scenario& scenario, const Variation& variation) override {
    variation_ = variation;
    for (const EventTable& table : scenario.events) {
      ARROW_RETURN_NOT_OK(WriteEventFiles(table, variation, folder_.path()));
    }
    auto schema = [this](const features::Source& source) {
      return sources::ReadSchema(source, folder_.path());
    };
    ARROW_ASSIGN_OR_RAISE(plan_, features::Compile("cases", scenario.definitions, schema));
    return Status::OK();
  }

  const features::FeaturePlan& plan() const override { return *plan_; }

  Result<Answer> Ask(const Question& question) override {
    offline::TrainingSetRequest request;
    request.plan = plan_.get();
    ARROW_ASSIGN_OR_RAISE(
        request.selection,
        question.service.empty()
            ? features::SelectFeatures(*plan_, question.features, question.full_names)
            : features::SelectService(*plan_, question.service, question.full_names));
    for (const std::string& label : question.labels) {
      request.labels.push_back(plan_->FindLabel(label));
    }
    if (question.steps) {
      request.steps = {question.steps->from, question.steps->to, question.steps->every};
    } else {
      ARROW_ASSIGN_OR_RAISE(request.spine, SpineOf(question));
    }
    request.timestamp = kTimestamp;
    request.ignore_created = question.ignore_created;
    request.threads = variation_.threads;
    if (variation_.memory_bytes > 0) request.memory_bytes = variation_.memory_bytes;
    if (variation_.chunk_rows > 0) request.chunk_rows = variation_.chunk_rows;
    request.spill_folder = folder_.path();
    auto open = [this](const features::Source& source, sources::ReadOptions options) {
      options.root = folder_.path();
      options.batch_rows_max = variation_.batch_rows_max;
      return sources::OpenFiles(source, options);
    };
    ARROW_ASSIGN_OR_RAISE(offline::TrainingSet set, offline::MakeTrainingSet(request, open));
    ARROW_RETURN_NOT_OK(CheckSpilled(variation_, set.report));
    Answer answer;
    const int first = question.steps ? 0 : 1 + static_cast<int>(question.inputs.size());
    ARROW_RETURN_NOT_OK(ReadColumns(*set.table, first, &answer));
    ReadReport(set.report, &answer);
    return answer;
  }

 private:
  TemporaryFolder folder_;
  Variation variation_;
  std::shared_ptr<const features::FeaturePlan> plan_;
};

}  // namespace

std::unique_ptr<Engine> MakeOfflineEngine() {
  return std::make_unique<OfflineEngine>();
}

}  // namespace millrace::engines
