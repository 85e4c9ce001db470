// Functions of time (decay, gaps) and of vectors, and the checks of calls. Decayed numbers are from
// plain Python, with SLEEF's own powers by ctypes:
//   e2 = ctypes.CDLL('libsleef.so.3').Sleef_cinz_exp2d1_u10purec   # restype, argtypes: c_double
//   q = sum(F(x*e2((ts % h)/h))*F(2)**(ts//h) for ts, x in rows)*F(2)**-(t//h); S =
//   q.numerator/q.denominator decayed: (S*e2(-((t % h)/h))).hex();  ewma: (S / the same with x
//   = 1.0).hex()
#include <gtest/gtest.h>

#include <limits>

#include "aggregate/sample_rows.h"

namespace millrace::aggregate {
namespace {

using base::EventTime;
using columns::Kind;
using columns::ListValue;

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kHour = 3600 * kSecond;
constexpr double kInf = std::numeric_limits<double>::infinity();

SampleRows Decaying() {
  SampleRows rows(Kind::kFloat64);
  rows.Add(10.0, EventTime::Micros(-5400 * kSecond));
  rows.Add(4.0, EventTime::Micros(0));
  rows.Add(2.5, EventTime::Micros(1800 * kSecond));
  rows.Add(0.1, EventTime::Micros(5000 * kSecond));
  return rows;
}
Call Decay(const std::string& function) {
  return {.function = function, .input = Kind::kFloat64, .parameters = {kHour}};
}

TEST(DecayTest, HalvesEveryHalfLife) {
  const SampleRows rows = Decaying();
  EXPECT_EQ(Number(Decay("decayed_sum"), rows, EventTime::Micros(7200 * kSecond)),
            0x1.6aa77bb32d38bp+1);
  EXPECT_EQ(Number(Decay("decayed_sum"), rows, EventTime::Micros(9000 * kSecond)),
            0x1.006f6d9a39867p+1);
  EXPECT_EQ(Number(Decay("decayed_sum"), rows, EventTime::Micros(1'000'000 * kSecond)),
            0x1.a70bf4034b5e8p-275);
  for (const int64_t seconds : {7200, 9000, 1'000'000}) {
    EXPECT_EQ(Number(Decay("ewma"), rows, EventTime::Micros(seconds * kSecond)),
              0x1.0d4de19eccd0cp+1);
  }
  SampleRows one(Kind::kInt64);
  one.Add(int64_t{8}, EventTime::Micros(0));
  const Call call{.function = "decayed_sum", .input = Kind::kInt64, .parameters = {kHour}};
  EXPECT_EQ(Number(call, one, EventTime::Micros(3 * kHour)), 1.0);
}

TEST(DecayTest, OldEventsCountNoLonger) {
  SampleRows rows(Kind::kFloat64);
  rows.Add(1e300, EventTime::Micros(0));
  EXPECT_GT(Number(Decay("decayed_sum"), rows, EventTime::Micros(1024 * kHour)), 0.0);
  EXPECT_EQ(Answer(Decay("decayed_sum"), rows, EventTime::Micros(1025 * kHour)), "null");
  rows.Add(2.0, EventTime::Micros(1025 * kHour));
  EXPECT_EQ(Number(Decay("decayed_sum"), rows, EventTime::Micros(1025 * kHour)), 2.0);
  EXPECT_EQ(Number(Decay("ewma"), rows, EventTime::Micros(1025 * kHour)), 2.0);
}

TEST(DecayTest, NotFinite) {
  SampleRows rows = Decaying();
  rows.Add(kInf, EventTime::Micros(1));
  EXPECT_EQ(Answer(Decay("decayed_sum"), rows, EventTime::Micros(kHour * 9)), "Infinity");
  rows.Add(-kInf, EventTime::Micros(1));
  EXPECT_EQ(Answer(Decay("ewma"), rows, EventTime::Micros(kHour * 9)), "NaN");
}

TEST(RecencyTest, SecondsSinceAndBetween) {
  const Call since{.function = "time_since_last", .input = {}, .parameters = {}};
  const Call gap{.function = "mean_gap", .input = {}, .parameters = {}};
  SampleRows rows(Kind::kNull);
  EXPECT_EQ(Answer(since, rows), "null");
  rows.Add({}, EventTime::Micros(0));
  EXPECT_EQ(Answer(gap, rows), "null");
  EXPECT_EQ(Number(since, rows, EventTime::Micros(1'500'000)), 1.5);
  // Rounded once: float((2**60 + 1) / 10**6).hex()
  EXPECT_EQ(Number(since, rows, EventTime::Micros((int64_t{1} << 60) + 1)), 0x1.0c6f7a0b5ed8dp+40);
  rows.Add({}, EventTime::Micros(10 * kSecond));
  rows.Add({}, EventTime::Micros(1 * kSecond));
  rows.Add({}, EventTime::Micros(1 * kSecond));
  EXPECT_EQ(Number(gap, rows), 0x1.aaaaaaaaaaaabp+1);  // (10 / 3).hex()
  SampleRows ends(Kind::kNull);
  ends.Add({}, EventTime::Min());
  ends.Add({}, EventTime::Max());
  EXPECT_EQ(Number(gap, ends), 0x1.0c6f7a0b5ed8dp+44);  // ((2**64 - 1) / 10**6).hex()
}

SampleRows Vectors(const std::vector<std::vector<double>>& vectors) {
  SampleRows rows(Type::Vector(3));
  for (const auto& vector : vectors) {
    ListValue list;
    for (const double component : vector) list.emplace_back(component);
    rows.Add(list, EventTime::Micros(rows.size()));
  }
  return rows;
}
Call Recent(int64_t k) {
  return {.function = "vector_recency_avg", .input = Type::Vector(3), .parameters = {k}};
}

TEST(VectorTest, MeanPerComponent) {
  const Call mean{.function = "vector_avg", .input = Type::Vector(3), .parameters = {}};
  EXPECT_EQ(Answer(mean, Vectors({{1, 2, kInf}, {2, -2, 0}})), "[1.5, 0.0, Infinity]");
  EXPECT_EQ(Answer(mean, Vectors({})), "null");
  // 2^24 and 1: float32 sums would lose the 1.
  EXPECT_EQ(Answer(mean, Vectors({{16777216, 0, 0}, {1, 0, 0}, {-16777216, 0, 0}, {1, 0, 0}})),
            "[0.5, 0.0, 0.0]");
}

// The seed: w = np.exp(np.linspace(-1, 0, n)); w /= w.sum(); np.average(E, axis=0, weights=w).
// numpy so divides by the sum of the weights twice, each time rounding in float64; we divide once,
// by the exact sum rounded. The float64s may differ in the last bits; as float32, here, they are
// the same.
TEST(VectorTest, SeedsEmbedding) {
  const SampleRows rows = Vectors({{1, 0, 0.5}, {0, 1, 0.25}, {0.5, 0.5, -1}});
  const auto aggregate = Make(Recent(50)).ValueOrDie();
  const auto state = aggregate->NewState();
  state->Update(rows.input(), rows.rows());
  columns::ColumnBuffer out(aggregate->result_type());
  state->Finalize({}, &out);
  const double* components = out.View().children[0].floats;
  EXPECT_EQ(components[0], 0x1.c21d0cp-2);
  EXPECT_EQ(components[1], 0x1.1ef17ap-1);
  EXPECT_EQ(components[2], -0x1.589896p-2);
}

TEST(VectorTest, NewestKAndEmpty) {
  EXPECT_EQ(Answer(Recent(1), Vectors({{1, 1, 1}, {2, 4, 8}})), "[2.0, 4.0, 8.0]");
  EXPECT_EQ(Answer(Recent(5), Vectors({})), "[0.0, 0.0, 0.0]");
  EXPECT_EQ(Answer(Recent(2), Vectors({{9, 9, 9}, {3, 3, 3}, {3, 3, 3}})), "[3.0, 3.0, 3.0]");
}

Call Of(const std::string& function, Type type, std::vector<Value> parameters = {}) {
  return {.function = function, .input = std::move(type), .parameters = std::move(parameters)};
}

TEST(RegistryTest, NamesAreSortedAndFound) {
  for (size_t i = 1; i < Functions().size(); ++i) {
    EXPECT_LT(Functions()[i - 1].name, Functions()[i].name);
  }
  EXPECT_EQ(Functions().size(), 32u);
  EXPECT_EQ(FindFunction("ewma")->duration_parameter, true);
  EXPECT_EQ(FindFunction("median"), nullptr);
}

TEST(RegistryTest, WrongCallsAreNamed) {
  EXPECT_EQ(MakeError(Of("summ", Kind::kInt64)), "unknown_name");
  EXPECT_EQ(MakeError(Of("sum", Kind::kNull)), "wrong_arguments");
  EXPECT_EQ(MakeError(Of("mean_gap", Kind::kInt64)), "wrong_arguments");
  EXPECT_EQ(MakeError(Of("percentile", Kind::kInt64)), "wrong_arguments");
  EXPECT_EQ(MakeError(Of("sum", Kind::kInt64, {int64_t{1}})), "wrong_arguments");
  EXPECT_EQ(MakeError(Of("sum", Kind::kString)), "type_mismatch");
  EXPECT_EQ(MakeError(Of("avg", Kind::kTimestamp)), "type_mismatch");
  EXPECT_EQ(MakeError(Of("any", Kind::kInt64)), "type_mismatch");
  EXPECT_EQ(MakeError(Of("max", Type::Map(Kind::kString, Kind::kInt64))), "type_mismatch");
  EXPECT_EQ(MakeError(Of("vector_avg", Type::List(Kind::kFloat32))), "type_mismatch");
  EXPECT_EQ(MakeError(Of("first", Type::Map(Kind::kString, Kind::kInt64))), "");
}

TEST(RegistryTest, ParametersHaveRanges) {
  for (const Value& bad : {Value(-0.1), Value(1.5), Value(int64_t{2}), Value("half"), Value(),
                           Value(std::numeric_limits<double>::quiet_NaN())}) {
    EXPECT_EQ(MakeError(Of("percentile", Kind::kFloat64, {bad})), "wrong_arguments");
    EXPECT_EQ(MakeError(Of("approx_percentile", Kind::kFloat64, {bad})), "wrong_arguments");
  }
  for (const Value& bad : {Value(int64_t{0}), Value(int64_t{-3}), Value(1.0), Value()}) {
    EXPECT_EQ(MakeError(Of("top_k", Kind::kString, {bad})), "wrong_arguments");
    EXPECT_EQ(MakeError(Of("last_k", Kind::kString, {bad})), "wrong_arguments");
    EXPECT_EQ(MakeError(Of("ewma", Kind::kFloat64, {bad})), "wrong_arguments");
  }
  EXPECT_EQ(MakeError(Recent(1024)), "");
  EXPECT_EQ(MakeError(Recent(1025)), "wrong_arguments");
}

}  // namespace
}  // namespace millrace::aggregate
