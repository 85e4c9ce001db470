// OnlineReads::ReadLater: what is answered without waiting is what Read answers; the rest is left.
#include "jobs/reads/head_reads.h"

#include <gtest/gtest.h>

#include <deque>

#include "jobs/online_testing.h"
#include "jobs/reads/asked_keys.h"
#include "jobs/update/served_plans.h"

namespace millrace::jobs {
namespace {

// Of a store in this process; answers when it is told.
class HeldReader final : public kv::AsyncReader {
 public:
  explicit HeldReader(const kv::Store* store) : store_(store) {}

  void GetMany(std::span<const std::string_view> keys, Then then) override {
    held_.push_back({{keys.begin(), keys.end()}, std::move(then)});
  }

  // How many reads of the store there were.
  int AnswerAll() {
    int count = 0;
    for (; !held_.empty(); ++count) {
      Held held = std::move(held_.front());
      held_.pop_front();
      if (!failure.ok()) {
        held.then(failure);
        continue;
      }
      const auto snapshot = *store_->Read();
      held.then(
          snapshot->GetMany(std::vector<std::string_view>(held.keys.begin(), held.keys.end())));
    }
    return count;
  }

  base::Status failure;

 private:
  struct Held {
    std::vector<std::string> keys;
    Then then;
  };
  const kv::Store* store_;
  std::deque<Held> held_;
};

class HeadReadsTest : public OnlineTest {
 protected:
  void SetUp() override {
    OnlineTest::SetUp();
    MustPush("clicks", {Click("u1", "2.5", "2025-01-10T11:00:00Z")});
    MustPush("profiles", {R"({"user_id": "u1", "age": 30, "event_time": "2025-01-09T00:00:00Z"})"});
  }

  void OpenReads() {
    auto store = OpenOnlineStore(Open().project, true, 0);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    auto reads = OnlineReads::Open(Open(), store_, clock_);
    ASSERT_TRUE(reads.ok()) << reads.status();
    reads_ = *std::move(reads);
    reader_.emplace(store_.get());
  }

  std::shared_ptr<const PreparedRead> Prepared(const std::vector<std::string>& features) {
    auto prepared = reads_->Prepare({features, "", false});
    EXPECT_TRUE(prepared.ok()) << prepared.status();
    return prepared.ok() ? *prepared : nullptr;
  }
  static AskedKeys Row(const PreparedRead& prepared, const std::string& user) {
    return *KeysOfTexts(prepared.plan(), prepared.selection(), {{{"user_id", user}}, {}});
  }

  // The first value, an error's code, or "left".
  static std::string TextOf(const ReadTogether& read) {
    if (read.is_left) return "left";
    if (!read.answer.ok()) return CodeOf(read.answer.status());
    const columns::Column& values = read.answer->columns[0].values;
    return columns::ToText(values.value(0), values.type);
  }
  std::string Later(std::vector<ReadTogether> reads, int rounds) {
    std::string text;
    reads_->ReadLater(&*reader_, std::move(reads), [&](std::vector<ReadTogether> answered) {
      for (const ReadTogether& read : answered) text += (text.empty() ? "" : " ") + TextOf(read);
    });
    EXPECT_EQ(reader_->AnswerAll(), rounds);
    return text;
  }

  std::shared_ptr<const kv::Store> store_;
  std::unique_ptr<OnlineReads> reads_;
  std::optional<HeldReader> reader_;
};

TEST_F(HeadReadsTest, ReadsShareOneReadOfTheStore) {
  OpenReads();
  const auto sum = Prepared({"spend:sum"});
  const auto age = Prepared({"profile:age"});
  const AskedKeys known = Row(*sum, "u1");
  const AskedKeys unknown = Row(*sum, "u9");
  const online::Asked nothing{.rows = 1, .columns = {}, .as_of = {}};
  const auto all = [&] {
    return std::vector<ReadTogether>{{sum, &known.asked},
                                     {age, &known.asked},
                                     {sum, &nothing},
                                     {age, &unknown.asked},
                                     {sum, &unknown.asked}};
  };
  // A reader that is new finds its tables first.
  EXPECT_EQ(Later(all(), 2), "2.5 30 missing_column null null");
  EXPECT_EQ(Later(all(), 1), "2.5 30 missing_column null null");
  EXPECT_EQ(Later({}, 0), "");
}

TEST_F(HeadReadsTest, WhatNeedsMoreThanHeadsIsLeftAndTriedSeldom) {
  std::vector<std::string> lines;
  for (int i = 0; i < 3'000; ++i) lines.push_back(Click("u1", "1", "2025-01-10T11:00:00Z"));
  MustPush("clicks", lines);
  OpenReads();
  const auto sum = Prepared({"spend:sum"});
  const auto age = Prepared({"profile:age"});
  const AskedKeys known = Row(*sum, "u1");
  EXPECT_EQ(Later({{sum, &known.asked}, {age, &known.asked}}, 2), "left 30");
  for (int i = 0; i < 8; ++i) EXPECT_EQ(Later({{sum, &known.asked}}, 0), "left");
  EXPECT_EQ(Later({{sum, &known.asked}}, 1), "left");

  std::vector<ReadTogether> waiting = {{sum, &known.asked}};
  reads_->Read(waiting);
  EXPECT_EQ(TextOf(waiting[0]), "3002.5");
}

TEST_F(HeadReadsTest, WhatTheStoreIsNotReadyForIsLeft) {
  OpenReads();
  const auto sum = Prepared({"spend:sum"});
  const AskedKeys known = Row(*sum, "u1");
  const auto empty = kv::MakeMemoryStore();
  reader_.emplace(empty.get());
  EXPECT_EQ(Later({{sum, &known.asked}}, 1), "left");
}

TEST_F(HeadReadsTest, AnErrorOfTheStoreIsEverybodys) {
  OpenReads();
  const auto sum = Prepared({"spend:sum"});
  const AskedKeys known = Row(*sum, "u1");
  reader_->failure = base::Error(base::codes::kStoreUnavailable, "gone");
  EXPECT_EQ(Later({{sum, &known.asked}, {sum, &known.asked}}, 1),
            "store_unavailable store_unavailable");
  reader_->failure = base::Status::OK();
  EXPECT_EQ(Later({{sum, &known.asked}}, 2), "2.5");
}

}  // namespace
}  // namespace millrace::jobs
