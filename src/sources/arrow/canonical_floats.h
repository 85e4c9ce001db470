// CanonicalFloats: a table in which every NaN is 0x7ff8000000000000 (0x7fc00000) and every zero is
// +0, inside lists, maps and structs too (docs/semantics.md, "Bits"). Called by WriteTable; copies
// only what differs.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>

#include "base/status.h"

namespace millrace::sources {

base::Result<std::shared_ptr<arrow::Table>> CanonicalFloats(const arrow::Table& table);

}  // namespace millrace::sources
