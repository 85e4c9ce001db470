// The canonical bytes of a FeaturePlan (docs/formats/plan.md): equal plans have equal bytes; a
// decoded plan is equal to the encoded one and needs no file or schema to be made.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "features/plan.h"

namespace millrace::features {

std::string EncodePlan(const FeaturePlan& plan);
// Error: corrupt.
base::Result<std::shared_ptr<const FeaturePlan>> DecodePlan(std::string_view bytes);

}  // namespace millrace::features
