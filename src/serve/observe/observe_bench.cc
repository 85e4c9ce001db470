// What a request pays for being observed: its counts, its line, its rows in the feature log's
// queue; and how many rows the feature log's thread writes.
#include <benchmark/benchmark.h>

#include <map>

#include "base/check.h"
#include "serve/observe/feature_log.h"
#include "serve/observe/metrics.h"
#include "serve/observe/observe_testing.h"
#include "serve/observe/request_log.h"
#include "sources/folder_testing.h"

namespace millrace::serve {
namespace {

using base::EventTime;
using columns::ColumnBuffer;
using columns::Kind;
using online::CellStatus;

constexpr EventTime kNow = EventTime::Micros(1'738'319'400'000'042);

// A request of two views.
void Counts(benchmark::State& state) {
  static const std::unique_ptr<Metrics> metrics = Metrics::Make();
  for (int i = 0; i < 12; ++i) metrics->Request("route_" + std::to_string(i), 200, {});
  ViewMetrics* const views[] = {metrics->View("spend"), metrics->View("profile")};
  int64_t n = 0;
  for (auto _ : state) {
    ++n;
    for (ViewMetrics* view : views) {
      view->Status(CellStatus::kPresent, 10);
      view->Status(CellStatus::kNotFound, 1);
      view->Newest(EventTime::Micros(n));
      view->StoreReads(1);
    }
    metrics->Request("features", 200, std::chrono::microseconds(n % 200));
  }
}
BENCHMARK(Counts)->Threads(1)->Threads(2)->UseRealTime();

void Line(benchmark::State& state) {
  static const SetClock clock(kNow);
  static const sources::Folder folder;
  static const std::unique_ptr<RequestLog> log =
      RequestLog::Open(folder / "requests.log", clock).ValueOrDie();
  const RequestLine line = {.request_id = "0b9f4c1e-6f0a-4f7e-9d3b-2f1c5a7e8b90",
                            .principal = "loopback",
                            .peer = "127.0.0.1:54321",
                            .route = "features",
                            .verb = "read",
                            .names = "spend:sum_1h,spend:sum_7d,profile:country",
                            .entities = 1,
                            .status = 200,
                            .took = std::chrono::microseconds(87)};
  for (auto _ : state) log->Request(line);
  state.counters["dropped"] = static_cast<double>(log->dropped());
}
BENCHMARK(Line)->Threads(1)->Threads(2)->UseRealTime();

// 40 floats, 10 strings.
std::shared_ptr<const online::Answer> AnswerOf(int64_t rows) {
  online::Answer answer;
  answer.rows = rows;
  for (int i = 0; i < 50; ++i) {
    online::AnswerColumn& column = answer.columns.emplace_back();
    column.name = answer.Keep("feature_" + std::to_string(i));
    ColumnBuffer cells(i < 40 ? Kind::kFloat64 : Kind::kString);
    for (int64_t row = 0; row < rows; ++row) {
      if (i < 40) {
        cells.AppendFloat(static_cast<double>(row * i) * 0.37);
      } else {
        cells.AppendString("value_" + std::to_string(row % 50));
      }
    }
    const auto count = static_cast<size_t>(rows);
    column.statuses = answer.Keep(std::vector(count, CellStatus::kPresent));
    column.event_times = answer.Keep(std::vector(count, kNow));
    column.values = answer.Keep(columns::Own(std::move(cells)));
  }
  return std::make_shared<const online::Answer>(std::move(answer));
}

ServedAnswer ServedOf(const std::shared_ptr<const online::Answer>& answer) {
  ServedAnswer served;
  served.request_id = "0b9f4c1e-6f0a-4f7e-9d3b-2f1c5a7e8b90";
  served.service = "ranking";
  served.version = 3;
  served.as_of = kNow;
  served.received = kNow;
  ColumnBuffer users(Kind::kString);
  for (int64_t row = 0; row < answer->rows; ++row) users.AppendString(std::to_string(row));
  served.keys["user_id"] = columns::Own(std::move(users));
  served.answer = answer;
  return served;
}

// Adding to the queue; making what is added does not count. Beyond the queue, the rows are lost.
void Enqueue(benchmark::State& state) {
  const SetClock clock(kNow);
  const sources::Folder folder;
  const auto log =
      FeatureLog::Open(folder.path(), {.queue_rows_max = 1'000'000}, clock).ValueOrDie();
  const auto answer = AnswerOf(1);
  std::vector<ServedAnswer> served;
  for (auto _ : state) {
    if (served.empty()) {
      state.PauseTiming();
      for (int i = 0; i < 1'000; ++i) served.push_back(ServedOf(answer));
      state.ResumeTiming();
    }
    log->Add(std::move(served.back()));
    served.pop_back();
  }
  state.counters["lost"] = static_cast<double>(log->counts().lost);
}
BENCHMARK(Enqueue)->Iterations(200'000);

// From the queue to a file that is there, by rows of an answer.
void Write(benchmark::State& state) {
  constexpr int64_t kRows = 100'000;
  const SetClock clock(kNow);
  const auto answer = AnswerOf(state.range(0));
  for (auto _ : state) {
    const sources::Folder folder;
    const auto log =
        FeatureLog::Open(folder.path(), {.queue_rows_max = 1'000'000}, clock).ValueOrDie();
    for (int64_t row = 0; row < kRows; row += answer->rows) log->Add(ServedOf(answer));
    MILLRACE_CHECK(log->counts().lost == 0);
  }
  state.SetItemsProcessed(state.iterations() * kRows);
}
BENCHMARK(Write)->Arg(1)->Arg(100)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace millrace::serve
