// A small repository for tests: entities and sources that need no file, and Compile over texts.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "features/compile.h"

namespace millrace::features {

// Entities user and item; sources purchases, profiles, clicks, catalog (all columns declared, no
// files).
inline constexpr const char* kShop = R"(
entities:
  user: {keys: {user_id: string}}
  item: {keys: {item_id: string}}
sources:
  purchases:
    timestamp: event_time
    created: ingested_at
    columns: {user_id: string, item_id: string, category: string, amount: float64, count: int64,
              paid: bool, event_time: timestamp, ingested_at: timestamp}
  profiles:
    timestamp: event_time
    columns: {user_id: string, age_bucket: string, device: string, score: float64, event_time: timestamp}
  clicks:
    timestamp: event_time
    columns: {user_id: string, item_id: string, event_time: timestamp}
  catalog:
    timestamp: event_time
    columns: {item_id: string, price: float64, embedding: "vector<float32, 3>", event_time: timestamp}
)";

// Reads the schema of a source by its path.
inline SchemaReader SchemasOf(std::map<std::string, std::vector<Field>> files) {
  return [files](const Source& source) -> base::Result<std::vector<Field>> {
    const auto found = files.find(source.location.path);
    if (found != files.end()) return found->second;
    return base::Error(base::codes::kNotFound, "no file matches '" + source.location.path + "'");
  };
}

inline base::Result<std::shared_ptr<const FeaturePlan>> CompileTexts(
    const std::vector<std::string>& texts, const SchemaReader& schemas = {}) {
  std::vector<DefinitionText> files;
  for (const std::string& text : texts) {
    files.push_back(
        {"features/" + std::string(1, static_cast<char>('a' + files.size())) + ".yaml", text});
  }
  return Compile("shop", files, schemas);
}

inline base::Result<std::shared_ptr<const FeaturePlan>> CompileShop(const std::string& text) {
  return Compile("shop", {{"shop.yaml", kShop}, {"a.yaml", text}}, {});
}

}  // namespace millrace::features
