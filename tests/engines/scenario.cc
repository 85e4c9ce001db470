// Types for the tables, then the definitions that the tables imply: entities and sources that
// nobody wrote.
#include "engines/scenario.h"

#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <set>

#include "engines/definitions.h"

namespace millrace::engines {
namespace {

using base::Result;

// "amount:float64" -> name and type; "amount" -> name alone.
struct HeaderCell {
  std::string name;
  std::string type;
};
HeaderCell SplitHeader(const std::string& text) {
  const size_t colon = text.find(':');
  if (colon == std::string::npos) return {text, ""};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

Result<Type> ColumnType(const EventsBlock& block, size_t column,
                        const WrittenDefinitions& definitions) {
  const HeaderCell header = SplitHeader(block.table.header[column]);
  if (!header.type.empty()) return Type::Parse(header.type);
  const std::string declared = definitions.ColumnType(block.source, header.name);
  if (!declared.empty()) return Type::Parse(declared);
  if (header.name == definitions.TimestampColumn(block.source) || header.name == "created") {
    return Type(columns::Kind::kTimestamp);
  }
  std::optional<Type> inferred = InferType(block.table, column);
  if (inferred) return *inferred;
  return base::Error(base::codes::kSyntax, "column " + header.name +
                                               " has no values to tell its type by: write it as " +
                                               header.name + ":TYPE");
}

EventCell ReadEventCell(const CaseCell& cell, const Type& type) {
  EventCell result;
  if (cell.is_null()) return result;
  result.text = cell.text;
  if (cell.unreadable) {
    result.cell = columns::kBadCast;
    return result;
  }
  auto value = ReadValue(cell, type);
  if (!value.ok() && type.kind() == columns::Kind::kVector &&
      columns::FromText(cell.text, Type::List(type.element())).ok()) {
    result.cell = columns::kVectorLength;
    result.value = *columns::FromText(cell.text, Type::List(type.element()));
    return result;
  }
  if (!value.ok()) {
    result.cell = columns::kBadArgument;  // not meant to be: the caller reports it
    return result;
  }
  result.value = *value;
  result.cell = columns::kValid;
  const bool long_form =
      type.kind() == columns::Kind::kTimestamp && cell.text.size() > 2 && cell.text[2] != ':';
  if (!long_form && type.physical() != columns::Physical::kString) {
    result.text = columns::ToText(result.value, type);
  }
  return result;
}

Result<EventTable> TypeTable(const Case& definition, const EventsBlock& block,
                             const WrittenDefinitions& definitions) {
  EventTable table;
  table.source = block.source;
  for (size_t i = 0; i < block.table.header.size(); ++i) {
    auto type = ColumnType(block, i, definitions);
    if (!type.ok()) {
      return base::AtPlace(type.status(), {definition.path, block.table.line, 0});
    }
    table.columns.push_back({SplitHeader(block.table.header[i]).name, *type});
    table.file_columns.push_back(definitions.FileColumn(block.source, table.columns.back().name));
  }
  for (const CaseRow& row : block.table.rows) {
    std::vector<EventCell>& cells = table.rows.emplace_back();
    for (size_t i = 0; i < row.cells.size(); ++i) {
      cells.push_back(ReadEventCell(row.cells[i], table.columns[i].type));
      if (cells.back().cell == columns::kBadArgument) {
        return base::Error({base::codes::kSyntax,
                            "'" + row.cells[i].text + "' is not a " +
                                table.columns[i].type.ToString() + " (write !" + row.cells[i].text +
                                " for a cell that cannot be read)",
                            {definition.path, row.line, 0}});
      }
    }
  }
  return table;
}

}  // namespace

Result<Scenario> MakeScenario(const Case& definition, const std::string& format) {
  WrittenDefinitions written(definition.definitions);
  Scenario scenario;
  for (const EventsBlock& block : definition.events) {
    ARROW_ASSIGN_OR_RAISE(EventTable table, TypeTable(definition, block, written));
    scenario.events.push_back(std::move(table));
  }
  Completed completed = written.Complete(scenario.events, format);
  const std::string file = std::filesystem::path(definition.path).filename().string();
  scenario.definitions.push_back({file, completed.own});
  if (!completed.derived.empty()) {
    scenario.definitions.push_back({"derived.yaml", completed.derived});
  }
  return scenario;
}

}  // namespace millrace::engines
