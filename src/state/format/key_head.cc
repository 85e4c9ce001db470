#include "state/format/key_head.h"

#include "base/bytes.h"

namespace millrace::state {

using base::ByteReader;
using base::ByteWriter;
using base::Result;

namespace {

constexpr uint8_t kVersion = 1;
enum Flags : uint8_t { kWholeKey = 1, kTiles = 2 };

base::Status Corrupt(const char* what) {
  return base::Error(base::codes::kCorrupt, std::string("the head of a key: ") + what);
}

}  // namespace

std::string KeyHead::Encode() const {
  ByteWriter out;
  out.U8(kVersion);
  out.U8(static_cast<uint8_t>((whole_key.empty() ? 0 : kWholeKey) | (has_tiles ? kTiles : 0)));
  if (!whole_key.empty()) out.String(whole_key);
  out.Varint(chunks);
  if (has_tiles) {
    out.SignedVarint(first_tile_block);
    out.SignedVarint(last_tile_block);
  }
  out.Varint(open_rows);
  out.Raw(open.data(), open.size());
  return out.Take();
}

Result<KeyHead> KeyHead::Decode(std::string_view bytes) {
  ByteReader in(bytes);
  KeyHead head;
  ARROW_ASSIGN_OR_RAISE(const uint8_t version, in.U8());
  if (version != kVersion) return Corrupt("its version is unknown");
  ARROW_ASSIGN_OR_RAISE(const uint8_t flags, in.U8());
  if (flags > (kWholeKey | kTiles)) return Corrupt("its flags are unknown");
  if ((flags & kWholeKey) != 0) {
    ARROW_ASSIGN_OR_RAISE(head.whole_key, in.String());
  }
  ARROW_ASSIGN_OR_RAISE(const uint64_t chunks, in.Varint());
  head.chunks = static_cast<uint32_t>(chunks);
  head.has_tiles = (flags & kTiles) != 0;
  if (head.has_tiles) {
    ARROW_ASSIGN_OR_RAISE(head.first_tile_block, in.SignedVarint());
    ARROW_ASSIGN_OR_RAISE(head.last_tile_block, in.SignedVarint());
  }
  ARROW_ASSIGN_OR_RAISE(head.open_rows, in.Varint());
  head.open = bytes.substr(bytes.size() - in.remaining());
  return head;
}

}  // namespace millrace::state
