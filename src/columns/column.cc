#include "columns/column.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace millrace::columns {
namespace {

std::weak_ordering CompareFloats(double a, double b) {
  const bool a_nan = std::isnan(a);
  const bool b_nan = std::isnan(b);
  if (a_nan || b_nan) return a_nan <=> b_nan;
  if (a < b) return std::weak_ordering::less;
  return a > b ? std::weak_ordering::greater : std::weak_ordering::equivalent;
}

std::weak_ordering CompareRuns(const Column& a, int64_t row_a, const Column& b, int64_t row_b) {
  const int64_t first_a = a.offsets[row_a];
  const int64_t first_b = b.offsets[row_b];
  const int64_t size_a = a.offsets[row_a + 1] - first_a;
  const int64_t size_b = b.offsets[row_b + 1] - first_b;
  const size_t parts = a.type.physical() == Physical::kMap ? 2 : 1;
  for (int64_t i = 0; i < std::min(size_a, size_b); ++i) {
    for (size_t part = 0; part < parts; ++part) {
      const auto order = CompareCells(a.children[part], first_a + i, b.children[part], first_b + i);
      if (order != 0) return order;
    }
  }
  return size_a <=> size_b;
}

void AppendFixed64(uint64_t bits, std::string* out) {
  out->append(reinterpret_cast<const char*>(&bits), sizeof bits);
}

}  // namespace

std::string_view ErrorName(uint8_t cell) {
  switch (cell) {
    case kIntegerOverflow:
      return "integer_overflow";
    case kBadCast:
      return "bad_cast";
    case kBadArgument:
      return "bad_argument";
    case kVectorLength:
      return "vector_length";
    default:
      return "";
  }
}

Value Column::value(int64_t row) const {
  if (!valid(row)) return {};
  switch (type.physical()) {
    case Physical::kNone:
      return {};
    case Physical::kBool:
      return bools[row] != 0;
    case Physical::kInt:
      return ints[row];
    case Physical::kUInt:
      return uints[row];
    case Physical::kFloat:
      return floats[row];
    case Physical::kString:
      return std::string(strings[row]);
    case Physical::kList: {
      ListValue list;
      for (int64_t i = offsets[row]; i < offsets[row + 1]; ++i) {
        list.push_back(children[0].value(i));
      }
      return list;
    }
    case Physical::kMap: {
      MapValue map;
      for (int64_t i = offsets[row]; i < offsets[row + 1]; ++i) {
        map.emplace_back(children[0].value(i), children[1].value(i));
      }
      return map;
    }
  }
  MILLRACE_CHECK(false);
}

Column Column::Slice(int64_t first, int64_t count) const {
  MILLRACE_CHECK(first >= 0 && count >= 0 && first + count <= size);
  Column slice = *this;
  slice.size = count;
  if (cells != nullptr) slice.cells += first;
  if (bools != nullptr) slice.bools += first;
  if (ints != nullptr) slice.ints += first;
  if (uints != nullptr) slice.uints += first;
  if (floats != nullptr) slice.floats += first;
  if (strings != nullptr) slice.strings += first;
  if (codes != nullptr) slice.codes += first;
  if (offsets != nullptr) slice.offsets += first;
  return slice;
}

std::weak_ordering CompareCells(const Column& a, int64_t row_a, const Column& b, int64_t row_b) {
  const bool valid_a = a.valid(row_a);
  const bool valid_b = b.valid(row_b);
  if (!valid_a || !valid_b) return valid_a <=> valid_b;
  switch (a.type.physical()) {
    case Physical::kNone:
      return std::weak_ordering::equivalent;
    case Physical::kBool:
      return (a.bools[row_a] != 0) <=> (b.bools[row_b] != 0);
    case Physical::kInt:
      return a.ints[row_a] <=> b.ints[row_b];
    case Physical::kUInt:
      return a.uints[row_a] <=> b.uints[row_b];
    case Physical::kFloat:
      return CompareFloats(a.floats[row_a], b.floats[row_b]);
    case Physical::kString:
      return a.strings[row_a] <=> b.strings[row_b];
    case Physical::kList:
    case Physical::kMap:
      return CompareRuns(a, row_a, b, row_b);
  }
  MILLRACE_CHECK(false);
}

void AppendCanonicalBytes(const Column& column, int64_t row, std::string* out) {
  switch (column.type.physical()) {
    case Physical::kNone:
      return;
    case Physical::kBool:
      out->push_back(column.bools[row] != 0 ? '\1' : '\0');
      return;
    case Physical::kInt:
      return AppendFixed64(static_cast<uint64_t>(column.ints[row]), out);
    case Physical::kUInt:
      return AppendFixed64(column.uints[row], out);
    case Physical::kFloat:
      return AppendFixed64(std::bit_cast<uint64_t>(CanonicalFloat(column.floats[row])), out);
    case Physical::kString:
      out->append(column.strings[row]);
      return;
    case Physical::kList:
    case Physical::kMap: {
      const int64_t first = column.offsets[row];
      const int64_t count = column.offsets[row + 1] - first;
      const size_t parts = column.type.physical() == Physical::kMap ? 2 : 1;
      AppendFixed64(static_cast<uint64_t>(count), out);
      for (int64_t i = first; i < first + count; ++i) {
        for (size_t part = 0; part < parts; ++part) {
          if (column.children[part].valid(i)) AppendCanonicalBytes(column.children[part], i, out);
        }
      }
      return;
    }
  }
}

void AppendCanonicalBytes(const Value& value, const Type& type, std::string* out) {
  ColumnBuffer one(type);
  one.AppendValue(value);
  const Column view = one.View();
  if (view.valid(0)) AppendCanonicalBytes(view, 0, out);
}

}  // namespace millrace::columns
