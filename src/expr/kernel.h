// Kernel: the typed loop of one function over columns, and the readers and writers that loops are
// written with. Used by functions/ alone; the Evaluator calls kernels, the binder chooses them.
#pragma once

#include <bit>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "columns/column.h"

namespace millrace::expr {

// What a kernel needs besides its arguments, made once when the expression is bound and shared by
// all evaluators: a compiled pattern, a date part.
struct Prepared {
  virtual ~Prepared() = default;
};

// Memory of one step of one evaluator that a kernel may use as it likes; kept between batches.
struct Workspace {
  std::string text;
  std::vector<columns::ColumnBuffer> buffers;
  std::vector<columns::Column> views;
  std::unique_ptr<Workspace> inner;
};

// An argument has a cell per row, or is a constant of one cell.
struct Argument {
  const columns::Column* column = nullptr;
  int64_t mask = -1;  // 0: constant

  int64_t at(int64_t row) const { return row & mask; }
  uint8_t cell(int64_t row) const { return column->cell(row & mask); }
};

struct Invocation {
  std::span<const Argument> arguments;
  int64_t rows = 0;
  const Prepared* prepared = nullptr;
  Workspace* workspace = nullptr;
  columns::ColumnBuffer* out = nullptr;  // holds cells of an earlier batch
};

// Fills out with `rows` cells. REQUIRES: no argument of type null (the binder converts those).
using Kernel = void (*)(const Invocation&);

// A strict function's cell when any argument is not valid: the first error in written order, else
// null.
inline uint8_t Combine(uint8_t a, uint8_t b) {
  if (a > columns::kValid) return a;
  return b > columns::kValid ? b : a & b;
}

inline double Canonical(double v) {
  return v != v ? std::bit_cast<double>(uint64_t{0x7ff8000000000000}) : v + 0.0;
}

using Boolean = uint8_t;

template <class T>
const T* ValuesOf(const columns::Column& column) {
  if constexpr (std::is_same_v<T, Boolean>) return column.bools;
  if constexpr (std::is_same_v<T, int64_t>) return column.ints;
  if constexpr (std::is_same_v<T, uint64_t>) return column.uints;
  if constexpr (std::is_same_v<T, double>) return column.floats;
  if constexpr (std::is_same_v<T, std::string_view>) return column.strings;
}

template <class T>
class Reader {
 public:
  explicit Reader(const Argument& a)
      : cells_(a.column->cells), values_(ValuesOf<T>(*a.column)), mask_(a.mask) {}
  uint8_t cell(int64_t row) const {
    return cells_ == nullptr ? uint8_t{columns::kValid} : cells_[row & mask_];
  }
  T operator[](int64_t row) const { return values_[row & mask_]; }

 private:
  const uint8_t* cells_;
  const T* values_;
  int64_t mask_;
};

// A list, vector or map argument.
class ListReader {
 public:
  explicit ListReader(const Argument& a) : argument_(a), offsets_(a.column->offsets) {}
  uint8_t cell(int64_t row) const { return argument_.cell(row); }
  int64_t first(int64_t row) const { return offsets_[argument_.at(row)]; }
  int64_t last(int64_t row) const { return offsets_[argument_.at(row) + 1]; }  // one past
  int64_t size(int64_t row) const { return last(row) - first(row); }
  const columns::Column& elements() const { return argument_.column->children[0]; }

 private:
  Argument argument_;
  const int64_t* offsets_;
};

// Sets every cell of a result that is not nested. Floats become canonical.
template <class T>
class Writer {
 public:
  explicit Writer(const Invocation& in) : out_(in.out) {
    if constexpr (std::is_same_v<T, std::string_view>) out_->Clear();
    out_->Resize(in.rows);
    cells_ = out_->cells();
    if constexpr (std::is_same_v<T, Boolean>) values_ = out_->bools();
    if constexpr (std::is_same_v<T, int64_t>) values_ = out_->ints();
    if constexpr (std::is_same_v<T, uint64_t>) values_ = out_->uints();
    if constexpr (std::is_same_v<T, double>) values_ = out_->floats();
    if constexpr (std::is_same_v<T, std::string_view>) values_ = out_->strings();
  }
  void Set(int64_t row, T value, uint8_t cell) {
    cells_[row] = cell;
    if constexpr (std::is_same_v<T, double>) value = Canonical(value);
    values_[row] = value;
  }
  void SetCell(int64_t row, uint8_t cell) {
    cells_[row] = cell;
    values_[row] = T{};
  }
  // For strings: bytes that live no longer than the row.
  std::string_view Keep(std::string_view bytes) { return out_->Keep(bytes); }

 private:
  columns::ColumnBuffer* out_;
  uint8_t* cells_;
  T* values_;
};

// Strict functions: f(value…, cell*) -> result is called for valid arguments alone, with *cell
// valid; it may set *cell to null or an error.
template <class Out, class A, class F>
void EachRow(const Invocation& in, F f) {
  const Reader<A> a(in.arguments[0]);
  Writer<Out> out(in);
  for (int64_t i = 0; i < in.rows; ++i) {
    uint8_t cell = a.cell(i);
    Out value{};
    if (cell == columns::kValid) value = f(a[i], &cell);
    out.Set(i, value, cell);
  }
}

template <class Out, class A, class B, class F>
void EachRow(const Invocation& in, F f) {
  const Reader<A> a(in.arguments[0]);
  const Reader<B> b(in.arguments[1]);
  Writer<Out> out(in);
  for (int64_t i = 0; i < in.rows; ++i) {
    uint8_t cell = Combine(a.cell(i), b.cell(i));
    Out value{};
    if (cell == columns::kValid) value = f(a[i], b[i], &cell);
    out.Set(i, value, cell);
  }
}

// The same over lists, vectors and maps, which f finds in its own readers: f(row, cell*) -> result.
template <class Out, class F>
void EachValidRow(const Invocation& in, F f) {
  Writer<Out> out(in);
  for (int64_t i = 0; i < in.rows; ++i) {
    uint8_t cell = columns::kValid;
    for (const Argument& a : in.arguments) cell = Combine(cell, a.cell(i));
    Out value{};
    if (cell == columns::kValid) value = f(i, &cell);
    out.Set(i, value, cell);
  }
}

}  // namespace millrace::expr
