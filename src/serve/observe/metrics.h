// Metrics: what the server counts, for Prometheus: requests by route and status with their time,
// and per view statuses, freshness, store reads and errors. Cheap on the path of a request.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/time.h"
#include "online/answer.h"

namespace millrace::serve {

// Counters of one view, found once and kept. Safe from every thread.
class ViewMetrics {
 public:
  virtual ~ViewMetrics() = default;
  virtual void Status(online::CellStatus status, int64_t cells) = 0;
  // Of an event or row that was answered with. The epoch is none.
  virtual void Newest(base::EventTime event_time) = 0;
  virtual void StoreReads(int64_t keys) = 0;
  virtual void Error(std::string_view code, int64_t cells) = 0;  // cells that an error made null
};

// Safe from every thread.
class Metrics {
 public:
  static std::unique_ptr<Metrics> Make();
  virtual ~Metrics() = default;

  // `route`: a name of routes/, never what a client sent.
  virtual void Request(std::string_view route, int status,
                       std::chrono::steady_clock::duration took) = 0;
  // Lives as long as this.
  virtual ViewMetrics* View(const std::string& view) = 0;
  // A number as it is from now on, set before a page is made: open connections, queue lengths, lost
  // rows, the registry's version. `name` as on the page, millrace_ and all; a counter's ends with
  // _total and its value never falls.
  virtual void Gauge(std::string_view name, std::string_view help, double value) = 0;
  virtual void Counter(std::string_view name, std::string_view help, double value) = 0;
  // Prometheus' text format, 0.0.4. `now`: what freshness counts from.
  virtual std::string Text(base::EventTime now) = 0;
};

}  // namespace millrace::serve
