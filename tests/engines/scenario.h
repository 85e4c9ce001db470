// Scenario: a case with types: its events as values and its definitions complete, ready for any
// engine. What a case leaves out is derived here (docs/testing.md, "What may be left out").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "columns/column.h"
#include "columns/type.h"
#include "columns/value.h"
#include "engines/case.h"
#include "features/compile.h"

namespace millrace::engines {

using columns::Field;
using columns::Type;
using columns::Value;

struct EventCell {
  Value value;
  uint8_t cell = columns::kNullCell;  // kValid, kNullCell, kBadCast (unreadable), kVectorLength
  std::string text;                   // what a text file holds; "" for null
};

struct EventTable {
  std::string source;
  std::vector<Field> columns;             // by the names that definitions use
  std::vector<std::string> file_columns;  // as the files call them (`rename`)
  std::vector<std::vector<EventCell>> rows;

  int Find(std::string_view column) const {  // -1: none
    for (size_t i = 0; i < columns.size(); ++i) {
      if (columns[i].name == column) return static_cast<int>(i);
    }
    return -1;
  }
};

struct Scenario {
  std::vector<EventTable> events;
  std::vector<features::DefinitionText> definitions;  // the case's own, then what was derived
};

// Sources that the case does not locate read `<source>-*.<format>` in the project's folder; format
// is csv or parquet. Error: syntax_error with path and line.
base::Result<Scenario> MakeScenario(const Case& definition, const std::string& format);

// A cell as a value of a type. Times may be short ("09:30", on 2025-01-01). Error: bad_value.
base::Result<Value> ReadValue(const CaseCell& cell, const Type& type);
// Its inverse: what a case has to say for the value.
std::string WriteValue(const Value& value, const Type& type);
// int64, float64, bool, timestamp, date or string: the first that fits all cells; nothing when all
// are null.
std::optional<Type> InferType(const CaseTable& table, size_t column);

}  // namespace millrace::engines
