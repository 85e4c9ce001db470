// Constants as a tag byte and their value.
#include "features/codec/constant.h"

#include <string>

namespace millrace::features {
namespace {

enum Tag : uint8_t { kNull, kBool, kInt, kUInt, kFloat, kString };

}  // namespace

void EncodeConstant(const columns::Value& value, base::ByteWriter* out) {
  if (value.holds_int()) {
    out->U8(kInt);
    out->SignedVarint(value.as_int());
  } else if (value.holds_uint()) {
    out->U8(kUInt);
    out->Varint(value.as_uint());
  } else if (value.holds_float()) {
    out->U8(kFloat);
    out->Float64(value.as_float());
  } else if (value.holds_string()) {
    out->U8(kString);
    out->String(value.as_string());
  } else if (columns::SameBits(value, columns::Value(true)) ||
             columns::SameBits(value, columns::Value(false))) {
    out->U8(kBool);
    out->U8(value.as_bool() ? 1 : 0);
  } else {
    out->U8(kNull);
  }
}

base::Result<columns::Value> DecodeConstant(base::ByteReader* in) {
  ARROW_ASSIGN_OR_RAISE(const uint8_t tag, in->U8());
  switch (tag) {
    case kNull:
      return columns::Value();
    case kBool: {
      ARROW_ASSIGN_OR_RAISE(const uint8_t value, in->U8());
      return columns::Value(value != 0);
    }
    case kInt: {
      ARROW_ASSIGN_OR_RAISE(const int64_t value, in->SignedVarint());
      return columns::Value(value);
    }
    case kUInt: {
      ARROW_ASSIGN_OR_RAISE(const uint64_t value, in->Varint());
      return columns::Value(value);
    }
    case kFloat: {
      ARROW_ASSIGN_OR_RAISE(const double value, in->Float64());
      return columns::Value(value);
    }
    case kString: {
      ARROW_ASSIGN_OR_RAISE(const std::string_view value, in->String());
      return columns::Value(std::string(value));
    }
    default:
      return base::Error(base::codes::kCorrupt, "a constant's tag is unknown");
  }
}

}  // namespace millrace::features
