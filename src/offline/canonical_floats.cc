// Works on the buffers, whatever nests them.
#include "offline/canonical_floats.h"

#include <arrow/array.h>
#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/chunked_array.h>
#include <arrow/extension_type.h>
#include <arrow/type.h>

#include <cstring>
#include <vector>

namespace millrace::offline {

using arrow::ArrayData;
using base::Result;

namespace {

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
Result<std::shared_ptr<ArrayData>> CanonicalValues(const std::shared_ptr<ArrayData>& data,
                                                   const FloatBits<Bits>& form) {
  const Bits* values = data->GetValues<Bits>(1);
  int64_t first = 0;
  while (first < data->length && form.Canonical(values[first]) == values[first]) ++first;
  if (first == data->length) return data;
  const int64_t bytes = (data->offset + data->length) * static_cast<int64_t>(sizeof(Bits));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer, arrow::AllocateBuffer(bytes));
  std::memcpy(buffer->mutable_data(), data->buffers[1]->data(), bytes);
  Bits* to = reinterpret_cast<Bits*>(buffer->mutable_data()) + data->offset;
  for (int64_t i = first; i < data->length; ++i) to[i] = form.Canonical(to[i]);
  std::shared_ptr<ArrayData> copy = data->Copy();
  copy->buffers[1] = std::move(buffer);
  return copy;
}

Result<std::shared_ptr<ArrayData>> Canonical(const std::shared_ptr<ArrayData>& data) {
  switch (data->type->id()) {
    case arrow::Type::HALF_FLOAT:
      return CanonicalValues<uint16_t>(data, {0x8000, 0x7c00, 0x7e00});
    case arrow::Type::FLOAT:
      return CanonicalValues<uint32_t>(data, {0x80000000u, 0x7f800000u, 0x7fc00000u});
    case arrow::Type::DOUBLE:
      return CanonicalValues<uint64_t>(
          data, {0x8000000000000000u, 0x7ff0000000000000u, 0x7ff8000000000000u});
    case arrow::Type::EXTENSION: {
      std::shared_ptr<ArrayData> storage = data->Copy();
      storage->type = static_cast<const arrow::ExtensionType&>(*data->type).storage_type();
      ARROW_ASSIGN_OR_RAISE(const std::shared_ptr<ArrayData> changed, Canonical(storage));
      if (changed == storage) return data;
      std::shared_ptr<ArrayData> copy = changed->Copy();
      copy->type = data->type;
      return copy;
    }
    default:
      break;
  }
  std::shared_ptr<ArrayData> copy;
  const auto changed = [&]() -> ArrayData& {
    if (copy == nullptr) copy = data->Copy();
    return *copy;
  };
  for (size_t i = 0; i < data->child_data.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<ArrayData> child, Canonical(data->child_data[i]));
    if (child != data->child_data[i]) changed().child_data[i] = std::move(child);
  }
  if (data->dictionary != nullptr) {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<ArrayData> dictionary, Canonical(data->dictionary));
    if (dictionary != data->dictionary) changed().dictionary = std::move(dictionary);
  }
  return copy == nullptr ? data : copy;
}

}  // namespace

Result<std::shared_ptr<arrow::ChunkedArray>> CanonicalFloats(
    const std::shared_ptr<arrow::ChunkedArray>& array) {
  arrow::ArrayVector chunks;
  bool changed = false;
  for (const auto& chunk : array->chunks()) {
    ARROW_ASSIGN_OR_RAISE(const std::shared_ptr<ArrayData> data, Canonical(chunk->data()));
    changed = changed || data != chunk->data();
    chunks.push_back(data == chunk->data() ? chunk : arrow::MakeArray(data));
  }
  if (!changed) return array;
  return std::make_shared<arrow::ChunkedArray>(std::move(chunks), array->type());
}

}  // namespace millrace::offline
