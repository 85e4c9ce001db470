#include "sources/arrow/canonical_floats.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <utility>
#include <vector>

namespace millrace::sources {
namespace {

template <typename Float, typename Bits, Bits kNan>
bool IsCanonical(Bits bits) {
  const auto value = std::bit_cast<Float>(bits);
  if (std::isnan(value)) return bits == kNan;
  return value != 0 || bits == 0;
}

// The array's values with each one canonical; nullptr when all are.
template <typename Float, typename Bits, Bits kNan>
arrow::Result<std::shared_ptr<arrow::Buffer>> Canonical(const arrow::ArrayData& data) {
  const Bits* values = data.GetValues<Bits>(1);
  int64_t first = 0;
  while (first < data.length && IsCanonical<Float, Bits, kNan>(values[first])) ++first;
  if (first == data.length) return nullptr;
  const int64_t bytes = (data.offset + data.length) * static_cast<int64_t>(sizeof(Bits));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> copy, arrow::AllocateBuffer(bytes));
  std::memcpy(copy->mutable_data(), data.buffers[1]->data(), static_cast<size_t>(bytes));
  Bits* out = copy->mutable_data_as<Bits>() + data.offset;
  for (int64_t i = first; i < data.length; ++i) {
    if (IsCanonical<Float, Bits, kNan>(out[i])) continue;
    out[i] = std::isnan(std::bit_cast<Float>(out[i])) ? kNan : 0;
  }
  return copy;
}

arrow::Result<std::shared_ptr<arrow::ArrayData>> Canonical(
    const std::shared_ptr<arrow::ArrayData>& data);

arrow::Result<std::shared_ptr<arrow::Buffer>> CanonicalValues(const arrow::ArrayData& data) {
  if (data.type->id() == arrow::Type::DOUBLE) {
    return Canonical<double, uint64_t, 0x7ff8000000000000>(data);
  }
  if (data.type->id() == arrow::Type::FLOAT) return Canonical<float, uint32_t, 0x7fc00000>(data);
  return nullptr;
}

arrow::Result<std::shared_ptr<arrow::ArrayData>> Canonical(
    const std::shared_ptr<arrow::ArrayData>& data) {
  std::shared_ptr<arrow::ArrayData> changed;
  ARROW_ASSIGN_OR_RAISE(const std::shared_ptr<arrow::Buffer> values, CanonicalValues(*data));
  if (values != nullptr) {
    changed = data->Copy();
    changed->buffers[1] = values;
  }
  for (size_t i = 0; i < data->child_data.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto child, Canonical(data->child_data[i]));
    if (child == data->child_data[i]) continue;
    if (changed == nullptr) changed = data->Copy();
    changed->child_data[i] = std::move(child);
  }
  if (data->dictionary != nullptr) {
    ARROW_ASSIGN_OR_RAISE(auto dictionary, Canonical(data->dictionary));
    if (dictionary != data->dictionary) {
      if (changed == nullptr) changed = data->Copy();
      changed->dictionary = std::move(dictionary);
    }
  }
  return changed == nullptr ? data : changed;
}

}  // namespace

base::Result<std::shared_ptr<arrow::Table>> CanonicalFloats(const arrow::Table& table) {
  std::vector<std::shared_ptr<arrow::ChunkedArray>> columns;
  for (const auto& column : table.columns()) {
    arrow::ArrayVector chunks;
    for (const auto& chunk : column->chunks()) {
      ARROW_ASSIGN_OR_RAISE(auto data, Canonical(chunk->data()));
      chunks.push_back(data == chunk->data() ? chunk : arrow::MakeArray(data));
    }
    columns.push_back(std::make_shared<arrow::ChunkedArray>(std::move(chunks), column->type()));
  }
  return arrow::Table::Make(table.schema(), std::move(columns), table.num_rows());
}

}  // namespace millrace::sources
