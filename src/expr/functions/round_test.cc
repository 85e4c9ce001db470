// RoundFloat against the C library's exact conversions, on random and hard numbers.
#include "expr/functions/round.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "columns/float_text.h"

namespace millrace::expr {
namespace {

// printf is exact and rounds half to even. Digits before the point by the scientific form of as
// many digits as stay.
double Oracle(double value, int digits) {
  char text[2'000];
  if (digits >= 0) {
    std::snprintf(text, sizeof text, "%.*f", digits, value);
    return std::strtod(text, nullptr);
  }
  std::snprintf(text, sizeof text, "%.60f", std::fabs(value));
  const int whole = static_cast<int>(std::string_view(text).find('.'));
  const int kept = whole + digits;  // significant digits
  if (kept < 0) return 0.0;
  if (kept == 0) {  // up where it is more than half of the unit
    std::string half = "5" + std::string(static_cast<size_t>(whole) - 1, '0') + ".";
    half += std::string(60, '0');
    if (std::string_view(text) <= half) return 0.0;
    std::snprintf(text, sizeof text, "1e%d", -digits);
  } else {
    std::snprintf(text, sizeof text, "%.*e", kept - 1, std::fabs(value));
  }
  return value < 0 ? -std::strtod(text, nullptr) : std::strtod(text, nullptr);
}

double RandomFloat(std::mt19937_64* random) {
  switch ((*random)() % 4) {
    case 0:
      return std::bit_cast<double>((*random)());
    case 1:  // many ties
      return static_cast<double>(static_cast<int64_t>((*random)() % 2'000'001) - 1'000'000) / 16;
    case 2:
      return static_cast<double>(static_cast<int64_t>((*random)() % 1'000'000)) * 0.01;
    default:
      return static_cast<double>(static_cast<int64_t>((*random)())) * 5;
  }
}

TEST(Round, AsTheCLibraryPrints) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 100'000; ++i) {
    const double value = RandomFloat(&random);
    if (!std::isfinite(value)) continue;
    const bool wide = random() % 8 == 0;
    const int digits =
        wide ? static_cast<int>(random() % 1'400) - 320 : static_cast<int>(random() % 26) - 13;
    const double expected = Oracle(value, digits);
    const double rounded = RoundFloat(value, digits);
    ASSERT_EQ(rounded, expected) << columns::FloatText(value) << " to " << digits;
  }
}

}  // namespace
}  // namespace millrace::expr
