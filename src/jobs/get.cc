// The version is found with a question of no rows; then all rows are read through one snapshot,
// some thousand at a time.
#include "jobs/get.h"

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "columns/arrow_column.h"
#include "jobs/answer_rows.h"
#include "jobs/asked_keys.h"
#include "jobs/served_plans.h"
#include "jobs/store_moment.h"
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

// What is asked for, of any version or of one.
struct Wanted {
  std::vector<std::string> features;
  std::string service;
  bool full_names = false;
  std::optional<int> version;

  Result<features::Selection> Select(const features::FeaturePlan& plan) const {
    return service.empty() ? features::SelectFeatures(plan, features, full_names)
                           : features::SelectService(plan, service, full_names);
  }
};

// "ranking_v1@7" is version 7 of ranking_v1.
Result<Wanted> WantedOf(const GetOptions& options) {
  Wanted wanted{options.features, options.service, options.full_names, {}};
  const size_t at = options.service.rfind('@');
  if (at == std::string::npos) return wanted;
  int version = 0;
  const char* end = options.service.data() + options.service.size();
  const auto read = std::from_chars(options.service.data() + at + 1, end, version);
  if (read.ec != std::errc() || read.ptr != end || version < 1) {
    return base::Error(
        base::codes::kUsage,
        fmt::format("--service {}: expected a version's number after the @", options.service));
  }
  wanted.service = options.service.substr(0, at);
  wanted.version = version;
  return wanted;
}

bool IsNotReady(const Status& status) {
  const auto problems = base::ProblemsOf(status);
  return !problems.empty() && problems[0].code == base::codes::kNotReady;
}

// A version's definitions, ready to be asked.
struct Prepared {
  ServedPlan served;
  std::unique_ptr<online::FeatureReader> reader;
  online::Answer none;  // of no rows
};

// The version that answers.
class VersionSearch {
 public:
  VersionSearch(ServedPlans* plans, const StoreMoment& moment, std::string project)
      : plans_(plans), moment_(moment), project_(std::move(project)) {}

  Result<Prepared> Find(const Wanted& wanted) {
    const int newest = wanted.version.value_or(plans_->newest().version);
    // What the newest version does not have, nobody is answered from an older one.
    Result<Prepared> found = Prepare(newest, wanted);
    if (found.ok() || !IsNotReady(found.status()) || wanted.version.has_value()) return found;
    ARROW_ASSIGN_OR_RAISE(const auto description,
                          state::Description::Read(moment_.snapshot(), project_));
    if (description.catalog.tables.empty()) return found;
    const base::EventTime now = description.Now(moment_.clock().Now());
    ARROW_ASSIGN_OR_RAISE(live_, plans_->LiveViews(description.catalog, now));
    for (int version = newest - 1; version > 0; --version) {
      ARROW_ASSIGN_OR_RAISE(const ServedPlan served, plans_->Load(version));
      const Result<features::Selection> selection = wanted.Select(*served.plan);
      if (!selection.ok() || !IsKept(*served.plan, *selection)) continue;
      Result<Prepared> earlier = Prepare(version, wanted);
      if (earlier.ok() || !IsNotReady(earlier.status())) return earlier;
    }
    return found;
  }

 private:
  Result<Prepared> Prepare(int version, const Wanted& wanted) {
    Prepared prepared;
    ARROW_ASSIGN_OR_RAISE(prepared.served, plans_->Load(version));
    const features::FeaturePlan& plan = *prepared.served.plan;
    ARROW_ASSIGN_OR_RAISE(features::Selection selection, wanted.Select(plan));
    ARROW_ASSIGN_OR_RAISE(const AskedKeys no_keys, NoKeys(plan, selection));
    prepared.reader = std::make_unique<online::FeatureReader>(plan, std::move(selection), project_,
                                                              moment_.clock());
    ARROW_ASSIGN_OR_RAISE(prepared.none, prepared.reader->Read(moment_, no_keys.asked));
    return prepared;
  }

  // Whether new rows still come to all views that an earlier version reads: the store may have what
  // nobody adds to any more.
  bool IsKept(const features::FeaturePlan& plan, const features::Selection& selection) const {
    return std::all_of(selection.uses.begin(), selection.uses.end(), [&](const auto& use) {
      const features::View& view = plan.views[use.view];
      return std::any_of(live_.begin(), live_.end(), [&](const state::LiveView& live) {
        return live.of().name == view.name && (live.plan == &plan || HasAllOf(live.of(), view));
      });
    });
  }

  static bool HasAllOf(const features::View& live, const features::View& view) {
    return live.event_id == view.event_id &&
           std::all_of(
               view.features.begin(), view.features.end(), [&](const features::Feature& feature) {
                 return std::any_of(live.features.begin(), live.features.end(),
                                    [&](const auto& other) { return other.hash == feature.hash; });
               });
  }

  ServedPlans* const plans_;
  const StoreMoment& moment_;
  const std::string project_;
  std::vector<state::LiveView> live_;
};

Status CheckNames(const AskedKeys& rows, const online::Answer& answer) {
  for (const online::AnswerColumn& column : answer.columns) {
    const bool key = std::find(rows.keys.begin(), rows.keys.end(), column.name) != rows.keys.end();
    const bool time = !rows.as_of.view.type.is_null() && column.name == kAsOfColumn;
    if (!key && !time) continue;
    return base::Error({base::codes::kDuplicate,
                        fmt::format("feature '{}' is called as the column '{}' that it is asked by",
                                    column.feature, column.name),
                        {},
                        "--full-names calls it view__feature"});
  }
  return Status::OK();
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
      ARROW_RETURN_NOT_OK(add(column.name, column.values.view));
    }
    return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), answer.rows,
                                    std::move(arrays));
  }

  const AskedKeys& rows_;
  const bool with_times_;
  std::unique_ptr<sources::TableWriter> writer_;
  int64_t written_ = 0;
};

Result<AskedKeys> ReadKeys(const Prepared& prepared, const GetOptions& options) {
  const features::FeaturePlan& plan = *prepared.served.plan;
  const features::Selection& selection = prepared.reader->selection();
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

// Reads all rows, into the file where there is one.
Result<online::Answer> ReadRows(const Prepared& prepared, const StoreMoment& moment,
                                const online::Asked& asked, AnswerFile* file) {
  AnswerRows answers(prepared.none);
  for (int64_t first = 0; first < asked.rows; first += kRowsAtOnce) {
    const int64_t count = std::min(kRowsAtOnce, asked.rows - first);
    ARROW_ASSIGN_OR_RAISE(const online::Answer answer,
                          prepared.reader->Read(moment, SliceOf(asked, first, count)));
    answers.Append(answer);
    if (file != nullptr && answers.rows() + kRowsAtOnce > sources::kRowGroupRows) {
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
  ARROW_RETURN_NOT_OK(CheckOptions(options));
  if (!options.out.empty()) ARROW_RETURN_NOT_OK(sources::FormatOf(options.out).status());
  ARROW_ASSIGN_OR_RAISE(const Wanted wanted, WantedOf(options));
  ARROW_ASSIGN_OR_RAISE(ServedPlans plans, ServedPlans::Open(repository));
  // A wrong name is said before a store that is not there.
  ARROW_RETURN_NOT_OK(wanted.version.has_value() ? Status::OK()
                                                 : wanted.Select(*plans.newest().plan).status());
  ARROW_ASSIGN_OR_RAISE(const auto store,
                        OpenOnlineStore(repository.project, true, options.wait_seconds));
  ARROW_ASSIGN_OR_RAISE(const StoreMoment moment, StoreMoment::Of(*store, clock));
  ARROW_ASSIGN_OR_RAISE(const Prepared prepared,
                        VersionSearch(&plans, moment, repository.project.name).Find(wanted));
  ARROW_ASSIGN_OR_RAISE(AskedKeys rows, ReadKeys(prepared, options));
  ARROW_RETURN_NOT_OK(CheckNames(rows, prepared.none));
  const bool own_times = !rows.as_of.view.type.is_null();
  if (options.at.has_value()) AskAt(*options.at, &rows);

  AnswerFile file(rows, own_times);
  if (!options.out.empty()) ARROW_RETURN_NOT_OK(file.Open(options.out, prepared.none));
  GetResult result;
  ARROW_ASSIGN_OR_RAISE(
      result.answer, ReadRows(prepared, moment, rows.asked, options.out.empty() ? nullptr : &file));
  result.version = prepared.served.version;
  result.rows = rows.asked.rows;
  for (const features::ErrorCell& cells : result.answer.errors) {
    result.null_cells += static_cast<int64_t>(cells.rows.size());
  }
  if (!own_times) {
    result.as_of = options.at.value_or(std::max(moment.clock().Now(), result.answer.commit_time));
  }
  if (!options.out.empty()) return result;
  if (own_times) result.as_of_rows = rows.as_of;
  for (const std::string& key : rows.keys) {
    result.columns.push_back(rows.asked.columns.at(key));
    result.keys.push_back({key, result.columns.back().view});
  }
  return result;
}

}  // namespace millrace::jobs
