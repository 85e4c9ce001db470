// StateSet: one State per slot of a table, for some of its rows. BoundTable: a table with the
// aggregates of its slots, as a plan gives them.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "aggregate/aggregate.h"
#include "state/format/event_block.h"
#include "state/format/summary.h"
#include "state/format/table.h"

namespace millrace::state {

struct BoundTable {
  const Table* table = nullptr;
  RowLayout layout;
  // By Table::slots; nullptr: of a feature that no definition has any more.
  std::vector<std::shared_ptr<const aggregate::Aggregate>> aggregates;
};

// The rows that an aggregate sees: all, or those whose filter is true.
std::vector<int64_t> FilteredRows(const EventColumns& events, std::span<const int64_t> rows,
                                  int filter);
// What a slot's aggregate reads of `events`.
aggregate::Input InputOf(const EventColumns& events, int column);

class StateSet {
 public:
  explicit StateSet(const BoundTable& bound);

  void Update(const EventColumns& events, std::span<const int64_t> rows);
  // Takes in what a summary's states stand for; the slots that it does not keep are appended to
  // `missing`. Error: corrupt.
  base::Status Merge(const Summary& summary, std::vector<int>* missing);
  // The same for some slots, from rows.
  void UpdateSlots(const EventColumns& events, std::span<const int64_t> rows,
                   std::span<const int> slots);
  void MergeFrom(const StateSet& other);
  // By slot; one longer than `bytes_max` is left out (empty), as reading it would save nothing.
  std::vector<std::string> Encode(size_t bytes_max) const;

 private:
  void UpdateSlot(const EventColumns& events, std::span<const int64_t> rows, size_t slot);

  const BoundTable& bound_;
  std::vector<std::unique_ptr<aggregate::State>> states_;  // nullptr where there is no aggregate
};

}  // namespace millrace::state
