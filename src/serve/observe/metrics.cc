// Counts of our own, in prometheus-cpp's families and text: its counters are one cell that all
// threads write to, its histogram a lock.
#include "serve/observe/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <limits>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "serve/observe/counts.h"

namespace millrace::serve {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

constexpr double kNanosPerSecond = 1e9;
constexpr double kMicrosPerSecond = 1e6;

// Upper bounds of the durations' buckets, in nanoseconds.
constexpr std::array<int64_t, 23> kBounds = {
    25'000,     50'000,      75'000,      100'000,       150'000,      200'000,
    300'000,    500'000,     750'000,     1'000'000,     1'500'000,    2'000'000,
    3'000'000,  5'000'000,   7'500'000,   10'000'000,    15'000'000,   25'000'000,
    50'000'000, 100'000'000, 250'000'000, 1'000'000'000, 5'000'000'000};

constexpr std::array kCellStatuses = {online::CellStatus::kPresent, online::CellStatus::kNullValue,
                                      online::CellStatus::kNotFound,
                                      online::CellStatus::kOutsideMaxAge};

ClientMetric Labelled(Labels labels) {
  ClientMetric metric;
  metric.label = std::move(labels);
  return metric;
}

void AddCounter(MetricFamily* family, Labels labels, double value) {
  family->metric.push_back(Labelled(std::move(labels)));
  family->metric.back().counter.value = value;
}

void AddGauge(MetricFamily* family, Labels labels, double value) {
  family->metric.push_back(Labelled(std::move(labels)));
  family->metric.back().gauge.value = value;
}

// The requests of one route.
class RouteCounts {
 public:
  explicit RouteCounts(std::string_view name) : name_(name) {}
  const std::string& name() const { return name_; }

  void Add(int status, int64_t nanos) {
    // In no bucket, it still counts: the last one has no bound.
    const auto bucket = std::lower_bound(kBounds.begin(), kBounds.end(), nanos) - kBounds.begin();
    auto here = counts_.Here();
    here.Add(static_cast<size_t>(bucket), 1);
    here.Add(kSum, nanos);
    here.Add(kStatuses + StatusSlot(status), 1);
  }

  void Append(MetricFamily* requests, MetricFamily* durations) const {
    for (size_t i = 0; i < kStatusesMax; ++i) {
      const int status = statuses_[i].load(std::memory_order_relaxed);
      if (status == 0) break;
      AddCounter(requests, {{"route", name_}, {"status", std::to_string(status)}},
                 static_cast<double>(counts_.Sum(kStatuses + i)));
    }
    if (const int64_t others = counts_.Sum(kStatuses + kStatusesMax); others > 0) {
      AddCounter(requests, {{"route", name_}, {"status", "other"}}, static_cast<double>(others));
    }
    durations->metric.push_back(Labelled({{"route", name_}}));
    auto& histogram = durations->metric.back().histogram;
    int64_t count = 0;
    for (size_t i = 0; i <= kBounds.size(); ++i) {
      count += counts_.Sum(i);
      const double bound = i < kBounds.size() ? static_cast<double>(kBounds[i]) / kNanosPerSecond
                                              : std::numeric_limits<double>::infinity();
      histogram.bucket.push_back({static_cast<uint64_t>(count), bound});
    }
    histogram.sample_count = static_cast<uint64_t>(count);
    histogram.sample_sum = static_cast<double>(counts_.Sum(kSum)) / kNanosPerSecond;
  }

 private:
  // In the order in which they were met first. Statuses beyond them share the last slot.
  static constexpr size_t kStatusesMax = 15;
  static constexpr size_t kSum = kBounds.size() + 1;
  static constexpr size_t kStatuses = kSum + 1;

  size_t StatusSlot(int status) {
    for (size_t i = 0; i < kStatusesMax; ++i) {
      int there = statuses_[i].load(std::memory_order_relaxed);
      if (there == 0 && statuses_[i].compare_exchange_strong(there, status)) return i;
      if (there == status) return i;
    }
    return kStatusesMax;
  }

  const std::string name_;
  std::array<std::atomic<int>, kStatusesMax> statuses_{};
  Counts<kStatuses + kStatusesMax + 1> counts_;
};

// Routes in the order in which they were met. Finding one takes no lock.
class Routes {
 public:
  RouteCounts* Find(std::string_view name) {
    const size_t count = count_.load(std::memory_order_acquire);
    for (size_t i = 0; i < count; ++i) {
      if (routes_[i]->name() == name) return routes_[i].get();
    }
    return Add(name);
  }

  template <typename Visit>
  void ForEach(const Visit& visit) const {
    const size_t count = count_.load(std::memory_order_acquire);
    for (size_t i = 0; i < count; ++i) visit(*routes_[i]);
  }

 private:
  static constexpr size_t kRoutesMax = 64;

  RouteCounts* Add(std::string_view name) {
    const std::lock_guard lock(mutex_);
    size_t count = count_.load(std::memory_order_relaxed);
    if (count == kRoutesMax - 1) name = "other";
    for (size_t i = 0; i < count; ++i) {
      if (routes_[i]->name() == name) return routes_[i].get();
    }
    if (count == kRoutesMax) return routes_[count - 1].get();
    routes_[count] = std::make_unique<RouteCounts>(name);
    count_.store(count + 1, std::memory_order_release);
    return routes_[count].get();
  }

  std::mutex mutex_;
  std::atomic<size_t> count_{0};
  std::array<std::unique_ptr<RouteCounts>, kRoutesMax> routes_;
};

struct ViewFamilies {
  MetricFamily cells{"millrace_view_cells_total",
                     "Values answered with, by their status",
                     MetricType::Counter,
                     {}};
  MetricFamily newest{"millrace_view_newest_event_seconds",
                      "Time of the newest event or row answered with, since the epoch",
                      MetricType::Gauge,
                      {}};
  MetricFamily freshness{"millrace_view_freshness_seconds",
                         "Age of the newest event or row answered with",
                         MetricType::Gauge,
                         {}};
  MetricFamily reads{
      "millrace_view_store_reads_total", "Keys read from the store", MetricType::Counter, {}};
  MetricFamily errors{"millrace_view_errors_total",
                      "Values that an evaluation error made null, by its code",
                      MetricType::Counter,
                      {}};
};

class ViewCounts : public ViewMetrics {
 public:
  void Status(online::CellStatus status, int64_t cells) override {
    counts_.Add(static_cast<size_t>(status), cells);
  }
  void Newest(base::EventTime event_time) override {
    const int64_t micros = event_time.micros();
    if (micros == 0) return;
    int64_t newest = newest_.load(std::memory_order_relaxed);
    while (micros > newest && !newest_.compare_exchange_weak(newest, micros)) {
    }
  }
  void StoreReads(int64_t keys) override { counts_.Add(kReads, keys); }
  void Error(std::string_view code, int64_t cells) override {
    const std::lock_guard lock(errors_mutex_);
    errors_[std::string(code)] += cells;
  }

  void Append(const std::string& view, base::EventTime now, ViewFamilies* families) const {
    for (const online::CellStatus status : kCellStatuses) {
      AddCounter(&families->cells,
                 {{"view", view}, {"status", std::string(online::CellStatusName(status))}},
                 static_cast<double>(counts_.Sum(static_cast<size_t>(status))));
    }
    AddCounter(&families->reads, {{"view", view}}, static_cast<double>(counts_.Sum(kReads)));
    if (const int64_t newest = newest_.load(std::memory_order_relaxed); newest != kNone) {
      const base::Duration age = now - base::EventTime::Micros(newest);
      AddGauge(&families->newest, {{"view", view}}, static_cast<double>(newest) / kMicrosPerSecond);
      AddGauge(&families->freshness, {{"view", view}},
               static_cast<double>(age.micros()) / kMicrosPerSecond);
    }
    const std::lock_guard lock(errors_mutex_);
    for (const auto& [code, cells] : errors_) {
      AddCounter(&families->errors, {{"view", view}, {"code", code}}, static_cast<double>(cells));
    }
  }

 private:
  static constexpr size_t kReads = kCellStatuses.size();
  static constexpr int64_t kNone = std::numeric_limits<int64_t>::min();

  Counts<kReads + 1> counts_;
  std::atomic<int64_t> newest_{kNone};
  mutable std::mutex errors_mutex_;
  std::map<std::string, int64_t> errors_;
};

// A number that is set, not added to.
struct Given {
  std::string help;
  MetricType type = MetricType::Gauge;
  double value = 0;
};

class PageMetrics : public Metrics {
 public:
  void Request(std::string_view route, int status,
               std::chrono::steady_clock::duration took) override {
    const auto nanos = std::chrono::duration_cast<std::chrono::nanoseconds>(took).count();
    routes_.Find(route)->Add(status, nanos);
  }

  ViewMetrics* View(const std::string& view) override {
    const std::lock_guard lock(mutex_);
    return &views_[view];
  }

  void Gauge(std::string_view name, std::string_view help, double value) override {
    Set(name, {std::string(help), MetricType::Gauge, value});
  }
  void Counter(std::string_view name, std::string_view help, double value) override {
    Set(name, {std::string(help), MetricType::Counter, value});
  }

  std::string Text(base::EventTime now) override {
    std::vector<MetricFamily> families = OfRoutes();
    {
      const std::lock_guard lock(mutex_);
      AppendViews(now, &families);
      for (const auto& [name, given] : given_) {
        families.push_back({name, given.help, given.type, {}});
        const auto add = given.type == MetricType::Gauge ? AddGauge : AddCounter;
        add(&families.back(), {}, given.value);
      }
    }
    std::erase_if(families, [](const MetricFamily& family) { return family.metric.empty(); });
    return prometheus::TextSerializer().Serialize(families);
  }

 private:
  void Set(std::string_view name, Given given) {
    const std::lock_guard lock(mutex_);
    given_[std::string(name)] = std::move(given);
  }

  std::vector<MetricFamily> OfRoutes() const {
    MetricFamily requests{"millrace_requests_total",
                          "Requests answered, by route and HTTP status",
                          MetricType::Counter,
                          {}};
    MetricFamily durations{"millrace_request_duration_seconds",
                           "Time from a request being read to its answer being made",
                           MetricType::Histogram,
                           {}};
    routes_.ForEach([&](const RouteCounts& route) { route.Append(&requests, &durations); });
    return {std::move(requests), std::move(durations)};
  }

  // REQUIRES: mutex_ is held.
  void AppendViews(base::EventTime now, std::vector<MetricFamily>* families) const {
    ViewFamilies of;
    for (const auto& [view, counts] : views_) counts.Append(view, now, &of);
    for (MetricFamily* family : {&of.cells, &of.newest, &of.freshness, &of.reads, &of.errors}) {
      families->push_back(std::move(*family));
    }
  }

  Routes routes_;
  std::mutex mutex_;
  std::map<std::string, ViewCounts> views_;  // its nodes stay where they are
  std::map<std::string, Given> given_;
};

}  // namespace

std::unique_ptr<Metrics> Metrics::Make() {
  return std::make_unique<PageMetrics>();
}

}  // namespace millrace::serve
