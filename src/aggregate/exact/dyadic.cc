// Exact numbers of any size: schoolbook arithmetic over 64-bit limbs. Numbers of a feature have a
// few limbs; the hardest ones (fourth powers from 5e-324 to 1e308) have about 140.
#include "aggregate/exact/dyadic.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace millrace::aggregate::exact {
namespace {

using uint128_t = unsigned __int128;

// magnitude << bits, bits >= 0.
Limbs ShiftLeft(const Limbs& magnitude, int64_t bits) {
  const size_t whole = static_cast<size_t>(bits / 64);
  const int part = static_cast<int>(bits % 64);
  Limbs shifted(whole + magnitude.size() + 1, 0);
  for (size_t i = 0; i < magnitude.size(); ++i) {
    const uint128_t wide = static_cast<uint128_t>(magnitude[i]) << part;
    shifted[whole + i] |= static_cast<uint64_t>(wide);
    shifted[whole + i + 1] |= static_cast<uint64_t>(wide >> 64);
  }
  return shifted;
}

Limbs AddMagnitudes(const Limbs& a, const Limbs& b) {
  const Limbs& longer = a.size() >= b.size() ? a : b;
  const Limbs& shorter = a.size() >= b.size() ? b : a;
  Limbs sum(longer.size() + 1, 0);
  uint64_t carry = 0;
  for (size_t i = 0; i < longer.size(); ++i) {
    const uint128_t wide =
        static_cast<uint128_t>(longer[i]) + (i < shorter.size() ? shorter[i] : 0) + carry;
    sum[i] = static_cast<uint64_t>(wide);
    carry = static_cast<uint64_t>(wide >> 64);
  }
  sum[longer.size()] = carry;
  return sum;
}

uint64_t LimbAt(const Limbs& limbs, size_t i) {
  return i < limbs.size() ? limbs[i] : 0;
}

int CompareMagnitudes(const Limbs& a, const Limbs& b) {
  for (size_t i = std::max(a.size(), b.size()); i-- > 0;) {
    if (LimbAt(a, i) != LimbAt(b, i)) return LimbAt(a, i) < LimbAt(b, i) ? -1 : 1;
  }
  return 0;
}

// REQUIRES: a >= b.
Limbs SubtractMagnitudes(const Limbs& a, const Limbs& b) {
  Limbs difference(a.size(), 0);
  uint64_t borrow = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const uint128_t wide = static_cast<uint128_t>(a[i]) - LimbAt(b, i) - borrow;
    difference[i] = static_cast<uint64_t>(wide);
    borrow = (wide >> 64) != 0 ? 1 : 0;
  }
  return difference;
}

}  // namespace

Dyadic::Dyadic(Limbs magnitude, int64_t exponent, bool negative)
    : magnitude_(std::move(magnitude)), exponent_(exponent), negative_(negative) {
  Normalize();
}

void Dyadic::Normalize() {
  while (!magnitude_.empty() && magnitude_.back() == 0) magnitude_.pop_back();
  size_t zeros = 0;
  while (zeros < magnitude_.size() && magnitude_[zeros] == 0) ++zeros;
  if (zeros > 0) {
    magnitude_.erase(magnitude_.begin(), magnitude_.begin() + static_cast<std::ptrdiff_t>(zeros));
    exponent_ += static_cast<int64_t>(zeros) * 64;
  }
  if (magnitude_.empty()) {
    exponent_ = 0;
    negative_ = false;
  }
}

Dyadic Dyadic::FromInt(int64_t value) {
  return FromInt128(value);
}

Dyadic Dyadic::FromUInt(uint64_t value) {
  return Dyadic(Limbs{value}, 0, false);
}

Dyadic Dyadic::FromInt128(__int128 value) {
  const bool negative = value < 0;
  const uint128_t magnitude =
      negative ? -static_cast<uint128_t>(value) : static_cast<uint128_t>(value);
  return Dyadic(Limbs{static_cast<uint64_t>(magnitude), static_cast<uint64_t>(magnitude >> 64)}, 0,
                negative);
}

Dyadic Dyadic::FromFloat(double value) {
  const uint64_t bits = std::bit_cast<uint64_t>(value);
  const int biased = static_cast<int>((bits >> 52) & 0x7ff);
  uint64_t mantissa = bits & ((uint64_t{1} << 52) - 1);
  if (biased != 0) mantissa |= uint64_t{1} << 52;
  return Dyadic(Limbs{mantissa}, std::max(biased, 1) - 1075, (bits >> 63) != 0);
}

int64_t Dyadic::BitLength() const {
  if (is_zero()) return 0;
  return static_cast<int64_t>(magnitude_.size()) * 64 - std::countl_zero(magnitude_.back());
}

Dyadic Dyadic::Odd() const {
  if (is_zero()) return *this;
  const int zeros = std::countr_zero(magnitude_.front());
  if (zeros == 0) return *this;
  Dyadic odd = *this;
  for (size_t i = 0; i < magnitude_.size(); ++i) {
    const uint128_t wide =
        (static_cast<uint128_t>(LimbAt(magnitude_, i + 1)) << 64) | magnitude_[i];
    odd.magnitude_[i] = static_cast<uint64_t>(wide >> zeros);
  }
  odd.exponent_ += zeros;
  odd.Normalize();
  return odd;
}

Dyadic Dyadic::Scaled(int64_t power) const {
  Dyadic scaled = *this;
  if (!is_zero()) scaled.exponent_ += power;
  return scaled;
}

Dyadic Dyadic::Negated() const {
  Dyadic negated = *this;
  if (!is_zero()) negated.negative_ = !negative_;
  return negated;
}

Dyadic operator+(const Dyadic& a, const Dyadic& b) {
  if (a.is_zero()) return b;
  if (b.is_zero()) return a;
  const Dyadic& low = a.exponent_ <= b.exponent_ ? a : b;
  const Dyadic& high = a.exponent_ <= b.exponent_ ? b : a;
  const Limbs raised = ShiftLeft(high.magnitude_, high.exponent_ - low.exponent_);
  if (low.negative_ == high.negative_) {
    return Dyadic(AddMagnitudes(low.magnitude_, raised), low.exponent_, low.negative_);
  }
  if (CompareMagnitudes(raised, low.magnitude_) >= 0) {
    return Dyadic(SubtractMagnitudes(raised, low.magnitude_), low.exponent_, high.negative_);
  }
  return Dyadic(SubtractMagnitudes(low.magnitude_, raised), low.exponent_, low.negative_);
}

Dyadic operator*(const Dyadic& a, const Dyadic& b) {
  if (a.is_zero() || b.is_zero()) return Dyadic();
  Limbs product(a.magnitude_.size() + b.magnitude_.size(), 0);
  for (size_t i = 0; i < a.magnitude_.size(); ++i) {
    uint64_t carry = 0;
    for (size_t j = 0; j < b.magnitude_.size(); ++j) {
      const uint128_t wide =
          static_cast<uint128_t>(a.magnitude_[i]) * b.magnitude_[j] + product[i + j] + carry;
      product[i + j] = static_cast<uint64_t>(wide);
      carry = static_cast<uint64_t>(wide >> 64);
    }
    product[i + b.magnitude_.size()] = carry;
  }
  return Dyadic(std::move(product), a.exponent_ + b.exponent_, a.negative_ != b.negative_);
}

void Dyadic::Encode(base::ByteWriter* out) const {
  const Dyadic odd = Odd();
  const uint64_t bytes = static_cast<uint64_t>((odd.BitLength() + 7) / 8);
  out->Varint(bytes << 1 | (odd.negative_ ? 1 : 0));
  if (bytes == 0) return;
  out->SignedVarint(odd.exponent_);
  for (uint64_t i = 0; i < bytes; ++i) {
    out->U8(static_cast<uint8_t>(odd.magnitude_[i / 8] >> (i % 8 * 8)));
  }
}

base::Result<Dyadic> Dyadic::Decode(int64_t low_bit, int64_t high_bit, base::ByteReader* in) {
  const auto corrupt = [] {
    return base::Error(base::codes::kCorrupt, "an exact number of a state is malformed");
  };
  ARROW_ASSIGN_OR_RAISE(const uint64_t head, in->Varint());
  const uint64_t size = head >> 1;
  if (size == 0) return head == 0 ? base::Result<Dyadic>(Dyadic()) : corrupt();
  ARROW_ASSIGN_OR_RAISE(const int64_t exponent, in->SignedVarint());
  ARROW_ASSIGN_OR_RAISE(const std::string_view bytes, in->Raw(size));
  if (exponent < low_bit || exponent >= high_bit) return corrupt();
  if ((bytes.front() & 1) == 0 || bytes.back() == 0) return corrupt();
  Limbs limbs((size + 7) / 8, 0);
  for (uint64_t i = 0; i < size; ++i) {
    limbs[i / 8] |= static_cast<uint64_t>(static_cast<uint8_t>(bytes[i])) << (i % 8 * 8);
  }
  Dyadic number(std::move(limbs), exponent, (head & 1) != 0);
  if (number.BitLength() > high_bit - exponent) return corrupt();
  return number;
}

}  // namespace millrace::aggregate::exact
