// The sample rows of this room's tests.
#include "aggregate/sample_rows.h"

#include <gtest/gtest.h>

#include <limits>
#include <numeric>
#include <stdexcept>

namespace millrace::aggregate {
namespace {

using columns::Kind;
using columns::Physical;

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

template <class T>
T Pick(const std::vector<T>& from, std::mt19937* random) {
  return from[(*random)() % from.size()];
}

Value DrawFloat(bool specials, bool narrow, std::mt19937* random) {
  static const std::vector<double> wide = {1e308, -1e308, 1.7976931348623157e308, 5e-324, -5e-324,
                                           1e27,  -1e27,  2.2250738585072014e-308};
  static const std::vector<double> plain = {0.1, 0.1, -0.0, 0.0, 1, 2.5, 3, -7.25, 19.99, 1.0 / 3};
  const bool hard = (*random)() % 4 == 0;
  if (hard && specials && (*random)() % 2 == 0)
    return Pick<double>({kInf, -kInf, kNaN, -kNaN}, random);
  if (narrow) {
    const std::vector<double> ends = {1e38f, -1e38f, 1e-45f, 3.4e38f, 0.1f, -0.0f, 2.5f, 1e10f};
    return Pick(ends, random);
  }
  return hard ? Pick(wide, random) : Pick(plain, random);
}

Value DrawInt(Kind kind, std::mt19937* random) {
  if (kind == Kind::kInt8) return Pick<int64_t>({-128, 127, 0, 1, 1, 2}, random);
  if (kind == Kind::kDate) return Pick<int64_t>({-1, 0, 19000, 19001}, random);
  return Pick<int64_t>({std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max(), 0,
                        1, 1, 2, -5, 1000, 1'000'000'007},
                       random);
}

Value DrawValue(const Type& type, bool specials, std::mt19937* random) {
  switch (type.physical()) {
    case Physical::kNone:
      return {};
    case Physical::kBool:
      return (*random)() % 2 == 0;
    case Physical::kInt:
      return DrawInt(type.kind(), random);
    case Physical::kUInt:
      return Pick<uint64_t>({std::numeric_limits<uint64_t>::max(), 0, 1, 1, 7}, random);
    case Physical::kFloat:
      return DrawFloat(specials, type.kind() == Kind::kFloat32, random);
    case Physical::kString:
      return Pick<std::string>({"", "a", std::string("a\0", 2), "b", "\xff", "abc"}, random);
    case Physical::kList: {
      const bool vector = type.kind() == Kind::kVector;
      const auto size = vector ? static_cast<size_t>(type.vector_size()) : (*random)() % 3;
      columns::ListValue list;
      for (size_t i = 0; i < size; ++i) {
        const bool null = !vector && (*random)() % 5 == 0;
        list.push_back(null ? Value() : DrawValue(type.element(), specials, random));
      }
      return list;
    }
    case Physical::kMap: {
      columns::MapValue map;
      for (const char* key : {"x", "y"}) {
        if ((*random)() % 2 == 0)
          map.emplace_back(key, DrawValue(type.element(), specials, random));
      }
      return map;
    }
  }
  return {};
}

}  // namespace

SampleRows SampleRows::Of(Type type, const std::vector<Value>& values) {
  SampleRows rows(std::move(type));
  for (const Value& value : values) {
    rows.Add(value, base::EventTime::Micros(rows.size() * 1'000'000));
  }
  return rows;
}

SampleRows SampleRows::Draw(Type type, int64_t size, bool specials, std::mt19937* random) {
  SampleRows rows(type);
  for (int64_t i = 0; i < size; ++i) {
    // A quarter of an hour on, so that ties are common and times before 1970 occur.
    const int64_t quarter = static_cast<int64_t>((*random)() % 200) - 50;
    const auto time =
        base::EventTime::Micros(quarter * 900'000'000 + static_cast<int64_t>((*random)() % 2));
    if (!type.is_null() && (*random)() % 8 == 0) {
      rows.times_.push_back(time);
      rows.values_.AppendCell((*random)() % 2 == 0 ? columns::kNullCell : columns::kBadCast);
    } else {
      rows.Add(DrawValue(type, specials, random), time);
    }
  }
  return rows;
}

void SampleRows::Add(const Value& value, base::EventTime time) {
  times_.push_back(time);
  if (!values_.type().is_null()) values_.AppendValue(value);
}

void SampleRows::DrawCreated(std::mt19937* random) {
  created_.clear();
  for (const base::EventTime time : times_) {
    const auto quarters = static_cast<int64_t>((*random)() % 12) - 2;
    created_.push_back(time + base::Duration::Seconds(quarters * 900));
  }
}

std::vector<int64_t> SampleRows::rows() const {
  std::vector<int64_t> rows(times_.size());
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

namespace {

columns::ColumnBuffer Finalized(const Call& call, const SampleRows& rows, base::EventTime as_of) {
  const auto aggregate = Make(call).ValueOrDie();
  const auto state = aggregate->NewState();
  state->Update(rows.input(), rows.rows());
  columns::ColumnBuffer out(aggregate->result_type());
  state->Finalize(as_of, &out);
  return out;
}

}  // namespace

std::string Answer(const Call& call, const SampleRows& rows, base::EventTime as_of) {
  const columns::ColumnBuffer out = Finalized(call, rows, as_of);
  const columns::Column column = out.View();
  if (column.cell(0) > columns::kValid) return std::string(columns::ErrorName(column.cell(0)));
  return columns::ToText(column.value(0), column.type);
}

double Number(const Call& call, const SampleRows& rows, base::EventTime as_of) {
  const columns::ColumnBuffer out = Finalized(call, rows, as_of);
  return out.View().valid(0) ? out.View().floats[0] : throw std::runtime_error("the value is null");
}

std::string MakeError(const Call& call) {
  const auto made = Make(call);
  return made.ok() ? "" : std::string(base::ProblemsOf(made.status()).front().code.name);
}

std::string EncodedState(const State& state) {
  base::ByteWriter bytes;
  state.Encode(&bytes);
  return bytes.Take();
}

TEST(SampleRowsTest, DrawsTiesNullsAndErrors) {
  std::mt19937 random(1);
  const SampleRows rows = SampleRows::Draw(Kind::kFloat64, 200, true, &random);
  const Input input = rows.input();
  int nulls = 0;
  int errors = 0;
  for (int64_t row = 0; row < rows.size(); ++row) {
    nulls += input.value.cell(row) == columns::kNullCell ? 1 : 0;
    errors += input.value.cell(row) > columns::kValid ? 1 : 0;
  }
  EXPECT_GT(nulls, 0);
  EXPECT_GT(errors, 0);
}

}  // namespace millrace::aggregate
