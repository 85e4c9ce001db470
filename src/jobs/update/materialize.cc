// First everything is listed, so that what is wrong is known before anything is read; then rows are
// read, round by round; then one commit. What is pushed meanwhile comes into the tables that are
// there without this; those that are built are given it in the end, while nobody pushes.
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
#include "jobs/update/unread_rows.h"
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
constexpr int kRunsMax = 10;           // while others make tables
constexpr int kCommitsMax = 20;        // of a run, while other processes commit

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
               const MaterializeInto& into, ServedPlans plans)
      : repository_(repository),
        options_(options),
        plans_(std::move(plans)),
        store_(into.store),
        writing_(into.writing),
        memory_bytes_(options.memory_bytes.value_or(repository.project.memory_bytes_max)),
        threads_(offline::ThreadCount(options.threads)) {}

  // Once.
  Result<MaterializeReport> Run(const base::Clock& clock) {
    ARROW_RETURN_NOT_OK(Open(clock));
    ARROW_RETURN_NOT_OK(ListRounds(Pass::kFirst));
    ARROW_RETURN_NOT_OK(RefuseChanged(changed_));
    ARROW_RETURN_NOT_OK(ReadRounds());
    if (!alone_) ARROW_RETURN_NOT_OK(updater_->Load());
    Result<MaterializeReport> report = Commit();
    // Of any other error it may be unknown whether it was committed.
    if (state::IsFenced(report.status())) ARROW_RETURN_NOT_OK(updater_->DropLoaded());
    return report;
  }
  // Whether that failed because others had changed what it began with.
  bool outdated() const { return outdated_; }

 private:
  using Round = std::vector<std::unique_ptr<Reading>>;
  enum class Pass { kFirst, kLast };  // beside pushes, and after them

  Status Open(const base::Clock& clock);
  // What is to be read in each round.
  Status ListRounds(Pass pass);
  Status ListSource(const Source& source, const std::vector<int>& tables, Round* round);
  Status ListPushed(const Source& source, std::vector<int> tables, Pass pass, Round* round);
  Status AddPushed(const Source& source, const std::vector<sources::WriterRows>& there,
                   const std::vector<int>& tables, Round* round);
  Result<MaterializeReport> Commit();
  Result<state::UpdateReport> CommitBesideOthers();
  sources::ReadOptions OptionsFor(const std::vector<int>& tables) const;
  Status ReadRounds();
  Status ReadRound(const Round& round);
  Status End(const Reading& reading);
  std::unique_lock<std::mutex> LockWriting() const {
    return writing_ == nullptr ? std::unique_lock<std::mutex>() : std::unique_lock(*writing_);
  }
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
  bool alone_ = false;  // nobody else can write the store
  bool outdated_ = false;
  std::vector<Round> rounds_;
  std::map<std::string, std::vector<sources::WriterRows>> logs_at_first_;  // by source
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
    ARROW_ASSIGN_OR_RAISE(const std::string url, project.Expand(project.online));
    alone_ = kv::EmbeddedFolder(url, project.folder).has_value();
  }
  const std::unique_lock<std::mutex> writing = LockWriting();
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
  options.beside_others = !alone_;
  const Status opened =
      state::Updater::Open(store_.get(), views, std::move(options)).Value(&updater_);
  outdated_ = state::IsFenced(opened);
  ARROW_RETURN_NOT_OK(opened);
  tables_.resize(updater_->live().tables.size());
  return Status::OK();
}

Status Materializer::ListRounds(Pass pass) {
  const FeaturePlan& plan = *plans_.newest().plan;
  std::set<std::string> seen;
  rounds_.clear();
  for (const std::vector<int>& tables : updater_->live().Rounds()) {
    std::map<std::string, std::vector<int>> by_source;
    for (const int table : tables) {
      const state::LiveView& live = updater_->live().tables[table]->views[0];
      by_source[live.plan->sources[live.of().source].name].push_back(table);
    }
    Round& round = rounds_.emplace_back();
    for (const auto& [name, of_source] : by_source) {
      const Source& source = plan.sources[plan.FindSource(name)];
      if (pass == Pass::kFirst) ARROW_RETURN_NOT_OK(ListSource(source, of_source, &round));
      ARROW_RETURN_NOT_OK(ListPushed(source, of_source, pass, &round));
    }
    for (const auto& reading : round) reading->judged = !seen.contains(reading->source);
    for (const auto& reading : round) seen.insert(reading->source);
  }
  return Status::OK();
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

// A row that a table in the store lacks may be on its way: those that were so at first, and are so
// in the end, nobody brings.
Status Materializer::ListPushed(const Source& source, std::vector<int> tables, Pass pass,
                                Round* round) {
  if (folders_.push.empty()) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(const std::vector<sources::WriterRows> now,
                        ListLogRows(folders_.push, source.name));
  const auto& at_first = logs_at_first_.emplace(source.name, now).first->second;
  if (alone_ && pass == Pass::kFirst) return AddPushed(source, now, tables, round);
  const auto stored = std::partition(tables.begin(), tables.end(), [&](int table) {
    return updater_->live().tables[table]->fresh;
  });
  ARROW_RETURN_NOT_OK(AddPushed(source, now, {tables.begin(), stored}, round));
  if (pass == Pass::kFirst) return Status::OK();
  return AddPushed(source, at_first, {stored, tables.end()}, round);
}

Status Materializer::AddPushed(const Source& source, const std::vector<sources::WriterRows>& there,
                               const std::vector<int>& tables, Round* round) {
  ARROW_ASSIGN_OR_RAISE(std::vector<UnreadRows> unread,
                        FindUnreadRows(there, tables, updater_.get()));
  for (UnreadRows& of : unread) {
    auto reading = std::make_unique<Reading>();
    reading->source = source.name;
    reading->tables = of.tables;
    for (const auto& [writer, range] : of.rows) {
      reading->next_rows[sources::PushOrigin(writer)] = range.last + 1;
    }
    sources::PushSelection selection{.to = sources::PushTo::kOnline,
                                     .writers = std::move(of.rows),
                                     .others = false,
                                     .tagged = false};
    reading->unit.open = [&source, push = folders_.push, options = OptionsFor(of.tables),
                          selection = std::move(selection)] {
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

Status Materializer::ReadRounds() {
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

Result<state::UpdateReport> Materializer::CommitBesideOthers() {
  for (int tries = 1;; ++tries) {
    const std::unique_lock<std::mutex> writing = LockWriting();
    const Status followed = updater_->Follow();
    outdated_ = state::IsFenced(followed);
    ARROW_RETURN_NOT_OK(followed);
    ARROW_RETURN_NOT_OK(ListRounds(Pass::kLast));
    ARROW_RETURN_NOT_OK(ReadRounds());
    Result<state::UpdateReport> update = updater_->Commit();
    if (!state::IsFenced(update.status()) || tries == kCommitsMax) return update;
  }
}

Result<MaterializeReport> Materializer::Commit() {
  ARROW_ASSIGN_OR_RAISE(state::UpdateReport update, CommitBesideOthers());
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
  const MaterializeInto own = {.store = nullptr,
                               .plans = [&] { return ServedPlans::Open(repository); }};
  return Materialize(repository, options, own, clock);
}

Result<MaterializeReport> Materialize(const Repository& repository,
                                      const MaterializeOptions& options,
                                      const MaterializeInto& into, const base::Clock& clock) {
  const auto started = std::chrono::steady_clock::now();
  for (int runs = 1;; ++runs) {
    ARROW_ASSIGN_OR_RAISE(ServedPlans plans, into.plans());
    Materializer materializer(repository, options, into, std::move(plans));
    Result<MaterializeReport> report = materializer.Run(clock);
    if (materializer.outdated() && runs < kRunsMax) continue;
    ARROW_RETURN_NOT_OK(report.status());
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
    report->seconds = took.count();
    return report;
  }
}

}  // namespace millrace::jobs
