#include "serve/observe/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace millrace::serve {
namespace {

using base::EventTime;
using online::CellStatus;
using std::chrono::microseconds;
using std::chrono::nanoseconds;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr EventTime kNow = EventTime::Micros(1'700'000'000'000'000);

TEST(Metrics, APageOfNothingIsEmpty) {
  EXPECT_EQ(Metrics::Make()->Text(kNow), "");
}

TEST(Metrics, RequestsByRouteAndStatus) {
  const auto metrics = Metrics::Make();
  metrics->Request("features", 200, microseconds(60));
  metrics->Request("features", 200, microseconds(70));
  metrics->Request("features", 422, microseconds(10));
  metrics->Request("push", 200, microseconds(900));
  const std::string text = metrics->Text(kNow);
  EXPECT_THAT(text, HasSubstr("# TYPE millrace_requests_total counter\n"));
  EXPECT_THAT(text, HasSubstr("millrace_requests_total{route=\"features\",status=\"200\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("millrace_requests_total{route=\"features\",status=\"422\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("millrace_requests_total{route=\"push\",status=\"200\"} 1\n"));
}

TEST(Metrics, ADurationIsInTheBucketsThatItDoesNotExceed) {
  const auto metrics = Metrics::Make();
  metrics->Request("features", 200, nanoseconds(25'000));
  metrics->Request("features", 200, nanoseconds(25'001));
  metrics->Request("features", 200, std::chrono::seconds(6));
  const std::string text = metrics->Text(kNow);
  const auto bucket = [](const char* le, int count) {
    return "millrace_request_duration_seconds_bucket{route=\"features\",le=\"" + std::string(le) +
           "\"} " + std::to_string(count) + "\n";
  };
  EXPECT_THAT(text, HasSubstr("# TYPE millrace_request_duration_seconds histogram\n"));
  EXPECT_THAT(text, HasSubstr(bucket("2.5e-05", 1)));
  EXPECT_THAT(text, HasSubstr(bucket("5e-05", 2)));
  EXPECT_THAT(text, HasSubstr(bucket("0.00015", 2)));
  EXPECT_THAT(text, HasSubstr(bucket("5", 2)));
  EXPECT_THAT(text, HasSubstr(bucket("+Inf", 3)));
  EXPECT_THAT(text, HasSubstr("millrace_request_duration_seconds_count{route=\"features\"} 3\n"));
  EXPECT_THAT(text,
              HasSubstr("millrace_request_duration_seconds_sum{route=\"features\"} 6.000050001\n"));
}

TEST(Metrics, AViewsCounts) {
  const auto metrics = Metrics::Make();
  ViewMetrics* spend = metrics->View("spend");
  EXPECT_EQ(metrics->View("spend"), spend);
  metrics->View("quiet");
  spend->Status(CellStatus::kPresent, 5);
  spend->Status(CellStatus::kPresent, 2);
  spend->Status(CellStatus::kOutsideMaxAge, 1);
  spend->StoreReads(3);
  spend->Error("integer_overflow", 4);
  spend->Newest(EventTime());
  spend->Newest(kNow + base::Duration::Seconds(-20));
  spend->Newest(kNow + base::Duration::Seconds(-30));
  const std::string text = metrics->Text(kNow);
  for (const char* line :
       {"millrace_view_cells_total{view=\"spend\",status=\"PRESENT\"} 7\n",
        "millrace_view_cells_total{view=\"spend\",status=\"OUTSIDE_MAX_AGE\"} 1\n",
        "millrace_view_cells_total{view=\"spend\",status=\"NOT_FOUND\"} 0\n",
        "millrace_view_store_reads_total{view=\"spend\"} 3\n",
        "millrace_view_errors_total{view=\"spend\",code=\"integer_overflow\"} 4\n",
        "millrace_view_newest_event_seconds{view=\"spend\"} 1699999980\n",
        "millrace_view_freshness_seconds{view=\"spend\"} 20\n",
        "millrace_view_store_reads_total{view=\"quiet\"} 0\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  EXPECT_THAT(text, Not(HasSubstr("freshness_seconds{view=\"quiet\"}")));
}

TEST(Metrics, AGivenNumberIsTheLastOne) {
  const auto metrics = Metrics::Make();
  metrics->Gauge("millrace_open_connections", "Connections that are open", 3);
  metrics->Gauge("millrace_open_connections", "Connections that are open", 2);
  metrics->Counter("millrace_feature_log_lost_rows_total", "Rows lost", 7);
  const std::string text = metrics->Text(kNow);
  EXPECT_EQ(text,
            "# HELP millrace_feature_log_lost_rows_total Rows lost\n"
            "# TYPE millrace_feature_log_lost_rows_total counter\n"
            "millrace_feature_log_lost_rows_total 7\n"
            "# HELP millrace_open_connections Connections that are open\n"
            "# TYPE millrace_open_connections gauge\n"
            "millrace_open_connections 2\n");
}

TEST(Metrics, WhatIsTooManyIsOther) {
  const auto metrics = Metrics::Make();
  for (int status = 400; status < 420; ++status) {
    metrics->Request("features", status, microseconds(1));
  }
  for (int i = 0; i < 100; ++i) {
    metrics->Request("route_" + std::to_string(i), 200, microseconds(1));
  }
  const std::string text = metrics->Text(kNow);
  EXPECT_THAT(text, HasSubstr("{route=\"features\",status=\"414\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("{route=\"features\",status=\"other\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("{route=\"route_61\",status=\"200\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("{route=\"other\",status=\"200\"} 38\n"));
}

TEST(Metrics, ThreadsLoseNothing) {
  const auto metrics = Metrics::Make();
  ViewMetrics* view = metrics->View("spend");
  constexpr int kThreads = 12;
  constexpr int kTimes = 5'000;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      const std::string own = "route_" + std::to_string(i % 4);
      for (int n = 0; n < kTimes; ++n) {
        metrics->Request("features", n % 2 == 0 ? 200 : 404, microseconds(n));
        metrics->Request(own, 200, microseconds(n));
        view->Status(CellStatus::kPresent, 1);
        view->Error("bad_cast", 1);
        view->Newest(EventTime::Micros(i * kTimes + n));
      }
    });
  }
  metrics->Text(kNow);
  for (std::thread& thread : threads) thread.join();
  const std::string text = metrics->Text(kNow);
  for (const char* line : {"millrace_requests_total{route=\"features\",status=\"200\"} 30000\n",
                           "millrace_requests_total{route=\"features\",status=\"404\"} 30000\n",
                           "millrace_requests_total{route=\"route_3\",status=\"200\"} 15000\n",
                           "millrace_request_duration_seconds_count{route=\"features\"} 60000\n",
                           "millrace_view_cells_total{view=\"spend\",status=\"PRESENT\"} 60000\n",
                           "millrace_view_errors_total{view=\"spend\",code=\"bad_cast\"} 60000\n",
                           "millrace_view_newest_event_seconds{view=\"spend\"} 0.059999\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

}  // namespace
}  // namespace millrace::serve
