// + - * / % div floor_div floor_mod and unary minus: int64 with overflow as an error cell, float64
// in IEEE's order, instants and durations in microseconds. Dividing by zero gives null.
#include <cmath>

#include "expr/functions/function.h"

namespace millrace::expr {
namespace {

using columns::Kind;
using columns::kIntegerOverflow;
using columns::kNullCell;
using columns::Type;

// Each operator on int64 (sets *cell) and on float64.
struct Add {
  static int64_t Ints(int64_t a, int64_t b, uint8_t* cell) {
    int64_t result = 0;
    if (__builtin_add_overflow(a, b, &result)) *cell = kIntegerOverflow;
    return result;
  }
  static double Floats(double a, double b, uint8_t*) { return a + b; }
};

struct Subtract {
  static int64_t Ints(int64_t a, int64_t b, uint8_t* cell) {
    int64_t result = 0;
    if (__builtin_sub_overflow(a, b, &result)) *cell = kIntegerOverflow;
    return result;
  }
  static double Floats(double a, double b, uint8_t*) { return a - b; }
};

struct Multiply {
  static int64_t Ints(int64_t a, int64_t b, uint8_t* cell) {
    int64_t result = 0;
    if (__builtin_mul_overflow(a, b, &result)) *cell = kIntegerOverflow;
    return result;
  }
  static double Floats(double a, double b, uint8_t*) { return a * b; }
};

// The remainder with the sign of the dividend, and the quotient that goes with it.
struct Truncating {
  static int64_t Mod(int64_t a, int64_t b) { return b == -1 ? 0 : a % b; }
  static int64_t Div(int64_t a, int64_t b) { return a / b; }
  static double Mod(double a, double b) { return std::fmod(a, b); }
};

// The remainder with the sign of the divisor, as Python's.
struct Flooring {
  static int64_t Mod(int64_t a, int64_t b) {
    const int64_t r = Truncating::Mod(a, b);
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
  }
  static int64_t Div(int64_t a, int64_t b) {
    return a / b - ((a % b != 0 && (a < 0) != (b < 0)) ? 1 : 0);
  }
  static double Mod(double a, double b) {
    const double r = std::fmod(a, b);
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
  }
};

template <class Rounding>
struct Remainder {
  static int64_t Ints(int64_t a, int64_t b, uint8_t* cell) {
    if (b != 0) return Rounding::Mod(a, b);
    *cell = kNullCell;
    return 0;
  }
  static double Floats(double a, double b, uint8_t* cell) {
    if (b != 0) return Rounding::Mod(a, b);
    *cell = kNullCell;
    return 0;
  }
};

template <class Rounding>
struct Quotient {
  static int64_t Ints(int64_t a, int64_t b, uint8_t* cell) {
    if (b == 0) {
      *cell = kNullCell;
      return 0;
    }
    if (b != -1) return Rounding::Div(a, b);
    return Subtract::Ints(0, a, cell);  // the one quotient that overflows
  }
  // Python's float_divmod (Objects/floatobject.c): the quotient of what the remainder leaves, which
  // is a whole number but for rounding.
  static double Floats(double a, double b, uint8_t* cell) {
    if (b == 0) {
      *cell = kNullCell;
      return 0;
    }
    const double quotient = (a - Rounding::Mod(a, b)) / b;
    const double floor = std::floor(quotient);
    return quotient - floor > 0.5 ? floor + 1.0 : floor;
  }
};

template <class Op>
void IntsKernel(const Invocation& in) {
  EachRow<int64_t, int64_t, int64_t>(
      in, [](int64_t a, int64_t b, uint8_t* cell) { return Op::Ints(a, b, cell); });
}
template <class Op>
void FloatsKernel(const Invocation& in) {
  EachRow<double, double, double>(
      in, [](double a, double b, uint8_t* cell) { return Op::Floats(a, b, cell); });
}
void DivideKernel(const Invocation& in) {
  EachRow<double, double, double>(in, [](double a, double b, uint8_t* cell) {
    if (b == 0) *cell = kNullCell;
    return b == 0 ? 0.0 : a / b;
  });
}
void DivideDurationsKernel(const Invocation& in) {
  EachRow<double, int64_t, int64_t>(in, [](int64_t a, int64_t b, uint8_t* cell) {
    if (b == 0) *cell = kNullCell;
    return b == 0 ? 0.0 : static_cast<double>(a) / static_cast<double>(b);
  });
}

// Integers stay int64 unless a float is among them.
template <class Op>
base::Result<TypedNode> BindNumbers(Binding* b) {
  const bool floats = b->type(0).is_float() || b->type(1).is_float() ||
                      (b->type(0).is_null() && b->type(1).is_null());
  for (int i : {0, 1}) {
    ARROW_RETURN_NOT_OK(b->WantNumber(i));
    ARROW_RETURN_NOT_OK(floats ? b->WantFloat(i) : base::Status::OK());
  }
  if (floats) return b->Make(Kind::kFloat64, FloatsKernel<Op>);
  for (int i : {0, 1}) ARROW_RETURN_NOT_OK(b->WantInteger(i));
  return b->Make(Kind::kInt64, IntsKernel<Op>);
}

// Null beside a number is of its type.
base::Status TypeNulls(Binding* b) {
  for (int i : {0, 1}) {
    const Type& other = b->type(1 - i);
    if (b->type(i).is_null() && other.is_numeric()) {
      ARROW_RETURN_NOT_OK(b->Want(i, other.is_float() ? Kind::kFloat64 : Kind::kInt64));
    }
  }
  return base::Status::OK();
}

template <class Op>
base::Result<TypedNode> BindArithmetic(Binding* b) {
  ARROW_RETURN_NOT_OK(TypeNulls(b));
  return BindNumbers<Op>(b);
}

bool Has(const Binding& b, Kind kind) {
  return b.type(0).kind() == kind || b.type(1).kind() == kind;
}

base::Status RefuseDates(const Binding& b) {
  for (int i : {0, 1}) {
    if (b.type(i).kind() != Kind::kDate) continue;
    return ErrorAt(b.written(i), base::codes::kTypeMismatch,
                   "found date, expected a number, timestamp or duration",
                   "cast(… as timestamp), or date_diff('day', a, b)");
  }
  return base::Status::OK();
}

base::Result<TypedNode> BindAdd(Binding* b) {
  ARROW_RETURN_NOT_OK(RefuseDates(*b));
  if (Has(*b, Kind::kTimestamp)) {
    const int duration = b->type(0).kind() == Kind::kTimestamp ? 1 : 0;
    ARROW_RETURN_NOT_OK(b->Want(duration, Kind::kDuration));
    return b->Make(Kind::kTimestamp, IntsKernel<Add>);
  }
  if (Has(*b, Kind::kDuration)) {
    for (int i : {0, 1}) ARROW_RETURN_NOT_OK(b->Want(i, Kind::kDuration));
    return b->Make(Kind::kDuration, IntsKernel<Add>);
  }
  return BindArithmetic<Add>(b);
}

base::Result<TypedNode> BindSubtract(Binding* b) {
  if (b->size() == 1) {
    const bool duration = b->type(0).kind() == Kind::kDuration;
    const bool integer = duration || b->type(0).is_integer();
    ARROW_RETURN_NOT_OK(duration ? base::Status::OK() : b->WantNumber(0));
    ARROW_RETURN_NOT_OK(duration  ? base::Status::OK()
                        : integer ? b->WantInteger(0)
                                  : b->WantFloat(0));
    const Kind kind = duration ? Kind::kDuration : integer ? Kind::kInt64 : Kind::kFloat64;
    return b->Make(kind, integer ? Kernel([](const Invocation& in) {
                     EachRow<int64_t, int64_t>(
                         in, [](int64_t v, uint8_t* cell) { return Subtract::Ints(0, v, cell); });
                   })
                                 : Kernel([](const Invocation& in) {
                                     EachRow<double, double>(in,
                                                             [](double v, uint8_t*) { return -v; });
                                   }));
  }
  ARROW_RETURN_NOT_OK(RefuseDates(*b));
  if (b->type(0).kind() == Kind::kTimestamp && b->type(1).kind() != Kind::kTimestamp) {
    ARROW_RETURN_NOT_OK(b->Want(1, Kind::kDuration));
    return b->Make(Kind::kTimestamp, IntsKernel<Subtract>);
  }
  if (b->type(1).kind() == Kind::kTimestamp) {
    ARROW_RETURN_NOT_OK(b->Want(0, Kind::kTimestamp));
    return b->Make(Kind::kDuration, IntsKernel<Subtract>);
  }
  if (Has(*b, Kind::kDuration)) {
    for (int i : {0, 1}) ARROW_RETURN_NOT_OK(b->Want(i, Kind::kDuration));
    return b->Make(Kind::kDuration, IntsKernel<Subtract>);
  }
  return BindArithmetic<Subtract>(b);
}

base::Result<TypedNode> BindMultiply(Binding* b) {
  if (!Has(*b, Kind::kDuration)) return BindArithmetic<Multiply>(b);
  ARROW_RETURN_NOT_OK(b->WantInteger(b->type(0).kind() == Kind::kDuration ? 1 : 0));
  return b->Make(Kind::kDuration, IntsKernel<Multiply>);
}

base::Result<TypedNode> BindDivide(Binding* b) {
  if (Has(*b, Kind::kDuration)) {
    for (int i : {0, 1}) ARROW_RETURN_NOT_OK(b->Want(i, Kind::kDuration));
    return b->Make(Kind::kFloat64, DivideDurationsKernel);
  }
  for (int i : {0, 1}) ARROW_RETURN_NOT_OK(b->WantFloat(i));
  return b->Make(Kind::kFloat64, DivideKernel);
}

constexpr std::string_view kByZero = "null where y is 0";

constexpr Function kFunctions[] = {
    {"+",
     "x + y: number, number -> int64 | float64; timestamp, duration -> timestamp; duration, "
     "duration -> duration",
     "integers overflow to the error integer_overflow", 2, 2, BindAdd, true},
    {"-",
     "x - y: number, number -> int64 | float64; timestamp, duration -> timestamp; timestamp, "
     "timestamp -> duration; duration, duration -> duration; -x: number -> int64 | float64; "
     "duration -> duration",
     "integers overflow to the error integer_overflow", 1, 2, BindSubtract, true},
    {"*",
     "x * y: number, number -> int64 | float64; int64, duration -> duration; duration, int64 -> "
     "duration",
     "integers overflow to the error integer_overflow", 2, 2, BindMultiply, true},
    {"/", "x / y: number, number -> float64; duration, duration -> float64", kByZero, 2, 2,
     BindDivide, true},
    {"%", "x % y: number, number -> int64 | float64",
     "the remainder of `div`, with the sign of x; null where y is 0", 2, 2,
     BindArithmetic<Remainder<Truncating>>, true},
    {"div", "div(x: number, y: number) -> int64 | float64",
     "the quotient towards zero, also written x div y; null where y is 0; integer_overflow", 2, 2,
     BindArithmetic<Quotient<Truncating>>},
    {"floor_div", "floor_div(x: number, y: number) -> int64 | float64",
     "Python's x // y; null where y is 0; integer_overflow", 2, 2,
     BindArithmetic<Quotient<Flooring>>},
    {"floor_mod", "floor_mod(x: number, y: number) -> int64 | float64",
     "Python's x % y, with the sign of y; null where y is 0", 2, 2,
     BindArithmetic<Remainder<Flooring>>},
};

}  // namespace

std::span<const Function> ArithmeticFunctions() {
  return kFunctions;
}

}  // namespace millrace::expr
