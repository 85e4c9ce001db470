#include "sources/json/json_table.h"

#include <arrow/chunked_array.h>
#include <arrow/io/file.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "columns/arrow_column.h"
#include "sources/cells/shown_text.h"
#include "sources/files/file_error.h"
#include "sources/files/line_reader.h"
#include "sources/json/json_line.h"

namespace millrace::sources {
namespace {

using columns::ColumnBuffer;
using columns::Kind;
using columns::Type;
using nlohmann::ordered_json;

constexpr int64_t kChunkRows = 1 << 20;

template <typename See>
base::Status ForEachLine(const std::string& path, See see) {
  auto stream = arrow::io::ReadableFile::Open(path);
  if (!stream.ok()) return FileError(stream.status(), "read", path, base::codes::kIo);
  LineReader lines(*std::move(stream));
  while (true) {
    const auto line = lines.Next();
    if (!line.ok()) return FileError(line.status(), "read", path, base::codes::kIo);
    if (!line->has_value()) return base::Status::OK();
    if (LineReader::IsBlank(**line)) continue;
    base::Status seen = see(**line);
    if (!seen.ok()) {
      return base::AtPlace(seen, {.file = path, .line = static_cast<int>(lines.line())});
    }
  }
}

// The smallest type that has both; nothing when none has.
std::optional<Type> Join(const Type& a, const Type& b) {
  if (a == b || b.is_null()) return a;
  if (a.is_null()) return b;
  if (a.is_numeric() && b.is_numeric()) return Type(Kind::kFloat64);
  if (a.kind() == Kind::kList && b.kind() == Kind::kList) {
    const auto element = Join(a.element(), b.element());
    if (element.has_value()) return Type::List(*element);
  }
  return std::nullopt;
}

std::optional<Type> TypeOf(const ordered_json& item) {
  switch (item.type()) {
    case ordered_json::value_t::null:
      return Type(Kind::kNull);
    case ordered_json::value_t::boolean:
      return Type(Kind::kBool);
    case ordered_json::value_t::number_integer:
      return Type(Kind::kInt64);
    case ordered_json::value_t::number_unsigned:
      return Type(item.get<uint64_t>() <= INT64_MAX ? Kind::kInt64 : Kind::kFloat64);
    case ordered_json::value_t::number_float:
      return Type(Kind::kFloat64);
    case ordered_json::value_t::string:
      return Type(Kind::kString);
    case ordered_json::value_t::array: {
      Type joined = Kind::kNull;
      for (const ordered_json& inner : item) {
        const auto type = TypeOf(inner);
        const auto both = type.has_value() ? Join(joined, *type) : std::nullopt;
        if (!both.has_value()) return std::nullopt;
        joined = *both;
      }
      return Type::List(joined);
    }
    default:
      return std::nullopt;
  }
}

// A type whose unknown parts are string.
Type Settled(const Type& type) {
  if (type.is_null()) return Kind::kString;
  return type.kind() == Kind::kList ? Type::List(Settled(type.element())) : type;
}

class FieldTypes {
 public:
  explicit FieldTypes(const std::map<std::string, Type>& declared) : declared_(declared) {}

  base::Status See(std::string_view line) {
    const auto object = ordered_json::parse(line, nullptr, false);
    if (!object.is_object()) {
      return base::Error(base::codes::kBadValue,
                         fmt::format("not a JSON object: '{}'", ShownText(line)));
    }
    for (const auto& [key, item] : object.items()) ARROW_RETURN_NOT_OK(SeeField(key, item));
    return base::Status::OK();
  }

  std::vector<WantedColumn> Columns() const {
    std::vector<WantedColumn> columns;
    for (const auto& [name, type] : fields_) columns.push_back({name, name, Settled(type)});
    return columns;
  }

 private:
  base::Status SeeField(const std::string& name, const ordered_json& item) {
    const auto [at, fresh] = places_.emplace(name, fields_.size());
    if (fresh) {
      const auto declared = declared_.find(name);
      fields_.emplace_back(name, declared == declared_.end() ? Type() : declared->second);
    }
    if (declared_.contains(name)) return base::Status::OK();
    Type& type = fields_[at->second].second;
    const auto own = TypeOf(item);
    const auto joined = own.has_value() ? Join(type, *own) : std::nullopt;
    if (!joined.has_value()) {
      return base::Error(
          base::codes::kTypeMismatch,
          fmt::format("field '{}' holds {}; expected bool, numbers, strings or "
                      "lists of one of them",
                      name, own.has_value() ? "values of several types" : "objects"));
    }
    type = *joined;
    return base::Status::OK();
  }

  const std::map<std::string, Type>& declared_;
  std::vector<std::pair<std::string, Type>> fields_;
  std::map<std::string, size_t> places_;
};

base::Status CheckCells(std::vector<ColumnBuffer>* buffers,
                        const std::vector<WantedColumn>& columns) {
  for (size_t i = 0; i < columns.size(); ++i) {
    ColumnBuffer& buffer = (*buffers)[i];
    if (buffer.cells()[buffer.size() - 1] <= columns::kValid) continue;
    return base::Error(
        base::codes::kBadValue,
        fmt::format("field '{}' does not read as {}", columns[i].name, columns[i].type.ToString()));
  }
  return base::Status::OK();
}

}  // namespace

base::Result<std::shared_ptr<arrow::Table>> ReadJson(const std::string& path,
                                                     const std::map<std::string, Type>& types) {
  FieldTypes guesses(types);
  ARROW_RETURN_NOT_OK(ForEachLine(path, [&](std::string_view line) { return guesses.See(line); }));
  const std::vector<WantedColumn> columns = guesses.Columns();
  ARROW_ASSIGN_OR_RAISE(JsonLine decoder, JsonLine::Make(columns, features::TimestampUnit::kNone));
  std::vector<ColumnBuffer> buffers;
  for (const WantedColumn& column : columns) buffers.emplace_back(column.type);
  std::vector<arrow::ArrayVector> chunks(columns.size());
  const auto close = [&]() -> base::Status {
    for (size_t i = 0; i < columns.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(auto array, columns::ToArrow(buffers[i].View()));
      chunks[i].push_back(std::move(array));
      buffers[i].Clear();
    }
    return base::Status::OK();
  };
  int64_t rows = 0;
  ARROW_RETURN_NOT_OK(ForEachLine(path, [&](std::string_view line) -> base::Status {
    const std::string why = decoder.Read(line, &buffers);
    if (!why.empty()) return base::Error(base::codes::kBadValue, why);
    ARROW_RETURN_NOT_OK(CheckCells(&buffers, columns));
    return ++rows % kChunkRows == 0 ? close() : base::Status::OK();
  }));
  ARROW_RETURN_NOT_OK(close());
  arrow::FieldVector fields;
  arrow::ChunkedArrayVector arrays;
  for (size_t i = 0; i < columns.size(); ++i) {
    fields.push_back(arrow::field(columns[i].name, columns[i].type.ToArrow()));
    arrays.push_back(std::make_shared<arrow::ChunkedArray>(chunks[i], fields[i]->type()));
  }
  return arrow::Table::Make(arrow::schema(std::move(fields)), std::move(arrays), rows);
}

}  // namespace millrace::sources
