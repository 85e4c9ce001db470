// JsonCells: JSON values as typed cells, event by event of nlohmann's SAX parser. Internal to
// sources: JSON lines, and the lists, maps and vectors that CSV and text columns hold as JSON text.
// (Not simdjson: Debian's and the one inside libparquet export the same symbols with other
// layouts.)
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "columns/column.h"
#include "features/plan.h"

namespace millrace::sources {

// One value at a time: Begin, then its events in order until done(). Appends exactly one cell to
// the buffer: the value, null, or an error cell when the value does not read as the buffer's type
// (docs/sources.md).
class JsonCells {
 public:
  explicit JsonCells(features::TimestampUnit unit);
  ~JsonCells();
  JsonCells(JsonCells&&) noexcept;

  void Begin(columns::ColumnBuffer* out);
  bool done() const { return done_; }
  // The value as it was written, of a scalar; "[…]" or "{…}" otherwise.
  const std::string& text() const { return text_; }

  void Null();
  void Boolean(bool value);
  void Number(std::string_view token);  // of JSON's grammar
  void String(std::string_view value);
  void StartArray();
  void EndArray();
  void StartObject();
  void Key(std::string_view key);
  void EndObject();

 private:
  struct Frame;

  columns::ColumnBuffer* Target();
  void Appended();
  void CloseList(const Frame& frame);
  void CloseMap(Frame* frame);
  void Open(bool fits, bool is_map);

  features::TimestampUnit unit_;
  columns::ColumnBuffer* root_ = nullptr;
  std::vector<Frame> frames_;  // the lists and maps that are open
  int64_t skipped_ = 0;        // open arrays and objects in a cell that is bad whatever they hold
  bool done_ = true;
  std::string text_;
};

// Lists, maps and vectors from JSON text. Reused; one thread at a time.
class JsonText {
 public:
  explicit JsonText(features::TimestampUnit unit) : cells_(unit) {}
  // Appends exactly one cell: kBadCast when the text is not JSON of the type.
  void Append(std::string_view text, columns::ColumnBuffer* out);

 private:
  JsonCells cells_;
};

}  // namespace millrace::sources
