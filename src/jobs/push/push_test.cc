#include "jobs/push/push.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/failpoint.h"
#include "jobs/online_testing.h"
#include "jobs/source_folders.h"
#include "sources/push/push_log_reader.h"

namespace millrace::jobs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class PushTest : public OnlineTest {
 protected:
  void TearDown() override {
    ASSERT_TRUE(base::SetFailpoints("").ok());
    OnlineTest::TearDown();
  }
  std::string Spend(const std::string& user) const {
    return Said(Of(user, {"spend:sum", "spend:count"}));
  }
  // Rows that training sets may read.
  int64_t OfflineRows(const std::string& source) const {
    const std::string push = FoldersOf(Open().project)->push;
    const auto plan = Open().registry.Newest().ValueOrDie()->content.plan;
    const auto reader = sources::OpenPushLog(plan->sources[plan->FindSource(source)], push, {},
                                             {.to = sources::PushTo::kOffline, .tagged = false});
    int64_t rows = 0;
    for (int64_t i = 0; i < (*reader)->parts(); ++i) {
      const auto part = *(*reader)->OpenPart(i);
      while (true) {
        const auto batch = *part->Next();
        if (!batch.has_value()) break;
        rows += batch->size;
      }
    }
    return rows;
  }
};

constexpr const char* kEleven = "2025-01-10T11:00:00Z";

TEST_F(PushTest, WhatWasPushedIsAnswered) {
  const PushedBatch pushed = MustPush(
      "clicks",
      {Click("u1", "0.1", kEleven), "", Click("u1", "0.2", kEleven), Click("u2", "null", kEleven)});
  EXPECT_EQ(pushed.rows.rows, (sources::RowRange{1, 3}));
  EXPECT_EQ(Spend("u1"),
            "0.30000000000000004 PRESENT 2025-01-10T11:00:00Z; 2 PRESENT 2025-01-10T11:00:00Z");
  EXPECT_EQ(OfflineRows("clicks"), 3);
  EXPECT_EQ(MustPush("clicks", {Click("u1", "1", kEleven)}).rows.rows, (sources::RowRange{4, 4}));
  EXPECT_EQ(Spend("u1"), "1.3 PRESENT 2025-01-10T11:00:00Z; 3 PRESENT 2025-01-10T11:00:00Z");
}

TEST_F(PushTest, BatchesOfOneProcessCountOn) {
  const Repository repository = Open();
  const auto pusher = *Pusher::Open(repository, {.source = "clicks"}, clock_);
  const std::string line = Click("u1", "1", kEleven);
  for (int64_t batch = 1; batch <= 3; ++batch) {
    const auto pushed = pusher->Append(std::vector<std::string_view>(2, line), 2 * batch - 1);
    ASSERT_TRUE(pushed.ok()) << pushed.status();
    EXPECT_EQ(pushed->rows.rows, (sources::RowRange{2 * batch - 1, 2 * batch}));
    ASSERT_TRUE(pusher->CompactIfDue().ok());
    clock_.now = clock_.now + base::Duration::Seconds(100);  // the log is compacted meanwhile
  }
  EXPECT_EQ(Spend("u1"), "6.0 PRESENT 2025-01-10T11:00:00Z; 6 PRESENT 2025-01-10T11:00:00Z");
}

TEST_F(PushTest, ABlankBatchIsNothing) {
  const PushedBatch before = MustPush("clicks", {Click("u1", "1", kEleven)});
  const PushedBatch pushed = MustPush("clicks", {"", "  "});
  EXPECT_GT(pushed.rows.rows.first, pushed.rows.rows.last);
  EXPECT_EQ(pushed.commit, before.commit);
}

TEST_F(PushTest, RowsForOneSideAlone) {
  MustPush("clicks", {Click("u1", "1", kEleven)}, sources::PushTo::kOnline);
  MustPush("clicks", {Click("u1", "10", kEleven)}, sources::PushTo::kOffline);
  EXPECT_EQ(Spend("u1"), "1.0 PRESENT 2025-01-10T11:00:00Z; 1 PRESENT 2025-01-10T11:00:00Z");
  EXPECT_EQ(OfflineRows("clicks"), 1);
  MustPush("clicks", {Click("u1", "100", kEleven)});
  EXPECT_EQ(Spend("u1"), "101.0 PRESENT 2025-01-10T11:00:00Z; 2 PRESENT 2025-01-10T11:00:00Z");
}

TEST_F(PushTest, ABadLineRefusesItsBatch) {
  MustPush("clicks", {Click("u1", "1", kEleven)});
  const auto refused = [&](const std::string& line) {
    const auto pushed =
        Push("clicks", {Click("u1", "1", kEleven), Click("u1", "1", kEleven), line});
    EXPECT_EQ(CodeOf(pushed.status()), "bad_value") << line;
    return base::ProblemsOf(pushed.status())[0].message;
  };
  EXPECT_THAT(refused("{"), HasSubstr("line 3: "));
  EXPECT_THAT(refused("[1]"), HasSubstr("expected a JSON object of source 'clicks'"));
  EXPECT_THAT(refused(R"({"user_id": "u1", "user_id": "u2"})"), HasSubstr("'user_id' twice"));
  EXPECT_EQ(refused(Click("u1", "\"much\"", kEleven)),
            "line 3: column 'amount' is 'much'; expected float64");
  EXPECT_EQ(refused(Click("u1", "1", "yesterday")),
            "line 3: column 'event_time' is 'yesterday'; expected timestamp (ISO-8601)");
  EXPECT_EQ(refused(R"({"user_id": "u1", "amount": 1})"),
            "line 3: the event time 'event_time' is missing or null");
  EXPECT_EQ(Spend("u1"), "1.0 PRESENT 2025-01-10T11:00:00Z; 1 PRESENT 2025-01-10T11:00:00Z");
  EXPECT_EQ(OfflineRows("clicks"), 1);
}

TEST_F(PushTest, ARefusedBatchLeavesNothingForTheNext) {
  const Repository repository = Open();
  const auto pusher = *Pusher::Open(repository, {.source = "clicks"}, clock_);
  const std::string good = Click("u1", "1", kEleven);
  EXPECT_FALSE(pusher->Append(std::vector<std::string_view>{good, "{"}, 1).ok());
  const auto pushed = pusher->Append(std::vector<std::string_view>{good}, 3);
  ASSERT_TRUE(pushed.ok());
  EXPECT_EQ(pushed->rows.rows, (sources::RowRange{1, 1}));
}

TEST_F(PushTest, UnknownFieldsAreLeftOutAndNullKeysAreCounted) {
  const PushedBatch pushed = MustPush(
      "clicks", {R"({"user_id": "u1", "colour": "red", "event_time": "2025-01-10T11:00:00Z"})",
                 R"({"event_time": "2025-01-10T11:00:00Z"})"});
  EXPECT_EQ(Spend("u1"), "null NULL_VALUE 2025-01-10T11:00:00Z; 1 PRESENT 2025-01-10T11:00:00Z");
  ASSERT_EQ(pushed.rejected.reasons.size(), 1U);
  EXPECT_EQ(pushed.rejected.reasons[0].code, "null_key");
}

TEST_F(PushTest, ANullKnowledgeTimeIsThatOfTheReceipt) {
  const std::string line = R"({"user_id": "u1", "age": 30, "event_time": "2025-01-10T10:00:00Z"})";
  MustPush("profiles", {line});
  GetOptions options = Of("u1", {"profile:age"});
  EXPECT_EQ(Said(options), "30 PRESENT 2025-01-10T10:00:00Z");
  clock_.now = clock_.now + base::Duration::Seconds(60);
  options.at = *base::ParseTime("2025-01-10T11:59:59Z");  // a second before it came
  EXPECT_EQ(Said(options), "null NOT_FOUND 1970-01-01T00:00:00Z");
}

TEST_F(PushTest, WhatTheLogHasMoreThanTheStoreIsMadeUpFor) {
  MustPush("clicks", {Click("u1", "1", kEleven)});
  ASSERT_TRUE(base::SetFailpoints("kv.commit.before=error@1").ok());
  {
    const Repository repository = Open();
    const auto pusher = *Pusher::Open(repository, {.source = "clicks"}, clock_);
    const std::string line = Click("u1", "2", kEleven);
    const auto failed = pusher->Append(std::vector<std::string_view>{line}, 1);
    ASSERT_FALSE(failed.ok());
    EXPECT_THAT(base::ProblemsOf(failed.status())[0].message,
                HasSubstr("rows 2-2 of " + pusher->caught_up().rows.writer +
                          " are in the push log and will reach the store with the next push"));
    EXPECT_EQ(Spend("u1"), "1.0 PRESENT 2025-01-10T11:00:00Z; 1 PRESENT 2025-01-10T11:00:00Z");
    // The same process goes on.
    ASSERT_TRUE(pusher->Append(std::vector<std::string_view>{line}, 2).ok());
  }
  EXPECT_EQ(Spend("u1"), "5.0 PRESENT 2025-01-10T11:00:00Z; 3 PRESENT 2025-01-10T11:00:00Z");
  ASSERT_TRUE(base::SetFailpoints("kv.commit.before=error@1").ok());
  EXPECT_FALSE(Push("clicks", {Click("u1", "10", kEleven)}).ok());
  ASSERT_TRUE(base::SetFailpoints("").ok());
  // The next process starts with it, whatever it pushes.
  MustPush("clicks", {""});
  EXPECT_EQ(Spend("u1"), "15.0 PRESENT 2025-01-10T11:00:00Z; 4 PRESENT 2025-01-10T11:00:00Z");
}

TEST_F(PushTest, ViewsOfFilesWaitUntilTheyAreMaterialized) {
  const PushedBatch pushed = MustPush("orders", {Click("u1", "1", kEleven)});
  EXPECT_THAT(pushed.waiting, ElementsAre("ordered"));
  EXPECT_EQ(Said(Of("u1", {"ordered:orders"})), "not_ready");
  EXPECT_THAT(MustPush("clicks", {Click("u1", "1", kEleven)}).waiting, IsEmpty());
}

TEST_F(PushTest, AViewThatComesLaterHasAllThatWasPushed) {
  MustPush("clicks", {Click("u1", "1", kEleven), Click("u1", "2", kEleven)});
  std::string definitions = kDefinitions;
  const std::string at = "views:\n";
  definitions.insert(definitions.find(at) + at.size(), R"(  fresh:
    entity: user
    source: clicks
    where: amount > 1
    window: 7d
    features: {sum: sum(amount)}
)");
  Write("features/all.yaml", definitions);
  MustApply();
  EXPECT_EQ(Said(Of("u1", {"fresh:sum"})), "not_ready");
  MustPush("clicks", {Click("u1", "4", kEleven)});
  EXPECT_EQ(Said(Of("u1", {"fresh:sum"})), "6.0 PRESENT 2025-01-10T11:00:00Z");
  EXPECT_EQ(Spend("u1"), "7.0 PRESENT 2025-01-10T11:00:00Z; 3 PRESENT 2025-01-10T11:00:00Z");
}

TEST_F(PushTest, WhatIsRefused) {
  const auto unknown = Push("click", {});
  EXPECT_EQ(CodeOf(unknown.status()), "unknown_name");
  EXPECT_EQ(base::ProblemsOf(unknown.status())[0].hint, "did you mean 'clicks'?");
  const Repository repository = Open();
  const auto first = *Pusher::Open(repository, {.source = "clicks"}, clock_);
  EXPECT_EQ(CodeOf(Push("clicks", {}).status()), "store_owned");
}

}  // namespace
}  // namespace millrace::jobs
