// Numbers are big-endian, so that rows lie in their order; a signed one with its sign bit flipped.
#include "state/format/store_keys.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/hash.h"

namespace millrace::state {

namespace {

constexpr size_t kEntityBytesMax = 400;  // of a store's 511
constexpr char kDescription = '\0';      // what describes the store
constexpr char kRows = '\1';
constexpr size_t kTablePrefixBytes = 5;
constexpr size_t kSuffixBytesMax = 17;  // a hash, and what a row of a key is called
constexpr char kWhole = '\0';
constexpr char kCut = '\1';
constexpr char kHead = 'H';

template <typename T>
void AppendBigEndian(T value, std::string* out) {
  for (int shift = static_cast<int>(sizeof(T)) * 8 - 8; shift >= 0; shift -= 8) {
    out->push_back(static_cast<char>((value >> shift) & 0xff));
  }
}

std::string Described(std::string_view what) {
  return kDescription + std::string(what);
}

// What all rows of an entity key begin with.
void AppendPrefix(uint32_t table, std::string_view entity_key, std::string* out) {
  *out += kRows;
  AppendBigEndian(table, out);
  if (entity_key.size() <= kEntityBytesMax) {
    *out += kWhole;
    out->append(entity_key);
    return;
  }
  *out += kCut;
  out->append(entity_key.substr(0, kEntityBytesMax));
  AppendBigEndian(base::Hash64(entity_key), out);
}

std::string PlaceKey(uint32_t table, char kind, std::string_view name) {
  std::string key = PlacesPrefix(table);
  key += kind;
  if (name.size() <= kEntityBytesMax) return key.append(name);
  key.append(name.substr(0, kEntityBytesMax));
  return key + base::Hex(base::Hash64(name));
}

}  // namespace

std::string ProjectKey() {
  return Described("project");
}
std::string CommitKey() {
  return Described("commit");
}
std::string CatalogKey() {
  return Described("catalog");
}

std::string PlacesPrefix(uint32_t table) {
  std::string key = Described("place");
  AppendBigEndian(table, &key);
  return key;
}

std::string FilesPrefix(uint32_t table) {
  return PlacesPrefix(table) + 'F';
}

std::string FileKey(uint32_t table, std::string_view path) {
  return PlaceKey(table, 'F', path);
}
std::string BuildKey(uint32_t table) {
  return PlacesPrefix(table) + 'B';
}
std::string OffsetKey(uint32_t table, std::string_view origin) {
  return PlaceKey(table, 'O', origin);
}

std::string TablePrefix(uint32_t table) {
  std::string key(1, kRows);
  AppendBigEndian(table, &key);
  return key;
}

bool KeyRows::IsCut(std::string_view entity_key) {
  return entity_key.size() > kEntityBytesMax;
}

KeyRows::KeyRows(uint32_t table, std::string_view entity_key) : cut_(IsCut(entity_key)) {
  prefix_.reserve(kTablePrefixBytes + 1 + std::min(entity_key.size(), kEntityBytesMax) +
                  kSuffixBytesMax);
  AppendPrefix(table, entity_key, &prefix_);
}

size_t KeyRows::AppendHead(uint32_t table, std::string_view entity_key, std::string* out) {
  AppendPrefix(table, entity_key, out);
  *out += kHead;
  return kTablePrefixBytes + 1;
}

KeyRows::KeyRows(std::string_view prefix)
    : prefix_(prefix), cut_(prefix[kTablePrefixBytes] == kCut) {}

std::string_view KeyRows::TablePart(std::string_view prefix) {
  return prefix.substr(0, kTablePrefixBytes);
}

base::Result<std::string_view> KeyRows::PrefixOf(std::string_view row_key, size_t key_columns) {
  base::ByteReader in(row_key);
  ARROW_RETURN_NOT_OK(in.Raw(kTablePrefixBytes).status());
  ARROW_ASSIGN_OR_RAISE(const uint8_t kind, in.U8());
  if (kind == kCut) {
    ARROW_RETURN_NOT_OK(in.Raw(kEntityBytesMax + sizeof(uint64_t)).status());
  } else {
    for (size_t i = 0; i < key_columns; ++i) ARROW_RETURN_NOT_OK(in.String().status());
  }
  if (in.AtEnd()) return base::Error(base::codes::kCorrupt, "a row of the store has no kind");
  return row_key.substr(0, row_key.size() - in.remaining());
}

bool KeyRows::IsChunk(std::string_view prefix, std::string_view key) {
  return key[prefix.size()] == 'C';
}

std::string KeyRows::Chunk(uint32_t number) const {
  std::string key = prefix_ + 'C';
  AppendBigEndian(number, &key);
  return key;
}

std::string KeyRows::Summaries(uint32_t group) const {
  std::string key = prefix_ + 'G';
  AppendBigEndian(group, &key);
  return key;
}

std::string KeyRows::Head() const {
  return prefix_ + kHead;
}
std::string KeyRows::GroupSummaries() const {
  return prefix_ + 'S';
}

std::string KeyRows::Tiles(int64_t block) const {
  std::string key = prefix_ + 'T';
  AppendBigEndian(static_cast<uint64_t>(block) ^ (uint64_t{1} << 63), &key);
  return key;
}

}  // namespace millrace::state
