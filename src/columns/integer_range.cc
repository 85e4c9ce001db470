#include "columns/integer_range.h"

#include <limits>

namespace millrace::columns {
namespace {

template <typename Integer>
constexpr IntegerRange Ends() {
  return {std::numeric_limits<Integer>::min(), std::numeric_limits<Integer>::max()};
}

}  // namespace

IntegerRange RangeOf(Kind kind) {
  switch (kind) {
    case Kind::kInt8:
      return Ends<int8_t>();
    case Kind::kInt16:
      return Ends<int16_t>();
    case Kind::kInt32:
    case Kind::kDate:
      return Ends<int32_t>();
    case Kind::kUInt8:
      return Ends<uint8_t>();
    case Kind::kUInt16:
      return Ends<uint16_t>();
    case Kind::kUInt32:
      return Ends<uint32_t>();
    default:
      return Ends<int64_t>();
  }
}

}  // namespace millrace::columns
