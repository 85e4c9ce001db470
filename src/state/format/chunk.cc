// Times as differences, numbers as differences to the smallest, floats as decimals where that loses
// nothing, strings once each: what events of one key have in common is not written again. Columns
// after their lengths, so that one that nobody reads is passed over.
#include "state/format/chunk.h"

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "state/format/cell_bytes.h"

namespace millrace::state {

using base::ByteReader;
using base::ByteWriter;
using base::EventTime;
using base::Status;
using columns::Column;
using columns::ColumnBuffer;
using columns::Kind;
using columns::Physical;

namespace {

enum CellsForm : uint8_t { kAllValid = 0, kWithCells = 1 };
// Of floats: 0 as they are, k + 1: integers to be divided by 10^k.
constexpr uint8_t kPlainFloats = 0;
constexpr double kPowers[] = {1, 10, 100, 1'000, 10'000};
constexpr double kExactMax = 9007199254740992.0;  // 2^53

Status Corrupt(const char* what) {
  return base::Error(base::codes::kCorrupt, std::string("a stored chunk: ") + what);
}

uint64_t Difference(int64_t a, int64_t b) {
  return static_cast<uint64_t>(a) - static_cast<uint64_t>(b);
}
int64_t Sum(int64_t a, uint64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + b);
}

// A varint, without the cost of a Result.
Status Take(ByteReader* in, uint64_t* value) {
  return in->TakeVarint(value) ? Status::OK() : in->Varint().status();
}

// Integers as their distance to the smallest.
void EncodeInts(const std::vector<int64_t>& values, ByteWriter* out) {
  if (values.empty()) return;
  const int64_t least = *std::min_element(values.begin(), values.end());
  out->SignedVarint(least);
  for (const int64_t value : values) out->Varint(Difference(value, least));
}

// The integers that give `values` back, to the bit, when divided by `power`.
std::optional<std::vector<int64_t>> AsDecimals(const std::vector<double>& values, double power) {
  std::vector<int64_t> decimals;
  decimals.reserve(values.size());
  for (const double value : values) {
    const double scaled = std::nearbyint(value * power);
    if (!(std::fabs(scaled) < kExactMax) || scaled / power != value) return std::nullopt;
    decimals.push_back(static_cast<int64_t>(scaled));
  }
  return decimals;
}

void EncodeFloats(const Column& column, std::span<const int64_t> rows, ByteWriter* out) {
  std::vector<double> values;
  for (const int64_t row : rows) values.push_back(columns::CanonicalFloat(column.floats[row]));
  for (size_t k = 0; k < std::size(kPowers); ++k) {
    const auto decimals = AsDecimals(values, kPowers[k]);
    if (!decimals.has_value()) continue;
    out->U8(static_cast<uint8_t>(k + 1));
    EncodeInts(*decimals, out);
    return;
  }
  out->U8(kPlainFloats);
  for (const double value : values) {
    if (column.type.kind() == Kind::kFloat32) {
      const auto narrow = static_cast<float>(value);
      out->Raw(&narrow, sizeof narrow);
    } else {
      out->Float64(value);
    }
  }
}

void EncodeStrings(const Column& column, std::span<const int64_t> rows, ByteWriter* out) {
  absl::flat_hash_map<std::string_view, uint64_t> numbers;
  std::vector<std::string_view> distinct;
  std::vector<uint64_t> codes;
  for (const int64_t row : rows) {
    const auto [known, added] = numbers.try_emplace(column.strings[row], distinct.size());
    if (added) distinct.push_back(column.strings[row]);
    codes.push_back(known->second);
  }
  out->Varint(distinct.size());
  for (const std::string_view text : distinct) out->String(text);
  for (const uint64_t code : codes) out->Varint(code);
}

// The values of the valid cells.
void EncodeValues(const Column& column, std::span<const int64_t> rows, ByteWriter* out) {
  switch (column.type.physical()) {
    case Physical::kNone:
      return;
    case Physical::kBool:
      for (const int64_t row : rows) out->U8(column.bools[row] != 0 ? 1 : 0);
      return;
    case Physical::kInt: {
      std::vector<int64_t> values;
      for (const int64_t row : rows) values.push_back(column.ints[row]);
      return EncodeInts(values, out);
    }
    case Physical::kUInt:
      for (const int64_t row : rows) out->Varint(column.uints[row]);
      return;
    case Physical::kFloat:
      return EncodeFloats(column, rows, out);
    case Physical::kString:
      return EncodeStrings(column, rows, out);
    case Physical::kList:
    case Physical::kMap:
      for (const int64_t row : rows) AppendCell(column, row, out);
      return;
  }
}

std::string EncodeColumn(const Column& column, std::span<const int64_t> rows) {
  ByteWriter out;
  std::vector<int64_t> valid;
  for (const int64_t row : rows) {
    if (column.valid(row)) valid.push_back(row);
  }
  if (valid.size() == rows.size()) {
    out.U8(kAllValid);
  } else {
    out.U8(kWithCells);
    for (const int64_t row : rows) out.U8(column.cell(row));
  }
  EncodeValues(column, valid, &out);
  return out.Take();
}

class ColumnDecoder {
 public:
  ColumnDecoder(std::string_view bytes, uint64_t rows, ColumnBuffer* out)
      : in_(bytes), rows_(rows), out_(out) {}

  Status Run() {
    ARROW_ASSIGN_OR_RAISE(const uint8_t form, in_.U8());
    if (form > kWithCells) return Corrupt("the form of its cells is unknown");
    valid_ = rows_;
    if (form == kWithCells) {
      ARROW_ASSIGN_OR_RAISE(cells_, in_.Raw(rows_));
      for (const char cell : cells_) {
        if (static_cast<uint8_t>(cell) > columns::kVectorLength) {
          return Corrupt("a cell of an unknown kind");
        }
      }
      valid_ = static_cast<uint64_t>(std::count(cells_.begin(), cells_.end(), columns::kValid));
    }
    ARROW_RETURN_NOT_OK(Values());
    return in_.ExpectEnd();
  }

 private:
  bool valid(uint64_t row) const { return cells_.empty() || cells_[row] == columns::kValid; }

  // Appends the cells and gives the valid ones of a plain array, in order, what next(&value) says.
  template <typename T, typename Next>
  Status Fill(T* (ColumnBuffer::*array)(), Next next) {
    const int64_t first = out_->size();
    out_->Resize(first + static_cast<int64_t>(rows_));
    uint8_t* const cells = out_->cells() + first;
    if (cells_.empty()) {
      std::memset(cells, columns::kValid, rows_);
    } else {
      std::memcpy(cells, cells_.data(), rows_);
    }
    T* const values = (out_->*array)() + first;
    for (uint64_t row = 0; row < rows_; ++row) {
      if (valid(row)) ARROW_RETURN_NOT_OK(next(values + row));
    }
    return Status::OK();
  }

  Status Values() {
    switch (out_->type().physical()) {
      case Physical::kNone:
        if (valid_ > 0) return Corrupt("a value where there is none");
        return Nested();
      case Physical::kBool:
        return Fill(&ColumnBuffer::bools, [&](uint8_t* to) -> Status {
          ARROW_ASSIGN_OR_RAISE(const uint8_t value, in_.U8());
          *to = value != 0 ? 1 : 0;
          return Status::OK();
        });
      case Physical::kInt:
        return Ints(&ColumnBuffer::ints, [](int64_t value) { return value; });
      case Physical::kUInt:
        return Fill(&ColumnBuffer::uints, [&](uint64_t* to) { return Take(&in_, to); });
      case Physical::kFloat:
        return Floats();
      case Physical::kString:
        return Strings();
      case Physical::kList:
      case Physical::kMap:
        return Nested();
    }
    return Corrupt("a column of an unknown type");
  }

  Status Nested() {
    for (uint64_t row = 0; row < rows_; ++row) {
      if (valid(row)) {
        ARROW_RETURN_NOT_OK(DecodeCell(&in_, out_));
      } else {
        out_->AppendCell(static_cast<columns::Cell>(cells_[row]));
      }
    }
    return Status::OK();
  }

  // What EncodeInts wrote, each through `made`.
  template <typename T, typename Made>
  Status Ints(T* (ColumnBuffer::*array)(), Made made) {
    int64_t least = 0;
    if (valid_ > 0) ARROW_RETURN_NOT_OK(in_.SignedVarint().Value(&least));
    return Fill(array, [&](T* to) -> Status {
      uint64_t more = 0;
      ARROW_RETURN_NOT_OK(Take(&in_, &more));
      *to = made(Sum(least, more));
      return Status::OK();
    });
  }

  Status Floats() {
    ARROW_ASSIGN_OR_RAISE(const uint8_t form, in_.U8());
    if (form > std::size(kPowers)) return Corrupt("the form of its floats is unknown");
    if (form != kPlainFloats) {
      return Ints(&ColumnBuffer::floats, [power = kPowers[form - 1]](int64_t value) {
        return columns::CanonicalFloat(static_cast<double>(value) / power);
      });
    }
    const bool narrow = out_->type().kind() == Kind::kFloat32;
    return Fill(&ColumnBuffer::floats, [&](double* to) -> Status {
      double value = 0;
      if (narrow) {
        float read = 0;
        ARROW_ASSIGN_OR_RAISE(const std::string_view bytes, in_.Raw(sizeof read));
        std::memcpy(&read, bytes.data(), sizeof read);
        value = read;
      } else {
        ARROW_ASSIGN_OR_RAISE(value, in_.Float64());
      }
      *to = columns::CanonicalFloat(value);
      return Status::OK();
    });
  }

  // Each distinct string is kept once, and all of them in one piece, lengths included.
  Status Strings() {
    ARROW_ASSIGN_OR_RAISE(const uint64_t count, in_.Count(1));
    std::vector<std::string_view> distinct;
    distinct.reserve(count);
    for (uint64_t i = 0; i < count; ++i) {
      uint64_t size = 0;
      ARROW_RETURN_NOT_OK(Take(&in_, &size));
      ARROW_ASSIGN_OR_RAISE(distinct.emplace_back(), in_.Raw(size));
    }
    if (count > 0) {
      const char* const first = distinct.front().data();
      const char* const end = distinct.back().data() + distinct.back().size();
      const char* const kept = out_->Keep({first, static_cast<size_t>(end - first)}).data();
      for (std::string_view& text : distinct) text = {kept + (text.data() - first), text.size()};
    }
    return Fill(&ColumnBuffer::strings, [&](std::string_view* to) -> Status {
      uint64_t code = 0;
      ARROW_RETURN_NOT_OK(Take(&in_, &code));
      if (code >= distinct.size()) return Corrupt("a string that is not in its list");
      *to = distinct[code];
      return Status::OK();
    });
  }

  ByteReader in_;
  const uint64_t rows_;
  ColumnBuffer* out_;
  std::string_view cells_;  // empty: all valid
  uint64_t valid_ = 0;
};

Status DecodeTimes(ByteReader* in, uint64_t rows, EventBlock* out) {
  EventTime before = EventTime::Micros(0);
  for (uint64_t i = 0; i < rows; ++i) {
    uint64_t later = 0;
    ARROW_RETURN_NOT_OK(Take(in, &later));
    before = EventTime::Micros(Sum(before.micros(), later));
    out->times.push_back(before);
  }
  if (!out->has_created()) return Status::OK();
  const size_t first = out->times.size() - rows;
  for (uint64_t i = 0; i < rows; ++i) {
    ARROW_ASSIGN_OR_RAISE(const int64_t later, in->SignedVarint());
    out->created.push_back(
        EventTime::Micros(Sum(out->times[first + i].micros(), static_cast<uint64_t>(later))));
  }
  return Status::OK();
}

}  // namespace

std::string EncodeChunk(const EventColumns& from, std::span<const int64_t> rows) {
  ByteWriter out;
  out.Varint(rows.size());
  int64_t before = 0;
  for (const int64_t row : rows) {
    out.Varint(Difference(from.times[row].micros(), before));
    before = from.times[row].micros();
  }
  if (from.created != nullptr) {
    for (const int64_t row : rows) {
      out.SignedVarint(
          static_cast<int64_t>(Difference(from.created[row].micros(), from.times[row].micros())));
    }
  }
  for (const Column& column : from.cells) out.String(EncodeColumn(column, rows));
  return out.Take();
}

Status DecodeChunk(std::string_view bytes, EventBlock* out) {
  ByteReader in(bytes);
  ARROW_ASSIGN_OR_RAISE(const uint64_t rows, in.Count(1));
  if (rows == 0) return Corrupt("it has no rows");
  ARROW_RETURN_NOT_OK(DecodeTimes(&in, rows, out));
  for (size_t i = 0; i < out->cells.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(const std::string_view column, in.String());
    if (out->reads(i)) ARROW_RETURN_NOT_OK(ColumnDecoder(column, rows, &out->cells[i]).Run());
  }
  return in.ExpectEnd();
}

}  // namespace millrace::state
