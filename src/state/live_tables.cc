#include "state/live_tables.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

namespace millrace::state {

using base::EventTime;

namespace {

// The table that each of them is read from; nullptr: there are several, or one is not ready. A
// table that could serve all is not enough: who reads one of them may look into a newer one.
const Table* FindShared(const std::vector<LiveView>& views, const Catalog& catalog, EventTime now) {
  const Table* shared = nullptr;
  for (const LiveView& live : views) {
    const auto binding = BindReady(*live.plan, live.of(), catalog, now);
    if (!binding.has_value()) return nullptr;
    if (shared != nullptr && shared != binding->table) return nullptr;
    shared = binding->table;
  }
  return shared;
}

std::unique_ptr<LiveTable> MakeLive(Table table, bool fresh, std::vector<LiveView> views) {
  auto live = std::make_unique<LiveTable>();
  live->table = std::move(table);
  live->fresh = fresh;
  live->views = std::move(views);
  live->kept = RetentionOf(*live->views[0].plan, live->views[0].of());
  for (const LiveView& view : live->views) {
    Extend(*view.plan, view.of(), &live->table);
    live->kept.Widen(RetentionOf(*view.plan, view.of()));
  }
  live->bound.table = &live->table;
  for (const LiveView& view : live->views) {
    live->bindings.push_back(*BindTable(*view.plan, view.of(), live->table));
    BindAggregates(live->bindings.back(), &live->bound);
  }
  return live;
}

}  // namespace

LiveTables LiveTables::Choose(const std::vector<LiveView>& views, const Catalog& catalog,
                              EventTime now) {
  std::map<std::string, std::vector<LiveView>> by_event_id;
  for (const LiveView& live : views) by_event_id[live.of().event_id].push_back(live);
  LiveTables chosen;
  uint32_t next = catalog.next_number;
  for (auto& [id, group] : by_event_id) {
    const bool rebuild =
        std::any_of(group.begin(), group.end(), [](const LiveView& live) { return live.rebuild; });
    const Table* shared = rebuild ? nullptr : FindShared(group, catalog, now);
    if (shared != nullptr) {
      chosen.tables.push_back(MakeLive(*shared, false, group));
      continue;
    }
    const bool build = rebuild || std::any_of(group.begin(), group.end(),
                                              [](const LiveView& live) { return live.build; });
    if (build) {
      Table table = MakeTable(*group[0].plan, group[0].of());
      table.number = next++;
      chosen.tables.push_back(MakeLive(std::move(table), true, group));
      continue;
    }
    std::map<uint32_t, std::pair<const Table*, std::vector<LiveView>>> ready;
    for (const LiveView& live : group) {
      const auto binding = BindReady(*live.plan, live.of(), catalog, now);
      if (!binding.has_value()) {
        chosen.missing.push_back(live);
        continue;
      }
      auto& of_table = ready[binding->table->number];
      of_table.first = binding->table;
      of_table.second.push_back(live);
    }
    for (auto& [number, of_table] : ready) {
      chosen.tables.push_back(MakeLive(*of_table.first, false, std::move(of_table.second)));
    }
  }
  std::sort(chosen.tables.begin(), chosen.tables.end(),
            [](const auto& a, const auto& b) { return a->table.number < b->table.number; });
  return chosen;
}

int LiveTables::FindTable(const features::FeaturePlan* plan, int view) const {
  for (size_t i = 0; i < tables.size(); ++i) {
    for (const LiveView& live : tables[i]->views) {
      if (live.plan == plan && live.view == view) return static_cast<int>(i);
    }
  }
  return -1;
}

void LiveTables::Follow(const Catalog& now) {
  for (const auto& live : tables) {
    for (const Table& table : now.tables) {
      if (live->fresh || table.number != live->table.number) continue;
      live->table.complete_since = std::max(live->table.complete_since, table.complete_since);
      live->table.looked_up_until = std::max(live->table.looked_up_until, table.looked_up_until);
    }
  }
}

std::vector<std::vector<int>> LiveTables::Rounds() const {
  std::vector<std::vector<int>> rounds;
  std::set<int> done;
  while (done.size() < tables.size()) {
    std::vector<int> round;
    for (int i = 0; i < static_cast<int>(tables.size()); ++i) {
      if (done.contains(i)) continue;
      const auto waits = [&](const LiveView& live) {
        return std::any_of(live.of().lookups.begin(), live.of().lookups.end(),
                           [&](const features::Lookup& lookup) {
                             const int of = FindTable(live.plan, lookup.view);
                             return of >= 0 && of != i && !done.contains(of);
                           });
      };
      if (std::none_of(tables[i]->views.begin(), tables[i]->views.end(), waits)) round.push_back(i);
    }
    if (round.empty()) break;  // lookups have no cycles
    done.insert(round.begin(), round.end());
    rounds.push_back(std::move(round));
  }
  return rounds;
}

}  // namespace millrace::state
