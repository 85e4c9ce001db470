// approx_nunique: HyperLogLog with 2^12 registers over XXH3-64 of canonical bytes, read by Ertl's
// improved estimator (arXiv 1702.01284, algorithm 6, q = 52).
#include <xxhash.h>

#include <array>
#include <cmath>
#include <string>

#include "reference/aggregate.h"

namespace millrace::reference {
namespace {

constexpr int kRegisters = 4096;
constexpr int kQ = 52;

void AppendEight(uint64_t bits, std::string* out) {
  for (int i = 0; i < 8; ++i) out->push_back(static_cast<char>(bits >> (8 * i)));
}

// A null element of a list adds nothing to its length.
void AppendCanonical(const Value& value, const Type& type, std::string* out) {
  if (value.is_null()) return;
  switch (type.physical()) {
    case columns::Physical::kNone:
      return;
    case columns::Physical::kBool:
      out->push_back(value.as_bool() ? 1 : 0);
      return;
    case columns::Physical::kInt:
      AppendEight(static_cast<uint64_t>(value.as_int()), out);
      return;
    case columns::Physical::kUInt:
      AppendEight(value.as_uint(), out);
      return;
    case columns::Physical::kFloat: {
      double canonical = Canonical(value).as_float();
      uint64_t bits = 0;
      memcpy(&bits, &canonical, sizeof bits);
      AppendEight(std::isnan(canonical) ? 0x7ff8000000000000U : bits, out);
      return;
    }
    case columns::Physical::kString:
      out->append(value.as_string());
      return;
    case columns::Physical::kList:
      AppendEight(value.as_list().size(), out);
      for (const Value& element : value.as_list()) AppendCanonical(element, type.element(), out);
      return;
    case columns::Physical::kMap:
      AppendEight(value.as_map().size(), out);
      for (const auto& [key, entry] : value.as_map()) {
        AppendCanonical(key, type.key(), out);
        AppendCanonical(entry, type.element(), out);
      }
      return;
  }
}

double Sigma(double x) {
  if (x == 1.0) return INFINITY;
  double y = 1;
  double z = x;
  double before = 0;
  do {
    x = x * x;
    before = z;
    z = z + x * y;
    y = y + y;
  } while (z != before);
  return z;
}

double Tau(double x) {
  if (x == 0.0 || x == 1.0) return 0.0;
  double y = 1;
  double z = 1 - x;
  double before = 0;
  do {
    x = std::sqrt(x);
    before = z;
    y = 0.5 * y;
    z = z - (1 - x) * (1 - x) * y;
  } while (z != before);
  return z / 3;
}

}  // namespace

Cell ApproxDistinct(const Question& q) {
  std::array<int, kRegisters> registers{};
  for (const Row& row : q.rows) {
    std::string bytes;
    AppendCanonical(row.value, q.call.input, &bytes);
    uint64_t hash = XXH3_64bits(bytes.data(), bytes.size());
    auto index = static_cast<size_t>(hash >> kQ);
    int rank = 1;
    for (int bit = kQ - 1; bit >= 0 && ((hash >> bit) & 1) == 0; --bit) ++rank;
    registers[index] = std::max(registers[index], rank);
  }
  std::array<int, kQ + 2> counts{};
  for (int rank : registers) ++counts[static_cast<size_t>(rank)];
  const double m = kRegisters;
  double z = m * Tau(1 - counts[kQ + 1] / m);
  for (size_t k = kQ; k >= 1; --k) z = 0.5 * (z + counts[k]);
  z = z + m * Sigma(counts[0] / m);
  const double alpha = 0.721347520444481703680;  // 1 / (2 ln 2)
  return Value(static_cast<int64_t>(std::nearbyint(alpha * m * m / z)));
}

}  // namespace millrace::reference
