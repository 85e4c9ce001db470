// JsonCells: JSON values as typed cells, read once and forward by simdjson. Internal to sources:
// JSON lines and the lists, maps and vectors that CSV and text columns hold as JSON text. Nothing
// of a value stays unread: what simdjson skips it does not check.
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>

#include "columns/column.h"
#include "features/plan.h"

namespace millrace::sources {

// Appends one cell to `out`: the value, null, or an error cell when the value does not read as the
// buffer's type (docs/sources.md). False: the text is not JSON; `out` may then have a cell more or
// not.
bool AppendJsonValue(simdjson::ondemand::value value, features::TimestampUnit unit,
                     columns::ColumnBuffer* out);

// Reads and drops the value. False: the text is not JSON.
bool SkipJsonValue(simdjson::ondemand::value value);

// The text of a scalar without the space that follows it.
std::string_view JsonToken(simdjson::ondemand::value* value);

// Whether the document was one value and nothing after it. REQUIRES: it was read to its end without
// an error.
bool EndsHere(simdjson::ondemand::document* document);

// Lists, maps and vectors from JSON text. Reused; one thread at a time.
class JsonText {
 public:
  // Appends exactly one cell: kBadCast when the text is not JSON of the type.
  void Append(std::string_view text, features::TimestampUnit unit, columns::ColumnBuffer* out);

 private:
  bool Read(features::TimestampUnit unit, columns::ColumnBuffer* out);

  simdjson::ondemand::parser parser_;
  std::string padded_;
  size_t size_ = 0;
};

}  // namespace millrace::sources
