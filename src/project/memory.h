// Amounts of memory as people write them: "4GiB".
#pragma once

#include <cstdint>
#include <string_view>

#include "base/status.h"

namespace millrace::project {

// "4GiB", "512 MiB", "1.5GB", "1000000": a positive number and a unit of B, KB, MB, GB, TB (powers
// of 1000) or KiB, MiB, GiB, TiB (of 1024), in any case; bytes without one. Error: bad_value.
base::Result<int64_t> ParseMemory(std::string_view text);

}  // namespace millrace::project
