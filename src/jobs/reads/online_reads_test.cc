#include "jobs/reads/online_reads.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>

#include "jobs/online_testing.h"
#include "jobs/reads/asked_keys.h"
#include "jobs/reads/catalog_watch.h"
#include "jobs/update/materialize.h"
#include "jobs/update/served_plans.h"
#include "jobs/update/vacuum_online.h"

namespace millrace::jobs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

AskedNames Names(const std::vector<std::string>& features, bool full_names = false) {
  return {features, "", full_names};
}
AskedNames Service(const std::string& name) {
  return {{}, name, false};
}

// One row of `prepared`'s own columns.
AskedKeys OneRow(const PreparedRead& prepared, const KeyTexts& texts) {
  auto row = KeysOfTexts(prepared.plan(), prepared.selection(), texts);
  EXPECT_TRUE(row.ok()) << row.status();
  return row.ok() ? *std::move(row) : AskedKeys();
}

std::vector<std::string> NamesOf(const std::vector<columns::Field>& fields) {
  std::vector<std::string> names;
  for (const columns::Field& field : fields) names.push_back(field.name);
  return names;
}

// "version 1: 2, null"
std::string TextOf(const ReadTogether& read) {
  if (!read.answer.ok()) return std::string(base::ProblemsOf(read.answer.status())[0].code.name);
  std::string text = "version " + std::to_string(read.read->version()) + ":";
  for (const online::AnswerColumn& column : read.answer->columns) {
    const columns::Column& values = column.values;
    text += (text.back() == ':' ? " " : ", ") + columns::ToText(values.value(0), values.type);
  }
  return text;
}

class OnlineReadsTest : public OnlineTest {
 protected:
  void SetUp() override {
    OnlineTest::SetUp();
    Write("data/purchases.csv", "user_id,amount,event_time\nu1,5,2025-01-09T00:00:00Z\n");
    MustPush("clicks", {Click("u1", "2.5", "2025-01-10T11:00:00Z")});
    MustPush("profiles", {R"({"user_id": "u1", "age": 30, "event_time": "2025-01-09T00:00:00Z"})"});
    MustMaterialize();
  }

  void MustMaterialize(const std::vector<std::string>& views = {}) const {
    MaterializeOptions options;
    options.views = views;
    const auto report = Materialize(Open(), options, clock_);
    ASSERT_TRUE(report.ok()) << report.status();
  }
  void MustVacuum() const {
    const auto report = VacuumOnline(Open(), {}, clock_);
    ASSERT_TRUE(report.ok()) << report.status();
  }

  std::shared_ptr<kv::Store> OpenStore() const {
    auto store = OpenOnlineStore(Open().project, true, 0);
    EXPECT_TRUE(store.ok()) << store.status();
    return *std::move(store);
  }
  std::unique_ptr<OnlineReads> OpenReads(std::shared_ptr<const kv::Store> store) const {
    auto reads = OnlineReads::Open(Open(), std::move(store), clock_);
    EXPECT_TRUE(reads.ok()) << reads.status();
    return *std::move(reads);
  }
  std::unique_ptr<OnlineReads> OpenReads() const { return OpenReads(OpenStore()); }

  // Of the user u1, for the price 5. As TextOf; or the code of Prepare's error.
  static std::string Said(OnlineReads* reads, const AskedNames& names) {
    const auto prepared = reads->Prepare(names);
    if (!prepared.ok()) return CodeOf(prepared.status());
    KeyTexts texts;
    if (!(*prepared)->keys().empty()) texts.keys = {{"user_id", "u1"}};
    if (!(*prepared)->request_fields().empty()) texts.request = {{"price", "5"}};
    const AskedKeys row = OneRow(**prepared, texts);
    ReadTogether read{*prepared, &row.asked};
    reads->Read({&read, 1});
    return TextOf(read);
  }
  static std::string MessageOf(OnlineReads* reads, const AskedNames& names) {
    const auto prepared = reads->Prepare(names);
    return prepared.ok() ? "ok" : base::ProblemsOf(prepared.status())[0].ToString();
  }
  // Whether it is said within a second.
  static bool IsSoonSaid(OnlineReads* reads, const AskedNames& names, const std::string& said) {
    const auto until = SteadyClock::now() + std::chrono::seconds(1);
    while (Said(reads, names) != said) {
      if (SteadyClock::now() > until) return false;
      std::this_thread::sleep_for(milliseconds(10));
    }
    return true;
  }

  // Other events of `ordered`, and a view that was not there.
  void WriteSecondVersion() const {
    std::string definitions = kDefinitions;
    const std::string ordered = "    source: orders\n";
    definitions.insert(definitions.find(ordered) + ordered.size(), "    where: amount > 1\n");
    definitions.insert(definitions.find("on_demand:"),
                       "  bought:\n    entity: user\n    source: orders\n    window: 7d\n"
                       "    where: amount > 2\n    features: {bought: sum(amount)}\n");
    Write("features/all.yaml", definitions);
  }

  const AskedNames ordered_ = Names({"ordered:orders"});
  const AskedNames bought_ = Names({"bought:bought"});
};

TEST_F(OnlineReadsTest, NamesThatWereResolved) {
  const auto reads = OpenReads();
  EXPECT_EQ(reads->version(), 1);
  const auto ranking = *reads->Prepare(Service("ranking"));
  EXPECT_EQ(ranking->version(), 1);
  EXPECT_THAT(NamesOf(ranking->keys()), ElementsAre("user_id"));
  EXPECT_THAT(ranking->request_fields(), IsEmpty());
  EXPECT_THAT(ranking->views(), ElementsAre("spend", "profile"));
  EXPECT_EQ(ranking->selection().columns.size(), 2U);
  EXPECT_EQ(&ranking->plan(), reads->plan().get());
  const auto price = *reads->Prepare(Names({"price:ratio", "total:clicks", "spend:sum"}));
  EXPECT_THAT(price->views(), ElementsAre("spend", "total", "price"));
  EXPECT_THAT(NamesOf(price->request_fields()), ElementsAre("price"));
  EXPECT_THAT((*reads->Prepare(Names({"total:clicks"})))->keys(), IsEmpty());
}

TEST_F(OnlineReadsTest, TheShareOfAServiceThatIsLogged) {
  std::string definitions = kDefinitions;
  definitions.replace(definitions.find("ranking: {"), 10, "ranking: {log: 0.25, ");
  Write("features/all.yaml", definitions);
  MustApply();
  const auto reads = OpenReads();
  EXPECT_EQ((*reads->Prepare(Service("ranking")))->log_share(), 0.25);
  EXPECT_EQ((*reads->Prepare(Service("ranking@1")))->log_share(), 0);
  EXPECT_EQ((*reads->Prepare(Service("ranking@2")))->log_share(), 0.25);
  EXPECT_EQ((*reads->Prepare(Names({"spend:sum"})))->log_share(), 0);
}

TEST_F(OnlineReadsTest, AnswersAsGetDoes) {
  const auto reads = OpenReads();
  EXPECT_EQ(Said(reads.get(), Service("ranking")), "version 1: 2.5, 30");
  EXPECT_EQ(Said(reads.get(), Service("ranking@1")), "version 1: 2.5, 30");
  EXPECT_EQ(Said(reads.get(), Names({"spend:*"})), "version 1: 2.5, 1, 2.5, 0.25");
  EXPECT_EQ(Said(reads.get(), Names({"price:ratio", "total:clicks"}, true)), "version 1: 2.0, 1");
  EXPECT_EQ(Said(reads.get(), ordered_), "version 1: 1");
}

TEST_F(OnlineReadsTest, NamesThatAreWrong) {
  const auto reads = OpenReads();
  EXPECT_EQ(MessageOf(reads.get(), Names({"spend:summ"})),
            "view 'spend' has no feature 'summ' (did you mean 'sum'?) [unknown_name]");
  EXPECT_EQ(MessageOf(reads.get(), Service("rankin")),
            "there is no service 'rankin' (did you mean 'ranking'?) [unknown_name]");
  EXPECT_EQ(MessageOf(reads.get(), Service("ranking@7")),
            "there is no version 7; the newest is 1 [unknown_name]");
  EXPECT_EQ(MessageOf(reads.get(), Service("ranking@first")),
            "service ranking@first: expected a version's number after the @ [usage]");
  EXPECT_EQ(Said(reads.get(), Service("ranking@0")), "usage");
  EXPECT_EQ(Said(reads.get(), Names({})), "usage");
  EXPECT_EQ(Said(reads.get(), {{"spend:sum"}, "ranking", false}), "usage");
  EXPECT_EQ(reads->version(), 1);
}

TEST_F(OnlineReadsTest, AFeatureThatIsCalledAsAKey) {
  std::string definitions = kDefinitions;
  definitions.replace(definitions.find("features: [age]"), 15, "features: {user_id: age}");
  Write("features/all.yaml", definitions);
  std::filesystem::remove(folder_ / "registry.db");
  definitions.replace(definitions.find(", \"profile:age\""), 15, "");
  Write("features/all.yaml", definitions);
  MustApply();
  MustMaterialize();
  const auto reads = OpenReads();
  EXPECT_THAT(MessageOf(reads.get(), Names({"profile:user_id"})), HasSubstr("[duplicate_name]"));
  EXPECT_EQ(Said(reads.get(), Names({"profile:user_id"}, true)), "version 1: 30");
}

TEST_F(OnlineReadsTest, NamesAreFoundOnce) {
  const auto reads = OpenReads();
  const auto first = *reads->Prepare(Names({"spend:sum", "spend:count"}));
  EXPECT_EQ(*reads->Prepare(Names({"spend:sum", "spend:count"})), first);
  for (const AskedNames& other :
       {Names({"spend:count", "spend:sum"}), Names({"spend:sum", "spend:count"}, true),
        Names({"spend:sum"}), Service("ranking"), Service("ranking@1")}) {
    EXPECT_NE(*reads->Prepare(other), first);
    EXPECT_EQ(*reads->Prepare(other), *reads->Prepare(other));
  }
}

TEST_F(OnlineReadsTest, NamesAreKnownWithoutALookAtTheStore) {
  const auto reads = OpenReads();
  EXPECT_EQ(reads->Known(ordered_), nullptr);
  EXPECT_EQ(Said(reads.get(), ordered_), "version 1: 1");
  EXPECT_EQ(reads->Known(ordered_), *reads->Prepare(ordered_));
  WriteSecondVersion();
  MustApply();
  EXPECT_TRUE(*reads->Refresh());
  EXPECT_EQ(reads->Known(ordered_), nullptr);
  EXPECT_EQ(Said(reads.get(), ordered_), "version 1: 1");
  EXPECT_EQ(reads->Known(ordered_), nullptr);  // the store becomes ready for a newer version
  MustMaterialize();
  EXPECT_TRUE(IsSoonSaid(reads.get(), ordered_, "version 2: 1"));
  EXPECT_EQ(reads->Known(ordered_), *reads->Prepare(ordered_));
}

TEST_F(OnlineReadsTest, EverNewListsOfNamesAreNotKept) {
  const auto reads = OpenReads();
  const std::weak_ptr<const PreparedRead> first = *reads->Prepare(Service("ranking"));
  EXPECT_FALSE(first.expired());
  // Lists of 11 names, each either of two.
  for (int list = 0; list < 2'001; ++list) {
    std::vector<std::string> features;
    for (int bit = 0; bit < 11; ++bit) {
      features.emplace_back((list >> bit & 1) != 0 ? "spend:sum" : "spend:count");
    }
    ASSERT_TRUE(reads->Prepare(Names(features)).ok());
  }
  EXPECT_TRUE(first.expired());
  EXPECT_EQ(Said(reads.get(), Service("ranking")), "version 1: 2.5, 30");
  // One that is far too long is answered, and not kept.
  const AskedNames names = Names(std::vector<std::string>(10'000, "spend:sum"));
  EXPECT_EQ(Said(reads.get(), names), "version 1: 2.5");
  EXPECT_NE(*reads->Prepare(names), *reads->Prepare(names));
}

TEST_F(OnlineReadsTest, ReadsTogetherHaveEachTheirOwnAnswer) {
  const auto reads = OpenReads();
  const auto ranking = *reads->Prepare(Service("ranking"));
  const auto count = *reads->Prepare(Names({"spend:count"}));
  const AskedKeys known = OneRow(*count, {{{"user_id", "u1"}}, {}});
  const AskedKeys unknown = OneRow(*count, {{{"user_id", "u9"}}, {}});
  const online::Asked nothing{.rows = 1, .columns = {}, .as_of = {}};
  std::vector<ReadTogether> together;
  together.push_back({ranking, &known.asked});
  together.push_back({count, &nothing});
  together.push_back({count, &unknown.asked});
  together.push_back({ranking, &unknown.asked});
  together.push_back({count, &known.asked});
  reads->Read(together);
  EXPECT_EQ(TextOf(together[0]), "version 1: 2.5, 30");
  EXPECT_EQ(TextOf(together[1]), "missing_column");
  EXPECT_EQ(TextOf(together[2]), "version 1: 0");
  EXPECT_EQ(TextOf(together[3]), "version 1: null, null");
  EXPECT_EQ(TextOf(together[4]), "version 1: 1");
  reads->Read({});
}

TEST_F(OnlineReadsTest, AStoreWithNothingInItIsNotReady) {
  const std::shared_ptr<kv::Store> store = kv::MakeMemoryStore();
  const auto reads = OpenReads(store);
  EXPECT_EQ(MessageOf(reads.get(), ordered_),
            "the online store does not have all of 'ordered' yet (`millrace materialize` fills "
            "it) [not_ready]");
  EXPECT_EQ(Said(reads.get(), Names({"ordered:order"})), "unknown_name");
  EXPECT_EQ(Said(reads.get(), Service("ranking@1")), "not_ready");
}

TEST_F(OnlineReadsTest, NothingApplied) {
  const auto store = OpenStore();
  std::filesystem::remove(folder_ / "registry.db");
  EXPECT_EQ(CodeOf(OnlineReads::Open(Open(), store, clock_).status()), "not_ready");
}

TEST_F(OnlineReadsTest, ANewVersionAnswersWhenTheStoreIsReadyForIt) {
  const auto reads = OpenReads();
  EXPECT_EQ(Said(reads.get(), ordered_), "version 1: 1");
  EXPECT_EQ(Said(reads.get(), bought_), "unknown_name");
  EXPECT_FALSE(*reads->Refresh());
  WriteSecondVersion();
  MustApply();
  EXPECT_EQ(reads->version(), 1);
  EXPECT_TRUE(*reads->Refresh());
  EXPECT_FALSE(*reads->Refresh());
  EXPECT_EQ(reads->version(), 2);
  EXPECT_GE(reads->plan()->FindView("bought"), 0);
  EXPECT_EQ(Said(reads.get(), ordered_), "version 1: 1");
  EXPECT_EQ(Said(reads.get(), bought_), "not_ready");
  EXPECT_EQ(Said(reads.get(), Service("ranking")), "version 2: 2.5, 30");
  EXPECT_EQ(Said(reads.get(), Service("ranking@1")), "version 1: 2.5, 30");
  MustMaterialize({"bought"});
  EXPECT_TRUE(IsSoonSaid(reads.get(), bought_, "version 2: 5.0"));
  EXPECT_EQ(Said(reads.get(), ordered_), "version 1: 1");
  MustMaterialize();
  EXPECT_TRUE(IsSoonSaid(reads.get(), ordered_, "version 2: 1"));
}

TEST_F(OnlineReadsTest, WhatIsHeldIsAnsweredByAnotherVersionOnceItsTablesArePassedBy) {
  const auto reads = OpenReads();
  const auto held = *reads->Prepare(ordered_);
  const auto pinned = *reads->Prepare(Service("ranking@1"));
  const AskedKeys row = OneRow(*held, {{{"user_id", "u1"}}, {}});
  WriteSecondVersion();
  MustApply();
  ASSERT_TRUE(*reads->Refresh());
  ReadTogether read{held, &row.asked};
  reads->Read({&read, 1});
  EXPECT_EQ(TextOf(read), "version 1: 1");
  MustMaterialize();
  for (const bool vacuumed : {false, true}) {
    if (vacuumed) MustVacuum();
    std::vector<ReadTogether> together;
    together.push_back({held, &row.asked});
    together.push_back({pinned, &row.asked});
    reads->Read(together);
    EXPECT_EQ(TextOf(together[0]), "version 2: 1");
    EXPECT_NE(together[0].read, held);
    EXPECT_EQ(TextOf(together[1]), "version 1: 2.5, 30");
    EXPECT_EQ(together[1].read, pinned);
  }
}

TEST_F(OnlineReadsTest, WhatIsHeldFailsWhereNoVersionTakesWhatWasAsked) {
  const auto reads = OpenReads();
  const auto held = *reads->Prepare(ordered_);
  const AskedKeys row = OneRow(*held, {{{"user_id", "u1"}}, {}});
  Write("data/other.csv", "user_id,item_id,amount,event_time\nu1,7,5,2025-01-09T00:00:00Z\n");
  std::string definitions = kDefinitions;
  const size_t path = definitions.find("data/purchases.csv");
  definitions.insert(definitions.find("amount: float64", path), "item_id: int64, ");
  definitions.replace(path, 18, "data/other.csv");
  const std::string ordered = "    entity: user\n    source: orders\n";
  definitions.replace(definitions.find(ordered), ordered.size(),
                      "    entity: buyer\n    source: orders\n");
  definitions.insert(definitions.find("sources:"), "  buyer: {keys: {item_id: int64}}\n");
  Write("features/all.yaml", definitions);
  MustApply();
  ASSERT_TRUE(*reads->Refresh());
  MustMaterialize();
  MustVacuum();
  ReadTogether read{held, &row.asked};
  reads->Read({&read, 1});
  EXPECT_EQ(TextOf(read), "not_ready");
  EXPECT_THAT(NamesOf((*reads->Prepare(ordered_))->keys()), ElementsAre("item_id"));
}

TEST_F(OnlineReadsTest, ARegistryThatCannotBeReadChangesNothing) {
  const auto reads = OpenReads();
  WriteSecondVersion();
  MustApply();
  const auto file = folder_ / "registry.db";
  std::filesystem::rename(file, folder_ / "elsewhere.db");
  EXPECT_EQ(CodeOf(reads->Refresh().status()), "conflict");
  Write("registry.db", "no database, but as long as the header of one would have to be");
  EXPECT_EQ(CodeOf(reads->Refresh().status()), "corrupt");
  EXPECT_EQ(Said(reads.get(), ordered_), "version 1: 1");
  EXPECT_EQ(reads->version(), 1);
  std::filesystem::rename(folder_ / "elsewhere.db", file);
  ASSERT_TRUE(*reads->Refresh());
  // What was loaded before needs no registry.
  std::filesystem::rename(file, folder_ / "elsewhere.db");
  EXPECT_EQ(Said(reads.get(), ordered_), "version 1: 1");
}

TEST_F(OnlineReadsTest, ARegistryThatIsLockedChangesNothing) {
  const auto reads = OpenReads();
  WriteSecondVersion();
  MustApply();
  // What SQLite locks while it commits, by another process.
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const int file = ::open((folder_ / "registry.db").c_str(), O_RDWR);
    struct flock lock{};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = 0x40000000;
    lock.l_len = 512;
    const char locked = ::fcntl(file, F_SETLK, &lock) == 0 ? 'y' : 'n';
    if (::write(ready[1], &locked, 1) == 1) ::pause();
    ::_exit(0);
  }
  char locked = 0;
  ASSERT_EQ(::read(ready[0], &locked, 1), 1);
  EXPECT_EQ(locked, 'y');
  const base::Status refused = reads->Refresh().status();
  EXPECT_EQ(CodeOf(refused), "conflict");
  EXPECT_THAT(refused.message(), HasSubstr("locked"));
  EXPECT_EQ(reads->version(), 1);
  EXPECT_EQ(Said(reads.get(), ordered_), "version 1: 1");
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(*reads->Refresh());
}

// What threads that never stop reading see of one list of names.
struct Seen {
  std::vector<std::string> said;  // whenever it became another
  int64_t reads = 0;
};

TEST_F(OnlineReadsTest, NothingThatWasAnsweredFailsWhileVersionsChange) {
  const auto reads = OpenReads();
  std::atomic<bool> stop = false;
  const auto watch = [&](const AskedNames& names, Seen* seen) {
    while (!stop) {
      const std::string said = Said(reads.get(), names);
      if (seen->said.empty() || seen->said.back() != said) seen->said.push_back(said);
      ++seen->reads;
    }
  };
  Seen changed[2];
  Seen added;
  Seen same;
  Seen held;
  std::vector<std::thread> threads;
  threads.emplace_back(watch, ordered_, &changed[0]);
  threads.emplace_back(watch, ordered_, &changed[1]);
  threads.emplace_back(watch, bought_, &added);
  threads.emplace_back(watch, Service("ranking"), &same);
  threads.emplace_back([&] {
    const auto prepared = *reads->Prepare(ordered_);
    const AskedKeys row = OneRow(*prepared, {{{"user_id", "u1"}}, {}});
    while (!stop) {
      ReadTogether read{prepared, &row.asked};
      reads->Read({&read, 1});
      const std::string said = TextOf(read);
      if (held.said.empty() || held.said.back() != said) held.said.push_back(said);
    }
  });
  threads.emplace_back([&] {
    while (!stop) {
      const auto refreshed = reads->Refresh();
      EXPECT_TRUE(refreshed.ok()) << refreshed.status();
      std::this_thread::sleep_for(milliseconds(20));
    }
  });
  const auto go_on = [] { std::this_thread::sleep_for(milliseconds(300)); };
  go_on();
  WriteSecondVersion();
  MustApply();
  go_on();
  EXPECT_EQ(Said(reads.get(), bought_), "not_ready");
  EXPECT_EQ(Said(reads.get(), ordered_), "version 1: 1");
  MustMaterialize();
  EXPECT_TRUE(IsSoonSaid(reads.get(), bought_, "version 2: 5.0"));
  EXPECT_TRUE(IsSoonSaid(reads.get(), ordered_, "version 2: 1"));
  MustVacuum();
  go_on();
  stop = true;
  for (std::thread& thread : threads) thread.join();
  for (const Seen& seen : changed) {
    EXPECT_THAT(seen.said, ElementsAre("version 1: 1", "version 2: 1"));
    EXPECT_GT(seen.reads, 100);
  }
  EXPECT_THAT(added.said, ElementsAre("unknown_name", "not_ready", "version 2: 5.0"));
  EXPECT_THAT(same.said, ElementsAre("version 1: 2.5, 30", "version 2: 2.5, 30"));
  EXPECT_THAT(held.said, ElementsAre("version 1: 1", "version 2: 1"));
}

TEST_F(OnlineReadsTest, RowsThatComeMakeNoOtherViewsReady) {
  const auto store = OpenStore();
  const auto stored = [&] {
    return state::Description::Read(**store->Read(), "shop")->catalog.Encode();
  };
  CatalogWatch watch(store);
  const int64_t before = watch.changes();
  const std::string bytes = stored();
  clock_.now = clock_.now + *base::ParseDuration("1h");
  MustPush("clicks", {Click("u1", "3", "2025-01-10T12:30:00Z")});
  EXPECT_NE(stored(), bytes);
  EXPECT_EQ(watch.Look(), before);
  WriteSecondVersion();
  MustApply();
  EXPECT_EQ(watch.Look(), before);
  MustMaterialize();
  EXPECT_EQ(watch.changes(), before);
  std::this_thread::sleep_for(CatalogWatch::kLookEvery);
  EXPECT_EQ(watch.LookIfDue(), before + 1);
}

TEST_F(OnlineReadsTest, EarlierPlansLiveAsLongAsTheyAreUsed) {
  WriteSecondVersion();
  MustApply();
  const Repository repository = Open();
  ServedPlans plans = *ServedPlans::Open(repository);
  auto first = plans.Load(1)->plan;
  EXPECT_EQ(CodeOf(plans.Load(3).status()), "unknown_name");
  ServedPlans others = *ServedPlans::Open(repository);
  others.Adopt(plans);
  EXPECT_EQ(others.Load(1)->plan, first);
  plans.ForgetUnused(0);
  others.ForgetUnused(0);
  EXPECT_EQ(others.Load(1)->plan, first);
  const std::weak_ptr<const features::FeaturePlan> unused = first;
  first.reset();
  others = *ServedPlans::Open(repository);
  plans.ForgetUnused(1);
  EXPECT_FALSE(unused.expired());
  plans.ForgetUnused(0);
  EXPECT_TRUE(unused.expired());
  EXPECT_EQ(plans.newest().version, 2);
}

}  // namespace
}  // namespace millrace::jobs
