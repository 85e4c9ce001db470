// The catalog as JSON: what `list`, `show` and `history` print for machines and what the feature
// server's /registry answers. What an item is made of is registry's.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "registry/description.h"
#include "registry/version.h"

namespace millrace::jobs {

// {"version", "items": [{"kind", "name", "properties"}, …]}
nlohmann::ordered_json ItemsJson(int version, const std::vector<registry::Item>& items);
// {"version", "kind", "name", "properties"}
nlohmann::ordered_json ItemJson(int version, const registry::Item& item);
// {"version", "author", "time", "diff"}
nlohmann::ordered_json VersionJson(const registry::VersionHeader& version);

// Two-space indented. What is not UTF-8 becomes U+FFFD.
std::string JsonText(const nlohmann::ordered_json& json);

}  // namespace millrace::jobs
