// JsonValue: values of a parsed JSON text (simdjson's) as typed cells and as texts. Internal to
// serve/json: whoever includes it compiles simdjson.
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>

#include "base/status.h"
#include "sources/json/json_cell.h"

namespace millrace::serve {

// Parses the whole of `body`, which may grow behind its end. Everything is looked at: trailing
// text, values that nobody reads, UTF-8. Errors: syntax_error, with the place and what is wrong.
base::Result<simdjson::dom::object> ParseObject(simdjson::dom::parser* parser, std::string* body);

// "a string", "a number", "an object", …
std::string_view KindName(simdjson::dom::element value);

// Why a field is not what it has to be: "'features': expected a list of strings, found an object".
base::Status WrongKind(std::string_view field, std::string_view expected,
                       simdjson::dom::element found);

// Appends exactly one cell, as a field of a JSON-lines source reads it (docs/sources.md): an error
// cell where the value is not one of the buffer's type.
void AppendCell(simdjson::dom::element value, sources::JsonCells* cells,
                columns::ColumnBuffer* out);

// The value as short text, for messages.
std::string ShownValue(simdjson::dom::element value);

}  // namespace millrace::serve
