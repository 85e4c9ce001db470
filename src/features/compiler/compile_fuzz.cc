// Fuzz target: no text of a definition file makes Compile crash, hang or read out of bounds; what
// it accepts survives the plan's codec. Built by the fuzz preset alone.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "features/compiler/definition_testing.h"
#include "features/plan_codec.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millrace;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto alone = features::Compile("p", {{"a.yaml", text}}, {});
  const auto plan = features::CompileShop(text);
  if (!plan.ok()) return 0;
  const std::string bytes = features::EncodePlan(**plan);
  const auto decoded = features::DecodePlan(bytes);
  MILLRACE_CHECK(decoded.ok());
  return 0;
}
