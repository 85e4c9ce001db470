#include "online/snapshot_read.h"

#include "state/format/cell_bytes.h"
#include "state/format/row_bytes.h"
#include "window/window.h"

namespace millrace::online {

using base::EventTime;
using base::Status;
using columns::Column;

SnapshotRead::SnapshotRead(const state::ViewBinding& binding, const std::vector<int>& features)
    : binding_(binding), cells_of_(binding.table->columns.size()), rows_(binding) {
  for (size_t i = 0; i < features.size(); ++i) {
    cells_of_[binding.values[features[i]]].push_back(static_cast<int>(i));
  }
}

Status SnapshotRead::Read(const state::StoredKey* key, EventTime as_of, ViewCells* out) {
  if (key == nullptr) {
    out->AppendNulls(RowStatus::kNotFound);
    return Status::OK();
  }
  const state::KeyHead& head = key->head();
  return head.chunks == 0 && head.open_rows == 1 ? ReadOnlyRow(head, as_of, out)
                                                 : ReadNewest(*key, as_of, out);
}

bool SnapshotRead::Stands(EventTime time, EventTime as_of, ViewCells* out) const {
  if (window::WithinTtl(time, as_of, binding_.view->ttl)) return true;
  out->AppendNulls(RowStatus::kOutsideMaxAge, time);
  return false;
}

Status SnapshotRead::ReadOnlyRow(const state::KeyHead& head, EventTime as_of, ViewCells* out) {
  base::ByteReader in(head.open);
  ARROW_ASSIGN_OR_RAISE(const state::RowTimes times,
                        state::DecodeRowTimes(&in, binding_.table->has_created));
  if (times.event_time > as_of || times.created > as_of) {
    out->AppendNulls(RowStatus::kNotFound);
    return Status::OK();
  }
  if (!Stands(times.event_time, as_of, out)) return Status::OK();
  for (size_t c = 0; c < cells_of_.size(); ++c) {
    const std::vector<int>& cells = cells_of_[c];
    if (cells.empty()) {
      ARROW_RETURN_NOT_OK(state::SkipCell(&in, binding_.table->columns[c].type));
      continue;
    }
    columns::ColumnBuffer& first = out->cells[cells[0]];
    ARROW_RETURN_NOT_OK(state::DecodeCell(&in, &first));
    for (size_t i = 1; i < cells.size(); ++i) {
      out->cells[cells[i]].AppendFrom(first.View(), first.size() - 1);
    }
  }
  ARROW_RETURN_NOT_OK(in.ExpectEnd());
  out->times[0].push_back(times.event_time);
  out->statuses.push_back(RowStatus::kFound);
  return Status::OK();
}

Status SnapshotRead::ReadNewest(const state::StoredKey& key, EventTime as_of, ViewCells* out) {
  rows_.Clear();
  ARROW_RETURN_NOT_OK(rows_.Load(key, as_of, as_of));
  rows_.Prepare();
  const int64_t row = rows_.At(as_of);
  if (row == state::NewestRows::kNone) {
    out->AppendNulls(RowStatus::kNotFound);
    return Status::OK();
  }
  const state::EventColumns& rows = rows_.rows();
  if (!Stands(rows.times[row], as_of, out)) return Status::OK();
  for (size_t c = 0; c < cells_of_.size(); ++c) {
    for (const int cell : cells_of_[c]) out->cells[cell].AppendFrom(rows.cells[c], row);
  }
  out->times[0].push_back(rows.times[row]);
  out->statuses.push_back(RowStatus::kFound);
  return Status::OK();
}

}  // namespace millrace::online
