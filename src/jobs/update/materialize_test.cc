// materialize over files, push logs and versions: what is served afterwards, and after what fails.
#include "jobs/update/materialize.h"

#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

#include "base/failpoint.h"
#include "features/selection.h"
#include "jobs/definitions/apply.h"
#include "jobs/definitions/catalog.h"
#include "jobs/repository_testing.h"
#include "jobs/source_folders.h"
#include "jobs/update/served_plans.h"
#include "jobs/update/vacuum_online.h"
#include "online/feature_reader.h"
#include "sources/push/push_log_writer.h"
#include "state/updater.h"

namespace millrace::jobs {
namespace {

using columns::ColumnBuffer;
using testing::HasSubstr;

class TestClock : public base::Clock {
 public:
  base::EventTime Now() const override { return now; }
  base::EventTime now = *base::ParseTime("2025-01-08T00:00:00Z");
};

// A variable of the environment, for a while.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    setenv(name, value.c_str(), 1);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() {
    if (before_.has_value()) {
      setenv(name_, before_->c_str(), 1);
    } else {
      unsetenv(name_);
    }
  }

 private:
  const char* const name_;
  std::optional<std::string> before_;
};

class MaterializeTest : public RepositoryTest {
 protected:
  void SetUp() override {
    RepositoryTest::SetUp();
    Write("data/p/1.csv", kHeader + "ann,5,2025-01-02T00:00:00Z\nann,7,2025-01-03T00:00:00Z\n" +
                              "bob,1.5,2025-01-03T00:00:00Z\n");
    WriteDefinitions("7d", "data/p/*.csv");
    MustApply();
  }

  void MustApply() const {
    const auto applied = Apply(Open(), {.author = "ann", .base = {}}, clock_);
    ASSERT_TRUE(applied.ok()) << applied.status();
  }
  base::Result<MaterializeReport> Run(MaterializeOptions options = {}) const {
    options.wait_seconds = 0;
    return Materialize(Open(), options, clock_);
  }
  MaterializeReport MustRun(MaterializeOptions options = {}) const {
    auto report = Run(std::move(options));
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? *report : MaterializeReport();
  }

  // "ann 12.0 2" for each user: what the version's features are now; the code of what went wrong.
  std::string Values(const std::vector<std::string>& features,
                     const std::vector<std::string>& users = {"ann", "bob"},
                     int version = 0) const {
    const Repository repository = Open();
    auto plans = ServedPlans::Open(repository);
    const auto served = plans->Load(version == 0 ? plans->newest().version : version);
    const features::FeaturePlan& plan = *served->plan;
    auto store = OpenOnlineStore(repository.project, true, 0);
    if (!store.ok()) return CodeOf(store.status());
    online::FeatureReader reader(plan, *features::SelectFeatures(plan, features, true), "shop",
                                 clock_);
    ColumnBuffer keys(*columns::Type::Parse("string"));
    for (const std::string& user : users) keys.AppendString(user);
    online::Asked asked;
    asked.rows = static_cast<int64_t>(users.size());
    asked.columns["user_id"] = Own(std::move(keys));
    const auto answer = reader.Read(**store, asked);
    if (!answer.ok()) return CodeOf(answer.status());
    std::string text;
    for (size_t row = 0; row < users.size(); ++row) {
      text += users[row];
      for (const online::AnswerColumn& column : answer->columns) {
        const auto value = column.values.value(static_cast<int64_t>(row));
        text += " " + ToText(value, column.values.type);
      }
      text += "\n";
    }
    return text;
  }
  std::string Spend(const std::vector<std::string>& users = {"ann", "bob"}) const {
    return Values({"spend:*"}, users);
  }

  size_t Tables() const {
    auto store = OpenOnlineStore(Open().project, true, 0);
    EXPECT_TRUE(store.ok()) << store.status();
    const auto description = state::Description::Read(**(*store)->Read(), "shop");
    return description->catalog.tables.size();
  }

  // Rows "user amount" into purchases' push log, all at midnight of the 4th.
  void Push(const std::vector<std::pair<std::string, double>>& rows,
            sources::PushTo to = sources::PushTo::kBoth) const {
    const Repository repository = Open();
    const auto plans = ServedPlans::Open(repository);
    const features::FeaturePlan& plan = *plans->newest().plan;
    auto writer = sources::PushLogWriter::Open(FoldersOf(repository.project)->push,
                                               plan.sources[plan.FindSource("purchases")], {});
    ASSERT_TRUE(writer.ok()) << writer.status();
    arrow::StringBuilder users;
    arrow::DoubleBuilder amounts;
    arrow::TimestampBuilder times(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"),
                                  arrow::default_memory_pool());
    const int64_t time = base::ParseTime("2025-01-04T00:00:00Z")->micros();
    for (const auto& [user, amount] : rows) {
      ASSERT_TRUE(users.Append(user).ok() && amounts.Append(amount).ok() &&
                  times.Append(time).ok());
    }
    const arrow::ArrayVector columns = {*users.Finish(), *amounts.Finish(), *times.Finish()};
    const sources::PushRows batch{
        arrow::RecordBatch::Make((*writer)->schema(), static_cast<int64_t>(rows.size()), columns),
        clock_.now, to};
    const auto first = (*writer)->Append({&batch, 1});
    ASSERT_TRUE(first.ok()) << first.status();
  }

  const std::string kHeader = "user_id,amount,event_time\n";
  TestClock clock_;
};

TEST_F(MaterializeTest, TheFirstRunBuildsAndTheSecondChangesNothing) {
  const MaterializeReport first = MustRun();
  EXPECT_EQ(first.commit, 1);
  EXPECT_TRUE(first.changed);
  EXPECT_EQ(first.rows, 3);
  ASSERT_EQ(first.views.size(), 1u);
  EXPECT_TRUE(first.views[0].built);
  EXPECT_EQ(first.views[0].files, 1);
  EXPECT_EQ(Spend(), "ann 12.0 2\nbob 1.5 1\n");
  const MaterializeReport second = MustRun();
  EXPECT_EQ(second.commit, 1);
  EXPECT_FALSE(second.changed);
  EXPECT_THAT(ToText(second), HasSubstr("nothing new: commit 1"));
  EXPECT_EQ(Spend(), "ann 12.0 2\nbob 1.5 1\n");
}

TEST_F(MaterializeTest, ANewFileBringsItsLateRows) {
  MustRun();
  Write("data/p/0.csv", kHeader + "ann,1,2025-01-01T12:00:00Z\nann,100,2024-01-01T00:00:00Z\n");
  const MaterializeReport report = MustRun();
  EXPECT_EQ(report.commit, 2);
  EXPECT_EQ(report.rows, 1);
  EXPECT_EQ(report.expired, 1);
  EXPECT_FALSE(report.views[0].built);
  EXPECT_EQ(report.views[0].rows, 2);
  EXPECT_EQ(Spend(), "ann 13.0 3\nbob 1.5 1\n");
  EXPECT_THAT(ToText(report), HasSubstr("updated  spend: 1 file, 2 rows"));
}

TEST_F(MaterializeTest, AFileThatIsGoneIsNoMatter) {
  MustRun();
  std::filesystem::remove(folder_ / "data/p/1.csv");
  EXPECT_EQ(MustRun().commit, 1);
  Write("data/p/2.csv", kHeader + "bob,2,2025-01-04T00:00:00Z\n");
  EXPECT_EQ(MustRun().commit, 2);
  EXPECT_EQ(Spend(), "ann 12.0 2\nbob 3.5 2\n");
}

TEST_F(MaterializeTest, AChangedFileIsRefusedUntilItsViewIsBuiltAnew) {
  MustRun();
  Write("data/p/2.csv", kHeader + "bob,2,2025-01-04T00:00:00Z\n");
  // As long as before: its content tells.
  Write("data/p/1.csv", kHeader + "ann,6,2025-01-02T00:00:00Z\nann,7,2025-01-03T00:00:00Z\n" +
                            "bob,1.5,2025-01-03T00:00:00Z\n");
  const auto refused = Run();
  EXPECT_EQ(CodeOf(refused.status()), "conflict");
  EXPECT_THAT(refused.status().ToString(), HasSubstr("data/p/1.csv"));
  EXPECT_THAT(refused.status().ToString(), HasSubstr("view spend"));
  EXPECT_THAT(refused.status().ToString(), HasSubstr("`millrace materialize --rebuild spend`"));
  EXPECT_EQ(Spend(), "ann 12.0 2\nbob 1.5 1\n");
  const MaterializeReport report = MustRun({.views = {"spend"}, .rebuild = true});
  EXPECT_EQ(report.commit, 2);
  EXPECT_TRUE(report.views[0].built);
  EXPECT_EQ(Spend(), "ann 13.0 2\nbob 3.5 2\n");
  EXPECT_EQ(MustRun().commit, 2);
  Write("data/p/1.csv", kHeader);
  EXPECT_EQ(CodeOf(Run().status()), "conflict");
}

TEST_F(MaterializeTest, ABrokenFileAdvancesNothing) {
  MustRun();
  Write("data/p/2.csv", kHeader + "bob,2,2025-01-04T00:00:00Z\n");
  Write("data/p/3.csv", "user_id,price\nbob,2\n");
  EXPECT_EQ(CodeOf(Run().status()), "missing_column");
  EXPECT_EQ(Spend(), "ann 12.0 2\nbob 1.5 1\n");
  EXPECT_EQ(CodeOf(Run({.views = {}, .rebuild = true}).status()), "missing_column");
  EXPECT_EQ(Spend(), "ann 12.0 2\nbob 1.5 1\n");
  std::filesystem::remove(folder_ / "data/p/3.csv");
  const MaterializeReport report = MustRun();
  EXPECT_EQ(report.commit, 2);
  EXPECT_EQ(Spend(), "ann 12.0 2\nbob 3.5 2\n");
}

TEST_F(MaterializeTest, AWriteThatFailsAdvancesNothing) {
  MustRun();
  Write("data/p/2.csv", kHeader + "bob,2,2025-01-04T00:00:00Z\n");
  for (const std::string place : {"kv.put=full", "kv.put=full@3", "kv.commit.before=full"}) {
    ASSERT_TRUE(base::SetFailpoints(place).ok());
    EXPECT_EQ(CodeOf(Run().status()), "disk_full") << place;
    ASSERT_TRUE(base::SetFailpoints("").ok());
    EXPECT_EQ(Spend(), "ann 12.0 2\nbob 1.5 1\n") << place;
  }
  ASSERT_TRUE(base::SetFailpoints("kv.bulk=full").ok());
  EXPECT_EQ(CodeOf(Run({.views = {}, .rebuild = true}).status()), "disk_full");
  ASSERT_TRUE(base::SetFailpoints("").ok());
  EXPECT_EQ(Spend(), "ann 12.0 2\nbob 1.5 1\n");
  EXPECT_EQ(MustRun().commit, 2);
  EXPECT_EQ(Spend(), "ann 12.0 2\nbob 3.5 2\n");
}

TEST_F(MaterializeTest, ViewsThatAreNotThereAreNamedWithTheNearest) {
  const auto report = Run({.views = {"spent", "spend", "nothing_like_it"}});
  EXPECT_EQ(base::ProblemsOf(report.status()).size(), 2u);
  EXPECT_EQ(CodeOf(report.status()), "unknown_name");
  EXPECT_THAT(report.status().ToString(), HasSubstr("did you mean 'spend'?"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "online"));
}

TEST_F(MaterializeTest, NothingAppliedIsNotReady) {
  std::filesystem::remove(folder_ / "registry.db");
  EXPECT_EQ(CodeOf(Run().status()), "not_ready");
}

TEST_F(MaterializeTest, RejectedRowsAreCountedWithExamples) {
  Write("data/p/1.csv",
        kHeader + "ann,5,yesterday\n,7,2025-01-03T00:00:00Z\nann,2,2025-01-03T00:00:00Z\n");
  const MaterializeReport report = MustRun();
  ASSERT_EQ(report.rejected.reasons.size(), 2u);
  EXPECT_EQ(report.rejected.reasons[0].where, "source purchases");
  EXPECT_EQ(report.rejected.reasons[0].code, "unreadable_event_time");
  EXPECT_THAT(report.rejected.reasons[0].examples[0], HasSubstr("data/p/1.csv row 2"));
  EXPECT_EQ(report.rejected.reasons[1].code, "null_key");
  EXPECT_THAT(ToText(report), HasSubstr("rejected         1  source purchases"));
  EXPECT_THAT(ToJson(report), HasSubstr("\"code\": \"null_key\""));
  EXPECT_EQ(Spend({"ann"}), "ann 2.0 1\n");
}

TEST_F(MaterializeTest, PushedRowsAreCaughtUpOnceEach) {
  MustRun();
  Push({{"ann", 1}, {"cat", 2}});
  Push({{"ann", 50}}, sources::PushTo::kOffline);
  Push({{"ann", 3}}, sources::PushTo::kOnline);
  MaterializeReport report = MustRun();
  EXPECT_EQ(report.commit, 2);
  EXPECT_EQ(report.views[0].rows, 3);
  EXPECT_EQ(report.views[0].files, 0);
  EXPECT_EQ(report.one_sided, 1);
  const std::string expected = "ann 16.0 4\nbob 1.5 1\ncat 2.0 1\n";
  EXPECT_EQ(Spend({"ann", "bob", "cat"}), expected);
  EXPECT_FALSE(MustRun().changed);
  Push({{"cat", 0.5}});
  EXPECT_EQ(MustRun().rows, 1);
  // A fresh table takes all of them.
  report = MustRun({.views = {}, .rebuild = true});
  EXPECT_EQ(report.rows, 7);
  EXPECT_EQ(Spend({"ann", "bob", "cat"}), "ann 16.0 4\nbob 1.5 1\ncat 2.5 2\n");
}

TEST_F(MaterializeTest, AnotherDefinitionIsBuiltBesideTheFormerOne) {
  MustRun();
  std::ifstream in(folder_ / "features/all.yaml");
  std::string text((std::istreambuf_iterator<char>(in)), {});
  text.replace(text.find("count: count()"), 14, "count: count(), most: max(amount)");
  Write("features/all.yaml", text);
  MustApply();
  EXPECT_EQ(Values({"spend:*"}, {"ann"}, 1), "ann 12.0 2\n");
  // `max` of the same input needs no column that is not there: events are kept as they are.
  EXPECT_EQ(Values({"spend:*"}, {"ann"}), "ann 12.0 2 7.0\n");
  text.replace(text.find("max(amount)"), 11, "max(amount * 2)");
  Write("features/all.yaml", text);
  MustApply();
  EXPECT_EQ(Values({"spend:*"}, {"ann"}), "not_ready");
  Write("data/p/2.csv", kHeader + "ann,9,2025-01-04T00:00:00Z\n");
  // Nobody named is built; what is served goes on.
  MaterializeReport report = MustRun({.views = {"spend"}});
  EXPECT_TRUE(report.views[0].built);
  EXPECT_EQ(report.rows, 4);
  EXPECT_EQ(Values({"spend:*"}, {"ann"}), "ann 21.0 3 18.0\n");
  EXPECT_EQ(Tables(), 2u);
}

constexpr const char* kTwoViews = R"yaml(entities:
  user: {keys: {user_id: string}}
sources:
  purchases:
    path: data/p/*.csv
    timestamp: event_time
    columns: {user_id: string, amount: float64, event_time: timestamp}
  profiles:
    path: data/profiles.csv
    timestamp: at
    columns: {user_id: string, level: int64, at: timestamp}
views:
  spend:
    entity: user
    source: purchases
    windows: [7d]
    features: {sum: sum(amount), count: count()}
  most:
    entity: user
    source: purchases
    window: 2d
    features: {most: max(amount)}
  profile:
    entity: user
    source: profiles
    features: [level]
  by_level:
    entity: user
    source: purchases
    lookup: {user: profile}
    window: 7d
    features: {level: last(user.level), high: "count() filter (where user.level > 1)"
}
)yaml";

TEST_F(MaterializeTest, ViewsOfOneEventIdShareATableAndLookupsComeFirst) {
  Write("data/profiles.csv",
        "user_id,level,at\nann,1,2025-01-01T00:00:00Z\nann,2,2025-01-02T12:00:00Z\n");
  Write("features/all.yaml", kTwoViews);
  MustApply();
  MaterializeReport report = MustRun({.views = {"by_level"}});
  EXPECT_EQ(report.views.size(), 2u);
  EXPECT_THAT(report.waiting, testing::ElementsAre("most", "spend"));
  EXPECT_THAT(ToText(report), HasSubstr("waiting  most: `millrace materialize most` builds it"));
  EXPECT_EQ(Values({"by_level:*"}), "ann 2 1\nbob null 0\n");
  EXPECT_EQ(Values({"spend:*"}), "not_ready");
  report = MustRun();
  EXPECT_EQ(report.views.size(), 4u);
  EXPECT_EQ(Tables(), 3u);
  EXPECT_EQ(Values({"spend:*", "most:*", "profile:*"}), "ann 12.0 2 null 2\nbob 1.5 1 null null\n");
  // A row that the events would have looked up comes too late for them, and this is said.
  Write("data/profiles2.csv", "");
  Write("features/all.yaml",
        std::string(kTwoViews).replace(std::string(kTwoViews).find("data/profiles.csv"), 17,
                                       "data/profile*.csv"));
  MustApply();
  Write("data/profiles2.csv", "user_id,level,at\nbob,3,2025-01-01T00:00:00Z\n");
  report = MustRun();
  EXPECT_EQ(report.lookup_behind, 1);
  EXPECT_THAT(ToText(report), HasSubstr("`millrace materialize --rebuild by_level`"));
  EXPECT_EQ(Values({"by_level:*", "profile:*"}), "ann 2 1 2\nbob null 0 3\n");
  MustRun({.views = {"by_level"}, .rebuild = true});
  EXPECT_EQ(Values({"by_level:*", "profile:*"}), "ann 2 1 2\nbob 3 1 3\n");
}

TEST_F(MaterializeTest, ASourceThatIsReadInTwoRoundsIsJudgedOnce) {
  Write("data/p/1.csv", kHeader + "ann,5,2025-01-02T00:00:00Z\nann,7,never\n");
  Write("features/all.yaml", R"yaml(entities:
  user: {keys: {user_id: string}}
sources:
  purchases:
    path: data/p/*.csv
    timestamp: event_time
    columns: {user_id: string, amount: float64, event_time: timestamp}
views:
  newest: {entity: user, source: purchases, features: [amount]}
  spend:
    entity: user
    source: purchases
    lookup: {user: newest}
    window: 7d
    features: {with: sum(user.amount)}
)yaml");
  MustApply();
  const MaterializeReport report = MustRun();
  ASSERT_EQ(report.rejected.reasons.size(), 1u);
  EXPECT_EQ(report.rejected.reasons[0].count, 1);
  EXPECT_EQ(Values({"newest:*", "spend:*"}, {"ann"}), "ann 5.0 5.0\n");
}

// What `spend` is made of, and a second view of the same events beside it.
std::string Definitions(const std::string& columns, const std::string& spend,
                        const std::string& second) {
  return "entities:\n  user: {keys: {user_id: string}}\n"
         "sources:\n  purchases:\n    path: data/p/*.csv\n    timestamp: event_time\n"
         "    columns: {" +
         columns +
         "}\nviews:\n  spend: {entity: user, source: purchases, window: 7d, features: {f: " +
         spend + "}}\n" +
         (second.empty()
              ? ""
              : "  second: {entity: user, source: purchases, window: 7d, features: {f: " + second +
                    "}}\n");
}
constexpr const char* kColumns = "user_id: string, amount: float64, event_time: timestamp";

TEST_F(MaterializeTest, TheFormerVersionIsUpdatedWhileTheNewestIsNotBuilt) {
  Write("features/all.yaml", Definitions(kColumns, "sum(amount)", "max(amount + 1)"));
  MustApply();
  MustRun();
  Write("features/all.yaml", Definitions(kColumns, "sum(amount)", "max(amount + 2)"));
  MustApply();
  Write("data/p/2.csv", kHeader + "ann,9,2025-01-04T00:00:00Z\n");
  const MaterializeReport report = MustRun({.views = {"spend"}});
  EXPECT_THAT(ToText(report), HasSubstr("waiting  second"));
  EXPECT_EQ(Values({"spend:*"}, {"ann"}), "ann 21.0\n");
  EXPECT_EQ(Values({"second:*"}, {"ann"}), "not_ready");
  const int former = ServedPlans::Open(Open())->newest().version - 1;
  EXPECT_EQ(Values({"second:*"}, {"ann"}, former), "ann 10.0\n");
}

TEST_F(MaterializeTest, AFormerVersionThatRowsPassedByIsNotServed) {
  Write("features/all.yaml", Definitions(kColumns, "sum(amount)", "max(amount + 1)"));
  MustApply();
  MustRun();
  // The same columns in another order: batches are others.
  Write("features/all.yaml", Definitions("amount: float64, event_time: timestamp, user_id: string",
                                         "sum(amount)", "max(amount + 2)"));
  MustApply();
  const int former = ServedPlans::Open(Open())->newest().version - 1;
  Write("data/p/2.csv", "amount,event_time,user_id\n9,2025-01-04T00:00:00Z,ann\n");
  MustRun({.views = {"spend"}, .rebuild = true});
  const auto vacuumed = VacuumOnline(Open(), {.wait_seconds = 0}, clock_);
  EXPECT_EQ(vacuumed->state.tables_removed, 1);
  EXPECT_EQ(Values({"spend:*"}, {"ann"}), "ann 21.0\n");
  EXPECT_EQ(Values({"second:*"}, {"ann"}, former), "not_ready");
  MustRun();
  EXPECT_EQ(Values({"second:*"}, {"ann"}), "ann 11.0\n");
  EXPECT_EQ(VacuumOnline(Open(), {.wait_seconds = 0}, clock_)->state.tables_removed, 1);
  EXPECT_EQ(Tables(), 1u);
}

TEST_F(MaterializeTest, GoingBackToAnEarlierVersionLosesNoRows) {
  const std::string both = Definitions(kColumns, "sum(amount)", "max(amount + 1)");
  Write("features/all.yaml", both);
  MustApply();
  MustRun();
  Write("features/all.yaml", Definitions(kColumns, "sum(amount)", ""));
  MustApply();
  MustRun({.rebuild = true});
  Write("data/p/2.csv", kHeader + "ann,9,2025-01-04T00:00:00Z\n");
  MustRun();
  Write("features/all.yaml", both);
  MustApply();
  Write("data/p/3.csv", kHeader + "ann,20,2025-01-05T00:00:00Z\n");
  MustRun();
  EXPECT_EQ(Values({"spend:*", "second:*"}, {"ann"}), "ann 41.0 21.0\n");
  EXPECT_FALSE(MustRun().changed);
}

TEST_F(MaterializeTest, LittleMemoryGivesTheSameValues) {
  Write("data/profiles.csv", "user_id,level,at\nu1,1,2025-01-01T00:00:00Z\n");
  std::vector<std::string> users;
  for (int i = 0; i < 700; ++i) users.push_back("u" + std::to_string(i));
  for (int file = 0; file < 3; ++file) {
    std::string text = kHeader;
    for (int i = 0; i < 20'000; ++i) {
      const int n = i * 7919 + file;
      text += users[static_cast<size_t>(n % 700)] + "," + std::to_string(n % 97) + ".5,2025-01-0" +
              std::to_string(2 + n % 6) + "T0" + std::to_string(n % 10) + ":00:00Z\n";
    }
    Write("data/p/" + std::to_string(file) + ".csv", text);
  }
  Write("features/all.yaml", kTwoViews);
  MustApply();
  const std::vector<std::string> all = {"spend:*", "most:*", "profile:*", "by_level:*"};
  EXPECT_EQ(MustRun().rows, 2 * 60'000 + 1);
  const std::string values = Values(all, users);
  EXPECT_GT(values.size(), 7'000u);
  const MaterializeOptions little{.rebuild = true, .memory_bytes = int64_t{1} << 20};
  {
    // It does wait in files.
    const Variable nowhere("TMPDIR", (folder_ / "nowhere").string());
    EXPECT_EQ(CodeOf(Run(little).status()), "file_not_found");
    EXPECT_EQ(CodeOf(Run({.rebuild = true}).status()), "ok");
  }
  EXPECT_EQ(MustRun(little).commit, 3);
  EXPECT_EQ(Values(all, users), values);
}

TEST_F(MaterializeTest, VacuumRemovesWhatNobodyUsesAndKeepsWhatAnswers) {
  MustRun();
  MustRun({.views = {}, .rebuild = true});
  EXPECT_EQ(Tables(), 2u);
  const auto vacuum = [&] { return VacuumOnline(Open(), {.wait_seconds = 0}, clock_); };
  auto report = vacuum();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->state.tables_removed, 1);
  EXPECT_EQ(Tables(), 1u);
  EXPECT_EQ(Spend(), "ann 12.0 2\nbob 1.5 1\n");
  EXPECT_FALSE(MustRun().changed);
  // The former version answers until the new one is built.
  std::ifstream in(folder_ / "features/all.yaml");
  std::string text((std::istreambuf_iterator<char>(in)), {});
  text.replace(text.find("sum(amount)"), 11, "sum(amount * 2)");
  Write("features/all.yaml", text);
  MustApply();
  report = vacuum();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->state.tables_removed, 0);
  EXPECT_EQ(Values({"spend:*"}, {"ann"}, 1), "ann 12.0 2\n");
  MustRun();
  report = vacuum();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->state.tables_removed, 1);
  EXPECT_EQ(Values({"spend:*"}, {"ann"}), "ann 24.0 2\n");
  EXPECT_EQ(Values({"spend:*"}, {"ann"}, 1), "not_ready");
}

TEST_F(MaterializeTest, VacuumDropsKeysWhoseEventsHaveEnded) {
  MustRun();
  clock_.now = *base::ParseTime("2025-01-11T12:00:00Z");  // ann's and bob's are over
  Write("data/p/2.csv", kHeader + "cat,2,2025-01-10T00:00:00Z\n");
  MustRun();
  const auto report = VacuumOnline(Open(), {.wait_seconds = 0}, clock_);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->state.keys, 3);
  EXPECT_EQ(report->state.keys_removed, 2);
  EXPECT_EQ(Spend({"ann", "cat"}), "ann null 0\ncat 2.0 1\n");
  const auto again = VacuumOnline(Open(), {.wait_seconds = 0}, clock_);
  EXPECT_EQ(again->state.keys, 1);
  EXPECT_EQ(again->state.keys_removed, 0);
  EXPECT_FALSE(again->state.changed);
}

TEST_F(MaterializeTest, VacuumDropsTheEndedRowsOfAKeyThatGoesOn) {
  std::string text = kHeader;
  for (int i = 0; i < 2'000; ++i) text += "ann,1,2025-01-02T00:00:00Z\n";
  Write("data/p/1.csv", text + "ann,7,2025-01-07T00:00:00Z\n");
  MustRun();
  EXPECT_EQ(Spend({"ann"}), "ann 2007.0 2001\n");
  clock_.now = *base::ParseTime("2025-01-11T12:00:00Z");
  const auto report = VacuumOnline(Open(), {.wait_seconds = 0}, clock_);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->state.keys_changed, 1);
  EXPECT_EQ(report->state.keys_removed, 0);
  EXPECT_EQ(Spend({"ann"}), "ann 7.0 1\n");
  EXPECT_FALSE(VacuumOnline(Open(), {.wait_seconds = 0}, clock_)->state.changed);
  Write("data/p/2.csv", kHeader + "ann,1,2025-01-10T00:00:00Z\n");
  MustRun();
  EXPECT_EQ(Spend({"ann"}), "ann 8.0 2\n");
}

}  // namespace
}  // namespace millrace::jobs
