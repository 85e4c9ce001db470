#include "registry/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "features/plan_codec.h"
#include "registry/plan_testing.h"

namespace millrace::registry {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

std::string CodeOf(const base::Status& status) {
  const auto problems = base::ProblemsOf(status);
  return problems.empty() ? "ok" : std::string(problems[0].code.name);
}

class RegistryTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "registry_test_XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  void TearDown() override {
    fs::permissions(folder_, fs::perms::owner_all);
    fs::remove_all(folder_);
  }

  std::string File() const { return (folder_ / "registry.db").string(); }

  Registry Make(const std::string& project = "shop") const {
    auto registry = Registry::Make("sqlite:registry.db", folder_.string(), project);
    EXPECT_TRUE(registry.ok()) << registry.status().ToString();
    registry->set_lock_seconds(20);
    return *registry;
  }

  static VersionContent Content(const std::string& owner = "growth") {
    return {
        .plan = PlanOf("entities:\n  user: {keys: {user_id: string}, owner: " + owner + "}\n"),
        .texts = {{"features/a.yaml", "a: ${VAR}\n"}, {"features/b.yaml", std::string("b\0c", 3)}}};
  }

  static Append On(int base) {
    return {
        .base = base, .author = "ann", .time = base::EventTime::Micros(-5), .diff = "+ view x\n"};
  }

  fs::path folder_;
};

TEST_F(RegistryTest, NothingAppliedMakesNoFile) {
  const Registry registry = Make();
  EXPECT_FALSE(registry.Newest().ValueOrDie().has_value());
  EXPECT_EQ(registry.NewestNumber().ValueOrDie(), 0);
  EXPECT_TRUE(registry.History().ValueOrDie().empty());
  EXPECT_EQ(CodeOf(registry.Load(1).status()), "unknown_name");
  EXPECT_FALSE(fs::exists(File()));
}

TEST_F(RegistryTest, AVersionComesBackAsItWas) {
  const Registry registry = Make();
  const VersionContent content = Content();
  ASSERT_EQ(registry.Add(On(0), content).ValueOrDie().number, 1);
  const Version version = registry.Load(1).ValueOrDie();
  EXPECT_EQ(version.header.number, 1);
  EXPECT_EQ(version.header.author, "ann");
  EXPECT_EQ(version.header.time.micros(), -5);
  EXPECT_EQ(version.header.diff, "+ view x\n");
  EXPECT_EQ(features::EncodePlan(*version.content.plan), features::EncodePlan(*content.plan));
  ASSERT_EQ(version.content.texts.size(), 2u);
  EXPECT_EQ(version.content.texts[0].file, "features/a.yaml");
  EXPECT_EQ(version.content.texts[0].text, "a: ${VAR}\n");
  EXPECT_EQ(version.content.texts[1].text, std::string("b\0c", 3));
}

TEST_F(RegistryTest, EveryVersionStays) {
  const Registry registry = Make();
  ASSERT_TRUE(registry.Add(On(0), Content("ann")).ok());
  ASSERT_TRUE(registry.Add(On(1), Content("bob")).ok());
  EXPECT_EQ(registry.Newest().ValueOrDie()->header.number, 2);
  EXPECT_EQ(registry.NewestNumber().ValueOrDie(), 2);
  EXPECT_EQ(registry.Newest().ValueOrDie()->content.plan->entities[0].owner, "bob");
  EXPECT_EQ(registry.Load(1).ValueOrDie().content.plan->entities[0].owner, "ann");
  std::vector<int> numbers;
  for (const VersionHeader& header : registry.History().ValueOrDie())
    numbers.push_back(header.number);
  EXPECT_THAT(numbers, ElementsAre(2, 1));
  const base::Status unknown = registry.Load(3).status();
  EXPECT_EQ(CodeOf(unknown), "unknown_name");
  EXPECT_THAT(unknown.message(), HasSubstr("newest is 2"));
}

TEST_F(RegistryTest, VersionsAreImmutableInTheFile) {
  ASSERT_TRUE(Make().Add(On(0), Content()).ok());
  soci::session sql(soci::sqlite3, "db=" + File());
  EXPECT_THROW(sql << "update versions set author = 'eve'", soci::soci_error);
  EXPECT_THROW(sql << "delete from versions", soci::soci_error);
  EXPECT_THROW(sql << "delete from definitions", soci::soci_error);
}

TEST_F(RegistryTest, AChangedBaseIsAConflictAndChangesNothing) {
  const Registry registry = Make();
  ASSERT_TRUE(registry.Add(On(0), Content("ann")).ok());
  for (const int base : {0, 2, 7}) {
    EXPECT_EQ(CodeOf(registry.Add(On(base), Content("bob")).status()), "conflict") << base;
  }
  EXPECT_EQ(registry.History().ValueOrDie().size(), 1u);
  EXPECT_EQ(registry.Newest().ValueOrDie()->content.plan->entities[0].owner, "ann");
}

TEST_F(RegistryTest, ThreadsThatAddAtOnceLoseNoUpdate) {
  constexpr int kThreads = 4;
  constexpr int kVersionsEach = 10;
  const VersionContent content = Content();
  std::atomic<int> conflicts = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      const Registry registry = Make();
      for (int added = 0; added < kVersionsEach;) {
        const auto newest = registry.History().ValueOrDie();
        Append append = On(newest.empty() ? 0 : newest[0].number);
        append.author = std::to_string(thread);
        const auto outcome = registry.Add(append, content);
        if (outcome.ok()) {
          ++added;
        } else {
          ASSERT_EQ(CodeOf(outcome.status()), "conflict") << outcome.status().ToString();
          ++conflicts;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::vector<VersionHeader> history = Make().History().ValueOrDie();
  ASSERT_EQ(history.size(), static_cast<size_t>(kThreads * kVersionsEach));
  std::map<std::string, int> by_author;
  for (size_t i = 0; i < history.size(); ++i) {
    EXPECT_EQ(history[i].number, static_cast<int>(history.size() - i));
    ++by_author[history[i].author];
  }
  for (const auto& [author, count] : by_author) EXPECT_EQ(count, kVersionsEach) << author;
}

TEST_F(RegistryTest, OfProcessesOnTheSameBaseExactlyOneWins) {
  ASSERT_TRUE(Make().Add(On(0), Content()).ok());
  constexpr int kProcesses = 6;
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      const auto outcome = Make().Add(On(1), Content());
      _exit(outcome.ok() ? 0 : CodeOf(outcome.status()) == "conflict" ? 1 : 2);
    }
    children.push_back(child);
  }
  std::map<int, int> exits;
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ++exits[WIFEXITED(status) ? WEXITSTATUS(status) : -1];
  }
  EXPECT_EQ(exits[0], 1);
  EXPECT_EQ(exits[1], kProcesses - 1);
  EXPECT_EQ(Make().History().ValueOrDie().size(), 2u);
}

TEST_F(RegistryTest, AKilledWriterLeavesTheVersionsBefore) {
  ASSERT_TRUE(Make().Add(On(0), Content()).ok());
  const pid_t child = fork();
  if (child == 0) {
    soci::session sql(soci::sqlite3, "db=" + File());
    sql << "begin immediate";
    sql << "insert into versions values (2, 'eve', 0, '', x'00')";
    _exit(0);  // no commit, no destructor
  }
  waitpid(child, nullptr, 0);
  EXPECT_EQ(Make().Newest().ValueOrDie()->header.number, 1);
  EXPECT_EQ(Make().Add(On(1), Content()).ValueOrDie().number, 2);
}

TEST_F(RegistryTest, ALockedFileIsNamedAfterTheWait) {
  Registry registry = Make();
  ASSERT_TRUE(registry.Add(On(0), Content()).ok());
  soci::session other(soci::sqlite3, "db=" + File());
  other << "begin immediate";
  registry.set_lock_seconds(1);
  const base::Status refused = registry.Add(On(1), Content()).status();
  EXPECT_EQ(CodeOf(refused), "conflict");
  EXPECT_THAT(refused.message(), HasSubstr("locked by another process"));
  EXPECT_TRUE(registry.Newest().ok()) << "a writer that has not committed hinders no reader";
  other << "rollback";
  EXPECT_TRUE(registry.Add(On(1), Content()).ok());
}

TEST_F(RegistryTest, AnotherProjectsRegistryIsRefused) {
  ASSERT_TRUE(Make("shop").Add(On(0), Content()).ok());
  const Registry other = Make("flights");
  for (const base::Status& status :
       {other.Newest().status(), other.NewestNumber().status(), other.History().status(),
        other.Add(On(1), Content()).status()}) {
    EXPECT_EQ(CodeOf(status), "conflict");
    EXPECT_THAT(status.message(), HasSubstr("belongs to project 'shop', not to 'flights'"));
  }
}

TEST_F(RegistryTest, AnotherSchemaIsRefused) {
  ASSERT_TRUE(Make().Add(On(0), Content()).ok());
  soci::session(soci::sqlite3, "db=" + File()) << "pragma user_version = 9";
  const base::Status refused = Make().Newest().status();
  EXPECT_EQ(CodeOf(refused), "conflict");
  EXPECT_THAT(refused.message(), HasSubstr("schema is 9"));
  EXPECT_EQ(CodeOf(Make().Add(On(1), Content()).status()), "conflict");
}

TEST_F(RegistryTest, AnotherDatabaseIsRefused) {
  soci::session(soci::sqlite3, "db=" + File()) << "create table versions (number integer)";
  EXPECT_EQ(CodeOf(Make().Newest().status()), "corrupt");
  EXPECT_EQ(CodeOf(Make().Add(On(0), Content()).status()), "corrupt");
}

TEST_F(RegistryTest, AFileThatIsNoDatabaseIsCorrupt) {
  std::ofstream(File()) << std::string(5000, 'x');
  EXPECT_EQ(CodeOf(Make().Newest().status()), "corrupt");
  EXPECT_EQ(CodeOf(Make().Add(On(0), Content()).status()), "corrupt");
}

TEST_F(RegistryTest, ATruncatedFileIsCorrupt) {
  ASSERT_TRUE(Make().Add(On(0), Content()).ok());
  fs::resize_file(File(), fs::file_size(File()) / 2);
  EXPECT_EQ(CodeOf(Make().Newest().status()), "corrupt");
}

TEST_F(RegistryTest, APlanThatDoesNotDecodeIsCorrupt) {
  ASSERT_TRUE(Make().Add(On(0), Content()).ok());
  {
    soci::session sql(soci::sqlite3, "db=" + File());
    sql << "drop trigger versions_update";
    sql << "update versions set plan = x'ff00ff'";
  }
  const base::Status refused = Make().Newest().status();
  EXPECT_EQ(CodeOf(refused), "corrupt");
  EXPECT_THAT(refused.message(), HasSubstr("version 1"));
}

TEST_F(RegistryTest, AnEmptyFileIsARegistryWithoutVersions) {
  std::ofstream(File()).flush();
  EXPECT_FALSE(Make().Newest().ValueOrDie().has_value());
  EXPECT_EQ(Make().Add(On(0), Content()).ValueOrDie().number, 1);
}

TEST_F(RegistryTest, AMissingFolderIsPermissionOrIo) {
  const auto registry = Registry::Make("sqlite:not/there/registry.db", folder_.string(), "shop");
  EXPECT_EQ(CodeOf(registry->Add(On(0), Content()).status()), "permission_denied");
}

TEST_F(RegistryTest, AReadOnlyFolderIsReadAndNotWritten) {
  ASSERT_TRUE(Make().Add(On(0), Content()).ok());
  fs::permissions(File(), fs::perms::owner_read | fs::perms::others_read);
  fs::permissions(folder_, fs::perms::owner_read | fs::perms::owner_exec | fs::perms::others_read |
                               fs::perms::others_exec);
  const pid_t child = fork();
  if (child == 0) {
    // Root may write anywhere: be nobody.
    if (geteuid() == 0 && setuid(65534) != 0) _exit(9);
    if (!Make().Newest().ok()) _exit(1);
    _exit(CodeOf(Make().Add(On(1), Content()).status()) == "permission_denied" ? 0 : 2);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
  fs::permissions(File(), fs::perms::owner_all);
}

TEST_F(RegistryTest, PathsWithSpacesAndEqualsSignsWork) {
  fs::create_directory(folder_ / "a = b c");
  const auto registry = Registry::Make("sqlite:a = b c/my registry.db", folder_.string(), "shop");
  ASSERT_TRUE(registry->Add(On(0), Content()).ok());
  EXPECT_TRUE(fs::exists(folder_ / "a = b c" / "my registry.db"));
  EXPECT_TRUE(registry->Newest().ValueOrDie().has_value());
  const auto quoted = Registry::Make("sqlite:a\"b.db", folder_.string(), "shop");
  EXPECT_EQ(CodeOf(quoted->Add(On(0), Content()).status()), "bad_value");
}

TEST(RegistryUrl, IsSqliteAndNothingElse) {
  EXPECT_EQ(Registry::Make("sqlite:registry.db", "/shop", "shop")->path(), "/shop/registry.db");
  EXPECT_EQ(Registry::Make("sqlite:../r.db", "/shop", "shop")->path(), "/r.db");
  EXPECT_EQ(Registry::Make("sqlite:/var/r.db", "/shop", "shop")->path(), "/var/r.db");
  const base::Status reserved = Registry::Make("postgresql://u@h/db", "/shop", "shop").status();
  EXPECT_EQ(CodeOf(reserved), "reserved");
  EXPECT_THAT(reserved.message(), HasSubstr("postgresql"));
  for (const char* url : {"", "registry.db", "sqlite:", "mysql://x"}) {
    EXPECT_EQ(CodeOf(Registry::Make(url, "/shop", "shop").status()), "bad_value") << url;
  }
}

}  // namespace
}  // namespace millrace::registry
