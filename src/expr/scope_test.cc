#include "expr/scope.h"

#include <gtest/gtest.h>

#include "expr/expression.h"

namespace millrace::expr {
namespace {

using columns::Kind;

TEST(Scope, NearestNameIsSuggested) {
  Scope scope;
  scope.Add("amount", 0, Kind::kFloat64);
  const base::Status status = Expression::Make("2 * amuont", scope).status();
  const base::Problem problem = base::ProblemsOf(status).at(0);
  EXPECT_EQ(problem.code.name, "unknown_name");
  EXPECT_EQ(problem.message, "unknown name 'amuont'");
  EXPECT_EQ(problem.hint, "did you mean 'amount'?");
  EXPECT_EQ(problem.place.column, 5);
}

TEST(Scope, ANameOfTwoColumnsIsAmbiguous) {
  Scope scope;
  scope.Add("count_7d", 0, Kind::kInt64, "spend.count_7d");
  scope.Add("count_7d", 1, Kind::kInt64, "clicks.count_7d");
  scope.Add("clicks.count_7d", 1, Kind::kInt64);
  const base::Problem problem =
      base::ProblemsOf(Expression::Make("count_7d + 1", scope).status()).at(0);
  EXPECT_EQ(problem.code.name, "ambiguous_name");
  EXPECT_EQ(problem.message, "'count_7d' may be 'spend.count_7d' or 'clicks.count_7d'");
  EXPECT_EQ(problem.place.column, 1);
  EXPECT_TRUE(Expression::Make("clicks.count_7d + 1", scope).ok());
}

TEST(Scope, TheSameColumnTwiceIsNot) {
  Scope scope;
  scope.Add("a", 3, Kind::kInt64);
  scope.Add("a", 3, Kind::kInt64);
  scope.Add("b", 1, Kind::kInt64);
  const base::Result<Expression> expression = Expression::Make("b + a + b", scope);
  ASSERT_TRUE(expression.ok());
  EXPECT_EQ(expression->columns(), (std::vector<int>{1, 3}));
  EXPECT_EQ(expression->text(), "b + a + b");
  EXPECT_EQ(scope.names().size(), 2u);
}

TEST(Scope, UnknownFunctionsSuggestFunctions) {
  const base::Problem problem =
      base::ProblemsOf(Expression::Make("coalesc(1)", Scope()).status()).at(0);
  EXPECT_EQ(problem.hint, "did you mean 'coalesce'?");
}

}  // namespace
}  // namespace millrace::expr
