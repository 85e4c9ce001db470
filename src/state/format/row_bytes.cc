#include "state/format/row_bytes.h"

#include "state/format/cell_bytes.h"

namespace millrace::state {

using base::EventTime;
using base::Status;

void AppendRow(const EventColumns& from, int64_t row, base::ByteWriter* out) {
  out->Fixed64(static_cast<uint64_t>(from.times[row].micros()));
  if (from.created != nullptr) {
    out->Fixed64(static_cast<uint64_t>(from.created[row].micros()));
  }
  for (const columns::Column& column : from.cells) AppendCell(column, row, out);
}

void AppendRows(const EventColumns& from, std::span<const int64_t> rows, base::ByteWriter* out) {
  for (const int64_t row : rows) AppendRow(from, row, out);
}

base::Result<RowTimes> DecodeRowTimes(base::ByteReader* in, bool has_created) {
  RowTimes times;
  ARROW_ASSIGN_OR_RAISE(const uint64_t time, in->Fixed64());
  times.event_time = EventTime::Micros(static_cast<int64_t>(time));
  if (!has_created) return times;
  ARROW_ASSIGN_OR_RAISE(const uint64_t created, in->Fixed64());
  times.created = EventTime::Micros(static_cast<int64_t>(created));
  return times;
}

Status DecodeRows(base::ByteReader* in, uint64_t count, EventBlock* out) {
  for (uint64_t i = 0; i < count; ++i) {
    ARROW_ASSIGN_OR_RAISE(const RowTimes times, DecodeRowTimes(in, out->has_created()));
    out->times.push_back(times.event_time);
    if (out->has_created()) out->created.push_back(times.created);
    for (size_t c = 0; c < out->cells.size(); ++c) {
      ARROW_RETURN_NOT_OK(out->reads(c) ? DecodeCell(in, &out->cells[c])
                                        : SkipCell(in, out->cells[c].type()));
    }
  }
  return Status::OK();
}

}  // namespace millrace::state
