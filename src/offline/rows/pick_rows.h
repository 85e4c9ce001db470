// PickRows: the kept rows of a batch as EventRows of their own, ordered by partition.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "columns/event_batch.h"
#include "features/view_rows.h"
#include "offline/key_space.h"
#include "offline/rows/string_codes.h"
#include "sweep/event_rows.h"

namespace millrace::offline {

// Codes of a view's string columns; nullptr where a column is none.
struct ViewCodes {
  std::vector<std::unique_ptr<StringCodes>> inputs;  // by View::inputs
  std::vector<std::unique_ptr<StringCodes>> values;  // by View::features

  ViewCodes(const features::View& view, int64_t bytes_max);
  // Gives the columns of `rows` that have codes their strings.
  void SetDictionaries(sweep::EventRows* rows) const;
};

struct PickedRows {
  sweep::EventRows rows;
  std::vector<int64_t> offsets;  // rows of partition p: [offsets[p], offsets[p + 1])
};

// keys[i]: the number of ViewRows::keys[i]; rows of KeyIds::kNone are left out. Nothing of the
// result points into the batch.
PickedRows PickRows(const columns::EventBatch& batch, const features::ViewRows& rows,
                    std::span<const int32_t> keys, const Partitions& partitions, ViewCodes* codes);

}  // namespace millrace::offline
