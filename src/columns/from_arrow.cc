// Arrow arrays -> Columns.
#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/chunked_array.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/float16.h>

#include <utility>

#include "base/check.h"
#include "base/time.h"
#include "columns/arrow_column.h"
#include "columns/from_arrow_internal.h"

namespace millrace::columns {
namespace {

using from_arrow::AllocateStrings;
using from_arrow::Converted;
using from_arrow::FillCells;
using from_arrow::MarkCell;
using from_arrow::Mismatch;
using from_arrow::Widen;

// Whether every value of the integer type `from` is one of `to`.
bool IntegerFits(Kind from, Kind to) {
  const auto bits = [](Kind k) {
    return 8 << ((static_cast<int>(k) - static_cast<int>(Kind::kInt8)) % 4);
  };
  const auto is_signed = [](Kind k) { return k <= Kind::kInt64; };
  if (is_signed(from) == is_signed(to)) return bits(from) <= bits(to);
  return is_signed(to) && bits(from) < bits(to);
}

bool FillIntegers(const arrow::Array& array, Converted* out, Column* view) {
  switch (array.type_id()) {
    case arrow::Type::INT8:
      Widen<int8_t>(array, &out->ints);
      break;
    case arrow::Type::INT16:
      Widen<int16_t>(array, &out->ints);
      break;
    case arrow::Type::INT32:
      Widen<int32_t>(array, &out->ints);
      break;
    case arrow::Type::UINT8:
      Widen<uint8_t>(array, &out->ints);
      break;
    case arrow::Type::UINT16:
      Widen<uint16_t>(array, &out->ints);
      break;
    case arrow::Type::UINT32:
      Widen<uint32_t>(array, &out->ints);
      break;
    case arrow::Type::INT64:
      view->ints = array.data()->GetValues<int64_t>(1);
      return true;
    default:
      return false;
  }
  view->ints = out->ints.data();
  return true;
}

base::Status FillInteger(const arrow::Array& array, const Type& type, Converted* out,
                         Column* view) {
  const auto own = Type::FromArrow(*array.type());
  if (!own.ok() || !own->is_integer() || !IntegerFits(own->kind(), type.kind())) {
    return Mismatch(*array.type(), type);
  }
  if (type.kind() != Kind::kUInt64) {
    MILLRACE_CHECK(FillIntegers(array, out, view));
    return base::Status::OK();
  }
  if (array.type_id() == arrow::Type::UINT64) {
    view->uints = array.data()->GetValues<uint64_t>(1);
    return base::Status::OK();
  }
  MILLRACE_CHECK(FillIntegers(array, out, view));
  out->uints.assign(view->ints, view->ints + array.length());
  view->ints = nullptr;
  view->uints = out->uints.data();
  return base::Status::OK();
}

base::Status FillFloat(const arrow::Array& array, const Type& type, Converted* out, Column* view) {
  switch (array.type_id()) {
    case arrow::Type::DOUBLE:
      if (type.kind() != Kind::kFloat64) return Mismatch(*array.type(), type);
      view->floats = array.data()->GetValues<double>(1);
      return base::Status::OK();
    case arrow::Type::FLOAT:
      Widen<float>(array, &out->floats);
      break;
    case arrow::Type::HALF_FLOAT: {
      const auto* halves = array.data()->GetValues<uint16_t>(1);
      for (int64_t i = 0; i < array.length(); ++i) {
        out->floats.push_back(arrow::util::Float16::FromBits(halves[i]).ToDouble());
      }
      break;
    }
    case arrow::Type::INT8:
    case arrow::Type::INT16:
    case arrow::Type::UINT8:
    case arrow::Type::UINT16:
    case arrow::Type::INT32:
    case arrow::Type::UINT32: {
      const bool narrow =
          array.type_id() != arrow::Type::INT32 && array.type_id() != arrow::Type::UINT32;
      if (type.kind() == Kind::kFloat32 && !narrow) return Mismatch(*array.type(), type);
      MILLRACE_CHECK(FillIntegers(array, out, view));
      out->floats.assign(view->ints, view->ints + array.length());
      view->ints = nullptr;
      break;
    }
    default:
      return Mismatch(*array.type(), type);
  }
  view->floats = out->floats.data();
  return base::Status::OK();
}

template <typename ArrayType>
base::Status FillViews(const arrow::Array& array, Converted* out, Column* view) {
  const auto& rows = static_cast<const ArrayType&>(array);
  ARROW_ASSIGN_OR_RAISE(std::string_view * strings, AllocateStrings(array.length(), out));
  const bool nulls = array.null_count() > 0;
  for (int64_t i = 0; i < array.length(); ++i) {
    strings[i] = nulls && rows.IsNull(i) ? std::string_view() : rows.GetView(i);
  }
  view->strings = strings;
  return base::Status::OK();
}

base::Status FillString(const arrow::Array& array, const Type& type, Converted* out, Column* view) {
  const bool text = array.type_id() == arrow::Type::STRING ||
                    array.type_id() == arrow::Type::LARGE_STRING ||
                    array.type_id() == arrow::Type::STRING_VIEW;
  if (type.kind() == Kind::kString && !text) return Mismatch(*array.type(), type);
  switch (array.type_id()) {
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      return FillViews<arrow::BinaryArray>(array, out, view);
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
      return FillViews<arrow::LargeBinaryArray>(array, out, view);
    case arrow::Type::STRING_VIEW:
    case arrow::Type::BINARY_VIEW:
      return FillViews<arrow::BinaryViewArray>(array, out, view);
    case arrow::Type::FIXED_SIZE_BINARY:
      return FillViews<arrow::FixedSizeBinaryArray>(array, out, view);
    default:
      return Mismatch(*array.type(), type);
  }
}

base::Status AddChild(std::shared_ptr<arrow::Array> array, const Type& type, Converted* out) {
  ARROW_ASSIGN_OR_RAISE(OwnedColumn child, FromArrow(std::move(array), type));
  out->children.push_back(child.view);
  out->owners.push_back(std::move(child.owner));
  return base::Status::OK();
}

template <typename ArrayType>
base::Status FillList(const arrow::Array& array, const Type& type, Converted* out, Column* view) {
  const auto& list = static_cast<const ArrayType&>(array);
  ARROW_RETURN_NOT_OK(AddChild(list.values(), type.element(), out));
  for (int64_t i = 0; i < array.length(); ++i) out->offsets.push_back(list.value_offset(i));
  out->offsets.push_back(array.length() == 0 ? 0
                                             : list.value_offset(array.length() - 1) +
                                                   list.value_length(array.length() - 1));
  if (type.kind() != Kind::kVector) return base::Status::OK();
  for (int64_t i = 0; i < array.length(); ++i) {
    if (!array.IsValid(i)) continue;
    bool fits = list.value_length(i) == type.vector_size();
    for (int64_t j = 0; fits && j < type.vector_size(); ++j) {
      fits = out->children[0].valid(list.value_offset(i) + j);
    }
    if (!fits) MarkCell(i, kVectorLength, out, view);
  }
  return base::Status::OK();
}

base::Status FillNested(const arrow::Array& array, const Type& type, Converted* out, Column* view) {
  base::Status filled;
  if (type.kind() == Kind::kMap) {
    if (array.type_id() != arrow::Type::MAP) return Mismatch(*array.type(), type);
    const auto& map = static_cast<const arrow::MapArray&>(array);
    ARROW_RETURN_NOT_OK(AddChild(map.keys(), type.key(), out));
    ARROW_RETURN_NOT_OK(AddChild(map.items(), type.element(), out));
    for (int64_t i = 0; i <= array.length(); ++i) out->offsets.push_back(map.value_offset(i));
  } else if (array.type_id() == arrow::Type::LIST) {
    filled = FillList<arrow::ListArray>(array, type, out, view);
  } else if (array.type_id() == arrow::Type::LARGE_LIST) {
    filled = FillList<arrow::LargeListArray>(array, type, out, view);
  } else if (array.type_id() == arrow::Type::FIXED_SIZE_LIST) {
    filled = FillList<arrow::FixedSizeListArray>(array, type, out, view);
  } else {
    return Mismatch(*array.type(), type);
  }
  ARROW_RETURN_NOT_OK(filled);
  view->offsets = out->offsets.data();
  view->children = out->children.data();
  return base::Status::OK();
}

base::Status FillBool(const arrow::Array& array, const Type& type, Converted* out, Column* view) {
  if (array.type_id() != arrow::Type::BOOL) return Mismatch(*array.type(), type);
  const auto& bools = static_cast<const arrow::BooleanArray&>(array);
  out->bools.resize(static_cast<size_t>(array.length()));
  for (int64_t i = 0; i < array.length(); ++i) out->bools[i] = bools.Value(i) ? 1 : 0;
  view->bools = out->bools.data();
  return base::Status::OK();
}

base::Status FillNull(const Type& type, Converted* out, Column* view) {
  ColumnBuffer nulls(type);
  for (int64_t i = 0; i < view->size; ++i) nulls.AppendNull();
  OwnedColumn owned = Own(std::move(nulls));
  *view = owned.view;
  out->owners.push_back(std::move(owned.owner));
  return base::Status::OK();
}

base::Status Fill(const arrow::Array& array, const Type& type, Converted* out, Column* view) {
  if (array.type_id() == arrow::Type::NA) return FillNull(type, out, view);
  FillCells(array, out, view);
  switch (type.physical()) {
    case Physical::kNone:
      return Mismatch(*array.type(), type);
    case Physical::kBool:
      return FillBool(array, type, out, view);
    case Physical::kFloat:
      return FillFloat(array, type, out, view);
    case Physical::kString:
      return FillString(array, type, out, view);
    case Physical::kList:
    case Physical::kMap:
      return FillNested(array, type, out, view);
    case Physical::kInt:
    case Physical::kUInt:
      break;
  }
  if (type.kind() == Kind::kDate) return from_arrow::FillDate(array, type, out, view);
  if (type.kind() == Kind::kTimestamp) return from_arrow::FillTimestamp(array, type, out, view);
  return FillInteger(array, type, out, view);
}

}  // namespace

base::Result<OwnedColumn> FromArrow(std::shared_ptr<arrow::Array> array, const Type& type) {
  if (array->type_id() == arrow::Type::DICTIONARY) {
    const auto& rows = static_cast<const arrow::DictionaryArray&>(*array);
    ARROW_ASSIGN_OR_RAISE(OwnedColumn dictionary, FromArrow(rows.dictionary(), type));
    return FromDictionary(rows, std::move(dictionary), Distinct::kUnknown);
  }
  auto out = std::make_shared<Converted>();
  out->array = std::move(array);
  Column view;
  view.type = type;
  view.size = out->array->length();
  ARROW_RETURN_NOT_OK(Fill(*out->array, type, out.get(), &view));
  return OwnedColumn{view, std::move(out)};
}

base::Result<OwnedColumn> FromArrow(const arrow::ChunkedArray& array, const Type& type) {
  if (array.num_chunks() == 1) return FromArrow(array.chunk(0), type);
  if (array.num_chunks() == 0) {
    if (!Type::FromArrow(*array.type()).ok()) {
      return Mismatch(*array.type(), type);
    }
    return Own(ColumnBuffer(type));
  }
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Array> whole, arrow::Concatenate(array.chunks()));
  return FromArrow(std::move(whole), type);
}

}  // namespace millrace::columns
