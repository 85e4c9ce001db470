// Each table says which row of a writer it lacks first; rows that several tables lack are read
// once.
#include "jobs/update/log_update.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <numeric>
#include <set>
#include <thread>
#include <utility>

#include "jobs/update/unread_rows.h"
#include "sources/files/nameless_file.h"
#include "sources/push/push_log_reader.h"
#include "state/binding.h"

namespace millrace::jobs {

using base::Result;
using base::Status;
using features::FeaturePlan;
using features::Source;
using features::View;

namespace {

// Each after a longer pause: whoever pushes all the time leaves others the gaps between commits.
constexpr int kAttemptsMax = 60;
constexpr int kPauseMillis = 2;

// Whether all rows of the source that there are lie in its push log.
bool IsLogAlone(const Source& source) {
  return source.location.path.empty() && source.location.kafka.empty();
}

const std::string& SourceOf(const state::LiveTable& live) {
  const state::LiveView& view = live.views[0];
  return view.plan->sources[view.of().source].name;
}

// The sources of the views of `source` and of what they look up.
std::set<std::string> SourcesReadWith(const FeaturePlan& plan, const std::string& source) {
  std::set<std::string> read = {source};
  for (const View& view : plan.views) {
    if (plan.sources[view.source].name != source) continue;
    for (const features::Lookup& lookup : view.lookups) {
      read.insert(plan.sources[plan.views[lookup.view].source].name);
    }
  }
  return read;
}

// One try: all or nothing.
class Attempt {
 public:
  Attempt(const LogUpdateOf& of, const std::optional<sources::WriterRows>& pushed)
      : of_(of), pushed_(pushed), sources_(SourcesReadWith(plan(), of.source)) {}

  Result<LogUpdateReport> Run() {
    ARROW_RETURN_NOT_OK(Open(true));
    // A view may share its table with one that is read from files.
    if (BuildsFromFiles()) ARROW_RETURN_NOT_OK(Open(false));
    ARROW_RETURN_NOT_OK(ListRows());
    for (const std::vector<int>& round : updater_->live().Rounds()) {
      for (const auto& [source, writers] : rows_) ARROW_RETURN_NOT_OK(AddRound(source, round));
    }
    ListWaiting();
    ARROW_ASSIGN_OR_RAISE(report_.store, updater_->Commit());
    report_.rejected.Merge(report_.store.rejected);
    return std::move(report_);
  }

 private:
  const FeaturePlan& plan() const { return *of_.plans->newest().plan; }

  Status Open(bool build) {
    updater_.reset();
    ARROW_ASSIGN_OR_RAISE(const auto snapshot, of_.store->Read());
    ARROW_ASSIGN_OR_RAISE(const auto description, state::Description::Read(*snapshot, of_.project));
    const base::EventTime now = description.Now(of_.clock->Now());
    BuiltViews built;
    for (int i = 0; build && i < static_cast<int>(plan().views.size()); ++i) {
      if (IsBuilt(plan().views[i], description.catalog, now)) built.build.insert(i);
    }
    ARROW_ASSIGN_OR_RAISE(const auto views, of_.plans->LiveViews(description.catalog, now, built));
    state::UpdaterOptions options;
    options.project = of_.project;
    options.now = of_.clock->Now();
    options.open_spill = [folder = sources::NamelessFileFolder(of_.folder)] {
      return sources::OpenNamelessFile(folder);
    };
    return state::Updater::Open(of_.store, views, std::move(options)).Value(&updater_);
  }

  // Whether the logs have all that the view is made of.
  bool IsBuilt(const View& view, const state::Catalog& catalog, base::EventTime now) const {
    const Source& source = plan().sources[view.source];
    return sources_.contains(source.name) && IsLogAlone(source) &&
           std::all_of(view.lookups.begin(), view.lookups.end(), [&](const auto& lookup) {
             const View& target = plan().views[lookup.view];
             const Source& from = plan().sources[target.source];
             return (sources_.contains(from.name) && IsLogAlone(from)) ||
                    state::BindReady(plan(), target, catalog, now).has_value();
           });
  }

  bool BuildsFromFiles() const {
    const auto& tables = updater_->live().tables;
    return std::any_of(tables.begin(), tables.end(), [&](const auto& live) {
      const int source = plan().FindSource(SourceOf(*live));
      return live->fresh && !IsLogAlone(plan().sources[source]);
    });
  }

  bool BuildsAny() const {
    const auto& tables = updater_->live().tables;
    return std::any_of(tables.begin(), tables.end(), [](const auto& live) { return live->fresh; });
  }

  // What the logs have.
  Status ListRows() {
    if (pushed_.has_value() && !BuildsAny()) {
      rows_[of_.source].push_back(*pushed_);
      return Status::OK();
    }
    for (const std::string& source : sources_) {
      ARROW_ASSIGN_OR_RAISE(std::vector<sources::WriterRows> rows, ListLogRows(of_.push, source));
      if (!rows.empty()) rows_[source] = std::move(rows);
    }
    return Status::OK();
  }

  Status AddRound(const std::string& source, const std::vector<int>& round) {
    for (const sources::WriterRows& writer : rows_.at(source)) {
      const std::string origin = sources::PushOrigin(writer.writer);
      std::map<int64_t, std::vector<int>> lacking;  // tables by the first row that they lack
      for (const int table : round) {
        if (SourceOf(*updater_->live().tables[table]) != source) continue;
        ARROW_ASSIGN_OR_RAISE(const int64_t next, updater_->Offset(table, origin));
        const int64_t first = std::max(next, writer.rows.first);
        if (first > writer.rows.last) continue;
        lacking[first].push_back(table);
        updater_->SetOffset(table, origin, writer.rows.last + 1);
      }
      std::vector<int> tables;
      for (auto at = lacking.begin(); at != lacking.end(); ++at) {
        tables.insert(tables.end(), at->second.begin(), at->second.end());
        const auto next = std::next(at);
        const int64_t last = next == lacking.end() ? writer.rows.last : next->first - 1;
        ARROW_RETURN_NOT_OK(AddRows(source, {writer.writer, {at->first, last}}, tables));
      }
    }
    return Status::OK();
  }

  Status AddRows(const std::string& name, const sources::WriterRows& rows,
                 const std::vector<int>& tables) {
    const Source& source = plan().sources[plan().FindSource(name)];
    sources::ReadOptions options;
    options.columns.resize(source.columns.size());
    std::iota(options.columns.begin(), options.columns.end(), 0);
    sources::PushSelection selection;
    selection.to = sources::PushTo::kOnline;
    selection.writers.emplace(rows.writer, rows.rows);
    selection.others = false;
    selection.tagged = false;
    ARROW_ASSIGN_OR_RAISE(const auto reader,
                          sources::OpenPushLog(source, of_.push, options, selection));
    for (int64_t i = 0; i < reader->parts(); ++i) {
      ARROW_ASSIGN_OR_RAISE(const auto part, reader->OpenPart(i));
      while (true) {
        ARROW_ASSIGN_OR_RAISE(const auto batch, part->Next());
        if (!batch.has_value()) break;
        ARROW_RETURN_NOT_OK(updater_->Add(*batch, tables));
      }
      report_.rejected.Merge(part->rejected());
    }
    return Status::OK();
  }

  void ListWaiting() {
    for (const View& view : plan().views) {
      if (plan().sources[view.source].name != of_.source) continue;
      const auto& tables = updater_->live().tables;
      const bool live = std::any_of(tables.begin(), tables.end(), [&](const auto& table) {
        return std::any_of(table->views.begin(), table->views.end(),
                           [&](const auto& other) { return other.of().name == view.name; });
      });
      if (!live) report_.waiting.push_back(view.name);
    }
  }

  const LogUpdateOf& of_;
  const std::optional<sources::WriterRows>& pushed_;
  const std::set<std::string> sources_;
  std::unique_ptr<state::Updater> updater_;
  std::map<std::string, std::vector<sources::WriterRows>> rows_;  // by source
  LogUpdateReport report_;
};

}  // namespace

Result<LogUpdateReport> UpdateFromLogs(const LogUpdateOf& of,
                                       const std::optional<sources::WriterRows>& pushed) {
  for (int attempt = 1;; ++attempt) {
    Result<LogUpdateReport> report = Attempt(of, pushed).Run();
    if (!state::IsFenced(report.status()) || attempt == kAttemptsMax) return report;
    std::this_thread::sleep_for(std::chrono::milliseconds(kPauseMillis * attempt));
  }
}

}  // namespace millrace::jobs
