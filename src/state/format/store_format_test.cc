// The rows of a small store, byte by byte, against tests/golden/store.txt: what was written once is
// read for ever (docs/formats/store.md).
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "state/state_testing.h"

namespace millrace::state {
namespace {

std::string Hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    text += kDigits[static_cast<unsigned char>(byte) >> 4];
    text += kDigits[static_cast<unsigned char>(byte) & 15];
  }
  return text;
}

// A windowed view with chunks and a group, one with tiles, a snapshot view; files and an offset.
std::string StoreAsText() {
  const auto plan = PlanOf(R"yaml(
views:
  spend:
    entity: user
    source: buys
    windows: [1d]
    history: 1h
    features: {n: count(), s: sum(amount), b: "sum(count) filter (where amount > 2)"}
  steps:
    entity: user
    source: buys
    window: 2h
    resolution: 10m
    history: 1h
    features: {m: max(amount)}
  item: {entity: item, source: items, features: [price, kind]}
)yaml");
  const std::vector<Rows> rows = {
      {"buys",
       {{"ann", "pen", "1.5", "1", "2025-01-01T10:00:00Z", "2025-01-01T10:00:00Z"},
        {"ann", "ink", "2.25", "2", "2025-01-01T10:05:00Z", "2025-01-01T10:06:00Z"},
        {"bob", "pen", "null", "3", "2025-01-01T10:10:00Z", "2025-01-01T10:10:00Z"},
        {"ann", "pen", "0.1", "null", "2025-01-01T11:30:00Z", "2025-01-01T11:40:00Z"},
        {"ann", "tea", "19.99", "-5", "2025-01-01T11:35:00Z", "2025-01-01T11:36:00Z"},
        {"ann", "tea", "3.0", "7", "2025-01-01T11:50:00Z", "2025-01-01T11:50:00Z"}}},
      {"items",
       {{"pen", "0.5", "dry", "2025-01-01T09:00:00Z"},
        {"ink", "null", "", "2025-01-01T11:59:00Z"}}}};
  const auto store = kv::MakeMemoryStore();
  UpdaterOptions options;
  options.project = "shop";
  options.now = At("2025-01-01T12:00:00Z");
  options.chunks = {2, 2};
  EXPECT_TRUE(Update(store.get(), AllViews(*plan), rows, options).ok());
  auto updater = *Updater::Open(store.get(), AllViews(*plan), options);
  updater->AddFile(0, {"data/a.parquet", 1'000, "0123456789abcdef", 6});
  updater->SetOffset(0, "push:w1", 42);
  EXPECT_TRUE(updater->Commit().ok());
  std::string text;
  for (const auto& [key, value] : RowsOf(*store)) text += Hex(key) + " " + Hex(value) + "\n";
  return text;
}

TEST(StoreFormat, IsWhatItWas) {
  const std::string path = std::string(MILLRACE_SOURCE_DIR) + "/tests/golden/store.txt";
  std::ifstream in(path, std::ios::binary);
  std::ostringstream golden;
  golden << in.rdbuf();
  EXPECT_EQ(StoreAsText(), golden.str());
}

}  // namespace
}  // namespace millrace::state
