// What only the Redis store promises: ways to reach a server, losing it and finding it again,
// sharing it, and large commits in pieces.
#include "kv/redis/redis_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "kv/redis/connection.h"
#include "kv/redis_testing.h"
#include "kv/store_testing.h"

namespace millrace::kv {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Steady = std::chrono::steady_clock;

base::Result<std::unique_ptr<Store>> Open(const std::string& url, const std::string& project) {
  return OpenStore(url, {.project = project});
}

std::unique_ptr<Store> OpenWell(const std::string& url, const std::string& project) {
  auto store = Open(url, project);
  EXPECT_TRUE(store.ok()) << store.status();
  return store.ok() ? *std::move(store) : nullptr;
}

// What Redis says to a command of its own.
std::vector<RedisReply> Ask(const std::string& url,
                            std::initializer_list<std::string_view> command) {
  auto connection = RedisConnection::Open(*ParseRedisUrl(url, ""));
  EXPECT_TRUE(connection.ok()) << connection.status();
  RedisCommands commands;
  commands.Add(command);
  auto replies = (*connection)->Call(std::move(commands));
  EXPECT_TRUE(replies.ok()) << replies.status();
  return replies.ok() ? *std::move(replies) : std::vector<RedisReply>();
}

std::vector<std::string> NamesLike(const std::string& url, std::string_view pattern) {
  std::vector<std::string> names;
  const auto replies = Ask(url, {"KEYS", pattern});
  for (size_t i = 0; !replies.empty() && i < replies[0]->elements; ++i) {
    names.emplace_back(TextOf(*replies[0]->element[i]));
  }
  return names;
}

double SecondsOf(const std::function<void()>& work) {
  const auto begin = Steady::now();
  work();
  return std::chrono::duration<double>(Steady::now() - begin).count();
}

TEST(RedisUrl, IsReadWhole) {
  const auto tcp = ParseRedisUrl("redis://ann:p%40ss%3A@db.example:7000/3", "");
  ASSERT_TRUE(tcp.ok()) << tcp.status();
  EXPECT_EQ(tcp->user, "ann");
  EXPECT_EQ(tcp->password, "p@ss:");
  EXPECT_EQ(tcp->host, "db.example");
  EXPECT_EQ(tcp->port, 7000);
  EXPECT_EQ(tcp->database, 3);
  EXPECT_EQ(tcp->shown, "redis://db.example:7000/3");
  const auto plain = ParseRedisUrl("redis://localhost", "");
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(plain->port, 6379);
  EXPECT_EQ(plain->database, 0);
  const auto six = ParseRedisUrl("rediss://:x@[::1]:6380?ca=trust.pem", "/shop");
  ASSERT_TRUE(six.ok()) << six.status();
  EXPECT_EQ(six->way, RedisAddress::Way::kTls);
  EXPECT_EQ(six->host, "::1");
  EXPECT_EQ(six->port, 6380);
  EXPECT_EQ(six->ca_file, "/shop/trust.pem");
  const auto socket = ParseRedisUrl("unix://:x@/run/redis.sock?db=2", "");
  ASSERT_TRUE(socket.ok()) << socket.status();
  EXPECT_EQ(socket->path, "/run/redis.sock");
  EXPECT_EQ(socket->database, 2);
  EXPECT_EQ(socket->password, "x");
}

TEST(RedisUrl, IsRefusedWithoutItsPassword) {
  for (const char* url : {"redis:",
                          "redis:localhost",
                          "redis://",
                          "redis://:secret@",
                          "redis://secret@host",
                          "redis://:secret%4@host",
                          "redis://:secret%zz@host",
                          "redis://:secret@host:port",
                          "redis://host:70000",
                          "redis://host/-1",
                          "redis://host/zero",
                          "redis://host?db=1",
                          "redis://host?ca=x",
                          "rediss://host?ca=",
                          "redis://[::1",
                          "redis://[::1]x",
                          "unix://",
                          "unix://relative",
                          "unix:///x?ca=y",
                          "unix:///x?db=",
                          "rediss://host?ca=/nowhere.pem"}) {
    const auto opened = Open(url, "shop");
    EXPECT_EQ(CodeOf(opened.status()), "bad_value") << url;
    EXPECT_THAT(opened.status().message(), Not(HasSubstr("secret"))) << url;
  }
  const std::string long_path = "unix:///" + std::string(200, 'x');
  EXPECT_EQ(CodeOf(Open(long_path, "shop").status()), "bad_value");
}

TEST(RedisCodec, ReadsRepliesInWhateverPieces) {
  const std::string bytes =
      std::string("$3\r\na") + '\0' + "b\r\n*2\r\n:7\r\n$-1\r\n-OOM used memory\r\n";
  for (size_t piece = 1; piece <= bytes.size(); ++piece) {
    RedisReplyReader reader;
    std::vector<RedisReply> replies;
    for (size_t begin = 0; begin < bytes.size(); begin += piece) {
      reader.Feed(std::string_view(bytes).substr(begin, piece));
      while (true) {
        auto reply = reader.Next();
        ASSERT_TRUE(reply.ok()) << reply.status();
        if (*reply == nullptr) break;
        replies.push_back(*reply);
      }
    }
    ASSERT_EQ(replies.size(), 3u);
    EXPECT_EQ(TextOf(*replies[0]), std::string_view("a\0b", 3));
    ASSERT_EQ(replies[1]->elements, 2u);
    EXPECT_EQ(replies[1]->element[0]->integer, 7);
    EXPECT_EQ(replies[1]->element[1]->type, REDIS_REPLY_NIL);
    EXPECT_EQ(CodeOf(StatusOf(*replies[2], "x")), "disk_full");
  }
  RedisReplyReader other;
  other.Feed("HTTP/1.1 400 Bad Request\r\n\r\n");
  EXPECT_EQ(CodeOf(other.Next().status()), "io_error");
}

class RedisStoreTest : public testing::Test {
 protected:
  RedisServer& server_ = RedisServer::Shared();
  const std::string& url_ = server_.url();
};

TEST_F(RedisStoreTest, IsReachedInEveryWay) {
  for (const std::string& url : {server_.url(), server_.unix_url(), server_.tls_url()}) {
    const auto store = OpenWell(url, "ways");
    ASSERT_NE(store, nullptr) << url;
    ASSERT_TRUE(Change(store.get(), [](Transaction* t) { return t->Append("a", "+"); }).ok());
    EXPECT_EQ(Value(*store, "large"), kMissing);
    const std::string large(3 << 20, 'v');
    ASSERT_TRUE(PutAll(store.get(), {{"large", large}}).ok());
    EXPECT_EQ(Value(*store, "large"), large);
    ASSERT_TRUE(Change(store.get(), [](Transaction* t) { return t->Delete("large"); }).ok());
  }
  EXPECT_EQ(Value(*OpenWell(url_, "ways"), "a"), "+++");
}

TEST_F(RedisStoreTest, ACertificateThatNobodyVouchesForIsRefused) {
  const std::string url = server_.tls_url().substr(0, server_.tls_url().find('?'));
  const auto opened = Open(url, "tls");
  EXPECT_EQ(CodeOf(opened.status()), "store_unavailable");
  EXPECT_THAT(opened.status().message(), HasSubstr("certificate verify failed"));

  // Vouched for, but under another name.
  std::string other = server_.tls_url();
  other.replace(other.find("localhost"), 9, "127.0.0.1");
  const auto misnamed = Open(other, "tls");
  EXPECT_EQ(CodeOf(misnamed.status()), "store_unavailable");
  EXPECT_THAT(misnamed.status().message(), HasSubstr("certificate verify failed"));
  // TLS to a server that speaks none.
  EXPECT_EQ(CodeOf(Open("rediss" + url_.substr(5), "tls").status()), "store_unavailable");
}

TEST_F(RedisStoreTest, ProjectsAndDatabasesAreApart) {
  const std::string other = url_.substr(0, url_.rfind('/')) + "/5";
  const auto first = OpenWell(url_, "one");
  const auto second = OpenWell(url_, "two");
  const auto third = OpenWell(other, "one");
  ASSERT_TRUE(PutAll(first.get(), {{"a", "1"}}).ok());
  ASSERT_TRUE(PutAll(second.get(), {{"a", "2"}}).ok());
  ASSERT_TRUE(PutAll(third.get(), {{"a", "3"}}).ok());
  EXPECT_EQ(RangeOf(*first, ""), (Pairs{{"a", "1"}}));
  EXPECT_EQ(RangeOf(*second, ""), (Pairs{{"a", "2"}}));
  EXPECT_EQ(RangeOf(*third, ""), (Pairs{{"a", "3"}}));
  ASSERT_TRUE(first->DeletePrefix("").ok());
  EXPECT_EQ(Value(*second, "a"), "2");
  EXPECT_EQ(Value(*third, "a"), "3");
  EXPECT_EQ(Value(*OpenWell(url_, "one"), "a"), kMissing);
}

TEST_F(RedisStoreTest, RefusesOtherFormatsAndMakesNothingForReading) {
  const OpenOptions reading{.project = "strange", .read_only = true};
  EXPECT_EQ(CodeOf(OpenStore(url_, reading).status()), "file_not_found");
  EXPECT_THAT(NamesLike(url_, "strange*"), IsEmpty());
  {
    const auto store = OpenWell(url_, "strange");
    ASSERT_TRUE(PutAll(store.get(), {{"a", "1"}}).ok());
    const auto beside = OpenStore(url_, reading);
    ASSERT_TRUE(beside.ok()) << beside.status();
    EXPECT_EQ(Value(**beside, "a"), "1");
    EXPECT_EQ(CodeOf((*beside)->Begin({}).status()), "internal");
  }
  Ask(url_, {"SET", std::string_view("strange\0format", 14), "millrace store, format 2"});
  EXPECT_EQ(CodeOf(Open(url_, "strange").status()), "store_format");
  EXPECT_EQ(CodeOf(Open(url_, "a:b").status()), "internal");
}

TEST_F(RedisStoreTest, ManyThreadsShareOneConnection) {
  const auto store = OpenWell(url_, "threads");
  Pairs pairs;
  for (int i = 0; i < 1'000; ++i) pairs.emplace_back("k" + std::to_string(i), std::to_string(i));
  ASSERT_TRUE(PutAll(store.get(), pairs).ok());
  const auto before = Ask(url_, {"CLIENT", "LIST", "TYPE", "normal"});
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 300; ++i) {
        const int a = (thread * 131 + i * 7) % 1'000;
        const int b = (a * 31 + 1) % 1'100;
        const std::vector<std::string> values =
            Values(*store, {"k" + std::to_string(a), "k" + std::to_string(b)});
        if (values.size() != 2 || values[0] != std::to_string(a) ||
            values[1] != (b < 1'000 ? std::to_string(b) : kMissing)) {
          ++wrong;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  const auto after = Ask(url_, {"CLIENT", "LIST", "TYPE", "normal"});
  EXPECT_EQ(std::ranges::count(TextOf(*before[0]), '\n'), 2);  // the store's and that of Ask
  EXPECT_EQ(std::ranges::count(TextOf(*after[0]), '\n'), 2);
}

TEST_F(RedisStoreTest, WhatWasFoundOutlivesTheStore) {
  auto store = OpenWell(url_, "outlive");
  ASSERT_TRUE(PutAll(store.get(), {{"a", "1"}}).ok());
  const auto snapshot = Now(*store);
  store.reset();
  EXPECT_EQ(Values(*snapshot, {"a"}), std::vector<std::string>{"1"});
}

// A transaction of several stages.
std::unique_ptr<Transaction> FillLarge(Store* store) {
  auto transaction = store->Begin({});
  EXPECT_TRUE(transaction.ok()) << transaction.status();
  for (int i = 0; i < 20'000; ++i) {
    EXPECT_TRUE((*transaction)->Put("k" + std::to_string(i), std::string(200, 'v')).ok());
  }
  return *std::move(transaction);
}

TEST_F(RedisStoreTest, StagesEndByThemselvesAndWithTheirTransaction) {
  const auto store = OpenWell(url_, "stages");
  const std::string pattern("stages\0stage:*", 14);
  auto transaction = FillLarge(store.get());
  const std::vector<std::string> stages = NamesLike(url_, pattern);
  ASSERT_GE(stages.size(), 3u);
  for (const std::string& stage : stages) {
    const auto seconds = Ask(url_, {"TTL", stage});
    EXPECT_GT(seconds[0]->integer, 60);
    EXPECT_LE(seconds[0]->integer, 600);
  }
  transaction.reset();
  EXPECT_EQ(Value(*store, "k0"), kMissing);  // and its deletion of stages went before
  EXPECT_THAT(NamesLike(url_, pattern), IsEmpty());
  transaction = FillLarge(store.get());
  ASSERT_TRUE(transaction->Commit().ok());
  transaction.reset();
  EXPECT_THAT(NamesLike(url_, pattern), IsEmpty());
  EXPECT_EQ(Value(*store, "k19999"), std::string(200, 'v'));
}

TEST_F(RedisStoreTest, ACommitWhoseStagesAreLostChangesNothing) {
  const auto store = OpenWell(url_, "lost");
  const auto transaction = FillLarge(store.get());
  Ask(url_, {"DEL", NamesLike(url_, std::string("lost\0stage:*", 12)).front()});
  EXPECT_EQ(CodeOf(transaction->Commit()), "store_unavailable");
  EXPECT_THAT(RangeOf(*store, ""), IsEmpty());
}

TEST_F(RedisStoreTest, SaysWhenItsMemoryIsFull) {
  const auto store = OpenWell(url_, "full");
  Ask(url_, {"CONFIG", "SET", "maxmemory", "1"});
  EXPECT_EQ(CodeOf(PutAll(store.get(), {{"a", "1"}})), "disk_full");
  PairReader rows(Pairs{{"b", "1"}});
  EXPECT_EQ(CodeOf(store->BulkLoad(&rows)), "disk_full");
  Ask(url_, {"CONFIG", "SET", "maxmemory", "0"});
  EXPECT_THAT(RangeOf(*store, ""), IsEmpty());
  EXPECT_TRUE(PutAll(store.get(), {{"a", "1"}}).ok());
}

TEST(RedisServerOfItsOwn, AsksForAPassword) {
  RedisServer server("p@ss/word");
  std::string url = server.url();
  const size_t at = url.find(":p@ss/word@");
  ASSERT_NE(at, std::string::npos);
  const std::string plain = url.replace(at, 11, "");
  const std::string host = plain.substr(8);
  EXPECT_EQ(CodeOf(Open("redis://" + host, "shop").status()), "permission_denied");
  const auto wrong = Open("redis://:secret@" + host, "shop");
  EXPECT_EQ(CodeOf(wrong.status()), "permission_denied");
  EXPECT_THAT(wrong.status().message(), Not(HasSubstr("secret")));
  EXPECT_EQ(CodeOf(Open("redis://ann:p%40ss%2Fword@" + host, "shop").status()),
            "permission_denied");
  EXPECT_NE(OpenWell("redis://:p%40ss%2Fword@" + host, "shop"), nullptr);
  EXPECT_NE(OpenWell("redis://default:p%40ss%2Fword@" + host, "shop"), nullptr);
}

TEST(RedisServerOfItsOwn, MayGoAndComeBack) {
  RedisServer server;
  const auto store = OpenWell(server.url(), "shop");
  ASSERT_TRUE(PutAll(store.get(), {{"a", "1"}}).ok());
  const auto snapshot = Now(*store);
  server.Stop();
  const std::string_view key = "a";
  const double seconds = SecondsOf([&] {
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(CodeOf(snapshot->GetMany({&key, 1}).status()), "store_unavailable");
      EXPECT_EQ(CodeOf(PutAll(store.get(), {{"a", "2"}})), "store_unavailable");
      PairReader rows(Pairs{{"b", "1"}});
      EXPECT_EQ(CodeOf(store->BulkLoad(&rows)), "store_unavailable");
      EXPECT_EQ(CodeOf(store->SizeBytes().status()), "store_unavailable");
    }
  });
  EXPECT_LT(seconds, 2.0);
  EXPECT_EQ(CodeOf(Open(server.url(), "shop").status()), "store_unavailable");
  EXPECT_EQ(CodeOf(Open(server.unix_url(), "shop").status()), "store_unavailable");

  server.Start();
  bool back = false;
  for (int i = 0; i < 200 && !back; ++i) {
    back = snapshot->GetMany({&key, 1}).ok();
    if (!back) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ASSERT_TRUE(back);
  // It has lost the script as well.
  ASSERT_TRUE(PutAll(store.get(), {{"a", "3"}}).ok());
  EXPECT_EQ(Value(*store, "a"), "3");
}

TEST(RedisServerOfItsOwn, MayBecomeSilent) {
  RedisServer server;
  const auto store = OpenWell(server.url(), "shop");
  ASSERT_TRUE(PutAll(store.get(), {{"a", "1"}}).ok());
  server.Freeze();
  base::Status committed;
  const double seconds = SecondsOf([&] { committed = PutAll(store.get(), {{"a", "2"}}); });
  EXPECT_EQ(CodeOf(committed), "store_unavailable");
  EXPECT_THAT(committed.message(), HasSubstr("not known"));
  EXPECT_GE(seconds, 4.5);
  EXPECT_LT(seconds, 8.0);
  const double opening = SecondsOf(
      [&] { EXPECT_EQ(CodeOf(Open(server.url(), "other").status()), "store_unavailable"); });
  EXPECT_LT(opening, 4.0);
  server.Thaw();
  bool back = false;
  for (int i = 0; i < 300 && !back; ++i) {
    back = PutAll(store.get(), {{"b", "1"}}).ok();
    if (!back) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(back);
}

}  // namespace
}  // namespace millrace::kv
