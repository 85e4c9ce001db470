#include "jobs/training/training_set.h"

#include <arrow/table.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "offline/source_testing.h"
#include "sources/table_file.h"

namespace millrace::jobs {
namespace {

using ::testing::HasSubstr;

class TrainingSetFileTest : public ::testing::Test {
 protected:
  TrainingSetFileTest()
      : plan_(offline::PlanOf(R"(
entities:
  user: {keys: {user_id: string}}
sources:
  purchases:
    path: data/purchases.csv
    timestamp: event_time
    columns: {event_time: timestamp, user_id: string, amount: float64}
views:
  spend: {entity: user, source: purchases, window: 1h, features: {sum: sum(amount)}}
)")) {
    folder_ = ::testing::TempDir() + "/training_set_" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ + "/data");
    Write("data/purchases.csv",
          "event_time,user_id,amount\n2025-01-01T09:30:00Z,007,5\n"
          "2025-01-01T09:40:00Z,,1\n2025-01-01T09:45:00Z,007,2.5\n");
    Write("spine.csv",
          "user_id,event_timestamp\n007,2025-01-01T10:00:00Z\n7,2025-01-01T10:00:00Z\n");
    options_.folders.root = folder_;
    options_.spine = folder_ + "/spine.csv";
    options_.features = {"spend:sum"};
    options_.out = folder_ + "/out.csv";
  }
  ~TrainingSetFileTest() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ + "/" + name) << text;
  }
  base::Code CodeOf(const TrainingSetOptions& options) const {
    const auto made = MakeTrainingSet(*plan_, options);
    return made.ok() ? base::Code{"", 0} : base::ProblemsOf(made.status())[0].code;
  }

  std::shared_ptr<const features::FeaturePlan> plan_;
  std::string folder_;
  TrainingSetOptions options_;
};

TEST_F(TrainingSetFileTest, KeysOfACsvSpineHaveTheEntitysType) {
  const auto made = MakeTrainingSet(*plan_, options_);
  ASSERT_TRUE(made.ok()) << made.status().ToString();
  const auto read = sources::ReadTable(options_.out, {{"user_id", columns::Kind::kString}});
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_EQ(offline::TextOf(**read, {"user_id", "sum"}), "007 | 7.5\n7 | null\n");
  EXPECT_EQ(made->rejected.total(), 1);
}

TEST_F(TrainingSetFileTest, WhatFailsLeavesNoFile) {
  options_.strict = true;
  EXPECT_EQ(CodeOf(options_), base::codes::kStrict);
  options_.strict = false;
  options_.folders.root = folder_ + "/elsewhere";
  EXPECT_EQ(CodeOf(options_), base::codes::kNotFound);
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    EXPECT_THAT(entry.path().filename().string(), ::testing::AnyOf("data", "spine.csv"));
  }
}

TEST_F(TrainingSetFileTest, OptionsThatDoNotGoTogetherAreRefusedFirst) {
  const auto refused = [&](auto change) {
    TrainingSetOptions options = options_;
    change(&options);
    return CodeOf(options) == base::codes::kUsage;
  };
  EXPECT_TRUE(refused([](auto* o) { o->out = ""; }));
  EXPECT_TRUE(refused([](auto* o) { o->out = "out.xlsx"; }));
  EXPECT_TRUE(refused([](auto* o) { o->features.clear(); }));
  EXPECT_TRUE(refused([](auto* o) { o->service = "s"; }));
  EXPECT_TRUE(refused([](auto* o) { o->spine = ""; }));
  EXPECT_TRUE(refused([](auto* o) { o->every = base::Duration::Days(1); }));
  EXPECT_TRUE(refused([](auto* o) {
    o->spine = "";
    o->every = base::Duration::Days(1);
  }));
  options_.labels = {"returns"};
  EXPECT_EQ(CodeOf(options_), base::codes::kUnknownName);
}

}  // namespace
}  // namespace millrace::jobs
