// Estimates beside what the same rows really take in an embedded store, for generated shapes of
// data: rows seen whole or in part.
#include "state/size_estimate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <random>

#include "kv/row_cost.h"
#include "state/state_testing.h"

namespace millrace::state {
namespace {

using columns::EventBatch;

constexpr int64_t kHour = 3'600'000'000;

// A row: number of its key, hours since the beginning, amount in cents.
struct MadeRow {
  int64_t key;
  double hours;
  int64_t cents;
};

class SizeEstimateTest : public testing::Test {
 protected:
  SizeEstimateTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "size_estimate_XXXXXX");
    folder_ = mkdtemp(pattern.data());
  }
  ~SizeEstimateTest() override { std::filesystem::remove_all(folder_); }

  void Plan(const std::string& views) {
    plan_ = PlanOf(views);
    source_ = &plan_->sources[plan_->views[0].source];
  }

  // `rows` in stretches of `size`, by the columns of the view's source.
  void Make(const std::vector<MadeRow>& rows, size_t size) {
    for (size_t first = 0; first < rows.size(); first += size) {
      std::vector<std::vector<std::string>> texts;
      for (size_t i = first; i < std::min(rows.size(), first + size); ++i) {
        const std::string key = "key" + std::to_string(100'000 + rows[i].key);
        const std::string amount =
            std::to_string(rows[i].cents / 100) + "." + std::to_string(10 + rows[i].cents % 90);
        const std::string time = base::FormatTime(
            At("2025-01-01") + base::Duration::Micros(static_cast<int64_t>(rows[i].hours * kHour)));
        if (source_->name == "buys") {
          texts.push_back({key, "pen", amount, "1", time, time});
        } else {
          texts.push_back({key, amount, "kind", time});
        }
      }
      batches_.push_back(BatchOf(*source_, texts));
    }
  }

  // Every `every`th stretch is seen.
  SizeEstimate Estimated(size_t every) const {
    const LiveTables live = LiveTables::Choose(AllViews(*plan_), Catalog(), now_);
    const LiveTable& table = *live.tables[0];
    const auto cost = [&](const kv::Row& row) {
      return kv::RowBytesAbout("lmdb:online", "shop", row);
    };
    SizeSample sample(table, now_, cost);
    features::ViewProjector projector(*plan_, plan_->views[0]);
    int64_t seen = 0;
    int64_t all = 0;
    for (size_t i = 0; i < batches_.size(); ++i) {
      all += batches_[i].size;
      if (i % every != 0) continue;
      seen += batches_[i].size;
      const features::ViewRows rows = projector.Run(batches_[i], {});
      EventColumns events{batches_[i].size, batches_[i].event_times.data(), nullptr, {}};
      if (table.table.has_created) events.created = batches_[i].created.data();
      const ViewBinding& binding = table.bindings[0];
      events.cells.resize(table.table.columns.size());
      for (size_t c = 0; c < binding.inputs.size(); ++c) {
        events.cells[binding.inputs[c]] = rows.inputs[c];
      }
      for (size_t c = 0; c < binding.values.size(); ++c) {
        if (binding.values[c] >= 0) events.cells[binding.values[c]] = rows.values[c];
      }
      sample.Add(rows, events);
    }
    const auto size = sample.Estimate(static_cast<double>(seen) / static_cast<double>(all));
    EXPECT_TRUE(size.ok()) << size.status().ToString();
    return size.ok() ? *size : SizeEstimate();
  }

  // Once: the rows go into one store.
  double Measured() {
    if (measured_ > 0) return measured_;
    const auto store = kv::OpenStore("lmdb:" + folder_, {});
    EXPECT_TRUE(store.ok()) << store.status().ToString();
    UpdaterOptions options;
    options.project = "shop";
    options.now = now_;
    auto updater = Updater::Open(store->get(), AllViews(*plan_), std::move(options));
    EXPECT_TRUE(updater.ok()) << updater.status().ToString();
    for (const EventBatch& batch : batches_) EXPECT_TRUE((*updater)->Add(batch, {0}).ok());
    EXPECT_TRUE((*updater)->Commit().ok());
    measured_ = static_cast<double>(*(*store)->SizeBytes());
    return measured_;
  }

  void ExpectNear(const SizeEstimate& estimated) {
    const double ratio = static_cast<double>(estimated.bytes) / Measured();
    EXPECT_LT(ratio, 1.5);
    EXPECT_GT(ratio, 1 / 1.5);
  }

  std::string folder_;
  base::EventTime now_ = At("2025-03-01");
  std::shared_ptr<const features::FeaturePlan> plan_;
  const features::Source* source_ = nullptr;
  std::vector<EventBatch> batches_;
  double measured_ = 0;
};

constexpr const char* kSpend =
    "views: {v: {entity: user, source: buys, windows: [1h, 90d], features: {n: count(), "
    "sum: sum(amount), std: stddev(amount), items: nunique(item_id)}}}";

TEST_F(SizeEstimateTest, FewEventsOfManyKeys) {
  Plan(kSpend);
  std::mt19937_64 random(1);
  std::vector<MadeRow> rows;
  for (int i = 0; i < 30'000; ++i) {
    rows.push_back({static_cast<int64_t>(random() % 10'000), i / 30.0,
                    static_cast<int64_t>(random() % 10'000)});
  }
  Make(rows, 500);
  const SizeEstimate whole = Estimated(1);
  EXPECT_EQ(whole.events, 30'000);
  EXPECT_NEAR(static_cast<double>(whole.keys), 10'000 * (1 - std::exp(-3)), 100);
  ExpectNear(whole);
  const SizeEstimate part = Estimated(6);
  EXPECT_EQ(part.events, 30'000);
  EXPECT_NEAR(static_cast<double>(part.keys), static_cast<double>(whole.keys), 1'500);
  ExpectNear(part);
}

TEST_F(SizeEstimateTest, HotAndColdKeysOfWhichAnEighthIsSeen) {
  Plan(kSpend);
  std::mt19937_64 random(2);
  std::uniform_real_distribution<double> uniform;
  std::vector<MadeRow> rows;
  for (int i = 0; i < 80'000; ++i) {
    // Key k about as often as 1 / k, of 3,000.
    const auto key = static_cast<int64_t>(std::exp(uniform(random) * std::log(3'000)));
    rows.push_back({key, i / 60.0, static_cast<int64_t>(random() % 10'000)});
  }
  Make(rows, 500);
  ExpectNear(Estimated(8));
}

TEST_F(SizeEstimateTest, NewestRowsThatLieByKey) {
  Plan("views: {v: {entity: item, source: items, features: [price, kind]}}");
  std::vector<MadeRow> rows;
  for (int64_t i = 0; i < 40'000; ++i)
    rows.push_back({i / 8, static_cast<double>(i % 8), i % 7'777});
  Make(rows, 500);
  const SizeEstimate part = Estimated(8);
  EXPECT_NEAR(static_cast<double>(part.keys), 5'000, 250);
  ExpectNear(part);
}

TEST_F(SizeEstimateTest, Tiles) {
  Plan(
      "views: {v: {entity: user, source: buys, window: 60d, resolution: 1h, history: 1h, "
      "features: {n: count(), sum: sum(amount)}}}");
  std::mt19937_64 random(3);
  std::vector<MadeRow> rows;
  for (int i = 0; i < 40'000; ++i) {
    rows.push_back(
        {static_cast<int64_t>(random() % 100), i / 40.0, static_cast<int64_t>(random() % 10'000)});
  }
  Make(rows, 500);
  ExpectNear(Estimated(1));
  ExpectNear(Estimated(4));
}

TEST_F(SizeEstimateTest, WhatHasEndedTakesNothing) {
  Plan(kSpend);
  Make({{1, 0, 100}, {2, 1, 200}}, 1);
  now_ = At("2026-01-01");
  const SizeEstimate size = Estimated(1);
  EXPECT_EQ(size.events, 0);
  EXPECT_EQ(size.keys, 0);
  EXPECT_EQ(size.bytes, 0);
}

}  // namespace
}  // namespace millrace::state
