// Summary: what stands for some rows of a key so that they need not be read: their number, times
// and merged states. Of a chunk, of a group of chunks, of a tile (docs/formats/store.md).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"

namespace millrace::state {

inline constexpr int64_t kTilesPerBlock = 64;

struct Summary {
  int64_t number = 0;  // of the chunk, group or tile (its start / resolution)
  int64_t rows = 0;
  base::EventTime first = base::EventTime::Max();  // event times
  base::EventTime last = base::EventTime::Min();
  base::EventTime created_max = base::EventTime::Min();  // Min: no knowledge time
  // By Table::slots, encoded; empty: not kept, the rows have to be read.
  std::vector<std::string> states;

  void AddTimes(const Summary& other);
  // Whether all its rows are dated before `t` and known at `t`: then it stands for them.
  bool StandsAt(base::EventTime t) const { return last < t && created_max <= t; }
};

void AppendSummary(const Summary& summary, base::ByteWriter* out);
// All summaries of a row, in the order in which they were written. Error: corrupt.
base::Result<std::vector<Summary>> DecodeSummaries(std::string_view bytes);
std::string EncodeSummaries(const std::vector<Summary>& summaries);

}  // namespace millrace::state
