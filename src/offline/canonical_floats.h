// Canonical NaN and zero in the columns that a training set passes through (docs/semantics.md,
// "Bits").
#pragma once

#include <arrow/type_fwd.h>

#include <memory>

#include "base/status.h"

namespace millrace::offline {

// The same array with one NaN and no -0.0, in lists, structs, maps and dictionaries too; the very
// same one when there is nothing to change.
base::Result<std::shared_ptr<arrow::ChunkedArray>> CanonicalFloats(
    const std::shared_ptr<arrow::ChunkedArray>& array);

}  // namespace millrace::offline
