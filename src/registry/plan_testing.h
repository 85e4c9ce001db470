// PlanOf: definitions as text -> plan, for this room's tests. Sources declare their columns, so no
// file is read.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "features/compile.h"

namespace millrace::registry {

inline std::shared_ptr<const features::FeaturePlan> PlanOf(const std::string& yaml,
                                                           const std::string& project = "shop") {
  const auto plan = features::Compile(
      project, {{"features/all.yaml", yaml}},
      [](const features::Source& source) -> base::Result<std::vector<features::Field>> {
        return source.columns;
      });
  EXPECT_TRUE(plan.ok()) << plan.status().ToString();
  return plan.ok() ? *plan : std::make_shared<features::FeaturePlan>();
}

inline constexpr const char* kSources = R"(
entities:
  user: {keys: {user_id: string}, owner: growth}
  item: {keys: {item_id: string}}
sources:
  purchases:
    path: data/purchases.csv
    timestamp: event_time
    created: ingested_at
    columns: {user_id: string, item_id: string, category: string, amount: float64, event_time: timestamp, ingested_at: timestamp}
  catalog:
    path: data/catalog.csv
    timestamp: changed_at
    columns: {item_id: string, price: float64, changed_at: timestamp}
)";

}  // namespace millrace::registry
