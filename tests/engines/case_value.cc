// Cells of cases as values, and back.
#include <algorithm>
#include <cctype>

#include "base/time.h"
#include "engines/scenario.h"

namespace millrace::engines {

using base::Result;

namespace {

constexpr std::string_view kDefaultDay = "2025-01-01T";

bool IsShortTime(std::string_view text) {
  return text.size() >= 5 && text[2] == ':' && std::isdigit(static_cast<unsigned char>(text[0]));
}

std::string LongTime(const std::string& text) {
  return IsShortTime(text) ? std::string(kDefaultDay) + text : text;
}

bool Fits(const CaseCell& cell, const Type& type) {
  if (cell.quoted) return type == Type(columns::Kind::kString);
  return ReadValue(cell, type).ok();
}

}  // namespace

Result<Value> ReadValue(const CaseCell& cell, const Type& type) {
  if (cell.is_null()) return Value();
  if (type.kind() == columns::Kind::kTimestamp) {
    return columns::FromText(LongTime(cell.text), type);
  }
  return columns::FromText(cell.text, type);
}

std::string WriteValue(const Value& value, const Type& type) {
  std::string text = columns::ToText(value, type);
  if (value.is_null() || type.physical() != columns::Physical::kString) return text;
  const bool plain = !text.empty() && text != "null" && text != "?" && text.front() != '!' &&
                     text.front() != ' ' && text.back() != ' ' &&
                     text.find_first_of("'|#\n\r\t") == std::string::npos &&
                     !std::isdigit(static_cast<unsigned char>(text.front()));
  if (plain) return text;
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') quoted += '\'';
    quoted += c;
  }
  return quoted + "'";
}

std::optional<Type> InferType(const CaseTable& table, size_t column) {
  bool any = false;
  for (const columns::Kind kind :
       {columns::Kind::kBool, columns::Kind::kInt64, columns::Kind::kFloat64, columns::Kind::kDate,
        columns::Kind::kTimestamp, columns::Kind::kString}) {
    const bool all = std::all_of(table.rows.begin(), table.rows.end(), [&](const CaseRow& row) {
      const CaseCell& cell = row.cells[column];
      if (cell.is_null() || cell.unreadable) return true;
      any = true;
      return Fits(cell, kind);
    });
    if (all && any) return Type(kind);
  }
  return std::nullopt;
}

}  // namespace millrace::engines
