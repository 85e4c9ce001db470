#include "jobs/push/online_writes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <thread>

#include "base/failpoint.h"
#include "jobs/online_testing.h"
#include "jobs/source_folders.h"
#include "kv/redis_testing.h"

namespace millrace::jobs {
namespace {

using sources::RowRange;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kEleven = "2025-01-10T11:00:00Z";

class OnlineWritesTest : public OnlineTest {
 protected:
  void SetUp() override {
    OnlineTest::SetUp();
    Serve();
  }
  void TearDown() override {
    End();
    ASSERT_TRUE(base::SetFailpoints("").ok());
    OnlineTest::TearDown();
  }

  // A server begins, and ends.
  void Serve() {
    End();
    repository_.emplace(Open());
    auto store = OpenOnlineStore(repository_->project, false, 0);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    auto writes = OnlineWrites::Open(*repository_, store_, clock_);
    ASSERT_TRUE(writes.ok()) << writes.status();
    writes_ = *std::move(writes);
  }
  void End() {
    writes_.reset();
    store_.reset();
    repository_.reset();
  }
  // The definitions with `text` behind the line that ends so.
  void ApplyWith(const std::string& behind, const std::string& text) {
    std::string definitions = kDefinitions;
    definitions.insert(definitions.find(behind) + behind.size(), text);
    Write("features/all.yaml", definitions);
    MustApply();
  }

  base::Result<PushAnswer> Push(const std::vector<std::string>& rows, const std::string& id = "",
                                const std::string& source = "clicks") const {
    PushCall call;
    call.source = source;
    call.rows.assign(rows.begin(), rows.end());
    if (!id.empty()) call.request_id = id;
    return writes_->Push(call);
  }
  // "1-2", "repeated 1-2", "none" or "code message".
  std::string Pushed(const std::vector<std::string>& rows, const std::string& id = "",
                     const std::string& source = "clicks") const {
    const auto pushed = Push(rows, id, source);
    if (!pushed.ok()) {
      const base::Problem problem = base::ProblemsOf(pushed.status())[0];
      return std::string(problem.code.name) + " " + problem.message;
    }
    const RowRange& range = pushed->batch.rows.rows;
    if (range.first > range.last) return "none";
    return (pushed->repeated ? "repeated " : "") + std::to_string(range.first) + "-" +
           std::to_string(range.last);
  }
  // "sum count" of a user's clicks.
  std::string Spend(const std::string& user) const {
    const auto result = Ask(Of(user, {"spend:sum", "spend:count"}));
    if (!result.ok()) return CodeOf(result.status());
    std::string text;
    for (const online::AnswerColumn& column : result->answer.columns) {
      if (!text.empty()) text += " ";
      text += columns::ToText(column.values.value(0), column.values.type);
    }
    return text;
  }
  std::string Age(const std::string& user) const { return Said(Of(user, {"profile:age"})); }

  // All segments of all logs that were pushed into become Parquet, due or not.
  void Compact() const {
    ASSERT_TRUE(base::SetFailpoints("log.compact.due=error").ok());
    const base::Status compacted = writes_->Compact();
    ASSERT_TRUE(base::SetFailpoints("").ok());
    ASSERT_TRUE(compacted.ok()) << compacted;
  }
  size_t LogFiles(const std::string& source, const std::string& extension) const {
    size_t count = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(FoldersOf(Open().project)->push + "/" + source)) {
      if (entry.path().extension() == extension) ++count;
    }
    return count;
  }
  int64_t OnlineSizeRows() const {
    const auto snapshot = *store_->Read();
    const auto rows = *snapshot->Range("");
    int64_t count = 0;
    kv::Row row;
    while (*rows->Next(&row)) ++count;
    return count;
  }

  std::optional<Repository> repository_;
  std::shared_ptr<kv::Store> store_;
  std::unique_ptr<OnlineWrites> writes_;
};

// Does something at the start of each stage of a run.
class AtStage : public base::Progress {
 public:
  explicit AtStage(std::function<void(std::string_view)> act) : act_(std::move(act)) {}
  void Begin(std::string_view stage, int64_t, std::string_view) override { act_(stage); }
  void Advance(int64_t) override {}
  void End() override {}

 private:
  const std::function<void(std::string_view)> act_;
};

TEST_F(OnlineWritesTest, PushesIntoSeveralSources) {
  EXPECT_EQ(Pushed({Click("u1", "1", kEleven), " ", Click("u1", "2", kEleven)}), "1-2");
  EXPECT_EQ(Pushed({R"({"user_id": "u1", "age": 30, "event_time": "2025-01-10T11:00:00Z"})"}, "",
                   "profiles"),
            "1-1");
  EXPECT_EQ(Pushed({Click("u1", "4", kEleven)}), "3-3");
  EXPECT_EQ(Pushed({"", "  "}), "none");
  EXPECT_EQ(Pushed({}), "none");
  EXPECT_EQ(Spend("u1"), "7.0 3");
  EXPECT_EQ(Age("u1"), "30 PRESENT 2025-01-10T11:00:00Z");
  const auto pushed = Push({Click("u1", "1", kEleven), R"({"event_time": "2025-01-10"})"});
  EXPECT_EQ(pushed->batch.commit, 6);  // opening a log made its views' tables
  EXPECT_EQ(pushed->batch.rejected.total(), 1);
  EXPECT_THAT(Push({Click("u1", "1", kEleven)}, "", "orders")->batch.waiting,
              ElementsAre("ordered"));
}

TEST_F(OnlineWritesTest, RefusesWhatTheSourceWould) {
  const std::string good = Click("u1", "1", kEleven);
  EXPECT_EQ(Pushed({good, "", Click("u1", "\"much\"", kEleven)}),
            "bad_value row 3: column 'amount' is 'much'; expected float64");
  EXPECT_THAT(Pushed({good, good, "{"}), HasSubstr("bad_value row 3: "));
  EXPECT_EQ(Pushed({good}, "", "click"), "unknown_name there is no source 'click'");
  EXPECT_EQ(Pushed(std::vector<std::string>(100'001, "")),
            "bad_value 100001 rows in one push; at most 100000 are taken at once");
  const std::string of_ids = "bad_value a request_id is UTF-8 text of 1 to 255 bytes";
  EXPECT_EQ(Pushed({good}, std::string(256, 'a')), of_ids);
  EXPECT_EQ(Pushed({good}, "\xff"), of_ids);
  PushCall empty;
  empty.source = "clicks";
  empty.request_id = "";
  EXPECT_EQ(CodeOf(writes_->Push(empty).status()), "bad_value");
  EXPECT_EQ(Pushed({good}, std::string(255, 'a')), "1-1");
  EXPECT_EQ(Spend("u1"), "1.0 1");
}

TEST_F(OnlineWritesTest, ARepetitionIsAppliedOnce) {
  const std::vector<std::string> rows = {Click("u1", "1", kEleven), Click("u1", "2", kEleven)};
  EXPECT_EQ(Pushed(rows), "1-2");
  EXPECT_EQ(Pushed(rows, "a"), "3-4");
  EXPECT_EQ(Pushed(rows, "a"), "repeated 3-4");
  EXPECT_EQ(Pushed({Click("u1", "4", kEleven)}, "b"), "5-5");
  // Whatever it says now.
  EXPECT_EQ(Pushed({"{"}, "b"), "repeated 5-5");
  EXPECT_THAT(Pushed({"{"}, "c"), HasSubstr("bad_value row 1: "));
  EXPECT_EQ(Spend("u1"), "10.0 5");
  Serve();
  EXPECT_EQ(Pushed(rows, "a"), "repeated 3-4");
  Compact();
  EXPECT_EQ(LogFiles("clicks", ".log"), 0u);
  EXPECT_EQ(Pushed(rows, "b"), "repeated 5-5");
  Serve();
  EXPECT_EQ(Pushed(rows, "b"), "repeated 5-5");
  EXPECT_EQ(Pushed(rows, "c"), "6-7");
  Compact();
  Compact();
  Serve();
  for (const auto& [id, range] :
       std::map<std::string, std::string>{{"a", "3-4"}, {"b", "5-5"}, {"c", "6-7"}}) {
    EXPECT_EQ(Pushed(rows, id), "repeated " + range);
  }
  EXPECT_EQ(Spend("u1"), "13.0 7");
}

TEST_F(OnlineWritesTest, ARequestIsOfItsSourceAndOfADay) {
  const std::string line = R"({"user_id": "u1", "age": 30, "event_time": "2025-01-10T11:00:00Z"})";
  EXPECT_EQ(Pushed({Click("u1", "1", kEleven)}, "a"), "1-1");
  EXPECT_EQ(Pushed({line}, "a", "profiles"), "1-1");
  clock_.now = clock_.now + base::Duration::Days(1);
  EXPECT_EQ(Pushed({Click("u1", "1", kEleven)}, "a"), "repeated 1-1");
  clock_.now = clock_.now + base::Duration::Seconds(1);
  EXPECT_EQ(Pushed({Click("u1", "1", kEleven)}, "a"), "2-2");
  EXPECT_EQ(Pushed({Click("u1", "1", kEleven)}, "a"), "repeated 2-2");
}

TEST_F(OnlineWritesTest, TheSameRequestAtTheSameTime) {
  constexpr int kThreads = 8;
  for (int round = 0; round < 20; ++round) {
    const std::string id = "request " + std::to_string(round);
    std::vector<std::string> said(kThreads);
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] { said[i] = Pushed({Click("u1", "1", kEleven)}, id); });
    }
    for (std::thread& thread : threads) thread.join();
    std::map<std::string, int> answers;
    for (const std::string& one : said) ++answers[one];
    const std::string row = std::to_string(round + 1);
    const std::string range = row + "-" + row;
    EXPECT_EQ(answers, (std::map<std::string, int>{{range, 1}, {"repeated " + range, 7}}));
  }
  EXPECT_EQ(Spend("u1"), "20.0 20");
}

TEST_F(OnlineWritesTest, WhatTheStoreDidNotTakeIsMadeUpFor) {
  EXPECT_EQ(Pushed({Click("u1", "1", kEleven)}), "1-1");
  const auto fail_commit = [&](const std::string& id) {
    ASSERT_TRUE(base::SetFailpoints("kv.commit.before=error@1").ok());
    EXPECT_THAT(Pushed({Click("u1", "2", kEleven)}, id),
                HasSubstr("are in the push log and will reach the store with the next push"));
    ASSERT_TRUE(base::SetFailpoints("").ok());
  };
  fail_commit("a");
  EXPECT_EQ(Spend("u1"), "1.0 1");
  EXPECT_EQ(Pushed({Click("u1", "2", kEleven)}, "a"), "repeated 2-2");
  EXPECT_EQ(Spend("u1"), "3.0 2");
  fail_commit("b");
  ASSERT_TRUE(writes_->Compact().ok());
  EXPECT_EQ(Spend("u1"), "5.0 3");
  fail_commit("c");
  EXPECT_EQ(Pushed({Click("u1", "4", kEleven)}), "5-5");
  EXPECT_EQ(Spend("u1"), "11.0 5");
  fail_commit("d");
  // As after a crash between the log and the store.
  Serve();
  EXPECT_EQ(Pushed({Click("u1", "2", kEleven)}, "d"), "repeated 6-6");
  EXPECT_EQ(Spend("u1"), "13.0 6");
}

TEST_F(OnlineWritesTest, AfterTheLogFailedItIsOpenedAnew) {
  EXPECT_EQ(Pushed({Click("u1", "1", kEleven)}, "a"), "1-1");
  ASSERT_TRUE(base::SetFailpoints("log.append.write=full@1").ok());
  EXPECT_THAT(Pushed({Click("u1", "2", kEleven)}, "b"), HasSubstr("disk_full"));
  ASSERT_TRUE(base::SetFailpoints("").ok());
  EXPECT_EQ(Pushed({Click("u1", "2", kEleven)}, "b"), "2-2");
  EXPECT_EQ(Pushed({Click("u1", "1", kEleven)}, "a"), "repeated 1-1");
  EXPECT_EQ(Spend("u1"), "3.0 2");
}

TEST_F(OnlineWritesTest, ARowOfASnapshotViewRepeatedOrOlderChangesNothing) {
  const WritableView view = *writes_->FindWritable("profile");
  EXPECT_EQ(view.source, "profiles");
  EXPECT_EQ(view.created, "ingested_at");
  const auto write = [&](const std::string& age, const std::string& time) {
    PushCall call;
    call.source = view.source;
    call.to = sources::PushTo::kOnline;
    const std::string row = "{\"user_id\": \"u1\", \"age\": " + age + ", \"" + view.timestamp +
                            "\": \"" + time + "\", \"" + view.created + "\": \"" + time + "\"}";
    call.rows = {row};
    const auto written = writes_->Push(call);
    ASSERT_TRUE(written.ok()) << written.status();
  };
  write("30", "2025-01-10T10:00:00Z");
  const int64_t rows = OnlineSizeRows();
  write("30", "2025-01-10T10:00:00Z");
  EXPECT_EQ(Age("u1"), "30 PRESENT 2025-01-10T10:00:00Z");
  EXPECT_EQ(OnlineSizeRows(), rows);
  write("29", "2025-01-09T10:00:00Z");
  EXPECT_EQ(Age("u1"), "30 PRESENT 2025-01-10T10:00:00Z");
  write("31", "2025-01-10T11:30:00Z");
  EXPECT_EQ(Age("u1"), "31 PRESENT 2025-01-10T11:30:00Z");
  EXPECT_EQ(CodeOf(writes_->FindWritable("spend").status()), "view_not_writable");
  EXPECT_EQ(CodeOf(writes_->FindWritable("spent").status()), "unknown_name");
}

TEST_F(OnlineWritesTest, MaterializesFilesBesidePushedRows) {
  EXPECT_EQ(Pushed({Click("ann", "1", kEleven)}, "", "orders"), "1-1");
  clock_.now = *base::ParseTime("2025-01-10T12:00:00Z");
  EXPECT_EQ(CodeOf(writes_->Materialize({.views = {"order"}}).status()), "unknown_name");
  const auto some = writes_->Materialize({.views = {"profile"}});
  ASSERT_TRUE(some.ok()) << some.status();
  EXPECT_THAT(some->waiting, ElementsAre("ordered", "spend", "total"));
  const auto all = writes_->Materialize({});
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_THAT(all->waiting, IsEmpty());
  EXPECT_EQ(Said(Of("ann", {"ordered:orders"})), "1 PRESENT 2025-01-10T11:00:00Z");
  EXPECT_EQ(Pushed({Click("ann", "1", kEleven)}, "", "orders"), "2-2");
  EXPECT_EQ(Said(Of("ann", {"ordered:orders"})), "2 PRESENT 2025-01-10T11:00:00Z");
  EXPECT_FALSE(writes_->Materialize({})->changed);
}

// What is pushed while files are read is in tables that are built, as in those that are there.
TEST_F(OnlineWritesTest, ARunGoesOnFromWhatIsPushedMeanwhile) {
  Write("data/purchases.csv", "user_id,amount,event_time\nann,5,2025-01-09T00:00:00Z\n");
  EXPECT_EQ(Pushed({Click("u1", "1", kEleven)}), "1-1");
  EXPECT_EQ(Pushed({Click("ann", "1", kEleven)}, "", "orders"), "1-1");
  int tries = 0;
  AtStage progress([&](std::string_view stage) {
    if (stage != "reading orders" || ++tries > 1) return;
    EXPECT_EQ(Pushed({Click("u1", "1", kEleven)}), "2-2");
    EXPECT_EQ(Pushed({Click("ann", "1", kEleven)}, "", "orders"), "2-2");
  });
  const auto report = writes_->Materialize({.progress = &progress});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->waiting, IsEmpty());
  EXPECT_EQ(Spend("u1"), "2.0 2");
  EXPECT_EQ(Said(Of("ann", {"ordered:orders"})), "3 PRESENT 2025-01-10T11:00:00Z");
  EXPECT_FALSE(writes_->Materialize({})->changed);
}

TEST_F(OnlineWritesTest, ARunBeginsAnewWhenAPushMadeTables) {
  Write("data/purchases.csv", "user_id,amount,event_time\nann,5,2025-01-09T00:00:00Z\n");
  int tries = 0;
  AtStage progress([&](std::string_view stage) {
    if (stage != "reading orders" || ++tries > 1) return;
    // Its views get tables, whose numbers those of the run were going to have.
    EXPECT_EQ(Pushed({Click("u1", "1", kEleven)}), "1-1");
  });
  const auto report = writes_->Materialize({.progress = &progress});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(tries, 2);
  EXPECT_EQ(Spend("u1"), "1.0 1");
  EXPECT_EQ(Said(Of("ann", {"ordered:orders"})), "1 PRESENT 2025-01-09T00:00:00Z");
}

// What a file's events looked up stays; events that are pushed meanwhile see what is pushed.
TEST_F(OnlineWritesTest, ARunThatLooksUpGoesOnToo) {
  ApplyWith("views:\n", R"(  aged:
    entity: user
    source: orders
    lookup: {user: profile}
    window: 7d
    features: {ages: sum("user".age)}
)");
  Write("data/purchases.csv", "user_id,amount,event_time\nann,5,2025-01-09T00:00:00Z\n");
  Serve();
  const auto profile = [](const std::string& age, const std::string& time) {
    return R"({"user_id": "ann", "age": )" + age + R"(, "event_time": ")" + time +
           R"(", "ingested_at": ")" + time + "\"}";
  };
  EXPECT_EQ(Pushed({profile("30", "2025-01-08T00:00:00Z")}, "", "profiles"), "1-1");
  EXPECT_EQ(Pushed({Click("ann", "1", "2025-01-10T09:00:00Z")}, "", "orders"), "1-1");
  int tries = 0;
  AtStage progress([&](std::string_view stage) {
    if (stage != "reading orders" || ++tries > 1) return;
    EXPECT_EQ(Pushed({profile("40", "2025-01-10T10:00:00Z")}, "", "profiles"), "2-2");
    EXPECT_EQ(Pushed({Click("ann", "1", kEleven)}, "", "orders"), "2-2");
  });
  const auto report = writes_->Materialize({.progress = &progress});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(tries, 4);  // for each of two views the file, and what was pushed
  EXPECT_EQ(Said(Of("ann", {"aged:ages"})), "100 PRESENT 2025-01-10T11:00:00Z");
  EXPECT_FALSE(writes_->Materialize({})->changed);
}

// Rows that a push left in the log alone are nobody's to bring but the next push's, or a run's.
TEST_F(OnlineWritesTest, ARunBringsWhatNobodyElseDoes) {
  EXPECT_EQ(Pushed({Click("u1", "1", kEleven)}), "1-1");
  ASSERT_TRUE(base::SetFailpoints("kv.commit.before=error@1").ok());
  EXPECT_THAT(Pushed({Click("u1", "2", kEleven)}), HasSubstr("are in the push log"));
  ASSERT_TRUE(base::SetFailpoints("").ok());
  EXPECT_EQ(Spend("u1"), "1.0 1");
  Write("data/purchases.csv", "user_id,amount,event_time\nann,5,2025-01-09T00:00:00Z\n");
  ASSERT_TRUE(writes_->Materialize({}).ok());
  EXPECT_EQ(Spend("u1"), "3.0 2");
  EXPECT_EQ(Pushed({Click("u1", "4", kEleven)}), "3-3");
  EXPECT_EQ(Spend("u1"), "7.0 3");
}

TEST_F(OnlineWritesTest, RunsBesidePushesReadEachFileOnce) {
  std::string definitions = kDefinitions;
  const std::string path = "data/purchases.csv";
  definitions.replace(definitions.find(path), path.size(), "data/orders-*.csv");
  Write("features/all.yaml", definitions);
  Write("data/orders-0.csv", "user_id,amount,event_time\nann,5,2025-01-09T00:00:00Z\n");
  MustApply();
  Serve();
  EXPECT_EQ(Pushed({Click("u1", "1", kEleven)}), "1-1");
  std::atomic<bool> ended = false;
  std::atomic<int> rows = 1;
  std::thread pusher([&] {
    while (!ended) {
      EXPECT_THAT(Pushed({Click("u1", "1", kEleven)}), testing::MatchesRegex("[0-9]+-[0-9]+"));
      ++rows;
    }
  });
  for (int run = 0; run < 10; ++run) {
    Write("data/orders-" + std::to_string(run) + ".csv",
          "user_id,amount,event_time\nann,5,2025-01-09T00:00:00Z\n");
    int reads = 0;
    AtStage progress([&](std::string_view stage) {
      if (stage != "reading orders" || ++reads > 1) return;
      const int before = rows;
      while (rows < before + 3) std::this_thread::yield();
    });
    const auto report = writes_->Materialize({.progress = &progress});
    EXPECT_TRUE(report.ok()) << report.status();
    EXPECT_EQ(reads, 1);
    EXPECT_EQ(Said(Of("ann", {"ordered:orders"})),
              std::to_string(run + 1) + " PRESENT 2025-01-09T00:00:00Z");
  }
  ended = true;
  pusher.join();
  EXPECT_EQ(Spend("u1"), std::to_string(rows) + ".0 " + std::to_string(rows));
}

// Everybody at once: every row is there once.
TEST_F(OnlineWritesTest, PushesReadsAndARunAtOnce) {
  constexpr int kThreads = 8;
  constexpr int kBatches = 50;
  Write("data/purchases.csv", "user_id,amount,event_time\nann,5,2025-01-09T00:00:00Z\n");
  std::atomic<bool> ended = false;
  std::vector<std::thread> threads;
  std::map<int64_t, int> rows_seen;
  std::mutex mutex;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      const std::string user = "u" + std::to_string(i % 4);
      const std::string id = "thread " + std::to_string(i) + ", ";
      for (int batch = 0; batch < kBatches; ++batch) {
        // Some send what is wrong; most repeat themselves.
        if (batch % 10 == 3) {
          EXPECT_THAT(Pushed({"{"}), HasSubstr("bad_value row 1: "));
        }
        const std::vector<std::string> rows(2, Click(user, "1", kEleven));
        const auto pushed = Push(rows, id + std::to_string(batch));
        ASSERT_TRUE(pushed.ok()) << pushed.status();
        const RowRange range = pushed->batch.rows.rows;
        EXPECT_EQ(range.last, range.first + 1);
        if (batch % 5 == 2) {
          const auto repeated = Push(rows, id + std::to_string(batch));
          ASSERT_TRUE(repeated.ok()) << repeated.status();
          EXPECT_TRUE(repeated->repeated);
          EXPECT_EQ(repeated->batch.rows.rows, range);
        }
        const std::lock_guard lock(mutex);
        ++rows_seen[range.first];
        ++rows_seen[range.last];
      }
    });
  }
  std::thread reader([&] {
    int64_t before = 0;
    while (!ended) {
      const std::string now = Spend("u0");
      if (now == "not_ready") continue;
      const auto count = std::stoll(now.substr(now.find(' ') + 1));
      EXPECT_GE(count, before);
      EXPECT_EQ(count % 2, 0);  // a batch is there whole
      before = count;
    }
  });
  std::thread tending([&] {
    while (!ended) EXPECT_TRUE(writes_->Compact().ok());
  });
  const auto report = writes_->Materialize({});
  EXPECT_TRUE(report.ok()) << report.status();
  for (std::thread& thread : threads) thread.join();
  ended = true;
  reader.join();
  tending.join();
  constexpr int64_t kRows = int64_t{2} * kThreads * kBatches;
  ASSERT_EQ(rows_seen.size(), static_cast<size_t>(kRows));
  EXPECT_EQ(rows_seen.begin()->first, 1);
  EXPECT_EQ(rows_seen.rbegin()->first, kRows);
  for (const char* user : {"u0", "u1", "u2", "u3"}) EXPECT_EQ(Spend(user), "200.0 200");
  EXPECT_EQ(Said(Of("ann", {"ordered:orders"})), "1 PRESENT 2025-01-09T00:00:00Z");
}

TEST_F(OnlineWritesTest, ANewVersionIsTakenUp) {
  EXPECT_EQ(Pushed({Click("u1", "1", kEleven)}, "a"), "1-1");
  ApplyWith("views:\n", R"(  fresh:
    entity: user
    source: clicks
    where: amount > 1
    window: 7d
    features: {sum: sum(amount)}
)");
  EXPECT_EQ(Pushed({Click("u1", "2", kEleven)}), "2-2");
  EXPECT_EQ(Said(Of("u1", {"fresh:sum"})), "not_ready");
  ASSERT_TRUE(writes_->Refresh().ok());
  EXPECT_EQ(Said(Of("u1", {"fresh:sum"})), "not_ready");
  // Views that logs have all of are built without a push.
  ASSERT_TRUE(writes_->Compact().ok());
  EXPECT_EQ(Said(Of("u1", {"fresh:sum"})), "2.0 PRESENT 2025-01-10T11:00:00Z");
  EXPECT_EQ(Pushed({Click("u1", "4", kEleven)}), "3-3");
  EXPECT_EQ(Said(Of("u1", {"fresh:sum"})), "6.0 PRESENT 2025-01-10T11:00:00Z");
  EXPECT_EQ(Pushed({Click("u1", "1", kEleven)}, "a"), "repeated 1-1");
  EXPECT_EQ(Spend("u1"), "7.0 3");
}

TEST_F(OnlineWritesTest, ColumnsThatASourceGainsAndLoses) {
  const std::string red =
      R"({"user_id": "u1", "amount": 8, "colour": "red", "event_time": "2025-01-10T11:00:00Z"})";
  EXPECT_EQ(Pushed({red}, "a"), "1-1");
  std::string definitions = kDefinitions;
  const std::string columns = "columns: {user_id: string, amount: float64,";
  definitions.insert(definitions.find(columns) + columns.size(), " colour: string,");
  definitions.insert(definitions.find("views:\n") + 7, R"(  reds:
    entity: user
    source: clicks
    where: colour = 'red'
    window: 7d
    features: {reds: count()}
)");
  Write("features/all.yaml", definitions);
  MustApply();
  ASSERT_TRUE(writes_->Refresh().ok());
  EXPECT_EQ(Pushed({red}, "b"), "2-2");
  EXPECT_EQ(Said(Of("u1", {"reds:reds"})), "1 PRESENT 2025-01-10T11:00:00Z");
  EXPECT_EQ(Pushed({red}, "a"), "repeated 1-1");
  // It is gone; what was pushed stays in its log.
  Write("features/all.yaml", R"(entities:
  user: {keys: {user_id: string}}
sources:
  profiles: {timestamp: t, columns: {user_id: string, age: int64, t: timestamp}}
views:
  profile: {entity: user, source: profiles, features: [age]}
)");
  MustApply();
  ASSERT_TRUE(writes_->Refresh().ok());
  EXPECT_EQ(Pushed({red}), "unknown_name there is no source 'clicks'");
  EXPECT_TRUE(writes_->Compact().ok());
  EXPECT_EQ(
      Pushed({R"({"user_id": "u1", "age": 30, "t": "2025-01-10T11:00:00Z"})"}, "", "profiles"),
      "1-1");
  EXPECT_EQ(Age("u1"), "30 PRESENT 2025-01-10T11:00:00Z");
}

// Rows that are decoded by one version are not logged under another.
TEST_F(OnlineWritesTest, VersionsThatComeWhilePushesRun) {
  std::atomic<bool> ended = false;
  std::atomic<int> rows = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      while (!ended) {
        const std::string pushed = Pushed({Click("u1", "1", kEleven)});
        EXPECT_THAT(pushed, testing::MatchesRegex("[0-9]+-[0-9]+"));
        ++rows;
      }
    });
  }
  for (int version = 0; version < 4; ++version) {
    std::string definitions = kDefinitions;
    const std::string columns = "columns: {user_id: string, amount: float64,";
    if (version % 2 == 0) {
      definitions.insert(definitions.find(columns) + columns.size(), " colour: string,");
    }
    Write("features/all.yaml", definitions);
    MustApply();
    EXPECT_TRUE(writes_->Refresh().ok());
    EXPECT_TRUE(writes_->Compact().ok());
  }
  ended = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Spend("u1"), std::to_string(rows) + ".0 " + std::to_string(rows));
}

TEST_F(OnlineWritesTest, AnotherWriterOfALog) {
  const auto plan = Open().registry.Newest().ValueOrDie()->content.plan;
  auto other = sources::PushLogWriter::Open(FoldersOf(Open().project)->push,
                                            plan->sources[plan->FindSource("clicks")], {});
  ASSERT_TRUE(other.ok());
  EXPECT_THAT(Pushed({Click("u1", "1", kEleven)}), HasSubstr("conflict "));
  EXPECT_EQ(Pushed({R"({"user_id": "u1", "event_time": "2025-01-10"})"}, "", "profiles"), "1-1");
  other->reset();
  EXPECT_EQ(Pushed({Click("u1", "1", kEleven)}), "1-1");
}

TEST_F(OnlineWritesTest, NothingWasEverApplied) {
  End();
  std::filesystem::remove(folder_ / "registry.db");
  const Repository repository = Open();
  EXPECT_EQ(CodeOf(OnlineWrites::Open(repository, kv::MakeMemoryStore(), clock_).status()),
            "not_ready");
}

// Two servers, each with its own log, and one store: they come between each other's commits, and
// those of a run.
TEST_F(OnlineWritesTest, TwoServersOfOneRedis) {
  End();
  const std::string project =
      "project: two_servers\nregistry: sqlite:" + (folder_ / "registry2.db").string() +
      "\nonline: " + kv::RedisServer::Shared().unix_url() + "\n";
  Write("millrace.yaml", project);
  MustApply();
  Serve();
  const std::filesystem::path folder = folder_ / "second";
  std::filesystem::create_directories(folder / "features");
  Write("second/millrace.yaml", project);
  std::filesystem::copy(folder_ / "features/all.yaml", folder / "features/all.yaml");
  const Repository second = *OpenRepository(folder.string());
  const auto writes =
      *OnlineWrites::Open(second, *OpenOnlineStore(second.project, false, 0), clock_);
  const std::string row = Click("u1", "1", kEleven);
  const auto push = [&](OnlineWrites* into) {
    for (int i = 0; i < 30; ++i) {
      const auto pushed = into->Push({.source = "clicks", .rows = {row}});
      EXPECT_TRUE(pushed.ok()) << pushed.status();
    }
  };
  EXPECT_TRUE(writes->Push({.source = "clicks", .rows = {row}}).ok());
  Write("data/purchases.csv", "user_id,amount,event_time\nann,5,2025-01-09T00:00:00Z\n");
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] { push(writes_.get()); });
    threads.emplace_back([&] { push(writes.get()); });
  }
  const auto report = writes_->Materialize({});
  EXPECT_TRUE(report.ok()) << report.status();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Spend("u1"), "121.0 121");
  EXPECT_EQ(Said(Of("ann", {"ordered:orders"})), "1 PRESENT 2025-01-09T00:00:00Z");
}

}  // namespace
}  // namespace millrace::jobs
