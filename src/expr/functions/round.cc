#include "expr/functions/round.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <string_view>

namespace millrace::expr {
namespace {

constexpr int64_t kFractionDigitsMax = 1'074;  // of 2^-1074; then the expansion ends
constexpr int64_t kWholeDigitsMax = 309;
constexpr size_t kExpansionBytes = kWholeDigitsMax + kFractionDigitsMax + 8;

double Read(const char* first, const char* last) {
  double value = 0;
  const auto read = std::from_chars(first, last, value);
  return read.ec == std::errc() ? value : std::numeric_limits<double>::infinity();
}

// `count` > 0 digits before the point go. Works on the exact expansion of a magnitude.
double RoundTens(double magnitude, int64_t count) {
  // A float64 of at least 1 has at most 52 digits behind the point; a smaller one rounds to 0 here.
  if (magnitude < 1) return 0.0;
  std::array<char, kExpansionBytes> text;
  char* end =
      std::to_chars(text.begin() + 1, text.end(), magnitude, std::chars_format::fixed, 52).ptr;
  text[0] = '0';  // for a carry
  char* const point = std::find(text.begin(), end, '.');
  const int64_t whole = point - text.begin() - 1;
  if (count > whole) return 0.0;
  char* const first_gone = point - count;
  const auto is_zero = [](char c) { return c == '0' || c == '.'; };
  const bool tie = *first_gone == '5' && std::all_of(first_gone + 1, end, is_zero);
  const bool odd = (*(first_gone - 1) - '0') % 2 == 1;
  const bool up = tie ? odd : *first_gone >= '5';
  std::fill(first_gone, point, '0');
  if (up) {
    char* digit = first_gone - 1;
    while (*digit == '9') *digit-- = '0';
    ++*digit;
  }
  return Read(text.begin(), point);
}

}  // namespace

double RoundFloat(double value, int64_t digits) {
  if (!std::isfinite(value) || value == 0) return value;
  if (digits >= kFractionDigitsMax) return value;
  if (digits == 0) return std::nearbyint(value);  // half to even, and exact
  const double magnitude = std::fabs(value);
  double rounded = 0;
  if (digits < 0) {
    rounded = digits < -kWholeDigitsMax ? 0.0 : RoundTens(magnitude, -digits);
  } else {
    if (magnitude >= 0x1p52) return value;  // whole already
    std::array<char, kExpansionBytes> text;
    // std::to_chars with a precision is exact and rounds half to even.
    const auto written = std::to_chars(text.begin(), text.end(), magnitude,
                                       std::chars_format::fixed, static_cast<int>(digits));
    rounded = Read(text.begin(), written.ptr);
  }
  return value < 0 ? -rounded : rounded;
}

bool RoundInt(int64_t value, int64_t digits, int64_t* out) {
  *out = value;
  if (digits >= 0 || value == 0) return true;
  constexpr int64_t kDigitsMax = 19;  // of int64
  *out = 0;
  if (digits < -kDigitsMax) return true;
  __int128 unit = 1;
  for (int64_t i = digits; i < 0; ++i) unit *= 10;
  const __int128 magnitude = value < 0 ? -static_cast<__int128>(value) : value;
  const __int128 down = magnitude / unit;
  const __int128 twice = (magnitude % unit) * 2;
  const bool up = twice > unit || (twice == unit && down % 2 == 1);
  const __int128 rounded = (down + (up ? 1 : 0)) * unit * (value < 0 ? -1 : 1);
  if (rounded < INT64_MIN || rounded > INT64_MAX) return false;
  *out = static_cast<int64_t>(rounded);
  return true;
}

}  // namespace millrace::expr
