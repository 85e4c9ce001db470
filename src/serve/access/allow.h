// Allow: the one question that every call passes: may this principal do this to this view. Who a
// principal is comes from the peer and its token (tokens.h).
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace millrace::serve {

enum class Verb { kRead, kWrite, kAdmin };

std::string_view VerbName(Verb verb);  // "read", "write", "admin"
std::optional<Verb> FindVerb(std::string_view name);

// Who asks, with what may be done. A role includes those before it: admin writes, write reads.
struct Principal {
  std::string name = {};  // "loopback", a token's name, "anonymous"
  bool known = false;     // false: 401 rather than 403
  Verb role = Verb::kRead;
  bool all_views = false;
  // Otherwise these: names, or the beginnings of names, each with a '*' behind it.
  std::set<std::string, std::less<>> views = {};
};

// `view`: a view, on-demand view, or source of a push; "": the call is about no single view.
bool Allow(const Principal& principal, Verb verb, std::string_view view);

}  // namespace millrace::serve
