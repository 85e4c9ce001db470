#include "engines/online_engine.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "columns/event_batch.h"
#include "engines/event_files.h"
#include "engines/online_answer.h"
#include "engines/temporary_folder.h"
#include "kv/redis_testing.h"
#include "kv/store.h"
#include "online/feature_reader.h"
#include "sources/event_reader.h"
#include "sources/row_selection.h"
#include "state/updater.h"

namespace millrace::engines {
namespace {

using base::EventTime;
using base::Result;
using base::Status;
using columns::EventBatch;

constexpr const char* kProject = "cases";

class SetClock final : public base::Clock {
 public:
  EventTime Now() const override { return now; }
  EventTime now = EventTime::Min();
};

// A row that becomes known, for the tables of one round.
struct Delivery {
  EventTime time;
  size_t round;
  size_t batch;  // index of a source's batch
  int64_t row;
};

struct SourceBatch {
  int source;
  EventBatch batch;
};

EventBatch Select(const EventBatch& batch, const std::vector<int64_t>& rows) {
  EventBatch some;
  some.size = static_cast<int64_t>(rows.size());
  some.origin = batch.origin;
  for (const columns::OwnedColumn& column : batch.columns) {
    some.columns.push_back(column.view.type.is_null() ? column : sources::SelectRows(column, rows));
  }
  for (const int64_t row : rows) {
    some.event_times.push_back(batch.event_times[row]);
    if (!batch.created.empty()) some.created.push_back(batch.created[row]);
    some.rows.push_back(batch.rows[row]);
  }
  return some;
}

// A store that is filled as time goes on.
class Delivered {
 public:
  Delivered(const features::FeaturePlan& plan, std::vector<int> views, const Variation& variation)
      : plan_(plan), variation_(variation) {
    for (const int view : views) views_.push_back({&plan, view, true, false});
  }

  Status Open() {
    if (variation_.store == "memory") {
      store_ = kv::MakeMemoryStore();
    } else {
      ARROW_RETURN_NOT_OK(Reopen());
    }
    // Every table is there before the first row.
    ARROW_ASSIGN_OR_RAISE(auto updater, NewUpdater(EventTime::Min()));
    rounds_ = updater->live().Rounds();
    for (const auto& live : updater->live().tables) {
      sources_.push_back(live->views[0].of().source);
    }
    return updater->Commit().status();
  }

  size_t rounds() const { return rounds_.size(); }
  std::vector<int> TablesOf(size_t round, int source) const {
    std::vector<int> tables;
    for (const int table : rounds_[round]) {
      if (sources_[table] == source) tables.push_back(table);
    }
    return tables;
  }

  Status Apply(const EventBatch& batch, const std::vector<int>& tables, EventTime now) {
    ARROW_ASSIGN_OR_RAISE(auto updater, NewUpdater(now));
    ARROW_RETURN_NOT_OK(updater->Add(batch, tables));
    ARROW_ASSIGN_OR_RAISE(const state::UpdateReport report, updater->Commit());
    Reject(report.rejected);
    updater.reset();
    return variation_.restarts ? Reopen() : Status::OK();
  }

  const kv::Store& store() const { return *store_; }
  void Reject(const columns::RejectedRows& rejected) { rejected_.Merge(rejected); }
  const columns::RejectedRows& rejected() const { return rejected_; }

 private:
  Status Reopen() {
    store_.reset();
    kv::OpenOptions options;
    options.folder = folder_.path();
    if (variation_.store == "redis") {
      // A project of its own is an empty store.
      static int next = 0;
      if (redis_project_.empty()) redis_project_ = "cases-" + std::to_string(next++);
      options.project = redis_project_;
    }
    const std::string url =
        variation_.store == "redis" ? kv::RedisServer::Shared().unix_url() : "lmdb:store";
    return kv::OpenStore(url, options).Value(&store_);
  }

  Result<std::unique_ptr<state::Updater>> NewUpdater(EventTime now) {
    state::UpdaterOptions options;
    options.project = kProject;
    options.now = now;
    if (variation_.store_chunk_rows > 0) options.chunks = {variation_.store_chunk_rows, 2};
    return state::Updater::Open(store_.get(), views_, options);
  }

  const features::FeaturePlan& plan_;
  const Variation& variation_;
  std::vector<state::LiveView> views_;
  TemporaryFolder folder_;
  std::string redis_project_;
  std::unique_ptr<kv::Store> store_;
  std::vector<std::vector<int>> rounds_;
  std::vector<int> sources_;  // by table
  columns::RejectedRows rejected_;
};

class OnlineEngine : public Engine {
 public:
  Status Setup(const Scenario& scenario, const Variation& variation) override {
    variation_ = variation;
    for (const EventTable& table : scenario.events) {
      ARROW_RETURN_NOT_OK(WriteEventFiles(table, variation, folder_.path()));
    }
    auto schema = [this](const features::Source& source) {
      return sources::ReadSchema(source, folder_.path());
    };
    ARROW_ASSIGN_OR_RAISE(plan_, features::Compile(kProject, scenario.definitions, schema));
    if (variation.afterwards) {
      auto everything = std::make_shared<features::FeaturePlan>(*plan_);
      for (features::View& view : everything->views) view.history.reset();
      plan_ = std::move(everything);
    }
    return ReadRows();
  }

  const features::FeaturePlan& plan() const override { return *plan_; }

  Result<Answer> Ask(const Question& question) override {
    ARROW_ASSIGN_OR_RAISE(
        const features::Selection selection,
        question.service.empty()
            ? features::SelectFeatures(*plan_, question.features, question.full_names)
            : features::SelectService(*plan_, question.service, question.full_names));
    Delivered delivered(*plan_, ViewsReadBy(*plan_, selection), variation_);
    ARROW_RETURN_NOT_OK(delivered.Open());
    std::vector<Delivery> deliveries = DeliveriesTo(delivered);
    Answer answer;
    answer.rows.resize(question.times.size());
    SetClock clock;
    online::FeatureReader reader(*plan_, selection, kProject, clock);
    size_t next = 0;
    for (const auto& [time, rows] : ByTime(question)) {
      ARROW_RETURN_NOT_OK(
          Deliver(deliveries, variation_.afterwards ? EventTime::Max() : time, &next, &delivered));
      clock.now = std::max(clock.now, time);
      ARROW_RETURN_NOT_OK(AskAt(question, rows, {&reader, &delivered.store()}, &answer));
    }
    // What comes later is judged too.
    ARROW_RETURN_NOT_OK(Deliver(deliveries, EventTime::Max(), &next, &delivered));
    std::set<int> counted;
    for (const int view : ViewsReadBy(*plan_, selection)) {
      const int source = plan_->views[view].source;
      if (counted.insert(source).second) delivered.Reject(rejected_[source]);
    }
    for (const auto& reason : delivered.rejected().reasons) {
      const std::string where = WhereOfAsked(reason.where, selection);
      if (!where.empty()) answer.rejected[{where, reason.code}] += reason.count;
    }
    return answer;
  }

 private:
  struct Reading {
    online::FeatureReader* reader;
    const kv::Store* store;
  };

  Status ReadRows() {
    for (size_t source = 0; source < plan_->sources.size(); ++source) {
      sources::ReadOptions options;
      options.root = folder_.path();
      for (size_t i = 0; i < plan_->sources[source].columns.size(); ++i) {
        options.columns.push_back(static_cast<int>(i));
      }
      auto opened = sources::OpenFiles(plan_->sources[source], options);
      // Definitions may have sources without files, which no question reads.
      if (!opened.ok()) continue;
      for (int64_t part = 0; part < (*opened)->parts(); ++part) {
        ARROW_ASSIGN_OR_RAISE(const auto reader, (*opened)->OpenPart(part));
        while (true) {
          ARROW_ASSIGN_OR_RAISE(auto batch, reader->Next());
          if (!batch.has_value()) break;
          batches_.push_back({static_cast<int>(source), std::move(*batch)});
        }
        rejected_[static_cast<int>(source)].Merge(reader->rejected());
      }
    }
    return Status::OK();
  }

  // A store judges rows for all features of a view; a question speaks of those it asks for.
  std::string WhereOfAsked(const std::string& where, const features::Selection& selection) const {
    if (!where.starts_with("feature")) return where;
    const features::Needs needs = features::FindNeeds(*plan_, selection);
    for (const features::Needs::OfView& of : needs.views) {
      const features::View& view = plan_->views[of.view];
      std::map<std::pair<int, int>, std::pair<std::vector<int>, std::vector<int>>> pairs;
      for (int i = 0; i < view.stored_count(); ++i) {
        auto& [all, asked] = pairs[{view.features[i].filter, view.features[i].input}];
        all.push_back(i);
        if (of.features[i]) asked.push_back(i);
      }
      for (const auto& [pair, lists] : pairs) {
        if (features::RejectedFor(view, lists.first) != where) continue;
        return lists.second.empty() ? "" : features::RejectedFor(view, lists.second);
      }
    }
    return where;
  }

  std::vector<Delivery> DeliveriesTo(const Delivered& delivered) const {
    std::vector<Delivery> deliveries;
    for (size_t i = 0; i < batches_.size(); ++i) {
      const EventBatch& batch = batches_[i].batch;
      for (size_t round = 0; round < delivered.rounds(); ++round) {
        if (delivered.TablesOf(round, batches_[i].source).empty()) continue;
        for (int64_t row = 0; row < batch.size; ++row) {
          const EventTime known =
              batch.created.empty() ? batch.event_times[row] : batch.created[row];
          deliveries.push_back({known, round, i, row});
        }
      }
    }
    std::stable_sort(deliveries.begin(), deliveries.end(), [](const auto& a, const auto& b) {
      return a.time != b.time ? a.time < b.time : a.round < b.round;
    });
    return deliveries;
  }

  // What is known at `until`, in commits of at most batch_rows_max rows of one source.
  Status Deliver(const std::vector<Delivery>& deliveries, EventTime until, size_t* next,
                 Delivered* delivered) const {
    while (*next < deliveries.size() && deliveries[*next].time <= until) {
      const Delivery& first = deliveries[*next];
      std::vector<int64_t> rows;
      EventTime now = first.time;
      while (*next < deliveries.size() && deliveries[*next].time <= until &&
             deliveries[*next].batch == first.batch && deliveries[*next].round == first.round &&
             static_cast<int64_t>(rows.size()) < variation_.batch_rows_max) {
        now = deliveries[*next].time;
        rows.push_back(deliveries[(*next)++].row);
      }
      const SourceBatch& from = batches_[first.batch];
      ARROW_RETURN_NOT_OK(delivered->Apply(Select(from.batch, rows),
                                           delivered->TablesOf(first.round, from.source), now));
    }
    return Status::OK();
  }

  Status AskAt(const Question& question, const std::vector<size_t>& rows, const Reading& reading,
               Answer* answer) const {
    online::Asked asked;
    asked.rows = static_cast<int64_t>(rows.size());
    for (size_t i = 0; i < question.inputs.size(); ++i) {
      columns::ColumnBuffer cells(question.inputs[i].type);
      for (const size_t row : rows) cells.AppendValue(question.rows[row][i]);
      asked.columns[question.inputs[i].name] = columns::Own(std::move(cells));
    }
    columns::ColumnBuffer times(columns::Kind::kTimestamp);
    for (const size_t row : rows) times.AppendValue(question.times[row]);
    asked.as_of = times.View();
    ARROW_ASSIGN_OR_RAISE(const online::Answer got, reading.reader->Read(*reading.store, asked));
    TakeOnlineAnswer(got, reading.reader->selection(), rows, answer);
    return Status::OK();
  }

  TemporaryFolder folder_;
  Variation variation_;
  std::shared_ptr<const features::FeaturePlan> plan_;
  std::vector<SourceBatch> batches_;
  std::map<int, columns::RejectedRows> rejected_;  // by source, before any view
};

}  // namespace

std::unique_ptr<Engine> MakeOnlineEngine() {
  return std::make_unique<OnlineEngine>();
}
std::unique_ptr<Engine> MakeOnlineRedisEngine() {
  return std::make_unique<OnlineEngine>();
}

}  // namespace millrace::engines
