// Works on the buffers, whatever nests them.
#include "sources/arrow/canonical_floats.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/extension_type.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace millrace::sources {
namespace {

using CanonicalArray = arrow::Result<std::shared_ptr<arrow::ArrayData>>;

constexpr int64_t kPaddingBytes = 64;

// Rows of an array, counted from its offset.
struct Rows {
  int64_t first = 0;
  int64_t count = 0;
};

template <typename Bits>
struct FloatBits {
  Bits sign;
  Bits exponent;  // all ones: NaN or infinity
  Bits nan;       // the canonical one

  Bits Canonical(Bits bits) const {
    const Bits magnitude = static_cast<Bits>(bits & static_cast<Bits>(~sign));
    if (magnitude > exponent) return nan;
    return magnitude == 0 ? Bits{0} : bits;
  }
};

template <typename Bits>
CanonicalArray CanonicalValues(const std::shared_ptr<arrow::ArrayData>& data, Rows rows,
                               const FloatBits<Bits>& form) {
  const Bits* values = data->GetValues<Bits>(1) + rows.first;
  int64_t same = 0;
  while (same < rows.count && form.Canonical(values[same]) == values[same]) ++same;
  if (same == rows.count) return data;
  const int64_t bytes = (data->offset + data->length) * static_cast<int64_t>(sizeof(Bits));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> copy, arrow::AllocateBuffer(bytes));
  // The rest of a long array costs no time. Arrow's writer pads rows with what stands behind them.
  const int64_t seen = std::min(rows.count + kPaddingBytes, data->length - rows.first);
  Bits* out = copy->mutable_data_as<Bits>() + data->offset + rows.first;
  for (int64_t i = 0; i < seen; ++i) out[i] = form.Canonical(values[i]);
  auto changed = data->Copy();
  changed->buffers[1] = std::move(copy);
  return changed;
}

template <typename Offset>
Rows ElementsOf(const arrow::ArrayData& data, Rows rows) {
  const Offset* offsets = data.GetValues<Offset>(1) + rows.first;
  return {offsets[0], offsets[rows.count] - offsets[0]};
}

// The rows of the children that the rows of the parent hold.
Rows RowsOfChild(const arrow::ArrayData& data, const arrow::DataType& type, int child, Rows rows) {
  switch (type.id()) {
    case arrow::Type::LIST:
    case arrow::Type::MAP:
      return ElementsOf<int32_t>(data, rows);
    case arrow::Type::LARGE_LIST:
      return ElementsOf<int64_t>(data, rows);
    case arrow::Type::FIXED_SIZE_LIST: {
      const int64_t size = static_cast<const arrow::FixedSizeListType&>(type).list_size();
      return {(data.offset + rows.first) * size, rows.count * size};
    }
    case arrow::Type::STRUCT:
      return {data.offset + rows.first, rows.count};
    default:
      return {0, data.child_data[child]->length};
  }
}

CanonicalArray Canonical(const std::shared_ptr<arrow::ArrayData>& data, Rows rows) {
  if (rows.count == 0) return data;
  const arrow::DataType* type = data->type.get();
  while (type->id() == arrow::Type::EXTENSION) {
    type = static_cast<const arrow::ExtensionType*>(type)->storage_type().get();
  }
  switch (type->id()) {
    case arrow::Type::HALF_FLOAT:
      return CanonicalValues<uint16_t>(data, rows, {0x8000, 0x7c00, 0x7e00});
    case arrow::Type::FLOAT:
      return CanonicalValues<uint32_t>(data, rows, {0x80000000u, 0x7f800000u, 0x7fc00000u});
    case arrow::Type::DOUBLE:
      return CanonicalValues<uint64_t>(
          data, rows, {0x8000000000000000u, 0x7ff0000000000000u, 0x7ff8000000000000u});
    default:
      break;
  }
  std::shared_ptr<arrow::ArrayData> copy;
  const auto changed = [&]() -> arrow::ArrayData& {
    if (copy == nullptr) copy = data->Copy();
    return *copy;
  };
  for (size_t i = 0; i < data->child_data.size(); ++i) {
    const Rows of_child = RowsOfChild(*data, *type, static_cast<int>(i), rows);
    ARROW_ASSIGN_OR_RAISE(auto child, Canonical(data->child_data[i], of_child));
    if (child != data->child_data[i]) changed().child_data[i] = std::move(child);
  }
  if (data->dictionary != nullptr) {
    ARROW_ASSIGN_OR_RAISE(auto dictionary,
                          Canonical(data->dictionary, {0, data->dictionary->length}));
    if (dictionary != data->dictionary) changed().dictionary = std::move(dictionary);
  }
  return copy == nullptr ? data : copy;
}

}  // namespace

base::Result<std::shared_ptr<arrow::RecordBatch>> CanonicalFloats(const arrow::RecordBatch& batch) {
  arrow::ArrayVector columns;
  for (const auto& column : batch.columns()) {
    ARROW_ASSIGN_OR_RAISE(auto data, Canonical(column->data(), {0, column->length()}));
    columns.push_back(data == column->data() ? column : arrow::MakeArray(data));
  }
  return arrow::RecordBatch::Make(batch.schema(), batch.num_rows(), std::move(columns));
}

}  // namespace millrace::sources
