#include "columns/float_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace millrace::columns {

namespace {

// Numbers of at most 15 digits are told apart by every double, so one that reads back, without a
// zero at its end, is the shortest. Prices and counts are such numbers. False: it is none.
bool AppendShortDecimal(double magnitude, std::string* out) {
  constexpr double kScale = 1e4;
  constexpr int kPlacesMax = 4;
  constexpr std::array<int64_t, 5> kTens = {1, 10, 100, 1'000, 10'000};
  if (!(magnitude < 1e11)) return false;
  const double scaled = magnitude * kScale;
  auto digits = static_cast<int64_t>(scaled + 0.5);
  if (static_cast<double>(digits) / kScale != magnitude) return false;
  int places = kPlacesMax;
  for (; places > 1 && digits % 10 == 0; --places) digits /= 10;
  const int64_t unit = kTens[places];
  std::array<char, 24> text;
  char* end = std::to_chars(text.data(), text.data() + text.size(), digits / unit).ptr;
  *end++ = '.';
  int64_t fraction = digits % unit;
  for (int i = places - 1; i >= 0; --i) {
    end[i] = static_cast<char>('0' + fraction % 10);
    fraction /= 10;
  }
  out->append(text.data(), end + places);
  return true;
}

}  // namespace

void AppendFloatText(double value, std::string* out) {
  if (std::isnan(value)) {
    *out += "NaN";
    return;
  }
  if (std::signbit(value)) *out += '-';
  const double magnitude = std::fabs(value);
  if (std::isinf(value)) {
    *out += "Infinity";
    return;
  }
  if (AppendShortDecimal(magnitude, out)) return;
  std::array<char, 32> text;  // d.ddde+dd
  const char* const end = std::to_chars(text.data(), text.data() + text.size(), magnitude,
                                        std::chars_format::scientific)
                              .ptr;
  const char* const e = std::find(text.cbegin(), text.cend(), 'e');
  int exponent = 0;
  std::from_chars(e[1] == '+' ? e + 2 : e + 1, end, exponent);
  if (exponent < -4 || exponent >= 16) {
    out->append(text.data(), static_cast<size_t>(end - text.data()));
    return;
  }
  // Plain notation from the same shortest digits: std::to_chars(fixed) would print all digits of a
  // large number instead.
  std::array<char, 24> digits;
  digits[0] = text[0];
  const char* const after = e == text.data() + 1 ? e : text.data() + 2;
  const auto count = static_cast<int>(std::copy(after, e, &digits[1]) - digits.data());
  if (exponent < 0) {
    out->append("0.");
    out->append(static_cast<size_t>(-exponent - 1), '0');
    out->append(digits.data(), static_cast<size_t>(count));
    return;
  }
  const int whole = std::min(count, exponent + 1);
  out->append(digits.data(), static_cast<size_t>(whole));
  out->append(static_cast<size_t>(exponent + 1 - whole), '0');
  *out += '.';
  out->append(&digits[whole], static_cast<size_t>(count - whole));
  if (count == whole) *out += '0';
}

std::string FloatText(double value) {
  std::string text;
  AppendFloatText(value, &text);
  return text;
}

std::optional<double> ParseFloat(std::string_view text) {
  if (!text.empty() && text.front() == '+') {
    text.remove_prefix(1);
    if (!text.empty() && text.front() == '-') return std::nullopt;
  }
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || text.empty()) return std::nullopt;
  if (error == std::errc()) return value;
  if (error != std::errc::result_out_of_range) return std::nullopt;
  // from_chars leaves the value alone when it is too large or too small: which one it was is seen
  // in the magnitude that a wider type reads.
  long double wide = 0;
  const auto wide_read = std::from_chars(text.data(), text.data() + text.size(), wide);
  if (wide_read.ec == std::errc()) return static_cast<double>(wide);
  const bool negative = text.front() == '-';
  const size_t e = text.find_first_of("eE");
  const bool tiny = e != std::string_view::npos && e + 1 < text.size() && text[e + 1] == '-';
  const double magnitude = tiny ? 0.0 : std::numeric_limits<double>::infinity();
  return negative ? -magnitude : magnitude;
}

}  // namespace millrace::columns
