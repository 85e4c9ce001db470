// First everything is listed, so that what is wrong is known before anything is read; then rows are
// read, round by round; then one commit.
#include "jobs/update/materialize.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "features/view_rows.h"
#include "jobs/source_folders.h"
#include "jobs/update/read_ahead.h"
#include "jobs/update/served_plans.h"
#include "jobs/update/unread_files.h"
#include "offline/threads.h"
#include "sources/files/nameless_file.h"
#include "sources/push/push_log_reader.h"
#include "state/updater.h"

namespace millrace::jobs {

using base::Result;
using base::Status;
using features::FeaturePlan;
using features::Source;

namespace {

constexpr size_t kBatchesAhead = 4;
constexpr int64_t kBatchRowsMax = 1 << 16;
constexpr int64_t kBatchRowsMin = 1 << 10;
constexpr int64_t kBytesPerRow = 512;  // of a batch and what is made of it, roughly

Result<std::set<int>> FindViews(const FeaturePlan& plan, const std::vector<std::string>& names) {
  std::set<int> views;
  if (names.empty()) {
    for (int i = 0; i < static_cast<int>(plan.views.size()); ++i) views.insert(i);
    return views;
  }
  std::vector<std::string> known;
  for (const features::View& view : plan.views) known.push_back(view.name);
  std::vector<base::Problem> problems;
  for (const std::string& name : names) {
    const int view = plan.FindView(name);
    if (view >= 0) {
      views.insert(view);
      continue;
    }
    const bool on_demand = plan.FindOnDemand(name) >= 0;
    problems.push_back({.code = base::codes::kUnknownName,
                        .message = "there is no view '" + name + "'" +
                                   (on_demand ? ": an on-demand view has no rows" : ""),
                        .hint = on_demand ? "" : base::NearestHint(name, known)});
  }
  if (!problems.empty()) return base::Errors(std::move(problems));
  return views;
}

// Rows to read, for the tables that lack them.
struct Reading {
  std::string source;
  bool judged = true;  // false: its source was read in an earlier round, and counted there
  std::vector<int> tables;
  std::map<std::string, int64_t> next_rows;  // afterwards, by origin; none: a file
  ReadUnit unit;
};

class Materializer {
 public:
  // An `into` without a store: the project's is opened.
  Materializer(const Repository& repository, const MaterializeOptions& options,
               MaterializeInto into)
      : repository_(repository),
        options_(options),
        plans_(std::move(into.plans)),
        store_(std::move(into.store)),
        writing_(into.writing),
        memory_bytes_(options.memory_bytes.value_or(repository.project.memory_bytes_max)),
        threads_(offline::ThreadCount(options.threads)) {}

  Status Open(const base::Clock& clock);
  // What is to be read in each round.
  Status List();
  Status Read();
  Result<MaterializeReport> Commit();

 private:
  using Round = std::vector<std::unique_ptr<Reading>>;

  Status ListSource(const Source& source, const std::vector<int>& tables, Round* round);
  Status ListPushed(const Source& source, const std::vector<int>& tables, Round* round) const;
  sources::ReadOptions OptionsFor(const std::vector<int>& tables) const;
  Status ReadRound(const Round& round);
  Status End(const Reading& reading);
  void Begin(const std::string& stage) const {
    if (options_.progress != nullptr) options_.progress->Begin(stage, 0, "rows");
  }
  void DescribeViews(MaterializeReport* report) const;

  const Repository& repository_;
  const MaterializeOptions& options_;
  ServedPlans plans_;
  std::shared_ptr<kv::Store> store_;
  std::mutex* const writing_;
  const int64_t memory_bytes_;
  const int threads_;
  SourceFolders folders_;
  std::unique_ptr<state::Updater> updater_;
  std::vector<Round> rounds_;
  std::vector<ChangedFile> changed_;
  std::vector<MaterializedView> tables_;  // what was read, by live().tables
  columns::RejectedRows rejected_;
  int64_t one_sided_ = 0;
};

Status Materializer::Open(const base::Clock& clock) {
  if (memory_bytes_ <= 0) {
    return base::Error(base::codes::kUsage, "--memory must be more than nothing");
  }
  const project::Project& project = repository_.project;
  BuiltViews built;
  ARROW_ASSIGN_OR_RAISE(built.build, FindViews(*plans_.newest().plan, options_.views));
  if (options_.rebuild) built.rebuild = built.build;
  ARROW_ASSIGN_OR_RAISE(folders_, FoldersOf(project));
  if (store_ == nullptr) {
    ARROW_ASSIGN_OR_RAISE(store_, OpenOnlineStore(project, false, options_.wait_seconds));
  }
  ARROW_ASSIGN_OR_RAISE(const auto snapshot, store_->Read());
  ARROW_ASSIGN_OR_RAISE(const auto description, state::Description::Read(*snapshot, project.name));
  const base::EventTime now = clock.Now();
  ARROW_ASSIGN_OR_RAISE(const auto views,
                        plans_.LiveViews(description.catalog, description.Now(now), built));
  state::UpdaterOptions options;
  options.project = project.name;
  options.now = now;
  options.memory_bytes = memory_bytes_;
  const std::string folder = sources::NamelessFileFolder(project.folder);
  options.open_spill = [folder] { return sources::OpenNamelessFile(folder); };
  options.progress = options_.progress;
  ARROW_ASSIGN_OR_RAISE(updater_, state::Updater::Open(store_.get(), views, std::move(options)));
  tables_.resize(updater_->live().tables.size());
  return Status::OK();
}

Status Materializer::List() {
  const FeaturePlan& plan = *plans_.newest().plan;
  std::set<std::string> seen;
  for (const std::vector<int>& tables : updater_->live().Rounds()) {
    std::map<std::string, std::vector<int>> by_source;
    for (const int table : tables) {
      const state::LiveView& live = updater_->live().tables[table]->views[0];
      by_source[live.plan->sources[live.of().source].name].push_back(table);
    }
    Round& round = rounds_.emplace_back();
    for (const auto& [name, of_source] : by_source) {
      const Source& source = plan.sources[plan.FindSource(name)];
      ARROW_RETURN_NOT_OK(ListSource(source, of_source, &round));
      ARROW_RETURN_NOT_OK(ListPushed(source, of_source, &round));
    }
    for (const auto& reading : round) reading->judged = !seen.contains(reading->source);
    for (const auto& reading : round) seen.insert(reading->source);
  }
  return RefuseChanged(changed_);
}

Status Materializer::ListSource(const Source& source, const std::vector<int>& tables,
                                Round* round) {
  ARROW_ASSIGN_OR_RAISE(SourceFiles files,
                        FindUnreadFiles(source, folders_.root, *updater_, tables, threads_));
  for (ChangedFile& file : files.changed) changed_.push_back(std::move(file));
  for (UnreadFile& file : files.unread) {
    auto reading = std::make_unique<Reading>();
    reading->source = source.name;
    reading->tables = std::move(file.tables);
    Source alone = source;
    alone.location.path = std::move(file.path);
    reading->unit.open = [alone = std::move(alone), options = OptionsFor(reading->tables)] {
      return sources::OpenFiles(alone, options);
    };
    round->push_back(std::move(reading));
  }
  return Status::OK();
}

// Each table's own next rows of each writer; tables that lack the same rows read them together.
Status Materializer::ListPushed(const Source& source, const std::vector<int>& tables,
                                Round* round) const {
  if (folders_.push.empty()) return Status::OK();
  sources::PushSelection selection{
      .to = sources::PushTo::kOnline, .others = false, .tagged = false};
  ARROW_ASSIGN_OR_RAISE(const std::vector<sources::InputFile> writers,
                        sources::TagPushedRows(folders_.push, source.name, {.tagged = false}));
  using Rows = std::map<std::string, sources::RowRange>;  // by writer
  std::vector<std::pair<Rows, std::vector<int>>> unread;
  for (const int table : tables) {
    Rows rows;
    for (const sources::InputFile& file : writers) {
      const auto shown = sources::ShownWriterRows(file.path);
      ARROW_ASSIGN_OR_RAISE(const int64_t next,
                            updater_->Offset(table, sources::PushOrigin(shown->writer)));
      const sources::RowRange range{std::max(next, shown->rows.first), shown->rows.last};
      if (range.first <= range.last) rows.emplace(shown->writer, range);
    }
    if (rows.empty()) continue;
    auto same = std::find_if(unread.begin(), unread.end(),
                             [&](const auto& other) { return other.first == rows; });
    if (same == unread.end()) same = unread.insert(unread.end(), {std::move(rows), {}});
    same->second.push_back(table);
  }
  for (const auto& [rows, of_tables] : unread) {
    auto reading = std::make_unique<Reading>();
    reading->source = source.name;
    reading->tables = of_tables;
    for (const auto& [writer, range] : rows) {
      reading->next_rows[sources::PushOrigin(writer)] = range.last + 1;
    }
    selection.writers = rows;
    reading->unit.open = [&source, push = folders_.push, options = OptionsFor(of_tables),
                          selection] {
      return sources::OpenPushLog(source, push, options, selection);
    };
    round->push_back(std::move(reading));
  }
  return Status::OK();
}

sources::ReadOptions Materializer::OptionsFor(const std::vector<int>& tables) const {
  sources::ReadOptions options;
  options.root = folders_.root;
  options.batch_rows_max =
      std::clamp(memory_bytes_ / kBytesPerRow / static_cast<int64_t>(kBatchesAhead), kBatchRowsMin,
                 kBatchRowsMax);
  options.threads = std::max(1, threads_ - 1);
  std::set<int> columns;
  for (const int table : tables) {
    for (const state::LiveView& live : updater_->live().tables[table]->views) {
      const features::ViewProjector projector(*live.plan, live.of());
      const std::vector<int> read = projector.SourceColumns();
      columns.insert(read.begin(), read.end());
    }
  }
  options.columns.assign(columns.begin(), columns.end());
  return options;
}

Status Materializer::Read() {
  for (const Round& round : rounds_) ARROW_RETURN_NOT_OK(ReadRound(round));
  return Status::OK();
}

Status Materializer::ReadRound(const Round& round) {
  if (round.empty()) return Status::OK();
  std::vector<ReadUnit*> units;
  for (const auto& reading : round) units.push_back(&reading->unit);
  ReadAhead ahead(std::move(units), kBatchesAhead);
  std::string source;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const std::optional<ReadAhead::Item> item, ahead.Next());
    if (!item.has_value()) break;
    const Reading& reading = *round[item->unit];
    if (!item->batch.has_value()) {
      ARROW_RETURN_NOT_OK(End(reading));
      continue;
    }
    if (source != reading.source) {
      source = reading.source;
      Begin("reading " + source);
    }
    ARROW_RETURN_NOT_OK(updater_->Add(*item->batch, reading.tables));
    if (options_.progress != nullptr) options_.progress->Advance(item->batch->size);
  }
  if (options_.progress != nullptr && !source.empty()) options_.progress->End();
  return Status::OK();
}

Status Materializer::End(const Reading& reading) {
  const ReadUnit& unit = reading.unit;
  if (reading.judged) {
    rejected_.Merge(unit.rejected);
    one_sided_ += unit.one_sided;
  }
  const bool pushed = !reading.next_rows.empty();
  for (const int table : reading.tables) {
    tables_[table].rows += unit.rows;
    for (const auto& [origin, next] : reading.next_rows) {
      updater_->SetOffset(table, origin, next);
    }
    if (pushed) continue;
    for (const sources::InputFile& file : unit.files) {
      updater_->AddFile(
          table, {.path = file.path, .bytes = file.bytes, .tag = file.tag, .rows = unit.rows});
      ++tables_[table].files;
    }
  }
  return Status::OK();
}

Result<MaterializeReport> Materializer::Commit() {
  std::unique_lock<std::mutex> writing;
  if (writing_ != nullptr) writing = std::unique_lock(*writing_);
  ARROW_ASSIGN_OR_RAISE(state::UpdateReport update, updater_->Commit());
  MaterializeReport report;
  report.version = plans_.newest().version;
  report.commit = update.commit;
  report.changed = update.changed;
  report.rows = update.rows;
  report.rejected = std::move(rejected_);
  report.rejected.Merge(update.rejected);
  report.expired = update.expired;
  report.lookup_behind = update.lookup_behind;
  report.one_sided = one_sided_;
  DescribeViews(&report);
  return report;
}

void Materializer::DescribeViews(MaterializeReport* report) const {
  const ServedPlan& newest = plans_.newest();
  std::set<std::string> waiting;
  for (const features::View& view : newest.plan->views) waiting.insert(view.name);
  std::set<std::string> looking_up;
  for (size_t table = 0; table < tables_.size(); ++table) {
    const state::LiveTable& of = *updater_->live().tables[table];
    for (const state::LiveView& live : of.views) {
      MaterializedView view = tables_[table];
      view.view = live.of().name;
      view.version = plans_.VersionOf(live.plan);
      view.built = of.fresh;
      if (view.version == report->version) waiting.erase(view.view);
      if (!live.of().lookups.empty()) looking_up.insert(view.view);
      report->views.push_back(std::move(view));
    }
  }
  std::sort(report->views.begin(), report->views.end(), [](const auto& a, const auto& b) {
    return a.view != b.view ? a.view < b.view : a.version > b.version;
  });
  report->waiting.assign(waiting.begin(), waiting.end());
  report->looking_up.assign(looking_up.begin(), looking_up.end());
}

}  // namespace

Result<MaterializeReport> Materialize(const Repository& repository,
                                      const MaterializeOptions& options, const base::Clock& clock) {
  ARROW_ASSIGN_OR_RAISE(ServedPlans plans, ServedPlans::Open(repository));
  return Materialize(repository, options, {nullptr, std::move(plans)}, clock);
}

Result<MaterializeReport> Materialize(const Repository& repository,
                                      const MaterializeOptions& options, MaterializeInto into,
                                      const base::Clock& clock) {
  const auto started = std::chrono::steady_clock::now();
  Materializer materializer(repository, options, std::move(into));
  ARROW_RETURN_NOT_OK(materializer.Open(clock));
  ARROW_RETURN_NOT_OK(materializer.List());
  ARROW_RETURN_NOT_OK(materializer.Read());
  ARROW_ASSIGN_OR_RAISE(MaterializeReport report, materializer.Commit());
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  report.seconds = took.count();
  return report;
}

}  // namespace millrace::jobs
