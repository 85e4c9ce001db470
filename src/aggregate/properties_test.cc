// What every aggregate function promises, over every registered function and every type it takes:
// the value depends on the set of rows alone, states survive their codec, and a Slide gives its
// State's bits.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "aggregate/registry.h"
#include "aggregate/sample_rows.h"
#include "aggregate/shared_slide.h"

namespace millrace::aggregate {
namespace {

using columns::Kind;

std::vector<Type> InputTypes() {
  return {Kind::kNull,
          Kind::kBool,
          Kind::kInt8,
          Kind::kInt64,
          Kind::kUInt64,
          Kind::kFloat32,
          Kind::kFloat64,
          Kind::kString,
          Kind::kBytes,
          Kind::kDate,
          Kind::kTimestamp,
          Type::List(Kind::kString),
          Type::List(Type::List(Kind::kFloat64)),
          Type::Vector(3),
          Type::Map(Kind::kString, Kind::kInt64)};
}

std::vector<Value> ParametersOf(const Function& function) {
  if (function.parameters == 0) return {Value()};
  if (function.duration_parameter) return {int64_t{3'600'000'000}, int64_t{7}, int64_t{2'000'000}};
  if (function.name.ends_with("percentile")) return {0.0, 0.3, 1.0};
  return {int64_t{1}, int64_t{3}};
}

std::vector<Call> AllCalls() {
  std::vector<Call> calls;
  for (const Function& function : Functions()) {
    for (const Type& type : InputTypes()) {
      for (const Value& parameter : ParametersOf(function)) {
        Call call{.function = std::string(function.name), .input = type, .parameters = {}};
        if (function.parameters > 0) call.parameters.push_back(parameter);
        if (Make(call).ok()) calls.push_back(call);
      }
    }
  }
  return calls;
}

std::string NameOf(const Call& call) {
  std::string name = call.function + "_" + call.input.ToString();
  for (const Value& parameter : call.parameters) {
    name +=
        "_" + (parameter.holds_int() ? std::to_string(parameter.as_int())
                                     : std::to_string(static_cast<int>(parameter.as_float() * 10)));
  }
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return name;
}

void ExpectSameCells(const columns::ColumnBuffer& a, const columns::ColumnBuffer& b) {
  ASSERT_EQ(a.size(), b.size());
  const columns::Column left = a.View();
  const columns::Column right = b.View();
  for (int64_t i = 0; i < left.size; ++i) {
    ASSERT_EQ(left.cell(i), right.cell(i)) << "cell " << i;
    ASSERT_TRUE(columns::SameBits(left.value(i), right.value(i)))
        << "cell " << i << ": " << columns::ToText(left.value(i), left.type) << " and "
        << columns::ToText(right.value(i), right.type);
  }
}

class PropertiesTest : public testing::TestWithParam<Call> {
 protected:
  void SetUp() override { aggregate_ = Make(GetParam()).ValueOrDie(); }

  SampleRows Draw(int64_t size) {
    SampleRows rows = SampleRows::Draw(GetParam().input, size, random_() % 3 == 0, &random_);
    if (random_() % 2 == 0) rows.DrawCreated(&random_);
    return rows;
  }
  std::unique_ptr<State> StateOf(const Input& input, const std::vector<int64_t>& rows) {
    auto state = aggregate_->NewState();
    state->Update(input, rows);
    return state;
  }
  // Merged from pieces in a random tree.
  std::unique_ptr<State> StateOfPieces(const Input& input, std::vector<int64_t> rows) {
    std::shuffle(rows.begin(), rows.end(), random_);
    std::vector<std::unique_ptr<State>> pieces;
    for (size_t begin = 0; begin < rows.size();) {
      const size_t end = std::min(rows.size(), begin + 1 + random_() % 5);
      const std::vector<int64_t> piece(rows.begin() + static_cast<std::ptrdiff_t>(begin),
                                       rows.begin() + static_cast<std::ptrdiff_t>(end));
      pieces.push_back(StateOf(input, piece));
      begin = end;
    }
    pieces.push_back(aggregate_->NewState());
    while (pieces.size() > 1) {
      std::swap(pieces[random_() % pieces.size()], pieces.back());
      State& into = *pieces[random_() % (pieces.size() - 1)];
      random_() % 2 == 0 ? into.Merge(*pieces.back()) : into.Merge(std::move(*pieces.back()));
      pieces.pop_back();
    }
    return std::move(pieces.front());
  }
  columns::ColumnBuffer ValueOf(const State& state, base::EventTime as_of) {
    columns::ColumnBuffer out(aggregate_->result_type());
    state.Finalize(as_of, &out);
    return out;
  }

  std::shared_ptr<const Aggregate> aggregate_;
  std::mt19937 random_{20250131};
  base::EventTime late_ = base::EventTime::Micros(150 * 900'000'000LL);
};

TEST_P(PropertiesTest, OrderAndGroupingDoNotMatter) {
  for (int round = 0; round < 12; ++round) {
    const SampleRows rows = Draw(round * 4);
    const auto whole = StateOf(rows.input(), rows.rows());
    const auto pieces = StateOfPieces(rows.input(), rows.rows());
    EXPECT_EQ(EncodedState(*whole), EncodedState(*pieces));
    ExpectSameCells(ValueOf(*whole, late_), ValueOf(*pieces, late_));
  }
}

TEST_P(PropertiesTest, MergeIsAssociativeAndEmptyIsNeutral) {
  const SampleRows rows = Draw(30);
  const auto all = rows.rows();
  const auto part = [&](int64_t begin, int64_t end) {
    return StateOf(rows.input(), {all.begin() + begin, all.begin() + end});
  };
  const auto left = part(0, 10);
  left->Merge(*part(10, 20));
  left->Merge(*part(20, 30));
  const auto tail = part(10, 20);
  tail->Merge(*part(20, 30));
  const auto right = part(0, 10);
  right->Merge(*tail);
  EXPECT_EQ(EncodedState(*left), EncodedState(*right));

  const std::string before = EncodedState(*left);
  left->Merge(*aggregate_->NewState());
  EXPECT_EQ(EncodedState(*left), before);
  const auto empty = aggregate_->NewState();
  empty->Merge(*left);
  EXPECT_EQ(EncodedState(*empty), before);
}

TEST_P(PropertiesTest, StatesSurviveTheirCodec) {
  for (const int64_t size : {0, 1, 2, 5, 60}) {
    const SampleRows rows = Draw(size);
    const auto state = StateOf(rows.input(), rows.rows());
    const std::string bytes = EncodedState(*state);
    const std::string followed = bytes + "next";
    base::ByteReader reader(followed);
    auto decoded = aggregate_->DecodeState(&reader);
    ASSERT_TRUE(decoded.ok()) << decoded.status().ToString();
    EXPECT_EQ(reader.remaining(), 4u);
    EXPECT_EQ(EncodedState(**decoded), bytes);
    ExpectSameCells(ValueOf(*state, late_), ValueOf(**decoded, late_));
    // A decoded state goes on like any other.
    const SampleRows more = Draw(7);
    const auto longer = StateOf(more.input(), more.rows());
    (*decoded)->Merge(*longer);
    longer->Merge(*state);
    EXPECT_EQ(EncodedState(**decoded), EncodedState(*longer));
  }
}

TEST_P(PropertiesTest, BrokenBytesAreRefused) {
  const SampleRows rows = Draw(40);
  const std::string bytes = EncodedState(*StateOf(rows.input(), rows.rows()));
  for (size_t size = 0; size < bytes.size(); ++size) {
    base::ByteReader reader(std::string_view(bytes).substr(0, size));
    const auto decoded = aggregate_->DecodeState(&reader);
    ASSERT_FALSE(decoded.ok()) << size << " of " << bytes.size();
    EXPECT_EQ(base::ProblemsOf(decoded.status()).front().code, base::codes::kCorrupt);
  }
  std::string unknown = bytes;
  unknown[0] = 2;
  base::ByteReader reader(unknown);
  EXPECT_FALSE(aggregate_->DecodeState(&reader).ok());
  for (int round = 0; round < 300; ++round) {
    std::string changed = bytes;
    changed[random_() % changed.size()] ^= static_cast<char>(1 << random_() % 8);
    base::ByteReader other(changed);
    const auto decoded = aggregate_->DecodeState(&other);
    if (decoded.ok()) {
      ValueOf(**decoded, late_);
      EncodedState(**decoded);
    }
  }
}

TEST_P(PropertiesTest, FinalizeLeavesTheStateAlone) {
  const SampleRows rows = Draw(40);
  const auto state = StateOf(rows.input(), rows.rows());
  const std::string before = EncodedState(*state);
  const auto first = ValueOf(*state, late_);
  EXPECT_EQ(EncodedState(*state), before);
  ExpectSameCells(first, ValueOf(*state, late_));
}

// Lengths of windows; 0 is `all`.
constexpr int64_t kQuarters[] = {4, 0, 1, 30, 12};

// A walk over random rows and its answers by State.
struct SampleWalk {
  std::vector<int64_t> enter;
  std::vector<int64_t> leave;
  std::vector<Walk::Step> steps;
  std::vector<std::vector<int64_t>> inside;  // rows of each step
};

struct WalkShape {
  base::Duration length;  // 0: nothing leaves
  int64_t stride;         // quarters of an hour between questions
  bool ahead;             // a label's rows, (t, t + length]
};

SampleWalk WalkOver(const SampleRows& rows, const WalkShape& shape, std::mt19937* random) {
  const base::Duration length = shape.length;
  SampleWalk walk;
  const auto entry = [&](int64_t row) {
    if (shape.ahead) return rows.time(row) - length;
    const base::EventTime after = rows.time(row) + base::Duration::Micros(1);
    if (rows.created().empty()) return after;
    return std::max(after, rows.created()[static_cast<size_t>(row)]);
  };
  const auto exit = [&](int64_t row) {  // the first question that it is too old for
    if (shape.ahead) return rows.time(row);
    if (length == base::Duration()) return base::EventTime::Max();
    return rows.time(row) + length + base::Duration::Micros(1);
  };
  for (const int64_t row : rows.rows()) {
    if (entry(row) < exit(row)) walk.leave.push_back(row);
  }
  std::shuffle(walk.leave.begin(), walk.leave.end(), *random);
  std::ranges::stable_sort(walk.leave, {}, [&](int64_t row) { return rows.time(row); });
  walk.enter = walk.leave;
  std::ranges::stable_sort(walk.enter, {}, entry);
  for (int64_t quarter = -55; quarter < 180; quarter += shape.stride) {
    const auto as_of = base::EventTime::Micros(quarter * 900'000'000);
    Walk::Step step{.as_of = as_of, .entered = 0, .left = 0};
    std::vector<int64_t> inside;
    for (const int64_t row : walk.leave) {
      step.entered += entry(row) <= as_of ? 1 : 0;
      step.left += exit(row) <= as_of ? 1 : 0;
      if (entry(row) <= as_of && as_of < exit(row)) inside.push_back(row);
    }
    walk.steps.push_back(step);
    walk.inside.push_back(inside);
  }
  return walk;
}

TEST_P(PropertiesTest, SlideGivesTheBitsOfTheState) {
  const auto slide = aggregate_->NewSlide();  // one Slide runs many walks
  for (int round = 0; round < 15; ++round) {
    const SampleRows rows = Draw(round < 2 ? round : 90);
    const base::Duration length = base::Duration::Seconds(900 * kQuarters[round % 5]);
    const SampleWalk walk = WalkOver(rows, {length, 1 + round % 4, round >= 10}, &random_);
    columns::ColumnBuffer slid(aggregate_->result_type());
    slide->Run(rows.input(), {.enter = walk.enter, .leave = walk.leave, .steps = walk.steps},
               &slid);
    columns::ColumnBuffer expected(aggregate_->result_type());
    for (size_t i = 0; i < walk.steps.size(); ++i) {
      StateOf(rows.input(), walk.inside[i])->Finalize(walk.steps[i].as_of, &expected);
    }
    ExpectSameCells(slid, expected);
    if (HasFatalFailure()) return;
  }
}

// Codes of a column's strings, as column.h wants them; more than there are strings.
std::vector<int32_t> CodesOf(const columns::Column& column) {
  std::vector<int32_t> codes;
  for (int64_t i = 0; i < column.size; ++i) {
    const auto* first = std::find(column.strings, column.strings + i, column.strings[i]);
    codes.push_back(static_cast<int32_t>(2 * (first - column.strings) + 1));
  }
  return codes;
}

TEST_P(PropertiesTest, CodesChangeNothing) {
  if (GetParam().input.physical() != columns::Physical::kString) return;
  const auto slide = aggregate_->NewSlide();
  const auto plain = aggregate_->NewSlide();
  for (int round = 0; round < 30; ++round) {
    const SampleRows rows = Draw(round < 2 ? round : 90);
    const base::Duration length = base::Duration::Seconds(900 * kQuarters[round % 5]);
    const SampleWalk sample = WalkOver(rows, {length, 1 + round % 4, round >= 20}, &random_);
    Walk walk{.enter = sample.enter, .leave = sample.leave, .steps = sample.steps};
    if (round % 3 == 0) walk.steps = walk.steps.first(walk.steps.size() / 2);  // some stay inside
    Input input = rows.input();
    columns::ColumnBuffer expected(aggregate_->result_type());
    plain->Run(input, walk, &expected);
    const std::vector<int32_t> codes = CodesOf(input.value);
    input.value.codes = round % 4 == 3 ? nullptr : codes.data();
    input.value.code_count = static_cast<int32_t>(2 * codes.size());
    columns::ColumnBuffer slid(aggregate_->result_type());
    slide->Run(input, walk, &slid);
    ExpectSameCells(slid, expected);
    if (HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Every, PropertiesTest, testing::ValuesIn(AllCalls()),
                         [](const auto& info) { return NameOf(info.param); });

// Random groups of aggregates of one input, in random order, some of them twice.
class SharedSlideTest : public testing::TestWithParam<Type> {
 protected:
  SharedSlideTest() {
    for (const Call& call : AllCalls()) {
      if (call.input == GetParam()) all_.push_back(Make(call).ValueOrDie());
    }
  }
  std::vector<const Aggregate*> DrawGroup() {
    const bool powers_only = random_() % 2 == 0;
    std::vector<const Aggregate*> group;
    for (size_t wanted = random_() % 9; group.size() < wanted;) {
      const Aggregate* drawn = all_[random_() % all_.size()].get();
      if (!powers_only || drawn->power_value()) group.push_back(drawn);
    }
    return group;
  }
  SampleRows DrawRows();
  void ExpectStates(const std::vector<const Aggregate*>& group, const SlideShare& share);

  std::vector<std::shared_ptr<const Aggregate>> all_;
  std::mt19937 random_{20250206};
};

// Values from everywhere; of floats half of the time such as lie around the edges of what plain
// integers hold.
SampleRows SharedSlideTest::DrawRows() {
  SampleRows rows = SampleRows::Draw(GetParam(), 70, random_() % 3 == 0, &random_);
  if (GetParam().is_float() && random_() % 2 == 0) {
    const int reach = random_() % 2 == 0 ? 10 : 20;
    const int middle = random_() % 2 == 0 ? 0 : 100;
    SampleRows near(GetParam());
    for (const int64_t row : rows.rows()) {
      const double mantissa = static_cast<float>(1 + static_cast<double>(random_()) * 0x1p-32);
      const int exponent = middle + static_cast<int>(random_() % (2 * reach)) - reach;
      const double value = std::ldexp(random_() % 3 == 0 ? -mantissa : mantissa, exponent);
      near.Add(random_() % 9 == 0 ? Value(0.0) : Value(value), rows.time(row));
    }
    rows = std::move(near);
  }
  if (random_() % 2 == 0) rows.DrawCreated(&random_);
  return rows;
}

// Three walks through one share, one after the other.
void SharedSlideTest::ExpectStates(const std::vector<const Aggregate*>& group,
                                   const SlideShare& share) {
  for (int round = 0; round < 3; ++round) {
    const SampleRows rows = DrawRows();
    const bool all_valid = GetParam().is_numeric() && random_() % 3 == 0;
    Input input = rows.input();
    if (all_valid) input.value.cells = nullptr;  // cells that are not valid hold readable values
    const base::Duration length = base::Duration::Seconds(900 * kQuarters[random_() % 5]);
    const SampleWalk walk = WalkOver(
        rows, {length, 1 + static_cast<int64_t>(random_() % 4), random_() % 3 == 0}, &random_);
    std::vector<columns::ColumnBuffer> cells;
    std::vector<columns::ColumnBuffer*> outs;
    cells.reserve(share.members.size());
    for (const size_t member : share.members) {
      cells.emplace_back(group[member]->result_type());
      outs.push_back(&cells.back());
    }
    share.slide->Run(input, {.enter = walk.enter, .leave = walk.leave, .steps = walk.steps}, outs);
    for (size_t m = 0; m < share.members.size(); ++m) {
      columns::ColumnBuffer expected(cells[m].type());
      for (size_t i = 0; i < walk.steps.size(); ++i) {
        const auto state = group[share.members[m]]->NewState();
        state->Update(input, walk.inside[i]);
        state->Finalize(walk.steps[i].as_of, &expected);
      }
      ExpectSameCells(cells[m], expected);
    }
  }
}

TEST_P(SharedSlideTest, EveryGroupGivesTheBitsOfTheStates) {
  for (int round = 0; round < 40; ++round) {
    const std::vector<const Aggregate*> group = DrawGroup();
    std::vector<int> served(group.size(), 0);
    for (const SlideShare& share : ShareSlides(group)) {
      for (const size_t member : share.members) ++served[member];
      ExpectStates(group, share);
      if (HasFatalFailure()) return;
    }
    EXPECT_TRUE(std::ranges::all_of(served, [](int times) { return times == 1; }));
  }
}

INSTANTIATE_TEST_SUITE_P(Every, SharedSlideTest, testing::ValuesIn(InputTypes()),
                         [](const auto& info) {
                           return NameOf({.function = "of", .input = info.param, .parameters = {}});
                         });

TEST(ShareSlidesTest, SumsOfOneNumberAreKeptOnce) {
  std::vector<std::shared_ptr<const Aggregate>> bound;
  std::vector<const Aggregate*> group;
  for (const char* function : {"max", "stddev", "kurtosis", "count", "avg", "skewness", "sum"}) {
    bound.push_back(
        Make({.function = function, .input = Kind::kFloat64, .parameters = {}}).ValueOrDie());
    group.push_back(bound.back().get());
  }
  std::vector<std::vector<size_t>> members;
  for (const SlideShare& share : ShareSlides(group)) members.push_back(share.members);
  EXPECT_EQ(members, (std::vector<std::vector<size_t>>{{1, 3, 4, 6}, {2, 5}, {0}}));
}

TEST(PropertiesCoverTest, EveryFunctionIsTested) {
  for (const Function& function : Functions()) {
    const auto calls = AllCalls();
    EXPECT_TRUE(std::ranges::any_of(calls, [&](const Call& call) {
      return call.function == function.name;
    })) << function.name;
  }
}

}  // namespace
}  // namespace millrace::aggregate
