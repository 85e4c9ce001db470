#include "jobs/training/asked_rows.h"

#include <arrow/table.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "features/selection.h"
#include "offline/source_testing.h"

namespace millrace::jobs {
namespace {

class AskedRowsTest : public ::testing::Test {
 protected:
  AskedRowsTest()
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
on_demand:
  offer: {request: {price: float64}, features: {twice: price * 2}}
)")) {
    request_.plan = plan_.get();
  }

  AskedRows Read(const std::string& feature, const std::string& table) {
    request_.selection = *features::SelectFeatures(*plan_, {feature}, false);
    auto asked = AskedRows::Read(request_, *offline::TableOf(table));
    EXPECT_TRUE(asked.ok()) << asked.status().ToString();
    return *std::move(asked);
  }

  // `rows` rows each of `users` users.
  AskedRows Many(int users, int rows) {
    std::string text = "user_id string | event_timestamp timestamp\n";
    for (int i = 0; i < users * rows; ++i) {
      text += "u" + std::to_string(i % users) + " | 2025-01-01T00:00:00Z\n";
    }
    return Read("spend:sum", text);
  }

  std::shared_ptr<const features::FeaturePlan> plan_;
  offline::TrainingSetRequest request_;
};

TEST_F(AskedRowsTest, NullsAreCountedAndNamed) {
  const AskedRows asked = Read("spend:sum",
                               "user_id string | event_timestamp timestamp\n"
                               "ann | 2025-01-01T00:00:00Z\n- | 2025-01-01T00:00:00Z\nann | -\n");
  EXPECT_EQ(asked.rows_with_null_key(), 1);
  EXPECT_EQ(asked.null_times(), 1);
  EXPECT_EQ(asked.RowText(0), "user_id=ann at 2025-01-01T00:00:00Z");
  EXPECT_EQ(asked.RowText(1), "user_id=null at 2025-01-01T00:00:00Z");
  EXPECT_EQ(asked.RowText(2), "user_id=ann at null time");
  std::string key;
  EXPECT_FALSE(asked.UseKey(0, 1, &key));
  EXPECT_EQ(asked.PrimaryKey(0), asked.PrimaryKey(2));
  EXPECT_NE(asked.PrimaryKey(0), asked.PrimaryKey(1));
}

TEST_F(AskedRowsTest, ASampleIsTheSameForTheSameSeed) {
  const AskedRows asked = Many(100, 3);
  const Sample sample = TakeSample(asked, "tag", 20);
  EXPECT_EQ(sample.keys.size(), 20u);
  EXPECT_EQ(sample.rows.size(), 60u);
  EXPECT_TRUE(std::is_sorted(sample.rows.begin(), sample.rows.end()));
  for (const SampledKey& key : sample.keys) {
    EXPECT_EQ(key.all_rows.size(), 3u);
    EXPECT_EQ(key.all_rows[0], key.first_row);
  }
  EXPECT_EQ(TakeSample(asked, "tag", 20).rows, sample.rows);
  EXPECT_NE(TakeSample(asked, "other tag", 20).rows, sample.rows);
  EXPECT_EQ(TakeSample(asked, "tag", 1000).rows.size(), 300u);
}

TEST_F(AskedRowsTest, AHotKeyGivesAShareOfItsRows) {
  const AskedRows asked = Many(1, 500);
  const Sample sample = TakeSample(asked, "tag", 2);
  ASSERT_EQ(sample.keys.size(), 1u);
  EXPECT_EQ(sample.keys[0].all_rows.size(), 500u);
  EXPECT_EQ(sample.rows.size(), 100u);
  EXPECT_EQ(std::set<int64_t>(sample.rows.begin(), sample.rows.end()).size(), 100u);
}

TEST_F(AskedRowsTest, WithoutKeysRowsAreSampled) {
  std::string text = "price float64 | event_timestamp timestamp\n";
  for (int i = 0; i < 50; ++i) text += "1 | 2025-01-01T00:00:00Z\n";
  const Sample sample = TakeSample(Read("offer:twice", text), "tag", 7);
  EXPECT_EQ(sample.rows.size(), 7u);
}

}  // namespace
}  // namespace millrace::jobs
