// FloatRepr: a float64 as Python's repr writes it, without allocating.
#pragma once

#include <array>
#include <string_view>

namespace millrace::expr {

// "1.0", "0.1", "1e+16", "1e-05", "nan", "inf", "-inf"; -0.0 is "0.0", as everywhere here.
class FloatRepr {
 public:
  explicit FloatRepr(double value);
  std::string_view text() const { return {buffer_.data(), size_}; }

 private:
  void Append(char c) { buffer_[size_++] = c; }

  std::array<char, 40> buffer_;
  size_t size_ = 0;
};

}  // namespace millrace::expr
