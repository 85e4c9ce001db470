// Column: n cells of one type in one plain layout per physical form, which the typed loops of expr,
// aggregate and sweep run over. Arrow arrays become Columns at the edge (arrow_column.h), without a
// copy where the layouts agree.
#pragma once

#include <bit>
#include <cstdint>
#include <memory>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "columns/type.h"
#include "columns/value.h"

namespace millrace::columns {

// What a cell holds. Above kValid: an evaluation error, which makes the cell null once the
// expression is done, and is counted by its code.
enum Cell : uint8_t {
  kNullCell = 0,
  kValid = 1,
  kIntegerOverflow = 2,
  kBadCast = 3,
  kBadArgument = 4,   // a function's argument outside its domain that is not null by definition
  kVectorLength = 5,  // a vector of another length than its type's
};
// "integer_overflow", "bad_cast", …; "" for kNullCell and kValid.
std::string_view ErrorName(uint8_t cell);

// A view: it owns nothing and is copied freely; whoever made it says how long the memory lives.
// Exactly the pointer of the type's physical form is set (kNone: none). Cells that are not kValid
// hold unspecified values, but always readable ones.
struct Column {
  Type type;
  int64_t size = 0;
  const uint8_t* cells = nullptr;  // Cell per row; nullptr: all kValid
  const uint8_t* bools = nullptr;  // 0 or 1
  const int64_t* ints = nullptr;   // all integers but uint64, date, timestamp, duration
  const uint64_t* uints = nullptr;
  const double* floats = nullptr;  // float32 widened, which is exact
  const std::string_view* strings = nullptr;
  // Beside strings, where somebody knows them: equal codes exactly where the strings are equal, all
  // in [0, code_count), those of cells that are not valid too. What lets a loop compare integers.
  const int32_t* codes = nullptr;
  int32_t code_count = 0;
  // Lists, vectors and maps: row i holds elements [offsets[i], offsets[i+1]) of `children`:
  // {elements} for a list or vector, {keys, values} for a map.
  const int64_t* offsets = nullptr;
  const Column* children = nullptr;

  uint8_t cell(int64_t row) const { return cells == nullptr ? uint8_t{kValid} : cells[row]; }
  bool valid(int64_t row) const { return cell(row) == kValid; }
  Value value(int64_t row) const;  // null unless kValid
  Column Slice(int64_t first, int64_t count) const;
};

// The order of values between two cells of columns of one type; null first, error cells as null.
std::weak_ordering CompareCells(const Column& a, int64_t row_a, const Column& b, int64_t row_b);

// Appends the canonical bytes of a valid cell (docs/semantics.md): what is hashed and what keys
// are compared by.  Not self-delimiting: strings as they are.
void AppendCanonicalBytes(const Column& column, int64_t row, std::string* out);
void AppendCanonicalBytes(const Value& value, const Type& type, std::string* out);

// NaN -> 0x7ff8000000000000, -0.0 -> +0.0.
inline double CanonicalFloat(double value) {
  if (value != value) return std::bit_cast<double>(uint64_t{0x7ff8000000000000});
  return value == 0 ? 0.0 : value;
}

// Leaves what a vector grows by unwritten: loops that fill whole columns write every cell once.
template <typename T>
struct Unwritten : std::allocator<T> {
  template <typename Other>
  struct rebind {
    using other = Unwritten<Other>;
  };
  template <typename Other, typename... Arguments>
  void construct(Other* place, Arguments&&... arguments) {
    if constexpr (sizeof...(Arguments) == 0) {
      ::new (static_cast<void*>(place)) Other;
    } else {
      ::new (static_cast<void*>(place)) Other(std::forward<Arguments>(arguments)...);
    }
  }
};
template <typename T>
using Cells = std::vector<T, Unwritten<T>>;

// Owns a column that grows at its end. Strings are copied into it. Views are valid until the next
// change. Reused across batches by Clear(), which keeps the memory.
class ColumnBuffer {
 public:
  explicit ColumnBuffer(Type type);
  ~ColumnBuffer();
  ColumnBuffer(ColumnBuffer&&) noexcept;
  ColumnBuffer& operator=(ColumnBuffer&&) noexcept;

  const Type& type() const { return type_; }
  int64_t size() const { return static_cast<int64_t>(cells_.size()); }
  void Clear();
  void Reserve(int64_t rows);

  void AppendCell(Cell not_valid) { Grow(not_valid); }  // REQUIRES: not kValid
  void AppendNull() { Grow(kNullCell); }
  void AppendBool(bool v) {
    cells_.push_back(kValid);
    bools_.push_back(v ? 1 : 0);
  }
  void AppendInt(int64_t v) {
    cells_.push_back(kValid);
    ints_.push_back(v);
  }
  void AppendUInt(uint64_t v) {
    cells_.push_back(kValid);
    uints_.push_back(v);
  }
  void AppendFloat(double v) {
    cells_.push_back(kValid);
    floats_.push_back(v);
  }
  void AppendString(std::string_view v) {
    cells_.push_back(kValid);
    strings_.push_back(Keep(v));
  }
  // A list, vector or map: append its elements to elements() (and keys()), then close it.
  ColumnBuffer* elements();
  ColumnBuffer* keys();
  void CloseList() { Grow(kValid); }

  void AppendFrom(const Column& column, int64_t row);  // REQUIRES: the same type
  void AppendValue(const Value& value);

  // For loops that fill whole columns: `rows` cells of unspecified content. Not for nested types.
  void Resize(int64_t rows);
  uint8_t* cells() { return cells_.data(); }
  uint8_t* bools() { return bools_.data(); }
  int64_t* ints() { return ints_.data(); }
  uint64_t* uints() { return uints_.data(); }
  double* floats() { return floats_.data(); }
  std::string_view* strings() { return strings_.data(); }
  // Copies bytes into the buffer's memory; valid until Clear().
  std::string_view Keep(std::string_view bytes);

  Column View() const;

 private:
  void Grow(Cell cell);

  Type type_;
  Physical physical_;
  Cells<uint8_t> cells_;
  Cells<uint8_t> bools_;
  Cells<int64_t> ints_;
  Cells<uint64_t> uints_;
  Cells<double> floats_;
  std::vector<std::string_view> strings_;
  std::vector<int64_t> offsets_;  // size() + 1 when nested
  std::vector<ColumnBuffer> children_;
  mutable std::vector<Column> child_views_;
  std::vector<std::unique_ptr<char[]>> blocks_;  // of Keep
  size_t block_used_ = 0;
  size_t block_size_ = 0;
};

// A column and what keeps its memory alive.
struct OwnedColumn {
  Column view;
  std::shared_ptr<const void> owner;
};
OwnedColumn Own(ColumnBuffer buffer);

}  // namespace millrace::columns
