// The bytes of a constant whose type stands nowhere else: parameters of aggregates. Used by the
// plan's codec and by hashes.
#pragma once

#include "base/bytes.h"
#include "columns/value.h"

namespace millrace::features {

// A tag and the value; scalars only, anything else is written as null.
void EncodeConstant(const columns::Value& value, base::ByteWriter* out);
// Error: corrupt.
base::Result<columns::Value> DecodeConstant(base::ByteReader* in);

}  // namespace millrace::features
