#include "online/snapshot_read.h"

#include "window/window.h"

namespace millrace::online {

using base::EventTime;
using base::Status;
using columns::Column;

SnapshotRead::SnapshotRead(const state::ViewBinding& binding) : binding_(binding), rows_(binding) {}

Status SnapshotRead::Read(const state::StoredKey* key, EventTime as_of, ViewCells* out) {
  rows_.Clear();
  if (key != nullptr) ARROW_RETURN_NOT_OK(rows_.Load(*key, as_of, as_of));
  rows_.Prepare();
  const int64_t row = rows_.At(as_of);
  if (row == state::NewestRows::kNone) {
    out->AppendNulls(RowStatus::kNotFound);
    return Status::OK();
  }
  const state::EventColumns& rows = rows_.rows();
  if (!window::WithinTtl(rows.times[row], as_of, binding_.view->ttl)) {
    out->AppendNulls(RowStatus::kOutsideMaxAge);
    // The row that is too old says how old it is.
    for (auto& times : out->newest) times.back() = rows.times[row];
    return Status::OK();
  }
  for (size_t i = 0; i < out->features.size(); ++i) {
    const Column& from = rows.cells[binding_.values[out->features[i]]];
    if (from.valid(row)) {
      out->cells[i].AppendFrom(from, row);
    } else {
      out->cells[i].AppendCell(static_cast<columns::Cell>(from.cell(row)));
    }
    out->newest[i].push_back(rows.times[row]);
  }
  out->statuses.push_back(RowStatus::kFound);
  out->row_times.push_back(rows.times[row]);
  return Status::OK();
}

}  // namespace millrace::online
