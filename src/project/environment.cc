// Expansion of ${VAR}.
#include "project/environment.h"

#include <algorithm>
#include <cstdlib>

namespace millrace::project {
namespace {

bool IsName(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && letter(name[0]) && std::all_of(name.begin(), name.end(), [&](char c) {
    return letter(c) || (c >= '0' && c <= '9');
  });
}

base::Status ErrorAt(base::Code code, size_t offset, std::string message, std::string hint) {
  return base::Error({.code = code,
                      .message = std::move(message),
                      .place = {"", 1, static_cast<int>(offset) + 1},
                      .hint = std::move(hint)});
}

}  // namespace

Environment SystemEnvironment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  };
}

base::Result<std::string> Expand(std::string_view text, const Environment& environment) {
  std::string expanded;
  size_t at = 0;
  while (true) {
    const size_t open = text.find("${", at);
    expanded += text.substr(at, open - at);
    if (open == std::string_view::npos) return expanded;
    const size_t close = text.find('}', open);
    if (close == std::string_view::npos) {
      return ErrorAt(base::codes::kBadValue, open,
                     "'${' is not closed; expected ${VAR} or ${VAR:-default}", "");
    }
    const std::string_view inside = text.substr(open + 2, close - open - 2);
    const size_t dash = inside.find(":-");
    const std::string name(inside.substr(0, dash));
    if (!IsName(name)) {
      return ErrorAt(
          base::codes::kBadValue, open,
          "'${" + std::string(inside) + "}' names no variable; expected ${VAR} or ${VAR:-default}",
          "");
    }
    const std::optional<std::string> value = environment(name);
    if (dash != std::string_view::npos && (!value || value->empty())) {
      expanded += inside.substr(dash + 2);
    } else if (value) {
      expanded += *value;
    } else {
      return ErrorAt(base::codes::kMissingVariable, open,
                     "the environment variable " + name + " is not set",
                     "set it, or write ${" + name + ":-default}");
    }
    at = close + 1;
  }
}

}  // namespace millrace::project
