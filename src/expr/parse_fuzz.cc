// libFuzzer: parse, print, bind and evaluate any text without crashing; what parses prints to what
// parses to the same text.
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "expr/evaluator.h"
#include "expr/expression.h"
#include "expr/parse.h"

namespace {

using millrace::columns::Column;
using millrace::columns::ColumnBuffer;
using millrace::columns::Kind;
using millrace::columns::Type;
using millrace::columns::Value;

// A column of every type, three rows each: ends, ordinary values, null.
struct Table {
  millrace::expr::Scope scope;
  std::vector<ColumnBuffer> buffers;
  std::vector<Column> columns;

  void Add(const char* name, const Type& type, std::initializer_list<Value> rows) {
    scope.Add(name, static_cast<int>(buffers.size()), type);
    ColumnBuffer& buffer = buffers.emplace_back(type);
    for (const Value& value : rows) buffer.AppendValue(value);
  }

  Table() {
    Add("b", Kind::kBool, {true, false, Value()});
    Add("i", Kind::kInt64, {INT64_MAX, INT64_MIN, Value()});
    Add("n", Kind::kInt8, {int64_t{-1}, int64_t{2}, Value()});
    Add("u", Kind::kUInt64, {UINT64_MAX, uint64_t{1}, Value()});
    Add("f", Kind::kFloat64, {1e308, -0.5, Value()});
    Add("g", Kind::kFloat32, {0.5, 0.0, Value()});
    Add("s", Kind::kString, {"a-b", "\xff\xc3", Value()});
    Add("y", Kind::kBytes, {"a", "", Value()});
    Add("d", Kind::kDate, {int64_t{19'782}, int64_t{-1}, Value()});
    Add("t", Kind::kTimestamp, {INT64_MAX, INT64_MIN, Value()});
    Add("v", Type::Vector(2), {millrace::columns::ListValue{1.0, 2.0}, Value(), Value()});
    Add("l", Type::List(Kind::kInt64),
        {millrace::columns::ListValue{Value(), int64_t{1}}, millrace::columns::ListValue{},
         Value()});
    Add("m", Type::Map(Kind::kString, Kind::kInt64),
        {millrace::columns::MapValue{{"a", int64_t{1}}}, millrace::columns::MapValue{}, Value()});
    for (const ColumnBuffer& buffer : buffers) columns.push_back(buffer.View());
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  static const Table* const table = new Table();
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const auto node = millrace::expr::Parse(text);
  if (!node.ok()) return 0;
  const std::string canonical = millrace::expr::ToText(*node);
  const auto again = millrace::expr::Parse(canonical);
  MILLRACE_CHECK(again.ok());
  MILLRACE_CHECK(millrace::expr::ToText(*again) == canonical);
  const auto expression = millrace::expr::Expression::Bind(*node, table->scope);
  if (!expression.ok()) return 0;
  millrace::expr::Evaluator evaluator(*expression);
  const Column out = evaluator.Run(table->columns, 3);
  for (int64_t row = 0; row < out.size; ++row) {
    (void)millrace::columns::ToText(out.value(row), out.type);
  }
  return 0;
}
