#include "serve/json/json_value.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "columns/float_text.h"

namespace millrace::serve {

namespace dom = simdjson::dom;
using base::Result;
using base::Status;
using columns::Kind;
using dom::element_type;

namespace {

constexpr size_t kShownMax = 60;

// simdjson says what is wrong, not where: a second parser, for this text alone, does.
std::string PlaceOfError(std::string_view body) {
  struct Finder : nlohmann::json_sax<nlohmann::json> {
    bool null() override { return true; }
    bool boolean(bool) override { return true; }
    bool number_integer(int64_t) override { return true; }
    bool number_unsigned(uint64_t) override { return true; }
    bool number_float(double, const std::string&) override { return true; }
    bool string(std::string&) override { return true; }
    bool binary(nlohmann::json::binary_t&) override { return true; }
    bool start_object(size_t) override { return true; }
    bool key(std::string&) override { return true; }
    bool end_object() override { return true; }
    bool start_array(size_t) override { return true; }
    bool end_array() override { return true; }
    bool parse_error(size_t position, const std::string&,
                     const nlohmann::detail::exception&) override {
      at = position;
      return false;
    }
    size_t at = 0;
  };
  Finder finder;
  nlohmann::json::sax_parse(body.begin(), body.end(), &finder);
  return finder.at > 0 ? fmt::format(" at byte {}", finder.at) : std::string();
}

void AppendNested(dom::element value, sources::JsonCells* cells) {
  switch (value.type()) {
    case element_type::ARRAY:
      cells->StartArray();
      for (const dom::element element : dom::array(value.get_array())) AppendNested(element, cells);
      return cells->EndArray();
    case element_type::OBJECT:
      cells->StartObject();
      for (const auto& [key, field] : dom::object(value.get_object())) {
        cells->Key(key);
        AppendNested(field, cells);
      }
      return cells->EndObject();
    case element_type::STRING:
      return cells->String(std::string_view(value.get_string()));
    case element_type::INT64: {
      const fmt::format_int digits(int64_t(value.get_int64()));
      return cells->Number({digits.data(), digits.size()});
    }
    case element_type::UINT64: {
      const fmt::format_int digits(uint64_t(value.get_uint64()));
      return cells->Number({digits.data(), digits.size()});
    }
    case element_type::DOUBLE:
      return cells->Number(columns::FloatText(double(value.get_double())));
    case element_type::BOOL:
      return cells->Boolean(bool(value.get_bool()));
    case element_type::NULL_VALUE:
      return cells->Null();
  }
}

}  // namespace

Result<dom::object> ParseObject(dom::parser* parser, std::string* body) {
  const size_t size = body->size();
  body->reserve(size + simdjson::SIMDJSON_PADDING);
  dom::element root;
  const auto error = parser->parse(body->data(), size, false).get(root);
  if (error != simdjson::SUCCESS) {
    const bool big = error == simdjson::BIGINT_ERROR || error == simdjson::NUMBER_ERROR;
    return base::Error(base::codes::kSyntax,
                       fmt::format("the body is no JSON{}: {}", PlaceOfError(*body),
                                   big ? "a number that is malformed or beyond 64 bits"
                                       : simdjson::error_message(error)));
  }
  dom::object object;
  if (root.get(object) != simdjson::SUCCESS) {
    return base::Error(base::codes::kBadValue,
                       fmt::format("the body is {}; expected an object", KindName(root)));
  }
  return object;
}

std::string_view KindName(dom::element value) {
  switch (value.type()) {
    case element_type::ARRAY:
      return "a list";
    case element_type::OBJECT:
      return "an object";
    case element_type::STRING:
      return "a string";
    case element_type::INT64:
    case element_type::UINT64:
    case element_type::DOUBLE:
      return "a number";
    case element_type::BOOL:
      return "a boolean";
    case element_type::NULL_VALUE:
      return "null";
  }
  return "";
}

Status WrongKind(std::string_view field, std::string_view expected, dom::element found) {
  return base::Error(base::codes::kBadValue,
                     fmt::format("'{}': expected {}, found {}", field, expected, KindName(found)));
}

void AppendCell(dom::element value, sources::JsonCells* cells, columns::ColumnBuffer* out) {
  const Kind kind = out->type().kind();
  switch (value.type()) {
    case element_type::STRING:
      if (kind == Kind::kString) return out->AppendString(std::string_view(value.get_string()));
      break;
    case element_type::INT64:
      if (kind == Kind::kInt64) return out->AppendInt(int64_t(value.get_int64()));
      break;
    case element_type::DOUBLE:
      if (kind == Kind::kFloat64) {
        return out->AppendFloat(columns::CanonicalFloat(double(value.get_double())));
      }
      break;
    default:
      break;
  }
  cells->Begin(out);
  AppendNested(value, cells);
}

std::string ShownValue(dom::element value) {
  std::string text = simdjson::minify(value);
  if (text.size() > kShownMax) text = text.substr(0, kShownMax) + "…";
  return text;
}

}  // namespace millrace::serve
