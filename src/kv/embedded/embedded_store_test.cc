// What only the embedded store promises: kill -9, one owner, readers beside it, what is no store.
#include "kv/embedded/embedded_store.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <lmdb.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <random>
#include <thread>

#include "base/failpoint.h"
#include "kv/store_testing.h"

namespace millrace::kv {
namespace {

using testing::HasSubstr;

// A process that runs `work` and ends with what it returns. It has a pipe to this one.
class Child {
 public:
  explicit Child(const std::function<int(int pipe)>& work) {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    id_ = ::fork();
    if (id_ == 0) {
      ::close(ends[0]);
      ::_exit(work(ends[1]));
    }
    ::close(ends[1]);
    pipe_ = ends[0];
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (id_ > 0) Kill();
    ::close(pipe_);
  }

  pid_t id() const { return id_; }
  // The last number that it wrote, -1 if none; waits for the first, or for the end.
  int LastNumber(bool to_the_end) {
    int number = -1;
    int read = 0;
    while (::read(pipe_, &read, sizeof read) == sizeof read) {
      number = read;
      if (!to_the_end) break;
    }
    return number;
  }
  void Kill() {
    ::kill(id_, SIGKILL);
    Wait();
  }
  // What it returned, or minus the signal that ended it.
  int Wait() {
    int status = 0;
    EXPECT_EQ(::waitpid(id_, &status, 0), id_);
    id_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  pid_t id_ = -1;
  int pipe_ = -1;
};

void Tell(int pipe, int number) {
  if (::write(pipe, &number, sizeof number) != sizeof number) ::_exit(99);
}

class EmbeddedStoreTest : public testing::Test {
 protected:
  std::string path() const { return folder_.path() + "/online"; }

  base::Result<std::unique_ptr<Store>> Open(OpenOptions options = {.wait_seconds = 0}) const {
    options.folder = folder_.path();
    return OpenStore("lmdb:online", options);
  }
  std::unique_ptr<Store> OpenWell(OpenOptions options = {.wait_seconds = 0}) const {
    auto store = Open(std::move(options));
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }

  TestFolder folder_;
};

std::string Numbered(const char* name, int number) {
  return name + std::to_string(1'000'000 + number);
}

// Commits of three rows that belong together, numbered on from those that are there; told by number
// when they are acknowledged.
int CommitForEver(Store* store, int pipe) {
  const std::string last = Value(*store, "last");
  for (int i = last == kMissing ? 0 : std::stoi(last) + 1;; ++i) {
    const std::string number = std::to_string(i);
    const base::Status status = Change(store, [&](Transaction* t) {
      ARROW_RETURN_NOT_OK(t->Put("last", number));
      ARROW_RETURN_NOT_OK(t->Put(Numbered("row", i), std::string(i % 5'000, 'v')));
      return t->Append("all", "+");
    });
    if (!status.ok()) return 1;
    Tell(pipe, i);
  }
}

void ExpectWhole(const Store& store, int last) {
  EXPECT_EQ(Value(store, "last"), std::to_string(last));
  EXPECT_EQ(Value(store, "all"), std::string(last + 1, '+'));
  const Pairs rows = RangeOf(store, "row");
  ASSERT_EQ(rows.size(), static_cast<size_t>(last) + 1);
  for (int i = 0; i <= last; ++i) {
    ASSERT_EQ(rows[i].first, Numbered("row", i));
    ASSERT_EQ(rows[i].second.size(), static_cast<size_t>(i % 5'000));
  }
}

TEST_F(EmbeddedStoreTest, KeepsEveryAcknowledgedCommitWholeWhenItIsKilled) {
  std::mt19937 random(7);
  for (int round = 0; round < 8; ++round) {
    const Durability durability = round % 2 == 0 ? Durability::kProcess : Durability::kSync;
    Child child([&](int pipe) {
      auto store = Open({.wait_seconds = 0, .durability = durability});
      return store.ok() ? CommitForEver(store->get(), pipe) : 2;
    });
    ASSERT_GE(child.LastNumber(/*to_the_end=*/false), 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(20 + random() % 60));
    child.Kill();
    const int told = child.LastNumber(/*to_the_end=*/true);
    const auto store = OpenWell();
    ASSERT_NE(store, nullptr);
    const int last = std::stoi(Value(*store, "last"));
    EXPECT_GE(last, told);
    EXPECT_LE(last, told + 1);
    ExpectWhole(*store, last);
  }
}

TEST_F(EmbeddedStoreTest, IsWholeWhereverACommitIsKilled) {
  const std::pair<const char*, int> killed[] = {
      {"kv.commit.before=kill@5", 3}, {"kv.commit.after=kill@5", 8}, {"kv.put=kill@6", 9}};
  for (const auto& [point, last] : killed) {
    Child child([&](int pipe) {
      auto store = Open();
      if (!store.ok() || !base::SetFailpoints(point).ok()) return 2;
      return CommitForEver(store->get(), pipe);
    });
    EXPECT_EQ(child.Wait(), -SIGKILL) << point;
    const auto store = OpenWell();
    ASSERT_NE(store, nullptr);
    ExpectWhole(*store, last);
  }
}

TEST_F(EmbeddedStoreTest, ABulkLoadThatWasKilledCanBeCleanedAndRepeated) {
  Pairs pairs;
  for (int i = 0; i < 9'000; ++i) pairs.emplace_back(Numbered("new", i), std::string(10'000, 'v'));
  Child child([&](int) {
    auto store = Open();
    if (!store.ok() || !base::SetFailpoints("kv.bulk=kill@2").ok()) return 2;
    PairReader rows(pairs);
    return (*store)->BulkLoad(&rows).ok() ? 0 : 1;
  });
  ASSERT_EQ(child.Wait(), -SIGKILL);
  const auto store = OpenWell();
  ASSERT_NE(store, nullptr);
  const size_t left = RangeOf(*store, "new").size();
  EXPECT_GT(left, 0u);
  EXPECT_LT(left, pairs.size());
  ASSERT_TRUE(store->DeletePrefix("new").ok());
  EXPECT_TRUE(RangeOf(*store, "").empty());
  PairReader rows(pairs);
  ASSERT_TRUE(store->BulkLoad(&rows).ok());
  EXPECT_EQ(RangeOf(*store, ""), pairs);
}

TEST_F(EmbeddedStoreTest, BulkRowsFillTheirPages) {
  const auto store = OpenWell();
  Pairs pairs;
  for (int i = 0; i < 100'000; ++i) pairs.emplace_back(Numbered("k", i), std::string(100, 'v'));
  PairReader rows(pairs);
  ASSERT_TRUE(store->BulkLoad(&rows).ok());
  const auto bytes = store->SizeBytes();
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EXPECT_GT(*bytes, 100'000 * 108);
  EXPECT_LT(*bytes, 100'000 * 130);
}

TEST_F(EmbeddedStoreTest, HasOneOwner) {
  {
    Child child([&](int pipe) {
      auto store = Open();
      if (!store.ok()) return 2;
      Tell(pipe, 1);
      ::pause();
      return 0;
    });
    ASSERT_EQ(child.LastNumber(/*to_the_end=*/false), 1);
    const auto second = Open();
    EXPECT_EQ(CodeOf(second.status()), "store_owned");
    EXPECT_THAT(second.status().message(), HasSubstr("process " + std::to_string(child.id())));
    std::thread killer([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      child.Kill();
    });
    EXPECT_NE(OpenWell({.wait_seconds = 10}), nullptr);
    killer.join();
  }
  const auto store = OpenWell();
  const auto within = Open();
  EXPECT_EQ(CodeOf(within.status()), "store_owned");
  EXPECT_THAT(within.status().message(), HasSubstr(std::to_string(::getpid())));
}

TEST_F(EmbeddedStoreTest, IsReadBesideItsOwner) {
  const auto store = OpenWell();
  ASSERT_TRUE(PutAll(store.get(), {{"a", "1"}}).ok());
  const auto beside = OpenWell({.read_only = true});
  ASSERT_NE(beside, nullptr);
  EXPECT_EQ(Value(*beside, "a"), "1");
  ASSERT_TRUE(PutAll(store.get(), {{"a", "2"}}).ok());
  EXPECT_EQ(Value(*beside, "a"), "2");
  EXPECT_EQ(CodeOf(beside->Begin({}).status()), "internal");
  EXPECT_EQ(CodeOf(beside->DeletePrefix("")), "internal");
}

TEST_F(EmbeddedStoreTest, IsReadWhileAnotherProcessCommits) {
  Child child([&](int pipe) {
    auto store = Open();
    return store.ok() ? CommitForEver(store->get(), pipe) : 2;
  });
  ASSERT_GE(child.LastNumber(/*to_the_end=*/false), 0);
  const auto beside = OpenWell({.read_only = true});
  ASSERT_NE(beside, nullptr);
  int seen = -1;
  for (int i = 0; i < 50 || (seen < 20 && i < 1'000'000); ++i) {
    const auto snapshot = Now(*beside);
    const std::vector<std::string> first = Values(*snapshot, {"last", "all"});
    const int last = std::stoi(first[0]);
    EXPECT_GE(last, seen);
    EXPECT_EQ(first[1].size(), static_cast<size_t>(last) + 1);
    EXPECT_EQ(RangeOf(*snapshot, "row").size(), static_cast<size_t>(last) + 1);
    EXPECT_EQ(Values(*snapshot, {"last", "all"}), first);
    seen = last;
  }
  EXPECT_GE(seen, 20);
}

TEST_F(EmbeddedStoreTest, MayBeOpenedForReadingFirst) {
  ASSERT_TRUE(PutAll(OpenWell().get(), {{"a", "1"}}).ok());
  const auto reader = OpenWell({.read_only = true});
  const auto writer = OpenWell();
  ASSERT_NE(writer, nullptr);
  ASSERT_TRUE(PutAll(writer.get(), {{"a", "2"}}).ok());
  EXPECT_EQ(Value(*reader, "a"), "2");
}

TEST_F(EmbeddedStoreTest, SnapshotsOutliveTheStoreAndMoveBetweenThreads) {
  auto store = OpenWell();
  ASSERT_TRUE(PutAll(store.get(), {{"a", "1"}, {"b", "2"}}).ok());
  std::vector<std::unique_ptr<Snapshot>> snapshots;
  for (int i = 0; i < 300; ++i) snapshots.push_back(Now(*store));
  store.reset();
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&, i] {
      for (int j = i; j < 300; j += 3) {
        EXPECT_EQ(Values(*snapshots[j], {"b"}), std::vector<std::string>{"2"});
        snapshots[j].reset();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Value(*OpenWell(), "a"), "1");
}

// Rewrites 1 MiB often enough that the file grows a lot if old pages cannot be used again.
void ExpectToStaySmall(Store* store) {
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(PutAll(store, {{"large", std::string(1 << 20, static_cast<char>(i))}}).ok());
  }
  const auto bytes = store->SizeBytes();
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EXPECT_LT(*bytes, 30 << 20);
}

TEST_F(EmbeddedStoreTest, AReaderThatWasKilledHoldsNothing) {
  ASSERT_TRUE(PutAll(OpenWell().get(), {{"large", std::string(1 << 20, 'v')}}).ok());
  Child child([&](int pipe) {
    auto store = Open({.read_only = true});
    if (!store.ok()) return 2;
    const auto snapshot = Now(**store);
    Tell(pipe, 1);
    ::pause();
    return 0;
  });
  ASSERT_EQ(child.LastNumber(/*to_the_end=*/false), 1);
  child.Kill();
  ExpectToStaySmall(OpenWell().get());
}

TEST_F(EmbeddedStoreTest, SaysWhenTheDiskIsFullAndGoesOn) {
  Child child([&](int) {
    auto store = Open();
    if (!store.ok()) return 2;
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{.rlim_cur = 1 << 20, .rlim_max = RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    if (CodeOf(PutAll(store->get(), {{"a", std::string(4 << 20, 'v')}})) != "disk_full") return 3;
    if (Value(**store, "a") != kMissing) return 4;
    return PutAll(store->get(), {{"b", "1"}}).ok() ? 0 : 5;
  });
  EXPECT_EQ(child.Wait(), 0);
  const auto store = OpenWell();
  EXPECT_EQ(RangeOf(*store, ""), (Pairs{{"b", "1"}}));
}

TEST_F(EmbeddedStoreTest, ReadingAloneMakesNothing) {
  EXPECT_EQ(CodeOf(Open({.read_only = true}).status()), "file_not_found");
  EXPECT_FALSE(std::filesystem::exists(path()));
  std::filesystem::create_directory(path());
  EXPECT_EQ(CodeOf(Open({.read_only = true}).status()), "file_not_found");
  EXPECT_TRUE(std::filesystem::is_empty(path()));
}

TEST_F(EmbeddedStoreTest, RefusesAFolderOfOtherThings) {
  std::filesystem::create_directory(path());
  std::ofstream(path() + "/purchases.csv") << "a,b\n";
  for (const bool read_only : {false, true}) {
    const auto opened = Open({.read_only = read_only});
    EXPECT_EQ(CodeOf(opened.status()), "store_format");
    EXPECT_THAT(opened.status().message(), HasSubstr("purchases.csv"));
  }
  EXPECT_FALSE(std::filesystem::exists(path() + "/owner.lock"));
  EXPECT_FALSE(std::filesystem::exists(path() + "/data.mdb"));
  EXPECT_EQ(CodeOf(OpenStore("lmdb:online/purchases.csv", {.folder = folder_.path()}).status()),
            "store_format");
}

TEST_F(EmbeddedStoreTest, RefusesAFileThatIsNoStore) {
  std::filesystem::create_directory(path());
  std::ofstream(path() + "/data.mdb") << std::string(10'000, 'x');
  EXPECT_EQ(CodeOf(Open().status()), "store_format");
  EXPECT_EQ(CodeOf(Open({.read_only = true}).status()), "store_format");
}

// An LMDB file with one pair in its main table.
void MakeLmdb(const std::string& folder, std::string key, std::string value) {
  std::filesystem::create_directories(folder);
  MDB_env* env = nullptr;
  MDB_txn* txn = nullptr;
  MDB_dbi table = 0;
  ASSERT_EQ(mdb_env_create(&env), 0);
  ASSERT_EQ(mdb_env_open(env, folder.c_str(), 0, 0666), 0);
  ASSERT_EQ(mdb_txn_begin(env, nullptr, 0, &txn), 0);
  ASSERT_EQ(mdb_dbi_open(txn, nullptr, 0, &table), 0);
  MDB_val name{.mv_size = key.size(), .mv_data = key.data()};
  MDB_val bytes{.mv_size = value.size(), .mv_data = value.data()};
  ASSERT_EQ(mdb_put(txn, table, &name, &bytes, 0), 0);
  ASSERT_EQ(mdb_txn_commit(txn), 0);
  mdb_env_close(env);
}

TEST_F(EmbeddedStoreTest, RefusesStoresOfOthersAndOfOtherFormats) {
  MakeLmdb(path(), "something", "else");
  EXPECT_EQ(CodeOf(Open().status()), "store_format");
  std::filesystem::remove_all(path());
  MakeLmdb(path(), "format", "millrace store, format 2");
  for (const bool read_only : {false, true}) {
    const auto opened = Open({.read_only = read_only});
    EXPECT_EQ(CodeOf(opened.status()), "store_format");
    EXPECT_THAT(opened.status().message(), HasSubstr("format 2"));
  }
}

}  // namespace
}  // namespace millrace::kv
