#include "jobs/definitions/catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace millrace::jobs {
namespace {

namespace codes = base::codes;
using registry::Item;

// Singular, or nothing for a word that is no kind.
base::Result<std::string> ReadKind(const std::string& word) {
  const std::vector<std::string>& kinds = registry::Kinds();
  const std::string plain = word == "entities"    ? "entity"
                            : word == "on-demand" ? "on_demand"
                            : word.ends_with('s') ? word.substr(0, word.size() - 1)
                                                  : word;
  if (plain.empty() || std::find(kinds.begin(), kinds.end(), plain) != kinds.end()) return plain;
  std::string hint = base::NearestHint(word, kinds);
  return base::Error(
      {.code = codes::kUnknownName,
       .message = fmt::format("no kind '{}': there are {}", word, fmt::join(kinds, ", ")),
       .hint = std::move(hint)});
}

// "count_7d" for the feature "user_spend:count_7d", whose full name it is not.
bool IsShortName(const Item& item, const std::string& name) {
  return item.kind == "feature" && item.name.ends_with(":" + name);
}

base::Status Unknown(const std::vector<Item>& items, const std::string& name) {
  std::vector<std::string> names;
  for (const Item& item : items) {
    names.push_back(item.name);
    const size_t colon = item.name.find(':');
    if (colon != std::string::npos) names.push_back(item.name.substr(colon + 1));
  }
  std::string hint = base::NearestHint(name, names);
  return base::Error({.code = codes::kUnknownName,
                      .message = fmt::format("nothing is called '{}' in the newest version", name),
                      .hint = hint.empty() ? "`millrace list` names everything" : std::move(hint)});
}

base::Result<Item> Choose(std::vector<Item> found, const std::string& name) {
  if (found.size() == 1) return std::move(found[0]);
  std::vector<std::string> meanings;
  for (const Item& item : found) meanings.push_back(item.kind + " " + item.name);
  const bool one_kind = std::all_of(found.begin(), found.end(),
                                    [&](const Item& item) { return item.kind == found[0].kind; });
  return base::Error({.code = codes::kAmbiguous,
                      .message = fmt::format("'{}' may be {}", name, fmt::join(meanings, " or ")),
                      .hint = one_kind ? "give the full name" : "give --kind"});
}

std::optional<registry::LineageNode> FindColumn(const features::FeaturePlan& plan,
                                                const std::string& name) {
  for (const features::Source& source : plan.sources) {
    for (const features::Field& column : source.columns) {
      if (source.name + "." + column.name == name) return registry::LineageNode{"column", name};
    }
  }
  return std::nullopt;
}

}  // namespace

base::Result<registry::Version> NewestVersion(const Repository& repository) {
  ARROW_ASSIGN_OR_RAISE(std::optional<registry::Version> newest, repository.registry.Newest());
  if (newest) return *std::move(newest);
  return base::Error({.code = codes::kNotReady,
                      .message = "nothing has been applied yet",
                      .hint = "run `millrace apply`"});
}

base::Result<std::vector<Item>> ListItems(const features::FeaturePlan& plan,
                                          const std::string& kind) {
  ARROW_ASSIGN_OR_RAISE(const std::string wanted, ReadKind(kind));
  std::vector<Item> items = registry::Describe(plan);
  std::erase_if(items, [&](const Item& item) { return !wanted.empty() && item.kind != wanted; });
  return items;
}

base::Result<Item> FindItem(const features::FeaturePlan& plan, const std::string& name,
                            const std::string& kind) {
  ARROW_ASSIGN_OR_RAISE(const std::vector<Item> items, ListItems(plan, kind));
  std::vector<Item> found;
  for (const Item& item : items) {
    if (item.name == name) found.push_back(item);
  }
  if (found.empty()) {
    for (const Item& item : items) {
      if (IsShortName(item, name)) found.push_back(item);
    }
  }
  if (found.empty()) return Unknown(items, name);
  return Choose(std::move(found), name);
}

base::Result<registry::Lineage> FindLineage(const features::FeaturePlan& plan,
                                            const std::string& name, const std::string& kind) {
  if (kind.empty() || kind == "column") {
    if (const auto column = FindColumn(plan, name)) return registry::LineageOf(plan, *column);
  }
  if (kind == "column") {
    return base::Error({.code = codes::kUnknownName,
                        .message = fmt::format("no source has a column '{}'", name),
                        .hint = "write source.column"});
  }
  ARROW_ASSIGN_OR_RAISE(const Item item, FindItem(plan, name, kind));
  return registry::LineageOf(plan, {item.kind, item.name});
}

}  // namespace millrace::jobs
