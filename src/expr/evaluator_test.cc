// Evaluator: its contract on memory, unread columns, error inputs, constants.
#include "expr/evaluator.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<int64_t> allocations = 0;
}  // namespace

// Counts what this binary allocates, so that a warm evaluator can be seen to allocate nothing.
__attribute__((noinline)) void* operator new(size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
__attribute__((noinline)) void operator delete(void* memory) noexcept {
  std::free(memory);
}
__attribute__((noinline)) void operator delete(void* memory, size_t) noexcept {
  std::free(memory);
}

namespace millrace::expr {
namespace {

using columns::Column;
using columns::ColumnBuffer;
using columns::Kind;
using columns::Type;

struct Row {
  Row() {
    scope.Add("i", 0, Kind::kInt64);
    scope.Add("f", 1, Kind::kFloat64);
    scope.Add("s", 2, Kind::kString);
    scope.Add("t", 3, Kind::kTimestamp);
    scope.Add("v", 4, Type::Vector(3));
    scope.Add("l", 5, Type::List(Kind::kString));
    scope.Add("u", 6, Kind::kUInt64);
  }

  void Append(int64_t n) {
    buffers[0].AppendInt(n);
    buffers[1].AppendFloat(static_cast<double>(n) * 0.5);
    buffers[2].AppendString("a text that is longer than short strings " + std::to_string(n));
    buffers[3].AppendInt(n * 3'600'000'000);
    for (int j = 0; j < 3; ++j) buffers[4].elements()->AppendFloat(j);
    buffers[4].CloseList();
    buffers[5].elements()->AppendString("x");
    buffers[5].CloseList();
    buffers[6].AppendUInt(static_cast<uint64_t>(n));
  }

  std::vector<Column> Views() const {
    std::vector<Column> views;
    for (const ColumnBuffer& buffer : buffers) views.push_back(buffer.View());
    return views;
  }

  Scope scope;
  std::array<ColumnBuffer, 7> buffers = {
      ColumnBuffer(Kind::kInt64),    ColumnBuffer(Kind::kFloat64),
      ColumnBuffer(Kind::kString),   ColumnBuffer(Kind::kTimestamp),
      ColumnBuffer(Type::Vector(3)), ColumnBuffer(Type::List(Kind::kString)),
      ColumnBuffer(Kind::kUInt64)};
};

TEST(Evaluator, AllocatesNothingOnceWarm) {
  Row row;
  for (int64_t i = 0; i < 100; ++i) row.Append(i);
  const std::vector<Column> batch = row.Views();
  for (const char* text : {
           "i + 1 * 2 % 3 - i div 7",
           "f / greatest(f, 0.01) + round(f, 2) + exp(f) + power(f, 2)",
           "i = f or i in (1, 2.5, u) and not f between 1 and i",
           "case when i > 3 then s when f < 2.0 then s || '!' else null end",
           "upper(s) || '_' || i || '_' || f || '_' || t || lower(s)",
           "replace(substr(s, 3, 20), 'a', 'bb') || split_part(s, ' ', 2) || concat(s, null, "
           "trim(s))",
           "s like '%text_that%' or starts_with(s, 'a') or length(s) > 3",
           "date_trunc('month', t) + 3 * 1d",
           "extract(week from t) + date_diff('day', t, t + 1d)",
           "cosine_similarity(v, array[1, 2, f]) + dot(v, v) + l2_norm(v)",
           "element_at(array['p', s, 'q'], 2)",
           "array_contains(l, s) or array_length(l) = bucketize(i, [1, 5, 10])",
           "hash64(s) + hash64(v) % 10",
           "cast(cast(i as string) as int64) + try_cast(s as int64)",
           "cast(array[i, 2] as list<float64>)",
           "cast(array[i, 2] as list<string>)",
           "coalesce(l, array[s])",
           "1 + 2",
           "'a' || 'constant that is longer than short strings'",
       }) {
    SCOPED_TRACE(text);
    const base::Result<Expression> expression = Expression::Make(text, row.scope);
    ASSERT_TRUE(expression.ok()) << expression.status().ToString();
    Evaluator evaluator(*expression);
    for (int i = 0; i < 20; ++i) evaluator.Run(batch, 100);
    const int64_t before = allocations;
    ASSERT_GT(before, 0);
    for (int i = 0; i < 10; ++i) evaluator.Run(batch, 100);
    EXPECT_EQ(allocations - before, 0);
  }
}

TEST(Evaluator, ReadsOnlyTheColumnsItNames) {
  Row row;
  row.Append(7);
  std::vector<Column> batch(7);
  batch[0] = row.buffers[0].View();
  const Expression expression = *Expression::Make("i * 2 + i", row.scope);
  EXPECT_EQ(expression.columns(), std::vector<int>{0});
  Evaluator evaluator(expression);
  EXPECT_EQ(evaluator.Run(batch, 1).value(0).as_int(), 21);
}

TEST(Evaluator, AnErrorCellOfAnInputIsAnError) {
  Row row;
  ColumnBuffer ints(Kind::kInt64);
  ints.AppendInt(1);
  ints.AppendCell(columns::kVectorLength);
  ints.AppendNull();
  std::vector<Column> batch(7);
  batch[0] = ints.View();
  for (const char* text : {"i", "i + 1", "coalesce(i, 1)", "not i is null", "i = 1 or i = 2",
                           "array[i]", "i || 'x'", "greatest(i, 3)", "cast(i as string)"}) {
    SCOPED_TRACE(text);
    Evaluator evaluator(*Expression::Make(text, row.scope));
    const Column out = evaluator.Run(batch, 3);
    EXPECT_EQ(out.cell(0), columns::kValid);
    EXPECT_EQ(out.cell(1), columns::kVectorLength);
  }
  Evaluator untaken(*Expression::Make("if(true, 1, i)", row.scope));
  EXPECT_EQ(untaken.Run(batch, 3).cell(1), columns::kValid);
}

TEST(Evaluator, ConstantsAndColumnsFillEveryRow) {
  Row row;
  for (int64_t i = 0; i < 5; ++i) row.Append(i);
  Evaluator constant(*Expression::Make("upper('a') || 'b'", row.scope));
  for (const int64_t rows : {2, 5, 1, 0}) {
    const Column out = constant.Run({}, rows);
    ASSERT_EQ(out.size, rows);
    for (int64_t i = 0; i < rows; ++i) EXPECT_EQ(out.value(i).as_string(), "Ab");
  }
  Evaluator column(*Expression::Make("f", row.scope));
  EXPECT_EQ(column.Run(row.Views(), 5).value(4).as_float(), 2.0);
  Evaluator moved = std::move(column);
  EXPECT_EQ(moved.Run(row.Views(), 5).value(2).as_float(), 1.0);
}

TEST(Evaluator, NoRows) {
  Row row;
  for (const char* text : {"i + 1", "array[s]", "cast(array[i] as list<string>)", "l", "7"}) {
    Evaluator evaluator(*Expression::Make(text, row.scope));
    EXPECT_EQ(evaluator.Run(row.Views(), 0).size, 0) << text;
  }
}

TEST(Evaluator, TextsThatMultiplyEndInAnError) {
  std::string text = "'aaaaaaaaaa'";
  for (int i = 0; i < 30; ++i) text = "replace(" + text + ", 'a', 'aaaaaaaaaa')";
  Evaluator evaluator(*Expression::Make(text, Scope()));
  EXPECT_EQ(evaluator.Run({}, 1).cell(0), columns::kBadArgument);
}

}  // namespace
}  // namespace millrace::expr
