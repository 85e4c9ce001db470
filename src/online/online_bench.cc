// What an online store costs, one thread on the embedded engine: point reads of snapshots, features
// on demand, answers as JSON, windows of keys with many events, the hottest key, filling a store,
// and the bytes it takes.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include "base/check.h"
#include "features/compile.h"
#include "kv/store_testing.h"
#include "online/answer_json.h"
#include "online/read_batch.h"
#include "state/updater.h"

namespace millrace::online {
namespace {

using base::EventTime;
using columns::ColumnBuffer;
using columns::EventBatch;
using columns::Kind;

constexpr int64_t kBatchRows = 65'536;
constexpr int64_t kDayMicros = int64_t{86'400} * 1'000'000;
constexpr EventTime kNow = EventTime::Micros(20'000 * kDayMicros);
constexpr int kItems = 50'000;

constexpr const char* kDefinitions = R"yaml(
entities:
  user: {keys: {user_id: string}}
sources:
  purchases:
    path: purchases.csv
    timestamp: event_time
    columns: {user_id: string, amount: float64, item_id: string, event_time: timestamp}
  profiles:
    path: profiles.csv
    timestamp: event_time
    columns: {user_id: string, f0: float64, f1: float64, f2: float64, f3: float64, f4: float64,
              f5: float64, f6: float64, f7: float64, f8: float64, f9: float64,
              event_time: timestamp}
views:
  profile: {entity: user, source: profiles, features: [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9]}
  spend:
    entity: user
    source: purchases
    windows: [1d, 7d, 30d, 90d]
    features: {n: count(), total: sum(amount), mean: avg(amount), least: min(amount),
               most: max(amount)}
  quarter:
    entity: user
    source: purchases
    window: 90d
    features: {n90: count(), total90: sum(amount), mean90: avg(amount), spread90: stddev(amount),
               least90: min(amount), most90: max(amount), items90: nunique(item_id)}
  kept:
    entity: user
    source: purchases
    windows: [1d, 7d, 30d, 90d]
    features: {kept_n: count(), kept_total: sum(amount), kept_mean: avg(amount),
               kept_spread: stddev(amount), kept_items: nunique(item_id)}
on_demand:
  ranked:
    inputs: [profile]
    request: {price: float64}
    features: {ratio: price / f0, gap: f1 - f2, high: "greatest(f3, f4)",
               kind: "case when price > 10 then 'dear' else 'cheap' end",
               rank: "coalesce(round(ratio * 100, 2), 0.0)"}
)yaml";

const features::FeaturePlan& Plan() {
  static const auto plan = *features::Compile(
      "bench", {{"bench.yaml", kDefinitions}},
      [](const features::Source& source) -> base::Result<std::vector<features::Field>> {
        return source.columns;
      });
  return *plan;
}

class BenchClock final : public base::Clock {
 public:
  EventTime Now() const override { return kNow; }
};

std::string UserName(int64_t number) {
  return "u" + std::to_string(1'000'000 + number);
}

// Numbers below `count`, the k-th as often as 1 / k^1.1.
class Zipf {
 public:
  explicit Zipf(int64_t count) {
    double sum = 0;
    for (int64_t k = 1; k <= count; ++k) below_.push_back(sum += std::pow(k, -1.1));
  }
  template <typename Random>
  int64_t operator()(Random& random) const {
    const double at = static_cast<double>(random() >> 11) * 0x1p-53 * below_.back();
    return std::upper_bound(below_.begin(), below_.end() - 1, at) - below_.begin();
  }

 private:
  std::vector<double> below_;
};

// Columns by a source's order: event_time last of the columns that are read.
class BatchWriter {
 public:
  explicit BatchWriter(const std::string& source) {
    for (const auto& field : Plan().sources[Plan().FindSource(source)].columns) {
      cells_.emplace_back(field.type);
    }
  }
  ColumnBuffer& column(size_t i) { return cells_[i]; }
  void Time(EventTime time) {
    cells_.back().AppendInt(time.micros());
    times_.push_back(time);
  }
  EventBatch Take() {
    EventBatch batch;
    batch.size = static_cast<int64_t>(times_.size());
    for (ColumnBuffer& cells : cells_) batch.columns.push_back(columns::Own(std::move(cells)));
    batch.event_times = std::move(times_);
    return batch;
  }

 private:
  std::vector<ColumnBuffer> cells_;
  std::vector<EventTime> times_;
};

// `count` rows, the row'th of user_of(row), in the order of their times over the last 90 days.
template <typename UserOf>
std::vector<EventBatch> Purchases(int64_t count, UserOf user_of) {
  std::mt19937_64 random(7);
  std::vector<EventBatch> batches;
  for (int64_t row = 0; row < count;) {
    BatchWriter batch("purchases");
    for (const int64_t end = std::min(row + kBatchRows, count); row < end; ++row) {
      batch.column(0).AppendString(UserName(user_of(row)));
      batch.column(1).AppendFloat(static_cast<double>(random() % 20'000) / 100);
      char item[16];
      std::snprintf(item, sizeof item, "i%06d", static_cast<int>(random() % kItems));
      batch.column(2).AppendString(item);
      const double age = static_cast<double>(count - row) / static_cast<double>(count);
      batch.Time(EventTime::Micros(kNow.micros() - static_cast<int64_t>(age * 90 * kDayMicros)));
    }
    batches.push_back(batch.Take());
  }
  return batches;
}

std::vector<EventBatch> ZipfPurchases(int64_t count) {
  std::mt19937_64 random(3);
  const Zipf zipf(100'000);
  return Purchases(count, [&](int64_t) { return zipf(random); });
}

std::vector<EventBatch> Profiles(int64_t count) {
  std::mt19937_64 random(5);
  std::vector<EventBatch> batches;
  for (int64_t row = 0; row < count;) {
    BatchWriter batch("profiles");
    for (const int64_t end = std::min(row + kBatchRows, count); row < end; ++row) {
      batch.column(0).AppendString(UserName(row));
      for (size_t i = 1; i <= 10; ++i) {
        batch.column(i).AppendFloat(static_cast<double>(random() >> 11) * 0x1p-53);
      }
      batch.Time(EventTime::Micros(kNow.micros() - static_cast<int64_t>(random() % kDayMicros)));
    }
    batches.push_back(batch.Take());
  }
  return batches;
}

// A store in a folder of its own with one view.
class FilledStore {
 public:
  explicit FilledStore(std::string view) : view_(std::move(view)) {
    store_ = *kv::OpenStore("lmdb:store", {.folder = folder_.path()});
  }
  // Everything in one commit.
  void Add(const std::vector<EventBatch>& batches) {
    const auto updater =
        *state::Updater::Open(store_.get(), {{&Plan(), Plan().FindView(view_), true, false}},
                              {.project = "bench", .now = kNow, .memory_bytes = int64_t{8} << 30});
    for (const EventBatch& batch : batches) MILLRACE_CHECK(updater->Add(batch, {0}).ok());
    MILLRACE_CHECK(updater->Commit().ok());
  }
  const kv::Store& operator*() const { return *store_; }

 private:
  const std::string view_;
  kv::TestFolder folder_;
  std::unique_ptr<kv::Store> store_;
};

// Keys in random order, so many a call.
std::vector<Asked> CallsFor(int64_t users, int64_t rows) {
  std::mt19937_64 random(11);
  std::vector<Asked> asked(1'000);
  for (Asked& call : asked) {
    call.rows = rows;
    ColumnBuffer keys(Kind::kString);
    ColumnBuffer prices(Kind::kFloat64);
    for (int64_t i = 0; i < call.rows; ++i) {
      keys.AppendString(UserName(static_cast<int64_t>(random() % static_cast<uint64_t>(users))));
      prices.AppendFloat(static_cast<double>(random() % 2'000) / 100);
    }
    call.columns["user_id"] = columns::Own(std::move(keys));
    call.columns["price"] = columns::Own(std::move(prices));
  }
  return asked;
}

void ReadKeys(benchmark::State& state, const FilledStore& store,
              const std::vector<std::string>& features, int64_t users) {
  const BenchClock clock;
  FeatureReader reader(Plan(), *features::SelectFeatures(Plan(), features, false), "bench", clock);
  const std::vector<Asked> asked = CallsFor(users, state.range(0));
  size_t next = 0;
  for (auto _ : state) {
    const Answer answer = *reader.Read(*store, asked[next++ % asked.size()]);
    MILLRACE_CHECK(answer.columns[0].statuses.back() == CellStatus::kPresent);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

constexpr int64_t kProfiles = 100'000;

const FilledStore& ProfileStore() {
  static FilledStore* const store = [] {
    auto* filled = new FilledStore("profile");
    filled->Add(Profiles(kProfiles));
    return filled;
  }();
  return *store;
}

void PointReads(benchmark::State& state) {
  ReadKeys(state, ProfileStore(), {"profile:*"}, kProfiles);
}
BENCHMARK(PointReads)->ArgName("keys")->Arg(1)->Arg(100);

// Several callers of one feature server that are read together: so many readings of one key.
void ReadsTogether(benchmark::State& state) {
  const BenchClock clock;
  FeatureReader reader(Plan(), *features::SelectFeatures(Plan(), {"profile:*"}, false), "bench",
                       clock);
  const std::vector<Asked> asked = CallsFor(kProfiles, 1);
  std::vector<Reading> readings(static_cast<size_t>(state.range(0)));
  size_t next = 0;
  for (auto _ : state) {
    for (Reading& reading : readings) {
      reading.reader = &reader;
      reading.asked = &asked[next++ % asked.size()];
    }
    ReadAll(*ProfileStore(), readings);
    MILLRACE_CHECK(readings.back().answer.ok());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(ReadsTogether)->ArgName("readings")->Arg(1)->Arg(16);

// The ten features that the five on demand come from, and those.
void OnDemandReads(benchmark::State& state) {
  ReadKeys(state, ProfileStore(), {"profile:*", "ranked:*"}, kProfiles);
}
BENCHMARK(OnDemandReads)->ArgName("keys")->Arg(1)->Arg(100);

// Of ten features.
void AnswersAsJson(benchmark::State& state) {
  const BenchClock clock;
  FeatureReader reader(Plan(), *features::SelectFeatures(Plan(), {"profile:*"}, false), "bench",
                       clock);
  const Asked asked = CallsFor(kProfiles, state.range(0))[0];
  const Answer answer = *reader.Read(*ProfileStore(), asked);
  const AnswerEnvelope envelope = {
      .keys = {{"user_id", asked.columns.at("user_id").view}},
      .request_id = "0b9f4c1e-6f0a-4f7e-9d3b-2f1c5a7e8b90",
      .as_of = kNow,
  };
  int64_t bytes = 0;
  for (auto _ : state) bytes += static_cast<int64_t>(ToJson(answer, envelope).size());
  state.SetBytesProcessed(bytes);
}
BENCHMARK(AnswersAsJson)->ArgName("rows")->Arg(1)->Arg(100);

// 2,000 users with about 1,000 events each.
void ReadWindows(benchmark::State& state, const std::string& view) {
  constexpr int64_t kUsers = 2'000;
  static auto& stores = *new std::map<std::string, FilledStore>();
  const auto [store, added] = stores.try_emplace(view, view);
  if (added) {
    std::mt19937_64 random(13);
    store->second.Add(Purchases(kUsers * 1'000,
                                [&](int64_t) { return static_cast<int64_t>(random() % kUsers); }));
  }
  ReadKeys(state, store->second, {view + ":*"}, kUsers);
}

void WindowReads(benchmark::State& state) {
  ReadWindows(state, "spend");
}
BENCHMARK(WindowReads)->ArgName("keys")->Arg(1)->Arg(100);

// With the functions whose states are larger than a few words.
void DistinctReads(benchmark::State& state) {
  ReadWindows(state, "kept");
}
BENCHMARK(DistinctReads)->ArgName("keys")->Arg(1)->Arg(100);

const FilledStore& HottestKey() {
  static FilledStore* const store = [] {
    auto* filled = new FilledStore("quarter");
    filled->Add(Purchases(1'300'000, [](int64_t) { return int64_t{0}; }));
    return filled;
  }();
  return *store;
}

void HottestKeyMoments(benchmark::State& state) {
  ReadKeys(state, HottestKey(),
           {"quarter:n90", "quarter:total90", "quarter:mean90", "quarter:spread90",
            "quarter:least90", "quarter:most90"},
           1);
}
BENCHMARK(HottestKeyMoments)->ArgName("keys")->Arg(1)->Unit(benchmark::kMillisecond);

void HottestKeyDistinct(benchmark::State& state) {
  ReadKeys(state, HottestKey(), {"quarter:items90"}, 1);
}
BENCHMARK(HottestKeyDistinct)->ArgName("keys")->Arg(1)->Unit(benchmark::kMillisecond);

// A new table, loaded in bulk.
void Fill(benchmark::State& state, const std::string& view,
          const std::vector<EventBatch>& batches) {
  int64_t rows = 0;
  for (const EventBatch& batch : batches) rows += batch.size;
  int64_t bytes = 0;
  for (auto _ : state) {
    FilledStore store(view);
    store.Add(batches);
    bytes = *(*store).SizeBytes();
  }
  state.SetItemsProcessed(state.iterations() * rows);
  state.counters["bytes/row"] = static_cast<double>(bytes) / static_cast<double>(rows);
}

void FillWindows(benchmark::State& state) {
  Fill(state, "spend", ZipfPurchases(state.range(0)));
}
BENCHMARK(FillWindows)->ArgName("events")->Arg(1'000'000)->Unit(benchmark::kMillisecond);

void FillSnapshots(benchmark::State& state) {
  Fill(state, "profile", Profiles(state.range(0)));
}
BENCHMARK(FillSnapshots)->ArgName("rows")->Arg(1'000'000)->Unit(benchmark::kMillisecond);

// Its bytes/row are what an event takes on disk with all that is kept beside it.
void FillDistinct(benchmark::State& state) {
  Fill(state, "kept", ZipfPurchases(state.range(0)));
}
BENCHMARK(FillDistinct)
    ->ArgName("events")
    ->Arg(2'000'000)
    ->Arg(10'000'000)
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

// Each batch a commit that changes keys which are there.
void Apply(benchmark::State& state, const std::string& view,
           const std::vector<EventBatch>& batches) {
  FilledStore store(view);
  store.Add({batches[0]});
  size_t next = 1;
  int64_t rows = 0;
  for (auto _ : state) {
    const EventBatch& batch = batches[next++ % batches.size()];
    store.Add({batch});
    rows += batch.size;
  }
  state.SetItemsProcessed(rows);
}

void ApplyWindows(benchmark::State& state) {
  Apply(state, "spend", ZipfPurchases(20 * kBatchRows));
}
BENCHMARK(ApplyWindows)->Iterations(19)->Unit(benchmark::kMillisecond);

void ApplySnapshots(benchmark::State& state) {
  Apply(state, "profile", Profiles(2 * kBatchRows));
}
BENCHMARK(ApplySnapshots)->Iterations(19)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace millrace::online
