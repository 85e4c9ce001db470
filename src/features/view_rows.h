// ViewRows: what a view makes of a batch of its source's rows: key, inputs and filters of the rows
// that it keeps. The one implementation of `where`, keys and rejection for every executor.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "columns/event_batch.h"
#include "features/entity_key.h"
#include "features/plan.h"

namespace millrace::features {

// What became of a row. All but kKept and kFiltered are counted as rejected.
enum class Verdict : uint8_t {
  kKept,
  kFiltered,     // `where` is false or null
  kWhereError,   // `where` failed
  kLookupError,  // a lookup's key is unreadable
  kNullKey,
  kUnreadableKey,
};
std::string_view VerdictText(Verdict verdict);  // for people: "where is not true", …

// The `where` under which rows are rejected for some features of a view alone: "feature v:a",
// "features v:a, v:b and 2 more".
std::string RejectedFor(const View& view, const std::vector<int>& features);

struct ViewRows {
  std::vector<Verdict> verdicts;  // per row of the batch
  std::vector<int64_t> rows;      // of the batch, ascending: the kept ones
  KeyList keys;                   // canonical key bytes (entity_key.h), often each once
  std::vector<int32_t> key_of;    // per kept row: its key's index in `keys`
  // Over all rows of the batch (take those in `rows`), by View::inputs resp. View::filters; type
  // kNull where no wanted feature reads it. A cell with an error in an input or filter rejects the
  // row for that aggregate alone: it is counted, and is to be read as null, like every cell that is
  // not kValid (a filter keeps only what is valid and true). Valid until the projector's next Run
  // and while batch and lookups live.
  std::vector<columns::Column> inputs;
  std::vector<columns::Column> filters;
  // Snapshot views: over all rows of the batch the cells of features[i] (kRow), errors kept: they
  // read as null in ties and are settled (derive.h) in the answers they reach.
  std::vector<columns::Column> values;
  columns::RejectedRows rejected;
};

class ViewProjector {
 public:
  // REQUIRES: `plan` and `view` outlive it. For a label, give its view. `wanted[i]`: whether
  // features[i] is needed (empty: all); a snapshot view's rows are always wanted whole, for its
  // ties.
  ViewProjector(const FeaturePlan& plan, const View& view, std::vector<bool> wanted = {});
  ~ViewProjector();
  ViewProjector(ViewProjector&&) noexcept;
  ViewProjector& operator=(ViewProjector&&) noexcept;

  // lookups[i]: the columns of View::row_columns after the source's own, one cell per row of the
  // batch; empty when the view has no lookups.
  ViewRows Run(const columns::EventBatch& batch, std::span<const columns::Column> lookups);
  // The source's columns that the view reads (keys, lookups' keys, expressions), ascending.
  std::vector<int> SourceColumns() const;

 private:
  struct Program;
  std::unique_ptr<Program> program_;
};

}  // namespace millrace::features
