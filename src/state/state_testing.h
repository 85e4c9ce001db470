// For tests: a plan from text, batches of rows as text, updates of a store with them, and its rows
// as text.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "columns/value.h"
#include "features/compile.h"
#include "kv/store.h"
#include "state/updater.h"

namespace millrace::state {

// Sources buys (with knowledge time) and items; entities user and item.
inline constexpr const char* kSources = R"(
entities:
  user: {keys: {user_id: string}}
  item: {keys: {item_id: string}}
sources:
  buys:
    timestamp: t
    created: known
    columns: {user_id: string, item_id: string, amount: float64, count: int64, t: timestamp, known: timestamp}
  items:
    timestamp: t
    columns: {item_id: string, price: float64, kind: string, t: timestamp}
)";

inline std::shared_ptr<const features::FeaturePlan> PlanOf(const std::string& views) {
  const auto plan = features::Compile("shop", {{"sources.yaml", kSources}, {"views.yaml", views}},
                                      features::SchemaReader());
  EXPECT_TRUE(plan.ok()) << plan.status().ToString();
  return *plan;
}

inline base::EventTime At(const std::string& text) {
  return *base::ParseTime(text);
}

// Rows by the source's columns; "null" is null. Rows count on from `first_row`.
inline columns::EventBatch BatchOf(const features::Source& source,
                                   const std::vector<std::vector<std::string>>& rows) {
  columns::EventBatch batch;
  batch.size = static_cast<int64_t>(rows.size());
  batch.origin = "test";
  for (size_t i = 0; i < source.columns.size(); ++i) {
    const columns::Type& type = source.columns[i].type;
    columns::ColumnBuffer cells(type);
    for (const auto& row : rows) {
      if (row[i] == "null") {
        cells.AppendNull();
      } else {
        const auto value = columns::FromText(row[i], type);
        EXPECT_TRUE(value.ok()) << value.status().ToString();
        cells.AppendValue(*value);
      }
    }
    batch.columns.push_back(columns::Own(std::move(cells)));
  }
  for (int64_t row = 0; row < batch.size; ++row) {
    const auto time = [&](int column) {
      return base::EventTime::Micros(batch.columns[column].view.ints[row]);
    };
    batch.event_times.push_back(time(source.timestamp));
    if (source.created) batch.created.push_back(time(source.created.columns()[0]));
    batch.rows.push_back(row + 1);
  }
  return batch;
}

inline std::vector<LiveView> AllViews(const features::FeaturePlan& plan, bool build = true) {
  std::vector<LiveView> views;
  for (size_t view = 0; view < plan.views.size(); ++view) {
    views.push_back({&plan, static_cast<int>(view), build, false});
  }
  return views;
}

inline base::Result<int> OpenSpillForTest() {
  std::FILE* file = std::tmpfile();
  if (file == nullptr) return base::Error(base::codes::kIo, "no temporary file");
  const int descriptor = dup(fileno(file));
  std::fclose(file);
  return descriptor;
}

struct Rows {
  std::string source;
  std::vector<std::vector<std::string>> rows;
};

// One commit of rows into all tables of the views.
inline base::Result<UpdateReport> Update(kv::Store* store, const std::vector<LiveView>& views,
                                         const std::vector<Rows>& all, UpdaterOptions options) {
  options.project = "shop";
  ARROW_ASSIGN_OR_RAISE(auto updater, Updater::Open(store, views, std::move(options)));
  const features::FeaturePlan& plan = *views[0].plan;
  for (const std::vector<int>& round : updater->live().Rounds()) {
    for (const Rows& rows : all) {
      const int source = plan.FindSource(rows.source);
      std::vector<int> tables;
      for (const int table : round) {
        if (updater->live().tables[table]->table.source == rows.source) tables.push_back(table);
      }
      const columns::EventBatch batch = BatchOf(plan.sources[source], rows.rows);
      if (!tables.empty()) ARROW_RETURN_NOT_OK(updater->Add(batch, tables));
    }
  }
  return updater->Commit();
}

// Every row of the store, keys and values as they are.
inline std::map<std::string, std::string> RowsOf(const kv::Store& store) {
  std::map<std::string, std::string> all;
  const auto snapshot = store.Read();
  EXPECT_TRUE(snapshot.ok());
  const auto rows = (*snapshot)->Range("");
  EXPECT_TRUE(rows.ok());
  kv::Row row;
  while (true) {
    const auto more = (*rows)->Next(&row);
    EXPECT_TRUE(more.ok());
    if (!more.ok() || !*more) return all;
    all.emplace(row.key, row.value);
  }
}

// The letters of the rows that a table has: "CCGH".
inline std::string LettersOf(const kv::Store& store, uint32_t table, std::string_view entity_key) {
  const KeyRows rows(table, entity_key);
  std::string letters;
  for (const auto& [key, value] : RowsOf(store)) {
    if (key.starts_with(rows.prefix())) letters += key[rows.prefix().size()];
  }
  return letters;
}

}  // namespace millrace::state
