// What happens to a row is drawn from its cells, so that a case which is made smaller still goes
// the same way.
#include "engines/repository_engine.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/hash.h"
#include "engines/case_repository.h"
#include "engines/event_files.h"
#include "engines/online_answer.h"
#include "engines/served_repository.h"
#include "kv/redis_testing.h"
#include "sources/event_reader.h"

namespace millrace::engines {
namespace {

using base::EventTime;
using base::Result;
using base::Status;

// A row that becomes known.
struct Arrival {
  EventTime time;
  int rank = 0;      // of rows that come at once, those that others look up are first
  size_t table = 0;  // of the scenario's events
  size_t row = 0;    // of that
  bool pushable = false;
  uint64_t draw = 0;

  bool Drawn(uint64_t of, uint64_t one_in) const { return (draw >> (8 * of)) % one_in == 0; }
};

// What is delivered at once: rows of several sources in files, or of one source in a push.
struct Portion {
  bool pushed = false;
  std::vector<Arrival> rows;
};

class RepositoryEngine : public Engine {
 public:
  explicit RepositoryEngine(std::unique_ptr<CaseRepository> repository)
      : repository_(std::move(repository)) {}

  Status Setup(const Scenario& scenario, const Variation& variation) override {
    scenario_ = scenario;
    variation_ = variation;
    for (const EventTable& table : scenario.events) {
      ARROW_RETURN_NOT_OK(WriteEventFiles(table, variation, repository_->folder()));
    }
    ARROW_RETURN_NOT_OK(repository_->Apply(scenario));
    for (size_t table = 0; table < scenario.events.size(); ++table) {
      ARROW_RETURN_NOT_OK(ReadArrivals(table));
    }
    return Status::OK();
  }

  const features::FeaturePlan& plan() const override { return repository_->plan(); }

  Result<Answer> Ask(const Question& question) override {
    ARROW_ASSIGN_OR_RAISE(
        const features::Selection selection,
        question.service.empty()
            ? features::SelectFeatures(plan(), question.features, question.full_names)
            : features::SelectService(plan(), question.service, question.full_names));
    ARROW_RETURN_NOT_OK(repository_->Clear());
    materialized_ = false;
    const std::vector<int> views = ViewsReadBy(plan(), selection);
    views_.clear();
    for (const int view : views) views_.push_back(plan().views[view].name);
    std::vector<Arrival> arrivals = ArrivalsFor(views);
    // A source that has a path has a file.
    for (const EventTable& table : scenario_.events) {
      ARROW_RETURN_NOT_OK(repository_->AddFile(table, {}, variation_.format));
    }
    Answer answer;
    answer.rows.resize(question.times.size());
    // That is for the other online engines to say: here runs overlap.
    answer.rejected_known = false;
    size_t next = 0;
    const std::map<EventTime, std::vector<size_t>> by_time = ByTime(question);
    if (variation_.draw == 2 && !LookUpAny(views)) ComeLate(by_time, &arrivals);
    for (const auto& [time, rows] : by_time) {
      ARROW_RETURN_NOT_OK(Deliver(arrivals, time, &next));
      repository_->SetNow(time);
      if (!materialized_) ARROW_RETURN_NOT_OK(Materialize());
      ARROW_RETURN_NOT_OK(repository_->Ask(question, selection, rows, &answer));
    }
    return answer;
  }

 private:
  // Rows that a source's files would not reject say themselves when they are known; the others come
  // in files, with the first.
  Status ReadArrivals(size_t index) {
    const EventTable& table = scenario_.events[index];
    const int source = plan().FindSource(table.source);
    std::map<size_t, Arrival> known;  // by row
    EventTime first = EventTime::Max();
    if (source >= 0) {
      sources::ReadOptions options;
      options.root = repository_->folder();
      for (size_t i = 0; i < table.columns.size(); ++i) {
        options.columns.push_back(static_cast<int>(i));
      }
      ARROW_ASSIGN_OR_RAISE(const auto reader, sources::OpenFiles(plan().sources[source], options));
      const std::map<int64_t, size_t> rows = RowsByPlace(table);
      for (int64_t i = 0; i < reader->parts(); ++i) {
        ARROW_ASSIGN_OR_RAISE(const auto part, reader->OpenPart(i));
        while (true) {
          ARROW_ASSIGN_OR_RAISE(const auto batch, part->Next());
          if (!batch.has_value()) break;
          for (int64_t j = 0; j < batch->size; ++j) {
            const size_t row = rows.at(batch->rows[j]);
            Arrival& arrival = known[row];
            arrival.time = batch->created.empty() ? batch->event_times[j] : batch->created[j];
            arrival.pushable = CanBePushed(*batch, j);
            first = std::min(first, arrival.time);
          }
        }
      }
    }
    for (size_t row = 0; row < table.rows.size(); ++row) {
      const auto found = known.find(row);
      Arrival arrival = found == known.end() ? Arrival{.time = first} : found->second;
      arrival.table = index;
      arrival.row = row;
      arrival.draw = base::Hash64(table.source + variation_.ToString() + TextOf(table.rows[row]));
      arrivals_.push_back(arrival);
    }
    return Status::OK();
  }

  // The place of a row in a file of the whole table -> its index.
  std::map<int64_t, size_t> RowsByPlace(const EventTable& table) const {
    std::map<int64_t, size_t> rows;
    int64_t line = 2;
    for (size_t row = 0; row < table.rows.size(); ++row) {
      rows[variation_.format == "csv" ? line : static_cast<int64_t>(row) + 1] = row;
      const std::string text = TextOf(table.rows[row]);
      line += 1 + std::count(text.begin(), text.end(), '\n');
    }
    return rows;
  }

  static std::string TextOf(const std::vector<EventCell>& cells) {
    std::string text;
    for (const EventCell& cell : cells) text += "|" + cell.text;
    return text;
  }

  static bool CanBePushed(const columns::EventBatch& batch, int64_t row) {
    return std::all_of(batch.columns.begin(), batch.columns.end(), [&](const auto& column) {
      // JSON has no text for bytes.
      return column.view.type.kind() != columns::Kind::kBytes &&
             column.view.cell(row) <= columns::kValid;
    });
  }

  // How many lookups into other sources follow one another from a source's rows; of sources that
  // look into each other no more than there are.
  int RankOf(int source, size_t deep = 0) const {
    int rank = 0;
    for (const features::View& view : plan().views) {
      if (view.source != source || deep == plan().sources.size()) continue;
      for (const features::Lookup& lookup : view.lookups) {
        const int other = plan().views[lookup.view].source;
        if (other != source) rank = std::max(rank, 1 + RankOf(other, deep + 1));
      }
    }
    return rank;
  }

  std::vector<Arrival> ArrivalsFor(const std::vector<int>& views) const {
    std::set<int> wanted;
    for (const int view : views) wanted.insert(plan().views[view].source);
    std::vector<Arrival> arrivals;
    std::map<int, int> ranks;
    for (const int source : wanted) ranks[source] = RankOf(source);
    for (Arrival arrival : arrivals_) {
      const int source = plan().FindSource(scenario_.events[arrival.table].source);
      if (!wanted.contains(source)) continue;
      arrival.rank = ranks[source];
      arrivals.push_back(arrival);
    }
    std::stable_sort(arrivals.begin(), arrivals.end(), [](const auto& a, const auto& b) {
      return a.time != b.time ? a.time < b.time : a.rank < b.rank;
    });
    return arrivals;
  }

  bool LookUpAny(const std::vector<int>& views) const {
    return std::any_of(views.begin(), views.end(),
                       [&](int view) { return !plan().views[view].lookups.empty(); });
  }

  // Between two questions rows come in any order, older ones late. (One that is looked up does not:
  // an event gains what is there when it comes.)
  static void ComeLate(const std::map<EventTime, std::vector<size_t>>& questions,
                       std::vector<Arrival>* arrivals) {
    auto begin = arrivals->begin();
    for (const auto& [time, rows] : questions) {
      const auto end = std::find_if(begin, arrivals->end(),
                                    [&](const Arrival& arrival) { return arrival.time > time; });
      std::sort(begin, end, [](const auto& a, const auto& b) { return a.draw < b.draw; });
      begin = end;
    }
  }

  Status Deliver(const std::vector<Arrival>& arrivals, EventTime until, size_t* next) {
    Portion portion;
    bool pushing = false;  // of the portion that was drawn last
    for (bool begins = true; *next < arrivals.size() && arrivals[*next].time <= until; ++*next) {
      const Arrival& arrival = arrivals[*next];
      if (begins) pushing = arrival.Drawn(0, 2);
      const bool pushed = pushing && arrival.pushable;
      const bool same = pushed == portion.pushed && (!pushed || portion.rows.empty() ||
                                                     portion.rows.back().table == arrival.table);
      if (!portion.rows.empty() && (begins || !same)) ARROW_RETURN_NOT_OK(Take(&portion));
      portion.pushed = pushed;
      portion.rows.push_back(arrival);
      begins = arrival.Drawn(1, 4);
    }
    return portion.rows.empty() ? Status::OK() : Take(&portion);
  }

  Status Take(Portion* portion) {
    const std::vector<Arrival> rows = std::exchange(portion->rows, {});
    const Arrival& last = rows.back();
    repository_->SetNow(last.time);
    std::map<size_t, std::vector<size_t>> by_table;
    for (const Arrival& arrival : rows) by_table[arrival.table].push_back(arrival.row);
    for (const auto& [table, of_table] : by_table) {
      const EventTable& events = scenario_.events[table];
      if (portion->pushed) {
        ARROW_RETURN_NOT_OK(repository_->Push(events, of_table));
        if (last.Drawn(2, 3)) ARROW_RETURN_NOT_OK(repository_->Compact());
        if (last.Drawn(3, 2)) repository_->EndPush();
      } else {
        ARROW_RETURN_NOT_OK(repository_->AddFile(events, of_table, variation_.format));
      }
    }
    if (!portion->pushed) ARROW_RETURN_NOT_OK(Materialize());
    if (last.Drawn(4, 8)) ARROW_RETURN_NOT_OK(MaterializeNothing());
    return materialized_ && last.Drawn(5, 8) ? repository_->Vacuum() : Status::OK();
  }

  Status Materialize() {
    materialized_ = true;
    return repository_->Materialize(views_).status();
  }

  // What was materialized and pushed is all there is.
  Status MaterializeNothing() {
    if (!materialized_) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(const bool changed, repository_->Materialize(views_));
    return changed ? Status::Invalid("materialize found something new where nothing was")
                   : Status::OK();
  }

  const std::unique_ptr<CaseRepository> repository_;
  Scenario scenario_;
  Variation variation_;
  std::vector<Arrival> arrivals_;  // of all tables
  std::vector<std::string> views_;
  bool materialized_ = false;
};

}  // namespace

std::unique_ptr<Engine> MakeRepositoryEngine() {
  return std::make_unique<RepositoryEngine>(std::make_unique<CaseRepository>());
}

std::unique_ptr<Engine> MakeServeEngine() {
  return std::make_unique<RepositoryEngine>(std::make_unique<ServedRepository>());
}

std::unique_ptr<Engine> MakeServeRedisEngine() {
  return std::make_unique<RepositoryEngine>(
      std::make_unique<ServedRepository>(kv::RedisServer::Shared().unix_url()));
}

}  // namespace millrace::engines
