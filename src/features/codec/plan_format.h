// How the bytes of a plan begin. Used by the two halves of plan_codec.h alone.
#pragma once

#include <cstdint>
#include <string_view>

namespace millrace::features {

inline constexpr std::string_view kPlanMagic = "MRPLAN";
// Raised when the bytes change; other versions are refused.
inline constexpr uint8_t kPlanVersion = 1;

}  // namespace millrace::features
