// A feature repository in a folder of its own, for this room's tests.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "base/clock.h"
#include "jobs/repository.h"

namespace millrace::jobs {

class FixedClock : public base::Clock {
 public:
  base::EventTime Now() const override { return base::EventTime::Micros(1'000'000); }
};

class RepositoryTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "repository_XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    Write("millrace.yaml", "project: shop\nregistry: sqlite:registry.db\n");
    Write("data/purchases.csv", "user_id,amount,event_time\nann,5,2025-01-01T00:00:00Z\n");
    WriteDefinitions("7d");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& file, const std::string& text) const {
    std::filesystem::create_directories((folder_ / file).parent_path());
    std::ofstream(folder_ / file) << text;
  }

  // One view `spend` with sum and count over `window`.
  void WriteDefinitions(const std::string& window,
                        const std::string& path = "data/purchases.csv") const {
    Write("features/all.yaml", R"(entities:
  user: {keys: {user_id: string}}
sources:
  purchases:
    path: )" + path + R"(
    timestamp: event_time
    columns: {user_id: string, amount: float64, event_time: timestamp}
views:
  spend:
    entity: user
    source: purchases
    windows: [)" + window + R"(]
    features: {sum: sum(amount), count: count()}
)");
  }

  Repository Open() const {
    auto repository = OpenRepository(folder_.string());
    EXPECT_TRUE(repository.ok()) << repository.status().ToString();
    return *repository;
  }

  static std::string CodeOf(const base::Status& status) {
    const auto problems = base::ProblemsOf(status);
    return problems.empty() ? "ok" : std::string(problems[0].code.name);
  }

  std::filesystem::path folder_;
};

}  // namespace millrace::jobs
