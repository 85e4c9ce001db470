#include "expr/scope.h"

#include <algorithm>
#include <utility>

namespace millrace::expr {

void Scope::Add(std::string text, int column, columns::Type type, std::string full_name) {
  if (full_name.empty()) full_name = text;
  const auto [at, added] = index_.try_emplace(text, names_.size());
  if (added) {
    names_.push_back({std::move(text), column, std::move(type), {}, std::move(full_name)});
    return;
  }
  Name& name = names_[at->second];
  if (name.column == column) return;
  if (name.meanings.empty()) name.meanings.push_back(name.full_name);
  if (std::find(name.meanings.begin(), name.meanings.end(), full_name) == name.meanings.end()) {
    name.meanings.push_back(std::move(full_name));
  }
}

base::Result<const Scope::Name*> Scope::Find(std::string_view text) const {
  const auto found = index_.find(std::string(text));
  if (found == index_.end()) {
    std::vector<std::string> candidates;
    for (const Name& name : names_) candidates.push_back(name.text);
    return base::Error({.code = base::codes::kUnknownName,
                        .message = "unknown name '" + std::string(text) + "'",
                        .hint = base::NearestHint(text, candidates)});
  }
  const Name& name = names_[found->second];
  if (name.meanings.empty()) return &name;
  std::string meanings;
  for (const std::string& meaning : name.meanings) {
    meanings += (meanings.empty() ? "'" : " or '") + meaning + "'";
  }
  return base::Error({.code = base::codes::kAmbiguous,
                      .message = "'" + std::string(text) + "' may be " + meanings,
                      .hint = "write the full name"});
}

}  // namespace millrace::expr
