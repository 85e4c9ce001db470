// The contract of store.h, the same for every engine.
#include "kv/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <optional>
#include <random>
#include <thread>

#include "base/failpoint.h"
#include "kv/redis_testing.h"
#include "kv/store_testing.h"

namespace millrace::kv {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

// Opens the same store again and again; an engine's own, empty at first.
class Engine {
 public:
  virtual ~Engine() = default;
  virtual base::Result<std::unique_ptr<Store>> Open() = 0;
  virtual bool keeps() const { return true; }       // what was committed, when it is opened again
  virtual bool one_moment() const { return true; }  // all calls of a snapshot see the same
};

class MemoryEngine final : public Engine {
 public:
  base::Result<std::unique_ptr<Store>> Open() override { return OpenStore("memory:", {}); }
  bool keeps() const override { return false; }
};

class EmbeddedEngine final : public Engine {
 public:
  base::Result<std::unique_ptr<Store>> Open() override {
    return OpenStore("lmdb:./online", {.project = "shop", .folder = folder_.path()});
  }

 private:
  TestFolder folder_;
};

class RedisEngine final : public Engine {
 public:
  // A project of its own for every test.
  RedisEngine() : project_("test" + std::to_string(++projects)) {}
  ~RedisEngine() override {
    auto store = Open();
    EXPECT_TRUE(store.ok() && (*store)->DeletePrefix("").ok());
  }
  base::Result<std::unique_ptr<Store>> Open() override {
    return OpenStore(RedisServer::Shared().url(), {.project = project_});
  }
  bool one_moment() const override { return false; }

 private:
  static inline int projects = 0;
  std::string project_;
};

class StoreTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const std::string name = GetParam();
    if (name == "memory") engine_ = std::make_unique<MemoryEngine>();
    if (name == "embedded") engine_ = std::make_unique<EmbeddedEngine>();
    if (name == "redis") engine_ = std::make_unique<RedisEngine>();
    Reopen();
  }
  void TearDown() override { EXPECT_TRUE(base::SetFailpoints("").ok()); }

  void Reopen() {
    store_.reset();
    auto opened = engine_->Open();
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
  }

  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Store> store_;
};

INSTANTIATE_TEST_SUITE_P(Engines, StoreTest, testing::Values("memory", "embedded", "redis"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(StoreTest, GetsManyAtOnceInTheOrderAsked) {
  const std::string binary("\0\xff\n\r$", 5);
  const std::string longest(kKeyBytesMax, 'k');
  ASSERT_TRUE(
      PutAll(store_.get(), {{"a", "1"}, {"empty", ""}, {binary, binary}, {longest, "long"}}).ok());
  EXPECT_THAT(Values(*store_, {"b", longest, "a", binary, "empty", "a"}),
              ElementsAre(kMissing, "long", "1", binary, "", "1"));
  EXPECT_THAT(Values(*store_, std::vector<std::string>{}), IsEmpty());
}

TEST_P(StoreTest, GetsMoreKeysThanOneRequestTakes) {
  Pairs pairs;
  std::vector<std::string> keys;
  for (int i = 0; i < 20'000; ++i) {
    keys.push_back("k" + std::to_string(i));
    if (i % 2 == 0) pairs.emplace_back(keys.back(), std::to_string(i));
  }
  ASSERT_TRUE(PutAll(store_.get(), pairs).ok());
  const std::vector<std::string> values = Values(*store_, keys);
  ASSERT_EQ(values.size(), keys.size());
  for (int i = 0; i < 20'000; ++i) {
    ASSERT_EQ(values[i], i % 2 == 0 ? std::to_string(i) : kMissing);
  }
}

TEST_P(StoreTest, FoundOutlivesLaterChanges) {
  ASSERT_TRUE(PutAll(store_.get(), {{"a", "old"}}).ok());
  const auto snapshot = Now(*store_);
  const std::string_view key = "a";
  const auto found = snapshot->GetMany({&key, 1});
  ASSERT_TRUE(found.ok()) << found.status();
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(PutAll(store_.get(), {{"a", std::string(100, 'n')}, {"b", "x"}}).ok());
  }
  EXPECT_EQ(found->values[0], "old");
  EXPECT_EQ(Value(*store_, "a"), std::string(100, 'n'));
}

TEST_P(StoreTest, RefusesKeysOfNoBytesAndOfTooMany) {
  for (const std::string& key : {std::string(), std::string(kKeyBytesMax + 1, 'k')}) {
    EXPECT_EQ(CodeOf(PutAll(store_.get(), {{key, "v"}})), "internal");
    EXPECT_EQ(CodeOf(Change(store_.get(), [&](auto* t) { return t->Append(key, "v"); })),
              "internal");
    EXPECT_EQ(CodeOf(Change(store_.get(), [&](auto* t) { return t->Delete(key); })), "internal");
    const std::string_view view = key;
    EXPECT_EQ(CodeOf(Now(*store_)->GetMany({&view, 1}).status()), "internal");
    PairReader rows(Pairs{{key, "v"}});
    EXPECT_EQ(CodeOf(store_->BulkLoad(&rows)), "internal");
  }
}

TEST_P(StoreTest, RefusesValuesOfTooManyBytes) {
  const std::string_view huge("x", kValueBytesMax + 1);  // of a size that nobody looks behind
  EXPECT_EQ(CodeOf(Change(store_.get(), [&](auto* t) { return t->Put("a", huge); })), "internal");
  EXPECT_EQ(CodeOf(Change(store_.get(), [&](auto* t) { return t->Append("a", huge); })),
            "internal");
  EXPECT_EQ(Value(*store_, "a"), kMissing);
}

TEST_P(StoreTest, WithoutCommitNothingHappens) {
  ASSERT_TRUE(PutAll(store_.get(), {{"a", "1"}}).ok());
  {
    auto transaction = store_->Begin({});
    ASSERT_TRUE(transaction.ok());
    ASSERT_TRUE((*transaction)->Put("a", "2").ok());
    ASSERT_TRUE((*transaction)->Delete("a").ok());
    ASSERT_TRUE((*transaction)->Put("b", "2").ok());
    EXPECT_THAT(Values(*store_, {"a", "b"}), ElementsAre("1", kMissing));
  }
  EXPECT_THAT(Values(*store_, {"a", "b"}), ElementsAre("1", kMissing));
}

TEST_P(StoreTest, ASnapshotSeesOneMoment) {
  ASSERT_TRUE(PutAll(store_.get(), {{"a", "1"}, {"b", "1"}}).ok());
  const auto before = Now(*store_);
  EXPECT_THAT(Values(*before, {"a", "b"}), ElementsAre("1", "1"));
  ASSERT_TRUE(PutAll(store_.get(), {{"a", "2"}, {"b", "2"}, {"c", "2"}}).ok());
  if (engine_->one_moment()) {
    EXPECT_THAT(Values(*before, {"a", "b", "c"}), ElementsAre("1", "1", kMissing));
    EXPECT_THAT(RangeOf(*before, ""), ElementsAre(Pair("a", "1"), Pair("b", "1")));
  }
  EXPECT_THAT(Values(*store_, {"a", "b", "c"}), ElementsAre("2", "2", "2"));
}

TEST_P(StoreTest, ACallSeesAllOfACommitOrNothing) {
  ASSERT_TRUE(PutAll(store_.get(), {{"a", "0"}, {"b", "0"}}).ok());
  std::atomic<bool> done = false;
  std::atomic<int> halves = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      while (!done) {
        const std::vector<std::string> values = Values(*store_, {"a", "b"});
        if (values.size() != 2 || values[0] != values[1]) ++halves;
      }
    });
  }
  for (int i = 1; i <= 300; ++i) {
    const std::string value = std::to_string(i);
    EXPECT_TRUE(PutAll(store_.get(), {{"a", value}, {"b", value}}).ok());
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(halves, 0);
  EXPECT_EQ(Value(*store_, "a"), "300");
}

TEST_P(StoreTest, OfSeveralChangesOfAKeyTheLastWins) {
  ASSERT_TRUE(PutAll(store_.get(), {{"a", "old"}, {"b", "old"}, {"c", "old"}, {"d", "old"}}).ok());
  ASSERT_TRUE(Change(store_.get(), [](Transaction* t) {
                ARROW_RETURN_NOT_OK(t->Put("a", "1"));
                ARROW_RETURN_NOT_OK(t->Put("a", "2"));
                ARROW_RETURN_NOT_OK(t->Put("b", "1"));
                ARROW_RETURN_NOT_OK(t->Delete("b"));
                ARROW_RETURN_NOT_OK(t->Delete("c"));
                ARROW_RETURN_NOT_OK(t->Append("c", "+"));
                ARROW_RETURN_NOT_OK(t->Append("d", "+"));
                ARROW_RETURN_NOT_OK(t->Put("d", "new"));
                ARROW_RETURN_NOT_OK(t->Append("d", "+"));
                return t->Append("d", "+");
              }).ok());
  EXPECT_THAT(Values(*store_, {"a", "b", "c", "d"}), ElementsAre("2", kMissing, "+", "new++"));
}

TEST_P(StoreTest, AppendsGrowAValue) {
  std::string expected;
  for (int i = 0; i < 200; ++i) {
    const std::string piece = std::string(i % 97, static_cast<char>('a' + i % 26)) + '\0';
    expected += piece;
    ASSERT_TRUE(Change(store_.get(), [&](Transaction* t) {
                  ARROW_RETURN_NOT_OK(t->Append("a", piece));
                  return t->Append("other", "x");
                }).ok());
  }
  EXPECT_EQ(Value(*store_, "a"), expected);
  EXPECT_EQ(Value(*store_, "other"), std::string(200, 'x'));
  ASSERT_TRUE(Change(store_.get(), [&](Transaction* t) { return t->Append("new", ""); }).ok());
  EXPECT_EQ(Value(*store_, "new"), "");
}

TEST_P(StoreTest, DeletesWhatIsThereAndWhatIsNot) {
  ASSERT_TRUE(PutAll(store_.get(), {{"a", "1"}, {"b", "1"}}).ok());
  ASSERT_TRUE(Change(store_.get(), [](Transaction* t) {
                ARROW_RETURN_NOT_OK(t->Delete("a"));
                return t->Delete("none");
              }).ok());
  EXPECT_THAT(Values(*store_, {"a", "b"}), ElementsAre(kMissing, "1"));
}

TEST_P(StoreTest, AGuardKeepsAReplacedWriterOut) {
  const Guard first{.key = "writer", .value = std::nullopt};
  ASSERT_TRUE(PutAll(store_.get(), {{"writer", "one"}, {"a", "1"}}, first).ok());
  EXPECT_EQ(CodeOf(PutAll(store_.get(), {{"writer", "two"}, {"a", "2"}}, first)), "store_fenced");
  EXPECT_THAT(Values(*store_, {"writer", "a"}), ElementsAre("one", "1"));

  const Guard one{.key = "writer", .value = "one"};
  ASSERT_TRUE(PutAll(store_.get(), {{"writer", "two"}, {"a", "2"}}, one).ok());
  EXPECT_EQ(CodeOf(PutAll(store_.get(), {{"a", "3"}}, one)), "store_fenced");
  const Guard empty{.key = "writer", .value = ""};
  EXPECT_EQ(CodeOf(PutAll(store_.get(), {{"a", "3"}}, empty)), "store_fenced");
  const Guard missing{.key = "none", .value = ""};
  EXPECT_EQ(CodeOf(PutAll(store_.get(), {{"a", "3"}}, missing)), "store_fenced");
  EXPECT_THAT(Values(*store_, {"writer", "a"}), ElementsAre("two", "2"));

  ASSERT_TRUE(PutAll(store_.get(), {{"writer", ""}}).ok());
  EXPECT_TRUE(PutAll(store_.get(), {{"a", "4"}}, empty).ok());
  EXPECT_EQ(Value(*store_, "a"), "4");
}

TEST_P(StoreTest, RangesAreInOrderAndEndWithTheirPrefix) {
  const std::string high("\xff");
  ASSERT_TRUE(PutAll(store_.get(), {{"b", "4"},
                                    {high + high + "x", "9"},
                                    {"a", "1"},
                                    {"a*?[]\\", "2"},
                                    {high, "7"},
                                    {std::string("a\0", 2), "11"},
                                    {"a" + high, "3"},
                                    {"a" + high + high, "31"},
                                    {high + high, "8"},
                                    {std::string("\0", 1), "0"}})
                  .ok());
  const Pairs all = RangeOf(*store_, "");
  std::vector<std::string> values;
  for (const auto& [key, value] : all) values.push_back(value);
  EXPECT_THAT(values, ElementsAre("0", "1", "11", "2", "3", "31", "4", "7", "8", "9"));
  EXPECT_TRUE(std::ranges::is_sorted(all));
  EXPECT_THAT(RangeOf(*store_, "a" + high),
              ElementsAre(Pair("a" + high, "3"), Pair("a" + high + high, "31")));
  EXPECT_THAT(RangeOf(*store_, "a*"), ElementsAre(Pair("a*?[]\\", "2")));
  EXPECT_THAT(RangeOf(*store_, "a*?[]\\"), ElementsAre(Pair("a*?[]\\", "2")));
  EXPECT_THAT(RangeOf(*store_, high + high),
              ElementsAre(Pair(high + high, "8"), Pair(high + high + "x", "9")));
  EXPECT_THAT(RangeOf(*store_, std::string("\0", 1)), ElementsAre(Pair(std::string("\0", 1), "0")));
  EXPECT_THAT(RangeOf(*store_, "c"), IsEmpty());
}

TEST_P(StoreTest, DeletesByPrefixAlone) {
  Pairs pairs = {{"a", "1"}, {"c", "1"}, {"b\xff", "1"}};
  for (int i = 0; i < 25'000; ++i) pairs.emplace_back("b*" + std::to_string(i), "x");
  ASSERT_TRUE(PutAll(store_.get(), pairs).ok());
  ASSERT_TRUE(store_->DeletePrefix("b*").ok());
  EXPECT_THAT(RangeOf(*store_, ""),
              ElementsAre(Pair("a", "1"), Pair("b\xff", "1"), Pair("c", "1")));
  ASSERT_TRUE(store_->DeletePrefix("none").ok());
  ASSERT_TRUE(store_->DeletePrefix("").ok());
  EXPECT_THAT(RangeOf(*store_, ""), IsEmpty());
  ASSERT_TRUE(PutAll(store_.get(), {{"a", "2"}}).ok());
  EXPECT_EQ(Value(*store_, "a"), "2");
}

TEST_P(StoreTest, BulkRowsComeBeforeBetweenAndAfterThoseThatAreThere) {
  ASSERT_TRUE(PutAll(store_.get(), {{"m", "there"}}).ok());
  for (const std::string prefix : {"n", "a", "l"}) {
    Pairs pairs;
    for (int i = 10'000; i < 30'000; ++i) pairs.emplace_back(prefix + std::to_string(i), prefix);
    PairReader rows(pairs);
    ASSERT_TRUE(store_->BulkLoad(&rows).ok());
    EXPECT_EQ(RangeOf(*store_, prefix), pairs);
  }
  PairReader both({{"k", "1"}, {"z", "2"}});
  ASSERT_TRUE(store_->BulkLoad(&both).ok());
  ASSERT_TRUE(PutAll(store_.get(), {{"n10000", "changed"}, {"current", "n"}}).ok());
  EXPECT_THAT(Values(*store_, {"m", "n10000", "n29999", "a10000", "k", "z", "current"}),
              ElementsAre("there", "changed", "n", "a", "1", "2", "n"));
  EXPECT_EQ(RangeOf(*store_, "").size(), 60'004u);
  PairReader none(Pairs{});
  EXPECT_TRUE(store_->BulkLoad(&none).ok());
}

TEST_P(StoreTest, BulkRowsThatDoNotAscendAreRefused) {
  PairReader falling({{"b", "1"}, {"a", "1"}});
  EXPECT_EQ(CodeOf(store_->BulkLoad(&falling)), "internal");
  PairReader twice({{"c", "1"}, {"c", "1"}});
  EXPECT_EQ(CodeOf(store_->BulkLoad(&twice)), "internal");
}

TEST_P(StoreTest, ALargeTransactionIsAtomicToo) {
  const Guard guard{.key = "writer", .value = std::nullopt};
  const std::string large(3 << 20, 'v');
  const auto fill = [&](Transaction* t) {
    for (int i = 0; i < 100'000; ++i) {
      ARROW_RETURN_NOT_OK(t->Put("k" + std::to_string(i), std::string(100, 'v')));
    }
    ARROW_RETURN_NOT_OK(t->Put("large", large));
    ARROW_RETURN_NOT_OK(t->Append("large", "+"));
    ARROW_RETURN_NOT_OK(t->Delete("k7"));
    return t->Put("writer", "one");
  };
  {
    auto transaction = store_->Begin(guard);
    ASSERT_TRUE(transaction.ok());
    ASSERT_TRUE(fill(transaction->get()).ok());
  }
  EXPECT_THAT(RangeOf(*store_, ""), IsEmpty());
  ASSERT_TRUE(Change(store_.get(), fill, guard).ok());
  EXPECT_EQ(RangeOf(*store_, "").size(), 100'001u);
  EXPECT_THAT(Values(*store_, {"large", "k7", "k99999", "writer"}),
              ElementsAre(large + "+", kMissing, std::string(100, 'v'), "one"));
  const auto refill = [&](Transaction* t) {
    ARROW_RETURN_NOT_OK(t->Put("k7", "fenced"));
    return fill(t);
  };
  EXPECT_EQ(CodeOf(Change(store_.get(), refill, guard)), "store_fenced");
  EXPECT_EQ(RangeOf(*store_, "").size(), 100'001u);
  EXPECT_EQ(Value(*store_, "k7"), kMissing);
}

TEST_P(StoreTest, WritersWaitForOneAnother) {
  std::vector<std::thread> writers;
  std::atomic<int> failed = 0;
  for (int i = 0; i < 4; ++i) {
    writers.emplace_back([&] {
      for (int n = 0; n < 50; ++n) {
        if (!Change(store_.get(), [](Transaction* t) { return t->Append("a", "x"); }).ok()) {
          ++failed;
        }
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(Value(*store_, "a"), std::string(200, 'x'));
}

// Transactions, some of them given up, against a plain map that has the same changes.
TEST_P(StoreTest, DoesWhatAMapDoes) {
  std::mt19937 random(11);
  std::map<std::string, std::string> model;
  for (int round = 0; round < 300; ++round) {
    std::map<std::string, std::string> changed = model;
    auto transaction = store_->Begin({});
    ASSERT_TRUE(transaction.ok()) << transaction.status();
    for (size_t changes = random() % 12; changes > 0; --changes) {
      const std::string key = "k" + std::to_string(random() % 20);
      const std::string value(random() % 5 == 0 ? random() % 6'000 : random() % 40, 'v');
      const size_t what = random() % 4;
      if (what == 0) {
        ASSERT_TRUE((*transaction)->Delete(key).ok());
        changed.erase(key);
      } else if (what == 1) {
        ASSERT_TRUE((*transaction)->Put(key, value).ok());
        changed[key] = value;
      } else {
        ASSERT_TRUE((*transaction)->Append(key, value).ok());
        changed[key] += value;
      }
    }
    if (random() % 5 != 0) {
      ASSERT_TRUE((*transaction)->Commit().ok());
      model.swap(changed);
    }
    transaction->reset();
    if (round % 10 == 0) {
      ASSERT_EQ(RangeOf(*store_, ""), Pairs(model.begin(), model.end()));
    }
  }
  EXPECT_EQ(RangeOf(*store_, "k1"), Pairs(model.lower_bound("k1"), model.lower_bound("k2")));
}

TEST_P(StoreTest, KeepsWhatWasCommittedWhenItIsOpenedAgain) {
  if (!engine_->keeps()) return;
  ASSERT_TRUE(PutAll(store_.get(), {{"a", "1"}}).ok());
  PairReader rows(Pairs{{"b", "2"}});
  ASSERT_TRUE(store_->BulkLoad(&rows).ok());
  Reopen();
  EXPECT_THAT(RangeOf(*store_, ""), ElementsAre(Pair("a", "1"), Pair("b", "2")));
}

TEST_P(StoreTest, SaysHowMuchItTakes) {
  const auto before = store_->SizeBytes();
  ASSERT_TRUE(before.ok()) << before.status();
  ASSERT_TRUE(PutAll(store_.get(), {{"a", std::string(4 << 20, 'v')}}).ok());
  const auto after = store_->SizeBytes();
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_GE(*after - *before, 4 << 20);
  EXPECT_LT(*after - *before, 20 << 20);
}

TEST_P(StoreTest, FailuresLeaveNothingBehind) {
  ASSERT_TRUE(PutAll(store_.get(), {{"a", "1"}}).ok());
  for (const char* point : {"kv.put", "kv.commit.before"}) {
    ASSERT_TRUE(base::SetFailpoints(std::string(point) + "=full").ok());
    EXPECT_EQ(CodeOf(PutAll(store_.get(), {{"a", "2"}, {"b", "2"}})), "disk_full");
    EXPECT_THAT(Values(*store_, {"a", "b"}), ElementsAre("1", kMissing));
  }
  ASSERT_TRUE(base::SetFailpoints("kv.put=error@2").ok());
  EXPECT_EQ(CodeOf(PutAll(store_.get(), {{"a", "2"}, {"b", "2"}})), "io_error");
  EXPECT_THAT(Values(*store_, {"a", "b"}), ElementsAre("1", kMissing));
  ASSERT_TRUE(base::SetFailpoints("kv.bulk=full").ok());
  PairReader rows(Pairs{{"c", "2"}});
  EXPECT_EQ(CodeOf(store_->BulkLoad(&rows)), "disk_full");
  ASSERT_TRUE(base::SetFailpoints("kv.commit.after=error").ok());
  EXPECT_EQ(CodeOf(PutAll(store_.get(), {{"a", "3"}})), "io_error");
  EXPECT_EQ(Value(*store_, "a"), "3");
  ASSERT_TRUE(base::SetFailpoints("").ok());
  ASSERT_TRUE(PutAll(store_.get(), {{"a", "4"}}).ok());
  EXPECT_EQ(Value(*store_, "a"), "4");
}

TEST(OpenStore, NamesWhatIsPossibleAndNoPassword) {
  for (const char* url :
       {"", "lmdb:", "rocksdb:./online", "./online", "memory:x", "radish://user:secret@host/0"}) {
    const auto opened = OpenStore(url, {});
    ASSERT_FALSE(opened.ok()) << url;
    EXPECT_EQ(CodeOf(opened.status()), "bad_value") << url;
    EXPECT_THAT(opened.status().message(), testing::HasSubstr("lmdb:PATH"));
    EXPECT_THAT(opened.status().message(), testing::Not(testing::HasSubstr("secret")));
  }
  EXPECT_EQ(CodeOf(OpenStore("memory:", {.read_only = true}).status()), "file_not_found");
}

}  // namespace
}  // namespace millrace::kv
