// Questions are the rows of the batch; winners index the looked-up view's sorted rows.
#include "offline/looked_up.h"

#include <optional>
#include <string>

#include "features/derive.h"
#include "features/entity_key.h"
#include "sweep/gather.h"
#include "sweep/questions.h"
#include "sweep/snapshot_sweep.h"
#include "window/window.h"

namespace millrace::offline {

using columns::Column;
using columns::EventBatch;
using columns::OwnedColumn;

LookedUp::LookedUp(const features::FeaturePlan& plan, int view, const sweep::SortedEvents& rows)
    : plan_(plan), view_(view), rows_(rows) {}

void LookedUp::Ask(const features::Lookup& lookup, const sweep::KeyIds& keys,
                   const EventBatch& batch) {
  std::vector<Column> key_columns;
  for (const int column : lookup.key_columns) key_columns.push_back(batch.columns[column].view);
  std::vector<int32_t> ids;
  std::vector<base::EventTime> times;
  std::string key;
  for (int64_t row = 0; row < batch.size; ++row) {
    const bool has_key = features::EncodeKey(key_columns, row, &key);
    ids.push_back(has_key ? keys.Find(key) : sweep::KeyIds::kNone);
    std::optional<base::EventTime> created;
    if (!batch.created.empty()) created = batch.created[row];
    times.push_back(window::LookupTime(batch.event_times[row], created));
  }
  sweep::ViewSweep sweep;
  sweep.view = &plan_.views[view_];
  const sweep::Questions questions = sweep::SortQuestions(ids, times, keys.size());
  const std::vector<int64_t> newest = sweep::NewestRows(rows_, questions, sweep);
  winners_.assign(batch.size, sweep::kNoRow);
  for (int64_t q = 0; q < questions.size(); ++q) winners_[questions.rows[q]] = newest[q];
}

std::vector<OwnedColumn> LookedUp::Columns() const {
  const features::View& view = plan_.views[view_];
  std::vector<OwnedColumn> columns(view.features.size());
  for (size_t i = 0; i < view.features.size(); ++i) {
    const features::Feature& feature = view.features[i];
    if (feature.kind != features::FeatureKind::kRow) continue;
    columns::ColumnBuffer cells(feature.type);
    if (rows_.values[i].type.is_null()) {
      for (size_t row = 0; row < winners_.size(); ++row) cells.AppendNull();
    } else {
      cells = sweep::GatherShared(rows_.values[i], winners_);
    }
    columns[i] = features::SettleColumn(cells.View(), feature.name, {}, nullptr);
  }
  return columns;
}

}  // namespace millrace::offline
