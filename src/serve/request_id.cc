#include "serve/request_id.h"

#include <algorithm>
#include <array>
#include <random>

namespace millrace::serve {
namespace {

constexpr size_t kSentMax = 128;

std::mt19937_64& Random() {
  thread_local std::mt19937_64 random = [] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }();
  return random;
}

}  // namespace

std::string RequestId(std::string_view sent) {
  const auto visible = [](char c) { return c > ' ' && c < '\x7f'; };
  if (!sent.empty() && sent.size() <= kSentMax && std::all_of(sent.begin(), sent.end(), visible)) {
    return std::string(sent);
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  std::array<char, 16> digits;
  uint64_t bits = Random()();
  for (char& digit : digits) {
    digit = kHex[bits & 15];
    bits >>= 4;
  }
  return {digits.data(), digits.size()};
}

}  // namespace millrace::serve
