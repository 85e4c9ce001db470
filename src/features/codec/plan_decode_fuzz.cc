// Fuzz target: no bytes make DecodePlan crash, hang or read out of bounds, and what it accepts
// encodes to the same bytes. Built by the fuzz preset alone.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "features/plan_codec.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millrace;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto plan = features::DecodePlan(bytes);
  if (plan.ok()) MILLRACE_CHECK(features::EncodePlan(**plan) == bytes);
  return 0;
}
