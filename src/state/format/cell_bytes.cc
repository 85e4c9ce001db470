#include "state/format/cell_bytes.h"

#include <string_view>

namespace millrace::state {

using base::ByteReader;
using base::ByteWriter;
using base::Status;
using columns::Column;
using columns::ColumnBuffer;
using columns::Kind;
using columns::Physical;

namespace {

Status Corrupt(const char* what) {
  return base::Error(base::codes::kCorrupt, std::string("a stored row: ") + what);
}

void AppendFloat(const Column& column, int64_t row, ByteWriter* out) {
  const double value = columns::CanonicalFloat(column.floats[row]);
  if (column.type.kind() == Kind::kFloat32) {
    const auto narrow = static_cast<float>(value);  // exact: it was one
    out->Raw(&narrow, sizeof narrow);
  } else {
    out->Float64(value);
  }
}

void AppendNested(const Column& column, int64_t row, ByteWriter* out) {
  const int64_t first = column.offsets[row];
  const int64_t last = column.offsets[row + 1];
  if (column.type.kind() == Kind::kVector) {
    for (int64_t i = first; i < last; ++i) AppendFloat(column.children[0], i, out);
    return;
  }
  out->Varint(static_cast<uint64_t>(last - first));
  const int children = column.type.physical() == Physical::kMap ? 2 : 1;
  for (int64_t i = first; i < last; ++i) {
    for (int child = 0; child < children; ++child) AppendCell(column.children[child], i, out);
  }
}

Status DecodeFloat(ByteReader* in, ColumnBuffer* out) {
  if (out->type().kind() == Kind::kFloat32) {
    float narrow = 0;
    ARROW_ASSIGN_OR_RAISE(const std::string_view bytes, in->Raw(sizeof narrow));
    std::memcpy(&narrow, bytes.data(), sizeof narrow);
    out->AppendFloat(columns::CanonicalFloat(narrow));
    return Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(const double value, in->Float64());
  out->AppendFloat(columns::CanonicalFloat(value));
  return Status::OK();
}

Status DecodeNested(ByteReader* in, ColumnBuffer* out) {
  if (out->type().kind() == Kind::kVector) {
    for (int32_t i = 0; i < out->type().vector_size(); ++i) {
      ARROW_RETURN_NOT_OK(DecodeFloat(in, out->elements()));
    }
  } else {
    const bool map = out->type().physical() == Physical::kMap;
    ARROW_ASSIGN_OR_RAISE(const uint64_t count, in->Count(map ? 2 : 1));
    for (uint64_t i = 0; i < count; ++i) {
      if (map) ARROW_RETURN_NOT_OK(DecodeCell(in, out->keys()));
      ARROW_RETURN_NOT_OK(DecodeCell(in, out->elements()));
    }
  }
  out->CloseList();
  return Status::OK();
}

Status SkipNested(ByteReader* in, const columns::Type& type) {
  if (type.kind() == Kind::kVector) {
    return in->Raw(static_cast<size_t>(type.vector_size()) * sizeof(float)).status();
  }
  const bool map = type.physical() == Physical::kMap;
  ARROW_ASSIGN_OR_RAISE(const uint64_t count, in->Count(map ? 2 : 1));
  for (uint64_t i = 0; i < count; ++i) {
    if (map) ARROW_RETURN_NOT_OK(SkipCell(in, type.key()));
    ARROW_RETURN_NOT_OK(SkipCell(in, type.element()));
  }
  return Status::OK();
}

}  // namespace

void AppendCell(const Column& column, int64_t row, ByteWriter* out) {
  const uint8_t cell = column.cell(row);
  out->U8(cell);
  if (cell != columns::kValid) return;
  switch (column.type.physical()) {
    case Physical::kNone:
      return;
    case Physical::kBool:
      return out->U8(column.bools[row] != 0 ? 1 : 0);
    case Physical::kInt:
      return out->SignedVarint(column.ints[row]);
    case Physical::kUInt:
      return out->Varint(column.uints[row]);
    case Physical::kFloat:
      return AppendFloat(column, row, out);
    case Physical::kString:
      return out->String(column.strings[row]);
    case Physical::kList:
    case Physical::kMap:
      return AppendNested(column, row, out);
  }
}

Status DecodeCell(ByteReader* in, ColumnBuffer* out) {
  ARROW_ASSIGN_OR_RAISE(const uint8_t cell, in->U8());
  if (cell > columns::kVectorLength) return Corrupt("it has a cell of an unknown kind");
  if (cell != columns::kValid) {
    out->AppendCell(static_cast<columns::Cell>(cell));
    return Status::OK();
  }
  switch (out->type().physical()) {
    case Physical::kNone:
      return Corrupt("it has a value where there is none");
    case Physical::kBool: {
      ARROW_ASSIGN_OR_RAISE(const uint8_t value, in->U8());
      if (value > 1) return Corrupt("it has a bool that is neither 0 nor 1");
      out->AppendBool(value == 1);
      return Status::OK();
    }
    case Physical::kInt: {
      ARROW_ASSIGN_OR_RAISE(const int64_t value, in->SignedVarint());
      out->AppendInt(value);
      return Status::OK();
    }
    case Physical::kUInt: {
      ARROW_ASSIGN_OR_RAISE(const uint64_t value, in->Varint());
      out->AppendUInt(value);
      return Status::OK();
    }
    case Physical::kFloat:
      return DecodeFloat(in, out);
    case Physical::kString: {
      ARROW_ASSIGN_OR_RAISE(const std::string_view value, in->String());
      out->AppendString(value);
      return Status::OK();
    }
    case Physical::kList:
    case Physical::kMap:
      return DecodeNested(in, out);
  }
  return Corrupt("its type is unknown");
}

Status SkipCell(ByteReader* in, const columns::Type& type) {
  ARROW_ASSIGN_OR_RAISE(const uint8_t cell, in->U8());
  if (cell != columns::kValid) return Status::OK();
  const size_t float_bytes = type.kind() == Kind::kFloat64 ? sizeof(double) : sizeof(float);
  switch (type.physical()) {
    case Physical::kNone:
      return Status::OK();
    case Physical::kBool:
      return in->U8().status();
    case Physical::kInt:
    case Physical::kUInt:
      return in->Varint().status();
    case Physical::kFloat:
      return in->Raw(float_bytes).status();
    case Physical::kString:
      return in->String().status();
    case Physical::kList:
    case Physical::kMap:
      return SkipNested(in, type);
  }
  return Corrupt("its type is unknown");
}

}  // namespace millrace::state
