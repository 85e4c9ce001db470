// The keys of a store's rows (docs/formats/store.md): what describes the store first, then the rows
// of each table, in it those of each entity key side by side.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace millrace::state {

std::string ProjectKey();
std::string CommitKey();
std::string CatalogKey();
// Places of a table: a file that was read; the next row of an origin that appends.
std::string FileKey(uint32_t table, std::string_view path);
std::string OffsetKey(uint32_t table, std::string_view origin);
// That somebody builds a table of this number.
std::string BuildKey(uint32_t table);
std::string PlacesPrefix(uint32_t table);
std::string FilesPrefix(uint32_t table);
// All rows of a table's keys.
std::string TablePrefix(uint32_t table);

// The rows of one entity key, by its canonical bytes (features/entity_key.h). A key too long for
// the store is cut, and told apart by its hash; its head holds it whole.
class KeyRows {
 public:
  KeyRows(uint32_t table, std::string_view entity_key);
  // From what prefix() gave.
  explicit KeyRows(std::string_view prefix);
  const std::string& prefix() const { return prefix_; }
  bool is_cut() const { return cut_; }
  static bool IsCut(std::string_view entity_key);
  // Appends what Head() gives. Result: after how many of those bytes the entity key lies in them,
  // whole unless it is cut.
  static size_t AppendHead(uint32_t table, std::string_view entity_key, std::string* out);
  // Of a prefix, what all keys of its table begin with.
  static std::string_view TablePart(std::string_view prefix);
  // Of the key of a row of a table whose entity keys have `key_columns` columns, the prefix. Error:
  // corrupt, when it is no such key.
  static base::Result<std::string_view> PrefixOf(std::string_view row_key, size_t key_columns);
  // Whether `key`, one of the rows with this prefix, is a chunk's.
  static bool IsChunk(std::string_view prefix, std::string_view key);

  // In this order in the store.
  std::string Chunk(uint32_t number) const;     // C: closed rows
  std::string Summaries(uint32_t group) const;  // G: of the chunks of one group
  std::string Head() const;                     // H: open rows, how many chunks and groups
  std::string GroupSummaries() const;           // S: of all whole groups
  std::string Tiles(int64_t block) const;       // T: merged states of kTilesPerBlock steps

 private:
  std::string prefix_;
  bool cut_ = false;
};

}  // namespace millrace::state
