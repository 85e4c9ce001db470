// A feature log on S3. Run by tests/integration/s3_test.py, which starts a server and looks at the
// bucket afterwards; skipped elsewhere.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "serve/observe/feature_log.h"
#include "serve/observe/observe_testing.h"
#include "sources/files/s3_session.h"

namespace millrace::serve {
namespace {

using base::EventTime;

constexpr EventTime kNow = EventTime::Micros(1'738'319'400'000'042);  // 2025-01-31T10:30:00Z

// What main holds.
class Session : public ::testing::Environment {
 public:
  void TearDown() override { session_.reset(); }

 private:
  std::optional<sources::S3Session> session_{std::in_place};
};

[[maybe_unused]] const auto* const kSession = ::testing::AddGlobalTestEnvironment(new Session);

TEST(S3FeatureLog, IsWrittenByItsEnd) {
  const char* bucket = std::getenv("MILLRACE_TEST_BUCKET");
  if (bucket == nullptr) GTEST_SKIP() << "needs a server: tests/integration/s3_test.py";
  const SetClock clock(kNow);
  const std::string lake = std::string("s3://") + bucket + "/lake";
  auto log = FeatureLog::Open(lake, {.file_rows_max = 2}, clock).ValueOrDie();
  for (int i = 0; i < 3; ++i) {
    online::Answer answer;
    answer.rows = 1;
    online::AnswerColumn& sum = answer.columns.emplace_back();
    sum.name = "sum_1h";
    columns::ColumnBuffer cells(columns::Kind::kFloat64);
    cells.AppendFloat(i + 0.5);
    sum.values = answer.Keep(columns::Own(std::move(cells)));
    sum.statuses = answer.Keep(std::vector{online::CellStatus::kPresent});
    sum.event_times = answer.Keep(std::vector{kNow});
    ServedAnswer served;
    served.request_id = "r-" + std::to_string(i);
    served.service = "ranking";
    served.as_of = kNow;
    served.received = kNow;
    served.answer = std::make_shared<const online::Answer>(std::move(answer));
    log->Add(std::move(served));
  }
  EXPECT_TRUE(log->Add(Outcome{"r-1", "outcome", "true", kNow}));
  log.reset();

  auto lost = FeatureLog::Open("s3://no-such-bucket", {.file_rows_max = 1}, clock).ValueOrDie();
  EXPECT_TRUE(lost->Add(Outcome{"r-1", "outcome", "true", kNow}));
  while (lost->counts().lost == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_NE(lost->counts().last_error, "");
}

}  // namespace
}  // namespace millrace::serve
