// CanonicalFloats: rows in which every NaN is 0x7ff8000000000000 (0x7fc00000, 0x7e00) and every
// zero is +0, inside lists, maps and structs too (docs/semantics.md, "Bits"). Called by
// TableWriter; copies only what differs.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>

#include "base/status.h"

namespace millrace::sources {

// Looks at the batch's rows alone, also where its arrays are a slice of longer ones.
base::Result<std::shared_ptr<arrow::RecordBatch>> CanonicalFloats(const arrow::RecordBatch& batch);

}  // namespace millrace::sources
