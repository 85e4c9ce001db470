#include "sweep/event_records.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <utility>

#include "columns/arrow_column.h"

namespace millrace::sweep {

using base::EventTime;
using base::Result;
using base::Status;
using columns::Column;
using columns::Kind;
using columns::OwnedColumn;

namespace {

constexpr const char* kKey = "key";
constexpr const char* kEventTime = "event_time";
constexpr const char* kCreated = "created";

std::string Numbered(const char* name, size_t number) {
  return std::string(name) + " " + std::to_string(number);
}

Column Bytes(const uint8_t* bytes, int64_t size) {
  Column column;
  column.type = Kind::kBool;
  column.size = size;
  column.bools = bytes;
  return column;
}

// A fixed-width array over memory that is somebody else's.
template <typename T>
std::shared_ptr<arrow::Array> Shared(std::shared_ptr<arrow::DataType> type, const T* values,
                                     int64_t size) {
  auto buffer = std::make_shared<arrow::Buffer>(reinterpret_cast<const uint8_t*>(values),
                                                size * static_cast<int64_t>(sizeof(T)));
  return arrow::MakeArray(
      arrow::ArrayData::Make(std::move(type), size, {nullptr, std::move(buffer)}, 0));
}

std::shared_ptr<arrow::Array> Times(const EventTime* times, int64_t size) {
  static_assert(sizeof(EventTime) == sizeof(int64_t));
  return Shared(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), times, size);
}

std::shared_ptr<arrow::Array> Codes(const int32_t* codes, int64_t size) {
  return Shared(arrow::int32(), codes, size);
}

bool HasErrors(const Column& column) {
  return column.cells != nullptr &&
         std::any_of(column.cells, column.cells + column.size,
                     [](uint8_t cell) { return cell > columns::kValid; });
}

Status AddEventColumn(const std::string& name, const EventColumn& column, const EventPiece& piece,
                      RecordColumns* columns) {
  if (column.cells.type.is_null()) return Status::OK();
  const Column cells = column.cells.Slice(piece.first, piece.size());
  if (cells.codes == nullptr || cells.strings != nullptr) return columns->Add(name, cells);
  columns->AddArray("codes of " + name, Codes(cells.codes, cells.size));
  if (cells.cells != nullptr) {
    columns->AddArray("cells of " + name, Shared(arrow::uint8(), cells.cells, cells.size));
  }
  return Status::OK();
}

struct Recelled {
  OwnedColumn inner;
  std::shared_ptr<arrow::Array> cells;
};

// `column` with the cells of `name` that the batch has.
OwnedColumn WithCells(const arrow::RecordBatch& batch, const std::string& name,
                      OwnedColumn column) {
  const auto cells = batch.GetColumnByName("cells of " + name);
  if (cells == nullptr || cells->type_id() != arrow::Type::UINT8) return column;
  auto owner = std::make_shared<Recelled>(Recelled{std::move(column), cells});
  Column view = owner->inner.view;
  view.cells = cells->data()->GetValues<uint8_t>(1);
  return {view, std::move(owner)};
}

Result<EventColumn> FindEventColumn(const arrow::RecordBatch& batch, const std::string& name,
                                    const columns::Type& type) {
  const auto codes = batch.GetColumnByName("codes of " + name);
  if (codes == nullptr || codes->type_id() != arrow::Type::INT32) {
    ARROW_ASSIGN_OR_RAISE(OwnedColumn column, FindColumn(batch, name, type));
    return EventColumn{column.view, std::move(column.owner), {}};
  }
  Column view;
  view.type = type;
  view.size = batch.num_rows();
  view.codes = codes->data()->GetValues<int32_t>(1);
  OwnedColumn column = WithCells(batch, name, {view, codes});
  return EventColumn{column.view, std::move(column.owner), {}};
}

}  // namespace

Status RecordColumns::Add(const std::string& name, const Column& column) {
  ARROW_ASSIGN_OR_RAISE(auto array, columns::ToArrow(column));
  AddArray(name, std::move(array));
  if (!HasErrors(column)) return Status::OK();
  arrow::UInt8Builder cells;
  ARROW_RETURN_NOT_OK(cells.AppendValues(column.cells, column.size));
  ARROW_ASSIGN_OR_RAISE(auto errors, cells.Finish());
  AddArray("cells of " + name, std::move(errors));
  return Status::OK();
}

void RecordColumns::AddArray(const std::string& name, std::shared_ptr<arrow::Array> array) {
  fields_.push_back(arrow::field(name, array->type()));
  arrays_.push_back(std::move(array));
}

std::shared_ptr<arrow::RecordBatch> RecordColumns::Finish(int64_t rows) && {
  return arrow::RecordBatch::Make(arrow::schema(std::move(fields_)), rows, std::move(arrays_));
}

Result<OwnedColumn> FindColumn(const arrow::RecordBatch& batch, const std::string& name,
                               const columns::Type& type) {
  const auto array = batch.GetColumnByName(name);
  if (array == nullptr) return OwnedColumn();
  ARROW_ASSIGN_OR_RAISE(OwnedColumn column, columns::FromArrow(array, type));
  return WithCells(batch, name, std::move(column));
}

Result<std::vector<EventTime>> FindTimes(const arrow::RecordBatch& batch, const std::string& name) {
  ARROW_ASSIGN_OR_RAISE(const OwnedColumn column, FindColumn(batch, name, Kind::kTimestamp));
  for (int64_t row = 0; column.view.cells != nullptr && row < column.view.size; ++row) {
    if (column.view.cells[row] == columns::kValid) continue;
    return base::Error(base::codes::kCorrupt, "column '" + name + "' of a stream has a null");
  }
  std::vector<EventTime> times(column.view.size);
  for (int64_t row = 0; row < column.view.size; ++row) {
    times[row] = EventTime::Micros(column.view.ints[row]);
  }
  return times;
}

Result<std::shared_ptr<arrow::RecordBatch>> ToRecords(const EventPiece& piece) {
  const EventRows& rows = *piece.rows;
  RecordColumns columns;
  columns.AddArray(kKey, Codes(rows.keys.data() + piece.first, piece.size()));
  columns.AddArray(kEventTime, Times(rows.times.data() + piece.first, piece.size()));
  if (!rows.created.empty()) {
    columns.AddArray(kCreated, Times(rows.created.data() + piece.first, piece.size()));
  }
  for (size_t i = 0; i < rows.inputs.size(); ++i) {
    ARROW_RETURN_NOT_OK(AddEventColumn(Numbered("input", i), rows.inputs[i], piece, &columns));
  }
  for (size_t i = 0; i < rows.values.size(); ++i) {
    ARROW_RETURN_NOT_OK(AddEventColumn(Numbered("value", i), rows.values[i], piece, &columns));
  }
  for (size_t i = 0; i < rows.filters.size(); ++i) {
    if (rows.filters[i].empty()) continue;
    ARROW_RETURN_NOT_OK(columns.Add(Numbered("filter", i),
                                    Bytes(rows.filters[i].data() + piece.first, piece.size())));
  }
  return std::move(columns).Finish(piece.size());
}

Result<EventRows> FromRecords(const features::View& view, const arrow::RecordBatch& batch) {
  EventRows rows;
  rows.keys.resize(batch.num_rows());
  const auto keys = batch.GetColumnByName(kKey);
  if (keys != nullptr && keys->type_id() == arrow::Type::INT32) {
    std::copy_n(keys->data()->GetValues<int32_t>(1), batch.num_rows(), rows.keys.begin());
  }
  ARROW_ASSIGN_OR_RAISE(rows.times, FindTimes(batch, kEventTime));
  if (static_cast<int64_t>(rows.times.size()) != batch.num_rows()) {
    return base::Error(base::codes::kMissingColumn, "a stream of events has no event_time");
  }
  ARROW_ASSIGN_OR_RAISE(rows.created, FindTimes(batch, kCreated));
  for (size_t i = 0; i < view.inputs.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(EventColumn column,
                          FindEventColumn(batch, Numbered("input", i), view.inputs[i].type()));
    rows.inputs.push_back(std::move(column));
  }
  rows.values.resize(view.features.size());
  for (size_t i = 0; i < view.features.size(); ++i) {
    if (view.features[i].kind != features::FeatureKind::kRow) continue;
    ARROW_ASSIGN_OR_RAISE(rows.values[i],
                          FindEventColumn(batch, Numbered("value", i), view.features[i].type));
  }
  rows.filters.resize(view.filters.size());
  for (size_t i = 0; i < view.filters.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(const OwnedColumn filter,
                          FindColumn(batch, Numbered("filter", i), Kind::kBool));
    for (int64_t row = 0; row < filter.view.size; ++row) {
      rows.filters[i].push_back(filter.view.valid(row) && filter.view.bools[row] != 0 ? 1 : 0);
    }
  }
  return rows;
}

}  // namespace millrace::sweep
