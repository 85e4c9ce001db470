#include "expr/functions/float_repr.h"

#include <charconv>
#include <cmath>
#include <cstring>

namespace millrace::expr {
namespace {

// The shortest digits that read back, and the power of ten of the first of them.
struct Digits {
  std::array<char, 20> text;
  int count = 0;
  int exponent = 0;
};

Digits ShortestDigits(double magnitude) {
  std::array<char, 32> scientific;  // d.ddde+dd
  const auto end = std::to_chars(scientific.data(), scientific.data() + scientific.size(),
                                 magnitude, std::chars_format::scientific)
                       .ptr;
  Digits digits;
  const char* at = scientific.data();
  for (; *at != 'e'; ++at) {
    if (*at != '.') digits.text[digits.count++] = *at;
  }
  ++at;
  if (*at == '+') ++at;
  std::from_chars(at, end, digits.exponent);
  return digits;
}

}  // namespace

FloatRepr::FloatRepr(double value) {
  if (std::isnan(value)) {
    for (const char c : std::string_view("nan")) Append(c);
    return;
  }
  if (value < 0) Append('-');
  if (std::isinf(value)) {
    for (const char c : std::string_view("inf")) Append(c);
    return;
  }
  const Digits digits = ShortestDigits(std::fabs(value));
  const int exponent = digits.exponent;
  if (exponent < -4 || exponent >= 16) {
    Append(digits.text[0]);
    if (digits.count > 1) Append('.');
    for (int i = 1; i < digits.count; ++i) Append(digits.text[i]);
    Append('e');
    Append(exponent < 0 ? '-' : '+');
    const int size = std::abs(exponent);
    if (size < 10) Append('0');
    size_ = static_cast<size_t>(
        std::to_chars(buffer_.data() + size_, buffer_.data() + buffer_.size(), size).ptr -
        buffer_.data());
    return;
  }
  for (int i = exponent < 0 ? exponent : 0; i < digits.count || i <= exponent + 1; ++i) {
    Append(i >= 0 && i < digits.count ? digits.text[i] : '0');
    if (i == exponent) Append('.');
  }
}

}  // namespace millrace::expr
