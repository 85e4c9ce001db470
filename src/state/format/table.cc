#include "state/format/table.h"

namespace millrace::state {

using base::ByteReader;
using base::ByteWriter;
using base::EventTime;
using base::Result;
using base::Status;
using columns::Type;

namespace {

constexpr uint8_t kCatalogVersion = 1;

Status Corrupt(const char* what) {
  return base::Error(base::codes::kCorrupt, std::string("the store's catalogue: ") + what);
}

void EncodeTable(const Table& table, ByteWriter* out) {
  out->Varint(table.number);
  out->String(table.event_id);
  out->String(table.source);
  out->U8(table.kind == features::ViewKind::kSnapshot ? 1 : 0);
  out->SignedVarint(table.resolution.micros());
  out->Varint(table.chunks.rows);
  out->Varint(table.chunks.per_group);
  out->U8(table.has_created ? 1 : 0);
  out->Varint(table.keys.size());
  for (const columns::Field& key : table.keys) {
    out->String(key.name);
    out->String(key.type.ToString());
  }
  out->Varint(table.columns.size());
  for (const StoredColumn& column : table.columns) {
    out->String(column.id);
    out->String(column.type.ToString());
  }
  out->Varint(table.slots.size());
  for (const StateSlot& slot : table.slots) {
    out->String(slot.state_id);
    out->SignedVarint(slot.column);
    out->SignedVarint(slot.filter);
  }
  out->SignedVarint(table.complete_since.micros());
  out->SignedVarint(table.looked_up_until.micros());
}

Result<std::string> DecodeText(ByteReader* in) {
  ARROW_ASSIGN_OR_RAISE(const std::string_view text, in->String());
  return std::string(text);
}

Result<Type> DecodeType(ByteReader* in) {
  ARROW_ASSIGN_OR_RAISE(const std::string_view text, in->String());
  auto type = Type::Parse(text);
  if (!type.ok()) return Corrupt("a type is unknown");
  return *type;
}

Result<int> DecodeIndex(ByteReader* in, size_t size) {
  ARROW_ASSIGN_OR_RAISE(const int64_t index, in->SignedVarint());
  if (index < -1 || index >= static_cast<int64_t>(size)) return Corrupt("a column is not there");
  return static_cast<int>(index);
}

Status DecodeColumns(ByteReader* in, Table* table) {
  ARROW_ASSIGN_OR_RAISE(const uint64_t keys, in->Count(2));
  for (uint64_t i = 0; i < keys; ++i) {
    columns::Field& key = table->keys.emplace_back();
    ARROW_ASSIGN_OR_RAISE(key.name, DecodeText(in));
    ARROW_ASSIGN_OR_RAISE(key.type, DecodeType(in));
  }
  ARROW_ASSIGN_OR_RAISE(const uint64_t columns, in->Count(2));
  for (uint64_t i = 0; i < columns; ++i) {
    StoredColumn& column = table->columns.emplace_back();
    ARROW_ASSIGN_OR_RAISE(column.id, DecodeText(in));
    ARROW_ASSIGN_OR_RAISE(column.type, DecodeType(in));
  }
  ARROW_ASSIGN_OR_RAISE(const uint64_t slots, in->Count(3));
  for (uint64_t i = 0; i < slots; ++i) {
    StateSlot& slot = table->slots.emplace_back();
    ARROW_ASSIGN_OR_RAISE(slot.state_id, DecodeText(in));
    ARROW_ASSIGN_OR_RAISE(slot.column, DecodeIndex(in, table->columns.size()));
    ARROW_ASSIGN_OR_RAISE(slot.filter, DecodeIndex(in, table->columns.size()));
  }
  return Status::OK();
}

Result<Table> DecodeTable(ByteReader* in) {
  Table table;
  ARROW_ASSIGN_OR_RAISE(const uint64_t number, in->Varint());
  table.number = static_cast<uint32_t>(number);
  ARROW_ASSIGN_OR_RAISE(table.event_id, DecodeText(in));
  ARROW_ASSIGN_OR_RAISE(table.source, DecodeText(in));
  ARROW_ASSIGN_OR_RAISE(const uint8_t kind, in->U8());
  table.kind = kind == 1 ? features::ViewKind::kSnapshot : features::ViewKind::kWindowed;
  ARROW_ASSIGN_OR_RAISE(const int64_t resolution, in->SignedVarint());
  table.resolution = base::Duration::Micros(resolution);
  ARROW_ASSIGN_OR_RAISE(const uint64_t rows, in->Varint());
  ARROW_ASSIGN_OR_RAISE(const uint64_t per_group, in->Varint());
  table.chunks = {static_cast<uint32_t>(rows), static_cast<uint32_t>(per_group)};
  ARROW_ASSIGN_OR_RAISE(const uint8_t has_created, in->U8());
  if (table.chunks.rows == 0 || table.chunks.per_group == 0) return Corrupt("a table is damaged");
  if (kind > 1 || has_created > 1 || resolution < 0) return Corrupt("a table is damaged");
  table.has_created = has_created == 1;
  ARROW_RETURN_NOT_OK(DecodeColumns(in, &table));
  ARROW_ASSIGN_OR_RAISE(const int64_t since, in->SignedVarint());
  table.complete_since = EventTime::Micros(since);
  ARROW_ASSIGN_OR_RAISE(const int64_t until, in->SignedVarint());
  table.looked_up_until = EventTime::Micros(until);
  return table;
}

}  // namespace

int Table::FindColumn(std::string_view id) const {
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].id == id) return static_cast<int>(i);
  }
  return -1;
}

int Table::FindSlot(std::string_view state_id) const {
  for (size_t i = 0; i < slots.size(); ++i) {
    if (slots[i].state_id == state_id) return static_cast<int>(i);
  }
  return -1;
}

RowLayout Table::layout() const {
  RowLayout layout{has_created, {}};
  for (const StoredColumn& column : columns) layout.columns.push_back(column.type);
  return layout;
}

std::string Catalog::Encode() const {
  ByteWriter out;
  out.U8(kCatalogVersion);
  out.Varint(next_number);
  out.Varint(tables.size());
  for (const Table& table : tables) EncodeTable(table, &out);
  return out.Take();
}

Result<Catalog> Catalog::Decode(std::string_view bytes) {
  ByteReader in(bytes);
  Catalog catalog;
  ARROW_ASSIGN_OR_RAISE(const uint8_t version, in.U8());
  if (version != kCatalogVersion) return Corrupt("its version is unknown");
  ARROW_ASSIGN_OR_RAISE(const uint64_t next, in.Varint());
  catalog.next_number = static_cast<uint32_t>(next);
  ARROW_ASSIGN_OR_RAISE(const uint64_t count, in.Count(8));
  for (uint64_t i = 0; i < count; ++i) {
    ARROW_ASSIGN_OR_RAISE(Table table, DecodeTable(&in));
    catalog.tables.push_back(std::move(table));
  }
  ARROW_RETURN_NOT_OK(in.ExpectEnd());
  return catalog;
}

}  // namespace millrace::state
