// BodyFields: the fields of a body that is one JSON object, each once, null as if it were not
// there. Internal to serve/json and routes that read small bodies.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "serve/json/json_value.h"

namespace millrace::serve {

class BodyFields {
 public:
  // Errors: as ParseObject; bad_value (a field twice). REQUIRES: parser and body outlive it.
  static base::Result<BodyFields> Parse(simdjson::dom::parser* parser, std::string* body);

  const simdjson::dom::element* Find(std::string_view name) const;  // nullptr: not there, or null

  // What is not there reads as nothing. Error: bad_value, naming the field and what was found.
  base::Result<std::optional<std::string>> Text(std::string_view name) const;
  base::Result<std::optional<bool>> Boolean(std::string_view name) const;
  base::Result<std::optional<int64_t>> Integer(std::string_view name) const;
  base::Result<std::optional<base::EventTime>> Time(std::string_view name) const;
  base::Result<std::vector<std::string>> Texts(std::string_view name) const;  // a list; none: empty

 private:
  std::vector<std::pair<std::string_view, simdjson::dom::element>> fields_;
};

}  // namespace millrace::serve
