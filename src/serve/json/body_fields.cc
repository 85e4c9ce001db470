#include "serve/json/body_fields.h"

#include <fmt/format.h>

namespace millrace::serve {

namespace dom = simdjson::dom;
using base::Result;

namespace {

template <typename Value, typename Read>
Result<std::optional<Value>> ReadAs(const dom::element* element, std::string_view name,
                                    std::string_view expected) {
  if (element == nullptr) return std::optional<Value>();
  Read value;
  if (element->get(value) != simdjson::SUCCESS) return WrongKind(name, expected, *element);
  return std::optional<Value>(Value(value));
}

}  // namespace

Result<BodyFields> BodyFields::Parse(dom::parser* parser, std::string* body) {
  BodyFields fields;
  ARROW_ASSIGN_OR_RAISE(const dom::object object, ParseObject(parser, body));
  for (const auto& [name, value] : object) {
    for (const auto& [known, other] : fields.fields_) {
      if (known == name) {
        return base::Error(base::codes::kBadValue, fmt::format("'{}' is there twice", name));
      }
    }
    fields.fields_.emplace_back(name, value);
  }
  return fields;
}

const dom::element* BodyFields::Find(std::string_view name) const {
  for (const auto& [known, value] : fields_) {
    if (known == name) return value.is_null() ? nullptr : &value;
  }
  return nullptr;
}

Result<std::optional<std::string>> BodyFields::Text(std::string_view name) const {
  return ReadAs<std::string, std::string_view>(Find(name), name, "a string");
}

Result<std::optional<bool>> BodyFields::Boolean(std::string_view name) const {
  return ReadAs<bool, bool>(Find(name), name, "true or false");
}

Result<std::optional<int64_t>> BodyFields::Integer(std::string_view name) const {
  return ReadAs<int64_t, int64_t>(Find(name), name, "a whole number");
}

Result<std::optional<base::EventTime>> BodyFields::Time(std::string_view name) const {
  ARROW_ASSIGN_OR_RAISE(const auto text, Text(name));
  if (!text.has_value()) return std::optional<base::EventTime>();
  const auto time = base::ParseTime(*text);
  if (time.ok()) return std::optional<base::EventTime>(*time);
  return base::Error(base::codes::kBadValue,
                     fmt::format("'{}': {}", name, base::ProblemsOf(time.status())[0].message));
}

Result<std::vector<std::string>> BodyFields::Texts(std::string_view name) const {
  std::vector<std::string> texts;
  const dom::element* value = Find(name);
  if (value == nullptr) return texts;
  dom::array list;
  if (value->get(list) != simdjson::SUCCESS) return WrongKind(name, "a list of strings", *value);
  for (const dom::element element : list) {
    std::string_view text;
    if (element.get(text) != simdjson::SUCCESS) {
      return WrongKind(name, "a list of strings", element);
    }
    texts.emplace_back(text);
  }
  return texts;
}

}  // namespace millrace::serve
