// abs sign floor ceil round sqrt exp ln log10 power. The transcendental ones are SLEEF's
// deterministic functions, the same bits with and without FMA (docs/decisions).
#include <sleef.h>

#include <cmath>

#include "expr/functions/function.h"
#include "expr/functions/round.h"

namespace millrace::expr {
namespace {

using columns::Kind;
using columns::kIntegerOverflow;

// An integer stays int64, a float float64.
template <Kernel kInts, Kernel kFloats>
base::Result<TypedNode> BindKeepingKind(Binding* b) {
  ARROW_RETURN_NOT_OK(b->WantNumber(0));
  const bool integer = b->type(0).is_integer();
  ARROW_RETURN_NOT_OK(integer ? b->WantInteger(0) : b->WantFloat(0));
  if (b->size() > 1) ARROW_RETURN_NOT_OK(b->WantInteger(1));
  return integer ? b->Make(Kind::kInt64, kInts) : b->Make(Kind::kFloat64, kFloats);
}

template <int64_t (*kFunction)(int64_t, uint8_t*)>
void IntsKernel(const Invocation& in) {
  EachRow<int64_t, int64_t>(in, [](int64_t v, uint8_t* cell) { return kFunction(v, cell); });
}
template <double (*kFunction)(double)>
void FloatsKernel(const Invocation& in) {
  EachRow<double, double>(in, [](double v, uint8_t*) { return kFunction(v); });
}

int64_t AbsInt(int64_t v, uint8_t* cell) {
  if (v == INT64_MIN) {
    *cell = kIntegerOverflow;
    return 0;
  }
  return v < 0 ? -v : v;
}
int64_t SignInt(int64_t v, uint8_t*) {
  return (v > 0) - (v < 0);
}
int64_t SameInt(int64_t v, uint8_t*) {
  return v;
}
double AbsFloat(double v) {
  return std::fabs(v);
}
double SignFloat(double v) {
  return v > 0 ? 1.0 : v < 0 ? -1.0 : v;
}
double FloorFloat(double v) {
  return std::floor(v);
}
double CeilFloat(double v) {
  return std::ceil(v);
}
double SqrtFloat(double v) {
  return std::sqrt(v);
}
double Exp(double v) {
  return Sleef_cinz_expd1_u10purec(v);
}
double Ln(double v) {
  return Sleef_cinz_logd1_u10purec(v);
}
double Log10(double v) {
  return Sleef_cinz_log10d1_u10purec(v);
}

void RoundIntsKernel(const Invocation& in) {
  if (in.arguments.size() == 1) return IntsKernel<SameInt>(in);
  EachRow<int64_t, int64_t, int64_t>(in, [](int64_t v, int64_t digits, uint8_t* cell) {
    int64_t out = 0;
    if (!RoundInt(v, digits, &out)) *cell = kIntegerOverflow;
    return out;
  });
}
void RoundFloatsKernel(const Invocation& in) {
  if (in.arguments.size() == 1) {
    EachRow<double, double>(in, [](double v, uint8_t*) { return RoundFloat(v, 0); });
    return;
  }
  EachRow<double, double, int64_t>(
      in, [](double v, int64_t digits, uint8_t*) { return RoundFloat(v, digits); });
}

void PowerKernel(const Invocation& in) {
  EachRow<double, double, double>(
      in, [](double x, double y, uint8_t*) { return Sleef_cinz_powd1_u10purec(x, y); });
}

template <Kernel kKernel>
base::Result<TypedNode> BindFloats(Binding* b) {
  for (int i = 0; i < b->size(); ++i) ARROW_RETURN_NOT_OK(b->WantFloat(i));
  return b->Make(Kind::kFloat64, kKernel);
}

constexpr Function kFunctions[] = {
    {"abs", "abs(x: number) -> int64 | float64", "integer_overflow for the least int64", 1, 1,
     BindKeepingKind<IntsKernel<AbsInt>, FloatsKernel<AbsFloat>>},
    {"sign", "sign(x: number) -> int64 | float64", "-1, 0 or 1; NaN of NaN", 1, 1,
     BindKeepingKind<IntsKernel<SignInt>, FloatsKernel<SignFloat>>},
    {"floor", "floor(x: number) -> int64 | float64", "a float stays a float", 1, 1,
     BindKeepingKind<IntsKernel<SameInt>, FloatsKernel<FloorFloat>>},
    {"ceil", "ceil(x: number) -> int64 | float64", "a float stays a float", 1, 1,
     BindKeepingKind<IntsKernel<SameInt>, FloatsKernel<CeilFloat>>},
    {"round", "round(x: number[, digits: int64]) -> int64 | float64",
     "half to even of the exact decimal expansion, as Python's; digits may be negative; "
     "integer_overflow",
     1, 2, BindKeepingKind<RoundIntsKernel, RoundFloatsKernel>},
    {"sqrt", "sqrt(x: number) -> float64", "IEEE's; NaN below 0", 1, 1,
     BindFloats<FloatsKernel<SqrtFloat>>},
    {"exp", "exp(x: number) -> float64", "SLEEF's, within 1 ulp", 1, 1,
     BindFloats<FloatsKernel<Exp>>},
    {"ln", "ln(x: number) -> float64", "SLEEF's; -inf of 0, NaN below", 1, 1,
     BindFloats<FloatsKernel<Ln>>},
    {"log10", "log10(x: number) -> float64", "SLEEF's; -inf of 0, NaN below", 1, 1,
     BindFloats<FloatsKernel<Log10>>},
    {"power", "power(x: number, y: number) -> float64", "SLEEF's; power(0, 0) is 1", 2, 2,
     BindFloats<PowerKernel>},
};

}  // namespace

std::span<const Function> MathFunctions() {
  return kFunctions;
}

}  // namespace millrace::expr
