// LiveTables: the tables that an update writes: for each event id of the views the one that has all
// they need, or a new one. Called by the updater.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "state/binding.h"
#include "state/format/table.h"
#include "state/retention.h"

namespace millrace::state {

// A view that is to be served.
struct LiveView {
  const features::FeaturePlan* plan = nullptr;
  int view = -1;
  // What to do when no table has all that it needs: build one (whoever says so gives all rows there
  // are), or leave the view out.
  bool build = false;
  bool rebuild = false;  // build one in any case

  const features::View& of() const { return plan->views[view]; }
};

struct LiveTable {
  Table table;         // as it will be
  bool fresh = false;  // it is not in the store yet
  std::vector<LiveView> views;
  std::vector<ViewBinding> bindings;  // by views; into `table`
  BoundTable bound;
  Retention kept;
};

struct LiveTables {
  std::vector<std::unique_ptr<LiveTable>> tables;
  std::vector<LiveView> missing;  // left out

  static LiveTables Choose(const std::vector<LiveView>& views, const Catalog& catalog,
                           base::EventTime now);
  // Indices of tables in the order in which rows are to be added: those of looked-up views before
  // those that look them up.
  std::vector<std::vector<int>> Rounds() const;
  int FindTable(const features::FeaturePlan* plan, int view) const;  // -1: none
  // Takes over up to when their tables are used and complete by `now`, a later catalogue of the
  // version that they were chosen by.
  void Follow(const Catalog& now);
};

}  // namespace millrace::state
