// For tests: a repository with an embedded online store, a source whose push log is all there is,
// and a clock that is set.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "jobs/definitions/apply.h"
#include "jobs/push/push.h"
#include "jobs/reads/get.h"
#include "jobs/repository_testing.h"

namespace millrace::jobs {

class SetClock : public base::Clock {
 public:
  base::EventTime Now() const override { return now; }
  base::EventTime now = *base::ParseTime("2025-01-10T12:00:00Z");
};

class OnlineTest : public RepositoryTest {
 protected:
  void SetUp() override {
    RepositoryTest::SetUp();
    Write("millrace.yaml", "project: shop\nregistry: sqlite:registry.db\nonline: lmdb:./online\n");
    Write("features/all.yaml", kDefinitions);
    MustApply();
  }

  void MustApply() const {
    const auto applied = Apply(Open(), {.author = "ann", .base = {}}, clock_);
    ASSERT_TRUE(applied.ok()) << applied.status().ToString();
  }

  // "u1 0.1 2025-01-10T11:00:00Z": a line of the source `clicks`.
  static std::string Click(const std::string& user, const std::string& amount,
                           const std::string& time) {
    return R"({"user_id": ")" + user + R"(", "amount": )" + amount + R"(, "event_time": ")" + time +
           "\"}";
  }

  base::Result<PushedBatch> Push(const std::string& source, const std::vector<std::string>& lines,
                                 sources::PushTo to = sources::PushTo::kBoth) const {
    const Repository repository = Open();
    ARROW_ASSIGN_OR_RAISE(
        const auto pusher,
        Pusher::Open(repository, {.source = source, .to = to, .wait_seconds = 0}, clock_));
    return pusher->Append(std::vector<std::string_view>(lines.begin(), lines.end()), 1);
  }
  PushedBatch MustPush(const std::string& source, const std::vector<std::string>& lines,
                       sources::PushTo to = sources::PushTo::kBoth) const {
    auto pushed = Push(source, lines, to);
    EXPECT_TRUE(pushed.ok()) << pushed.status().ToString();
    return pushed.ok() ? *pushed : PushedBatch();
  }

  // What is asked for of one user.
  static GetOptions Of(const std::string& user, const std::vector<std::string>& features) {
    GetOptions options;
    options.features = features;
    options.keys = {{"user_id", user}};
    return options;
  }
  base::Result<GetResult> Ask(const GetOptions& options) const {
    return Get(Open(), options, clock_);
  }
  // "3 PRESENT 2025-01-10T11:00:00Z; …", or the error's code.
  std::string Said(const GetOptions& options) const {
    const auto result = Ask(options);
    if (!result.ok()) return CodeOf(result.status());
    std::string text;
    for (const online::AnswerColumn& column : result->answer.columns) {
      for (int64_t row = 0; row < result->rows; ++row) {
        const auto i = static_cast<size_t>(row);
        if (!text.empty()) text += "; ";
        text += columns::ToText(column.values.value(row), column.values.type) + " " +
                std::string(online::CellStatusName(column.statuses[i])) + " " +
                base::FormatTime(column.event_times[i]);
      }
    }
    return text;
  }

  static constexpr const char* kDefinitions = R"(entities:
  user: {keys: {user_id: string}}
sources:
  clicks:
    timestamp: event_time
    columns: {user_id: string, amount: float64, event_time: timestamp}
  profiles:
    timestamp: event_time
    created: ingested_at
    columns: {user_id: string, age: int64, event_time: timestamp, ingested_at: timestamp}
  orders:
    path: data/purchases.csv
    timestamp: event_time
    columns: {user_id: string, amount: float64, event_time: timestamp}
views:
  spend:
    entity: user
    source: clicks
    window: 7d
    history: all
    features: {sum: sum(amount), count: count(), top: max(amount)}
    derived: {share: sum / 10}
  total:
    source: clicks
    window: 7d
    features: {clicks: count()}
  profile:
    entity: user
    source: profiles
    ttl: 30d
    features: [age]
  ordered:
    entity: user
    source: orders
    window: 7d
    features: {orders: count()}
on_demand:
  price:
    inputs: [spend]
    request: {price: float64}
    features: {ratio: price / sum}
services:
  ranking: {features: ["spend:sum", "profile:age"]}
)";
  mutable SetClock clock_;
};

}  // namespace millrace::jobs
