// AsyncReader on a real Redis: what a loop's thread is told, and when.
#include "kv/async_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>

#include "kv/redis_testing.h"
#include "kv/store_testing.h"

namespace millrace::kv {
namespace {

using testing::ElementsAre;
using Loop = boost::asio::io_context;

class AsyncReaderTest : public testing::Test {
 protected:
  void Open(const std::string& url) {
    auto store = OpenStore(url, {.project = "async"});
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    auto reader = store_->ReadOn(loop_);
    ASSERT_TRUE(reader.ok()) << reader.status();
    reader_ = *std::move(reader);
  }

  // Notes "a=1 b=-", or the error's code.
  void Ask(const std::vector<std::string_view>& keys) {
    reader_->GetMany(keys, [this, names = std::vector<std::string>(keys.begin(), keys.end())](
                               base::Result<Found> found) {
      std::string text = found.ok() ? "" : CodeOf(found.status());
      for (size_t i = 0; found.ok() && i < names.size(); ++i) {
        text += (i == 0 ? "" : " ") + names[i] + "=" + std::string(found->values[i].value_or("-"));
      }
      said_.push_back(text);
    });
  }
  void RunUntil(const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!done() && std::chrono::steady_clock::now() < end) {
      loop_->run_one_for(std::chrono::milliseconds(20));
    }
  }
  void RunUntilSaid(size_t count) {
    RunUntil([&] { return said_.size() >= count; });
  }

  std::shared_ptr<Loop> loop_ = std::make_shared<Loop>(1);
  std::unique_ptr<Store> store_;
  std::unique_ptr<AsyncReader> reader_;
  std::vector<std::string> said_;
};

TEST_F(AsyncReaderTest, SaysValuesInTheOrderOfAsking) {
  RedisServer& server = RedisServer::Shared();
  for (const std::string& url : {server.url(), server.unix_url(), server.tls_url()}) {
    said_.clear();
    Open(url);
    ASSERT_TRUE(PutAll(store_.get(), {{"a", "1"}, {"b", "2"}}).ok());
    Ask({"a", "none", "b"});
    Ask({"b"});
    EXPECT_THAT(said_, testing::IsEmpty());
    RunUntilSaid(2);
    EXPECT_THAT(said_, ElementsAre("a=1 none=- b=2", "b=2")) << url;
    Ask({});
    Ask({""});
    EXPECT_THAT(said_, ElementsAre("a=1 none=- b=2", "b=2", "", "internal"));
  }
}

TEST_F(AsyncReaderTest, ReadsMoreKeysThanOneCommandTakes) {
  Open(RedisServer::Shared().url());
  std::vector<std::string> names;
  for (int i = 0; i < 25'000; ++i) names.push_back("many" + std::to_string(i));
  Pairs pairs;
  for (const std::string& name : names) pairs.emplace_back(name, name.substr(4));
  ASSERT_TRUE(PutAll(store_.get(), pairs).ok());
  bool is_done = false;
  reader_->GetMany(std::vector<std::string_view>(names.begin(), names.end()),
                   [&](base::Result<Found> found) {
                     is_done = true;
                     ASSERT_TRUE(found.ok()) << found.status();
                     ASSERT_EQ(found->values.size(), names.size());
                     EXPECT_EQ(found->values[24'999], "24999");
                   });
  RunUntil([&] { return is_done; });
  EXPECT_TRUE(is_done);
}

TEST_F(AsyncReaderTest, SaysThatTheServerIsGoneAndComesBack) {
  RedisServer server;
  Open(server.url());
  ASSERT_TRUE(PutAll(store_.get(), {{"a", "1"}}).ok());
  Ask({"a"});
  RunUntilSaid(1);
  server.Stop();
  for (size_t i = 2; i < 5; ++i) {
    Ask({"a"});
    RunUntilSaid(i);
    EXPECT_EQ(said_.back(), "store_unavailable");
  }
  server.Start();
  RunUntil([&] {
    if (said_.back() == "a=-") return true;  // its memory was lost
    const size_t said = said_.size();
    Ask({"a"});
    RunUntilSaid(said + 1);
    return false;
  });
  EXPECT_EQ(said_.back(), "a=-");
}

TEST_F(AsyncReaderTest, ItsEndIsSaidToWhoWaits) {
  Open(RedisServer::Shared().url());
  Ask({"a"});
  reader_.reset();
  EXPECT_THAT(said_, ElementsAre("store_unavailable"));
  // Its loop goes on, and finds nothing of it.
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(100);
  while (std::chrono::steady_clock::now() < end) loop_->poll();
  Open(RedisServer::Shared().url());
  Ask({"a"});
  RunUntilSaid(2);
  reader_.reset();  // while it waits for the next
  loop_->restart();
  loop_->poll();
  EXPECT_EQ(said_.size(), 2u);
}

TEST(AsyncReader, OfAStoreThatIsInThisProcessIsNone) {
  const auto reader = MakeMemoryStore()->ReadOn(std::make_shared<Loop>(1));
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(*reader, nullptr);
}

}  // namespace
}  // namespace millrace::kv
