// KeyHead: the first thing that is read of a key: its open rows, and what else there is of it
// (docs/formats/store.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace millrace::state {

struct KeyHead {
  std::string_view whole_key;  // of a key that is cut (KeyRows::is_cut); else empty
  uint32_t chunks = 0;         // that were ever closed; the next one's number
  bool has_tiles = false;
  int64_t first_tile_block = 0;  // both ends included
  int64_t last_tile_block = 0;
  uint64_t open_rows = 0;
  std::string_view open;  // their bytes (row_bytes.h)

  // Points into `bytes`. Error: corrupt.
  static base::Result<KeyHead> Decode(std::string_view bytes);
  std::string Encode() const;
};

}  // namespace millrace::state
