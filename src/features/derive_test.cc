#include "features/derive.h"

#include <gtest/gtest.h>

#include <cmath>

#include "features/plan_scope.h"

namespace millrace::features {
namespace {

using columns::Column;
using columns::ColumnBuffer;
using columns::Kind;
using columns::OwnedColumn;

expr::Expression Bound(const std::string& text, const View& view) {
  expr::Scope scope;
  for (size_t i = 0; i < view.features.size(); ++i) {
    scope.Add(view.features[i].name, static_cast<int>(i), view.features[i].type);
  }
  scope.Add("as_of", static_cast<int>(view.features.size()), Kind::kTimestamp);
  const auto expression = expr::Expression::Make(text, scope);
  EXPECT_TRUE(expression.ok()) << expression.status().ToString();
  return expression.ok() ? *expression : expr::Expression();
}

// stored a; c = b + 1 is declared before b = a * 2, which has a default.
FeaturePlan Plan() {
  FeaturePlan plan;
  View& view = plan.views.emplace_back();
  view.name = "v";
  for (const char* name : {"a", "c", "b", "unasked"}) {
    Feature& feature = view.features.emplace_back();
    feature.name = name;
    feature.type = Kind::kInt64;
    feature.kind = FeatureKind::kDerived;
  }
  view.features[0].kind = FeatureKind::kAggregate;
  view.features[2].default_value = Value(int64_t{-1});
  view.features[1].expression = Bound("b + 1", view);
  view.features[2].expression = Bound("a * 2", view);
  view.features[3].expression = Bound("a * 9223372036854775807", view);
  view.derived_order = {2, 1, 3};
  return plan;
}

TEST(SettleColumn, ErrorsAreCountedAndBecomeNullThenTheDefault) {
  ColumnBuffer cells(Kind::kString);
  cells.AppendString("x");
  cells.AppendCell(columns::kBadCast);
  cells.AppendNull();
  cells.AppendCell(columns::kBadCast);
  std::vector<ErrorCell> errors;
  const OwnedColumn plain = SettleColumn(cells.View(), "v:f", {}, &errors);
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].feature, "v:f");
  EXPECT_EQ(errors[0].code, "bad_cast");
  EXPECT_EQ(errors[0].rows, (std::vector<int64_t>{1, 3}));
  EXPECT_TRUE(plain.view.valid(0));
  for (const int64_t row : {1, 2, 3}) EXPECT_EQ(plain.view.cell(row), columns::kNullCell);
  const OwnedColumn filled = SettleColumn(cells.View(), "v:f", Value("none"), nullptr);
  EXPECT_EQ(filled.view.strings[0], "x");
  EXPECT_EQ(filled.view.strings[1], "none");
  EXPECT_EQ(filled.view.strings[2], "none");
}

TEST(SettleColumn, FloatsBecomeCanonicalInListsToo) {
  ColumnBuffer plain(Kind::kFloat64);
  plain.AppendFloat(-0.0);
  plain.AppendNull();
  ColumnBuffer lists(columns::Type::List(Kind::kFloat64));
  lists.elements()->AppendFloat(-0.0);
  lists.CloseList();
  const OwnedColumn settled = SettleColumn(plain.View(), "v:f", Value(-0.0), nullptr);
  EXPECT_FALSE(std::signbit(settled.view.floats[0]));
  EXPECT_FALSE(std::signbit(settled.view.floats[1]));
  const OwnedColumn nested = SettleColumn(lists.View(), "v:f", {}, nullptr);
  EXPECT_FALSE(std::signbit(nested.view.children[0].floats[0]));
}

TEST(SettleColumn, ListsTakeDefaultsToo) {
  ColumnBuffer cells(columns::Type::List(Kind::kInt64));
  cells.elements()->AppendInt(7);
  cells.CloseList();
  cells.AppendNull();
  const OwnedColumn filled =
      SettleColumn(cells.View(), "v:f",
                   Value(columns::ListValue{Value(int64_t{1}), Value(int64_t{2})}), nullptr);
  EXPECT_EQ(columns::ToText(filled.view.value(0), filled.view.type), "[7]");
  EXPECT_EQ(columns::ToText(filled.view.value(1), filled.view.type), "[1, 2]");
}

TEST(ViewDeriver, RunsWhatIsNeededAfterItsInputs) {
  const FeaturePlan plan = Plan();
  EXPECT_EQ(WithInputs(plan.views[0], {false, true, false, false}),
            (std::vector<bool>{true, true, true, false}));
  ColumnBuffer a(Kind::kInt64);
  a.AppendInt(5);
  a.AppendNull();
  a.AppendInt(int64_t{1} << 62);
  ColumnBuffer times(Kind::kTimestamp);
  for (int i = 0; i < 3; ++i) times.AppendInt(0);
  std::vector<OwnedColumn> stored(4);
  stored[0] = columns::Own(std::move(a));
  ViewDeriver deriver(plan, 0);
  std::vector<ErrorCell> errors;
  const auto derived = deriver.Run(stored, times.View(), {}, {false, true, false, false}, &errors);
  EXPECT_EQ(derived[1].view.ints[0], 11);
  EXPECT_EQ(derived[1].view.ints[1], 0);  // b's default -1, plus 1
  EXPECT_EQ(derived[1].view.ints[2], 0);  // b overflows, and takes its default
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].feature, "v:b");
  EXPECT_EQ(errors[0].code, "integer_overflow");
  EXPECT_EQ(errors[0].rows, std::vector<int64_t>{2});
  EXPECT_TRUE(derived[3].view.type.is_null());
}

TEST(ViewDeriver, ReadsTheEventTimeOfASnapshotViewsRow) {
  FeaturePlan plan;
  View& view = plan.views.emplace_back();
  view.name = "v";
  view.kind = ViewKind::kSnapshot;
  Feature& old = view.features.emplace_back();
  old.name = "old";
  old.kind = FeatureKind::kDerived;
  const auto bound = expr::Expression::Make("(as_of - event_time) / 1s", DerivedScope(view));
  ASSERT_TRUE(bound.ok()) << bound.status().ToString();
  old.expression = *bound;
  old.type = bound->type();
  view.derived_order = {0};
  EXPECT_TRUE(ReadsEventTime(view, {true}));
  EXPECT_FALSE(ReadsEventTime(view, {false}));
  ColumnBuffer as_of(Kind::kTimestamp);
  ColumnBuffer event_time(Kind::kTimestamp);
  for (int i = 0; i < 2; ++i) as_of.AppendInt(3000000);
  event_time.AppendInt(500000);
  event_time.AppendNull();
  ViewDeriver deriver(plan, 0);
  const auto derived =
      deriver.Run(std::vector<OwnedColumn>(1), as_of.View(), event_time.View(), {true}, nullptr);
  EXPECT_EQ(derived[0].view.floats[0], 2.5);
  EXPECT_FALSE(derived[0].view.valid(1));
}

}  // namespace
}  // namespace millrace::features
