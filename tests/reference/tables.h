// The events of a case as the reference engine sees them: the readable rows of a source, and what a
// view keeps of them. Plain loops; nothing is shared with src/sources or src/features/view_rows.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engines/engine.h"
#include "features/plan.h"
#include "reference/aggregate.h"

namespace millrace::reference {

using Key = std::vector<Value>;

struct SourceRow {
  int64_t time = 0;
  std::optional<int64_t> created;
  std::vector<Cell> cells;  // by Source::columns
};

struct SourceTable {
  std::vector<SourceRow> rows;
  engines::Counts rejected;
};

// A row that a view keeps: it has a key and passes `where`.
struct ViewRow {
  int64_t time = 0;
  std::optional<int64_t> created;
  Key key;
  std::vector<Cell> inputs;   // by View::inputs
  std::vector<Cell> filters;  // by View::filters
  std::vector<Cell> values;   // by View::features, of the stored features of a snapshot view
};

struct ViewTable {
  std::vector<ViewRow> rows;
  engines::Counts rejected;  // of the view alone; not of its aggregates
};

// All tables of one plan, made when they are first asked for.
class Tables {
 public:
  // REQUIRES: plan and events outlive it.
  Tables(const features::FeaturePlan& plan, const std::vector<engines::EventTable>& events)
      : plan_(plan), events_(events) {}

  base::Result<const SourceTable*> OfSource(int source);
  base::Result<const ViewTable*> OfView(const features::View& view, const std::string& owner);

 private:
  base::Result<std::vector<Cell>> Looked(const features::Lookup& lookup, const SourceRow& row,
                                         const features::View& view);

  const features::FeaturePlan& plan_;
  const std::vector<engines::EventTable>& events_;
  std::map<int, SourceTable> sources_;
  std::map<const features::View*, ViewTable> views_;
};

// The newest row of a snapshot view for a key at t; nullptr: none. `outdated`: there is one, but it
// is older than the ttl.
const ViewRow* NewestRow(const features::View& view, const ViewTable& table, const Key& key,
                         int64_t t, bool ignore_created, bool* outdated);

// The rows of a key with begin <= event time < end, and known at `known_at` unless that is empty.
std::vector<const ViewRow*> RowsWithin(const ViewTable& table, const Key& key, __int128 begin,
                                       __int128 end, std::optional<int64_t> known_at);

bool SameKey(const Key& a, const Key& b);

}  // namespace millrace::reference
