// The version is found with a question of no rows; then all rows are read through one snapshot,
// some thousand at a time.
#include "jobs/reads/get.h"

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "columns/arrow_column.h"
#include "jobs/reads/answer_rows.h"
#include "jobs/reads/asked_keys.h"
#include "jobs/reads/store_moment.h"
#include "jobs/update/served_plans.h"
#include "sources/files/file_list.h"
#include "sources/table_writer.h"

namespace millrace::jobs {

using base::Result;
using base::Status;

namespace {

constexpr int64_t kRowsAtOnce = 8192;

Status CheckOptions(const GetOptions& options) {
  std::vector<base::Problem> problems;
  const auto usage = [&](std::string message) {
    problems.push_back({base::codes::kUsage, std::move(message)});
  };
  if (options.features.empty() && options.service.empty()) {
    usage("--features or --service is needed");
  }
  if (!options.features.empty() && !options.service.empty()) {
    usage("--features and --service do not go together");
  }
  if (!options.keys_file.empty() && !options.keys.empty()) {
    usage("--keys does not go together with --key");
  }
  if (!options.keys_file.empty() && !options.request.empty()) {
    usage("--keys does not go together with --request: the file has the request fields");
  }
  return problems.empty() ? Status::OK() : base::Errors(std::move(problems));
}

// Only what stands behind an @ can be wrong with checked options.
Result<WantedNames> WantedOf(const GetOptions& options) {
  Result<WantedNames> wanted =
      WantedNames::Of({options.features, options.service, options.full_names});
  if (wanted.ok()) return wanted;
  return base::Error(base::codes::kUsage, "--" + base::ProblemsOf(wanted.status())[0].message);
}

Status CheckNames(const AskedKeys& rows, const online::Answer& none) {
  std::vector<std::string> asked_by = rows.keys;
  if (!rows.as_of.view.type.is_null()) asked_by.push_back(kAsOfColumn);
  return CheckColumnNames(none, asked_by);
}

columns::OwnedColumn SliceOf(const columns::OwnedColumn& column, int64_t first, int64_t count) {
  return {column.view.Slice(first, count), column.owner};
}

online::Asked SliceOf(const online::Asked& asked, int64_t first, int64_t count) {
  online::Asked slice;
  slice.rows = count;
  for (const auto& [name, column] : asked.columns) {
    slice.columns.emplace(name, SliceOf(column, first, count));
  }
  if (!asked.as_of.type.is_null()) slice.as_of = asked.as_of.Slice(first, count);
  return slice;
}

// All rows ask about one time.
void AskAt(base::EventTime at, AskedKeys* rows) {
  columns::ColumnBuffer times(columns::Kind::kTimestamp);
  for (int64_t row = 0; row < rows->asked.rows; ++row) times.AppendInt(at.micros());
  rows->as_of = columns::Own(std::move(times));
  rows->asked.as_of = rows->as_of.view;
}

// The output file: the keys, the time where the keys file has it, the features.
class AnswerFile {
 public:
  AnswerFile(const AskedKeys& rows, bool with_times) : rows_(rows), with_times_(with_times) {}

  Status Open(const std::string& path, const online::Answer& none) {
    ARROW_ASSIGN_OR_RAISE(const auto batch, BatchOf(none, 0));
    return sources::TableWriter::Open(path, batch->schema()).Value(&writer_);
  }
  // The answer to the next rows.
  Status Write(const online::Answer& answer) {
    if (answer.rows == 0) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(const auto batch, BatchOf(answer, written_));
    written_ += answer.rows;
    return writer_->Write(*batch);
  }
  Status Commit() { return writer_->Commit(); }

 private:
  Result<std::shared_ptr<arrow::RecordBatch>> BatchOf(const online::Answer& answer,
                                                      int64_t first) const {
    arrow::FieldVector fields;
    arrow::ArrayVector arrays;
    const auto add = [&](const std::string& name, const columns::Column& column) {
      fields.push_back(arrow::field(name, column.type.ToArrow()));
      return columns::ToArrow(column).Value(&arrays.emplace_back());
    };
    for (const std::string& key : rows_.keys) {
      const columns::Column& column = rows_.asked.columns.at(key).view;
      ARROW_RETURN_NOT_OK(add(key, column.Slice(first, answer.rows)));
    }
    if (with_times_) {
      ARROW_RETURN_NOT_OK(add(kAsOfColumn, rows_.as_of.view.Slice(first, answer.rows)));
    }
    for (const online::AnswerColumn& column : answer.columns) {
      ARROW_RETURN_NOT_OK(add(std::string(column.name), column.values));
    }
    return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), answer.rows,
                                    std::move(arrays));
  }

  const AskedKeys& rows_;
  const bool with_times_;
  std::unique_ptr<sources::TableWriter> writer_;
  int64_t written_ = 0;
};

Result<AskedKeys> ReadKeys(const FoundVersion& found, const GetOptions& options) {
  const features::FeaturePlan& plan = *found.served.plan;
  const features::Selection& selection = found.selection;
  if (options.keys_file.empty()) {
    return KeysOfTexts(plan, selection, {options.keys, options.request});
  }
  ARROW_ASSIGN_OR_RAISE(AskedKeys rows, KeysOfFile(plan, selection, options.keys_file));
  if (options.at.has_value() && !rows.as_of.view.type.is_null()) {
    return base::Error(base::codes::kUsage,
                       fmt::format("--at does not go together with the column '{}' of {}",
                                   kAsOfColumn, options.keys_file));
  }
  return rows;
}

// The store as it is at one moment. Opened when a version is looked for: a wrong name is said
// before a store that is not there.
class StoreReads final : public AskedReads {
 public:
  StoreReads(const Repository& repository, int wait_seconds, const base::Clock& clock)
      : repository_(repository), wait_seconds_(wait_seconds), clock_(clock) {}

  Result<FoundVersion> Find(const WantedNames& wanted, ServedPlans* plans) override {
    ARROW_ASSIGN_OR_RAISE(store_, OpenOnlineStore(repository_.project, true, wait_seconds_));
    ARROW_ASSIGN_OR_RAISE(moment_, StoreMoment::Of(*store_, clock_));
    ARROW_ASSIGN_OR_RAISE(prepared_,
                          VersionSearch(plans, *moment_, repository_.project.name).Find(wanted));
    return FoundVersion{prepared_.served, prepared_.reader->selection(), prepared_.none};
  }
  Result<online::Answer> Read(const online::Asked& asked) override {
    return prepared_.reader->Read(*moment_, asked);
  }
  int64_t rows_at_once() const override { return kRowsAtOnce; }

 private:
  const Repository& repository_;
  const int wait_seconds_;
  const base::Clock& clock_;
  std::unique_ptr<kv::Store> store_;
  std::optional<StoreMoment> moment_;
  PreparedVersion prepared_;
};

// Reads all rows, into the file where there is one.
Result<online::Answer> ReadRows(AskedReads* reads, const online::Answer& none,
                                const online::Asked& asked, AnswerFile* file) {
  AnswerRows answers(none);
  const int64_t at_once = reads->rows_at_once();
  for (int64_t first = 0; first < asked.rows; first += at_once) {
    const int64_t count = std::min(at_once, asked.rows - first);
    ARROW_ASSIGN_OR_RAISE(const online::Answer answer, reads->Read(SliceOf(asked, first, count)));
    answers.Append(answer);
    if (file != nullptr && answers.rows() + at_once > sources::kRowGroupRows) {
      ARROW_RETURN_NOT_OK(file->Write(answers.Take()));
    }
  }
  if (file == nullptr) return answers.Take();
  ARROW_RETURN_NOT_OK(file->Write(answers.Take()));
  ARROW_RETURN_NOT_OK(file->Commit());
  return answers.Take();
}

}  // namespace

online::AnswerEnvelope GetResult::Envelope() const {
  online::AnswerEnvelope envelope;
  envelope.keys = keys;
  if (as_of.has_value()) {
    envelope.as_of = *as_of;
  } else {
    envelope.as_of_rows = as_of_rows.view;
  }
  envelope.registry_version = version;
  return envelope;
}

Result<GetResult> Get(const Repository& repository, const GetOptions& options,
                      const base::Clock& clock) {
  StoreReads reads(repository, options.wait_seconds, clock);
  return GetFrom(&reads, repository, options);
}

Result<GetResult> GetFrom(AskedReads* reads, const Repository& repository,
                          const GetOptions& options) {
  ARROW_RETURN_NOT_OK(CheckOptions(options));
  if (!options.out.empty()) ARROW_RETURN_NOT_OK(sources::FormatOf(options.out).status());
  ARROW_ASSIGN_OR_RAISE(const WantedNames wanted, WantedOf(options));
  ARROW_ASSIGN_OR_RAISE(ServedPlans plans, ServedPlans::Open(repository));
  ARROW_RETURN_NOT_OK(wanted.version.has_value() ? Status::OK()
                                                 : wanted.Select(*plans.newest().plan).status());
  ARROW_ASSIGN_OR_RAISE(const FoundVersion found, reads->Find(wanted, &plans));
  ARROW_ASSIGN_OR_RAISE(AskedKeys rows, ReadKeys(found, options));
  ARROW_RETURN_NOT_OK(CheckNames(rows, found.none));
  const bool own_times = !rows.as_of.view.type.is_null();
  const base::EventTime as_of = options.at.value_or(found.none.now);
  if (!own_times) AskAt(as_of, &rows);

  AnswerFile file(rows, own_times);
  if (!options.out.empty()) ARROW_RETURN_NOT_OK(file.Open(options.out, found.none));
  GetResult result;
  ARROW_ASSIGN_OR_RAISE(result.answer, ReadRows(reads, found.none, rows.asked,
                                                options.out.empty() ? nullptr : &file));
  result.version = found.served.version;
  result.rows = rows.asked.rows;
  for (const features::ErrorCell& cells : result.answer.errors) {
    result.null_cells += static_cast<int64_t>(cells.rows.size());
  }
  if (!own_times) result.as_of = as_of;
  if (!options.out.empty()) return result;
  if (own_times) result.as_of_rows = rows.as_of;
  for (const std::string& key : rows.keys) {
    result.columns.push_back(rows.asked.columns.at(key));
    result.keys.push_back({key, result.columns.back().view});
  }
  return result;
}

}  // namespace millrace::jobs
