// Columns -> Arrow arrays.
#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/builder.h>
#include <arrow/type.h>

#include <utility>

#include "base/check.h"
#include "columns/arrow_column.h"

namespace millrace::columns {
namespace {

using arrow::Array;
using arrow::Buffer;

// The validity bitmap, or null when every cell is valid.
base::Result<std::shared_ptr<Buffer>> Validity(const Column& column, int64_t* nulls) {
  *nulls = 0;
  if (column.cells == nullptr) return nullptr;
  const uint8_t* cells = column.cells;
  for (int64_t i = 0; i < column.size; ++i) *nulls += cells[i] != kValid ? 1 : 0;
  if (*nulls == 0) return nullptr;
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<Buffer> bits, arrow::AllocateEmptyBitmap(column.size));
  uint8_t* bytes = bits->mutable_data();
  for (int64_t i = 0; i < column.size; ++i) {
    bytes[i >> 3] |= static_cast<uint8_t>((cells[i] == kValid ? 1 : 0) << (i & 7));
  }
  return bits;
}

// Fixed-width values, narrowed to the type's own width; 0 where the cell is not valid.
template <typename To, typename Read>
base::Result<std::shared_ptr<Array>> Fixed(const Column& column, Read read) {
  int64_t nulls = 0;
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<Buffer> validity, Validity(column, &nulls));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<Buffer> buffer,
                        arrow::AllocateBuffer(column.size * static_cast<int64_t>(sizeof(To))));
  To* values = buffer->mutable_data_as<To>();
  if (nulls == 0) {
    for (int64_t i = 0; i < column.size; ++i) values[i] = static_cast<To>(read(i));
  } else {
    for (int64_t i = 0; i < column.size; ++i) {
      values[i] = column.cells[i] == kValid ? static_cast<To>(read(i)) : To{};
    }
  }
  return arrow::MakeArray(arrow::ArrayData::Make(column.type.ToArrow(), column.size,
                                                 {std::move(validity), std::move(buffer)}, nulls));
}

template <typename To>
base::Result<std::shared_ptr<Array>> Ints(const Column& column) {
  return Fixed<To>(column, [&](int64_t i) { return column.ints[i]; });
}

base::Result<std::shared_ptr<Array>> Integers(const Column& column) {
  switch (column.type.kind()) {
    case Kind::kInt8:
      return Ints<int8_t>(column);
    case Kind::kInt16:
      return Ints<int16_t>(column);
    case Kind::kInt32:
    case Kind::kDate:
      return Ints<int32_t>(column);
    case Kind::kUInt8:
      return Ints<uint8_t>(column);
    case Kind::kUInt16:
      return Ints<uint16_t>(column);
    case Kind::kUInt32:
      return Ints<uint32_t>(column);
    default:
      return Ints<int64_t>(column);
  }
}

template <typename Builder>
base::Result<std::shared_ptr<Array>> Strings(const Column& column, Builder* builder) {
  int64_t bytes = 0;
  for (int64_t i = 0; i < column.size; ++i) {
    if (column.valid(i)) bytes += static_cast<int64_t>(column.strings[i].size());
  }
  ARROW_RETURN_NOT_OK(builder->Reserve(column.size));
  ARROW_RETURN_NOT_OK(builder->ReserveData(bytes));
  for (int64_t i = 0; i < column.size; ++i) {
    if (column.valid(i)) {
      // An empty view may have no address, which the builder's memcpy must not be given.
      const std::string_view text = column.strings[i];
      builder->UnsafeAppend(text.empty() ? std::string_view("") : text);
    } else {
      builder->UnsafeAppendNull();
    }
  }
  return builder->Finish();
}

base::Result<std::shared_ptr<Array>> Bools(const Column& column) {
  arrow::BooleanBuilder builder;
  ARROW_RETURN_NOT_OK(builder.Reserve(column.size));
  for (int64_t i = 0; i < column.size; ++i) {
    if (column.valid(i)) {
      builder.UnsafeAppend(column.bools[i] != 0);
    } else {
      builder.UnsafeAppendNull();
    }
  }
  return builder.Finish();
}

// The elements of the valid rows in order, and 32-bit offsets into them; a fixed-size list has
// `width` null elements in the place of a row that is not valid.
base::Status Flatten(const Column& column, int64_t width, std::vector<ColumnBuffer>* children,
                     arrow::TypedBufferBuilder<int32_t>* offsets) {
  ARROW_RETURN_NOT_OK(offsets->Append(0));
  for (int64_t i = 0; i < column.size; ++i) {
    if (column.valid(i)) {
      for (int64_t j = column.offsets[i]; j < column.offsets[i + 1]; ++j) {
        for (size_t part = 0; part < children->size(); ++part) {
          (*children)[part].AppendFrom(column.children[part], j);
        }
      }
    } else {
      for (int64_t j = 0; j < width; ++j) children->front().AppendFloat(0.0);
    }
    const int64_t end = children->front().size();
    if (end > INT32_MAX) {
      return base::Error(base::codes::kInternal, "a batch holds more than 2^31 list elements");
    }
    ARROW_RETURN_NOT_OK(offsets->Append(static_cast<int32_t>(end)));
  }
  return base::Status::OK();
}

base::Result<std::shared_ptr<Array>> Nested(const Column& column) {
  const Type& type = column.type;
  std::vector<ColumnBuffer> children;
  if (type.kind() == Kind::kMap) children.emplace_back(type.key());
  children.emplace_back(type.element());
  arrow::TypedBufferBuilder<int32_t> offsets;
  const int64_t width = type.kind() == Kind::kVector ? type.vector_size() : 0;
  ARROW_RETURN_NOT_OK(Flatten(column, width, &children, &offsets));
  std::vector<std::shared_ptr<Array>> arrays;
  for (const ColumnBuffer& child : children) {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<Array> array, ToArrow(child.View()));
    arrays.push_back(std::move(array));
  }
  int64_t nulls = 0;
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<Buffer> validity, Validity(column, &nulls));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<Buffer> offset_buffer, offsets.Finish());
  if (type.kind() == Kind::kVector) {
    return arrow::MakeArray(arrow::ArrayData::Make(
        type.ToArrow(), column.size, {std::move(validity)}, {arrays[0]->data()}, nulls));
  }
  std::shared_ptr<arrow::ArrayData> child = arrays[0]->data();
  if (type.kind() == Kind::kMap) {
    const std::shared_ptr<arrow::DataType> entries = type.ToArrow()->field(0)->type();
    child = arrow::ArrayData::Make(entries, arrays[0]->length(), {nullptr},
                                   {arrays[0]->data(), arrays[1]->data()}, 0);
  }
  return arrow::MakeArray(arrow::ArrayData::Make(type.ToArrow(), column.size,
                                                 {std::move(validity), std::move(offset_buffer)},
                                                 {child}, nulls));
}

}  // namespace

base::Result<std::shared_ptr<Array>> ToArrow(const Column& column) {
  switch (column.type.physical()) {
    case Physical::kNone:
      return std::make_shared<arrow::NullArray>(column.size);
    case Physical::kBool:
      return Bools(column);
    case Physical::kInt:
      MILLRACE_CHECK(column.type.kind() != Kind::kDuration);
      return Integers(column);
    case Physical::kUInt:
      return Fixed<uint64_t>(column, [&](int64_t i) { return column.uints[i]; });
    case Physical::kFloat: {
      const auto read = [&](int64_t i) { return CanonicalFloat(column.floats[i]); };
      if (column.type.kind() == Kind::kFloat64) return Fixed<double>(column, read);
      return Fixed<float>(column, read);
    }
    case Physical::kString: {
      if (column.type.kind() == Kind::kString) {
        arrow::StringBuilder builder;
        return Strings(column, &builder);
      }
      arrow::BinaryBuilder builder;
      return Strings(column, &builder);
    }
    case Physical::kList:
    case Physical::kMap:
      return Nested(column);
  }
  MILLRACE_CHECK(false);
}

}  // namespace millrace::columns
