#include "serve/access/allow.h"

#include <algorithm>

namespace millrace::serve {
namespace {

bool IsNamed(const std::set<std::string, std::less<>>& views, std::string_view view) {
  if (view.empty()) return false;
  if (views.contains(view)) return true;
  return std::any_of(views.begin(), views.end(), [&](std::string_view entry) {
    return entry.ends_with('*') && view.starts_with(entry.substr(0, entry.size() - 1));
  });
}

}  // namespace

std::string_view VerbName(Verb verb) {
  switch (verb) {
    case Verb::kRead:
      return "read";
    case Verb::kWrite:
      return "write";
    case Verb::kAdmin:
      return "admin";
  }
  return "";
}

std::optional<Verb> FindVerb(std::string_view name) {
  for (const Verb verb : {Verb::kRead, Verb::kWrite, Verb::kAdmin}) {
    if (VerbName(verb) == name) return verb;
  }
  return std::nullopt;
}

bool Allow(const Principal& principal, Verb verb, std::string_view view) {
  if (!principal.known || verb > principal.role) return false;
  // Only who may touch every view may do what is about no single one.
  return principal.all_views || IsNamed(principal.views, view) ||
         (view.empty() && verb == Verb::kRead);
}

}  // namespace millrace::serve
