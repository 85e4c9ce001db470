#include "serve/access/token_list.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/check.h"

namespace millrace::serve {
namespace {

namespace codes = base::codes;
using Json = nlohmann::json;

constexpr size_t kNameMax = 64;

// Parts of words that people give to tokens and views; no line of a log is broken by them.
bool IsPlain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  });
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

base::Place PlaceOfByte(std::string_view text, size_t byte, const std::string& where) {
  const std::string_view before = text.substr(0, byte > 0 ? byte - 1 : 0);
  const size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
  return {where, 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n')),
          1 + static_cast<int>(before.size() - line_begin)};
}

base::Result<Json> ParseJson(const std::string& text, const std::string& where) {
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    // What it found is not repeated: it may be a token that should not stand there.
    return base::Error({.code = codes::kSyntax,
                        .message = "this does not read as JSON",
                        .place = PlaceOfByte(text, error.byte, where)});
  }
}

// One entry of the list.
class EntryReader {
 public:
  EntryReader(const Json& entry, std::string what, std::vector<base::Problem>* problems)
      : entry_(entry), what_(std::move(what)), problems_(problems) {}

  KnownToken Read() {
    KnownToken token{.hash = {}, .principal = {.name = {}, .known = true}};
    if (!entry_.is_object()) {
      Add(codes::kBadValue, "is no object; expected {\"name\", \"sha256\", \"role\"}");
      return token;
    }
    CheckFields();
    ReadName(&token.principal.name);
    ReadHash(&token.hash);
    ReadRole(&token.principal.role);
    ReadViews(&token.principal);
    return token;
  }

 private:
  void Add(base::Code code, std::string_view message, std::string hint = "") {
    problems_->push_back({.code = code,
                          .message = fmt::format("{} {}", what_, message),
                          .place = {},
                          .hint = std::move(hint)});
  }

  void CheckFields() {
    static const std::vector<std::string> fields = {"name", "sha256", "role", "views"};
    for (const auto& [field, value] : entry_.items()) {
      if (std::find(fields.begin(), fields.end(), field) != fields.end()) continue;
      Add(codes::kUnknownField,
          fmt::format("has a field '{}'; there are name, sha256, role, views",
                      IsPlain(field) ? field : "?"),
          field == "token" ? "only the SHA-256 of a token is kept"
                           : base::NearestHint(field, fields));
    }
  }

  // Nothing, with a problem, when it is not there or no text.
  const std::string* RequireText(const char* field, const char* expected) {
    const auto found = entry_.find(field);
    if (found == entry_.end()) {
      Add(codes::kMissingField, fmt::format("has no '{}'; expected {}", field, expected));
      return nullptr;
    }
    if (const auto* text = found->get_ptr<const std::string*>()) return text;
    Add(codes::kBadValue, fmt::format("has a '{}' that is no text; expected {}", field, expected));
    return nullptr;
  }

  void ReadName(std::string* name) {
    const std::string* text = RequireText("name", "a name for logs");
    if (text == nullptr) return;
    if (text->empty() || text->size() > kNameMax || !IsPlain(*text)) {
      return Add(codes::kBadValue, "has a bad name; expected 1 to 64 letters, digits, _, - and .");
    }
    if (*text == "loopback" || *text == "anonymous") {
      return Add(codes::kBadValue, fmt::format("is called '{}', which is how callers without a "
                                               "token are called",
                                               *text));
    }
    *name = *text;
    what_ += fmt::format(" '{}'", *name);
  }

  void ReadHash(TokenHash* hash) {
    const std::string* text = RequireText("sha256", "64 hexadecimal digits");
    if (text == nullptr) return;
    const bool good =
        text->size() == 2 * hash->size() &&
        std::all_of(text->begin(), text->end(), [](char c) { return HexDigit(c) >= 0; });
    if (!good) return Add(codes::kBadValue, "has a bad 'sha256'; expected 64 hexadecimal digits");
    for (size_t i = 0; i < hash->size(); ++i) {
      (*hash)[i] =
          static_cast<unsigned char>(HexDigit((*text)[2 * i]) * 16 + HexDigit((*text)[2 * i + 1]));
    }
  }

  void ReadRole(Verb* role) {
    const std::string* text = RequireText("role", "read, write or admin");
    if (text == nullptr) return;
    if (const auto verb = FindVerb(*text)) {
      *role = *verb;
    } else {
      Add(codes::kBadValue, "has a bad 'role'; expected read, write or admin",
          base::NearestHint(*text, {"read", "write", "admin"}));
    }
  }

  void ReadViews(Principal* principal) {
    const auto found = entry_.find("views");
    principal->all_views = found == entry_.end();
    if (principal->all_views) return;
    if (!found->is_array() || found->empty()) {
      return Add(codes::kBadValue,
                 "has bad 'views'; expected a list of names, or no 'views' for all");
    }
    for (const Json& view : *found) {
      const auto* text = view.get_ptr<const std::string*>();
      const std::string_view name = text == nullptr ? std::string_view() : *text;
      const bool begins = name.ends_with('*');
      if (name == "*") {
        principal->all_views = true;
      } else if (name.empty() || !IsPlain(begins ? name.substr(0, name.size() - 1) : name)) {
        Add(codes::kBadValue,
            "has a bad name among its 'views'; expected a view's name, or the beginning of names "
            "and a *");
      } else {
        principal->views.emplace(name);
      }
    }
  }

  const Json& entry_;
  std::string what_;
  std::vector<base::Problem>* problems_;
};

}  // namespace

TokenHash HashOf(std::string_view token) {
  TokenHash hash{};
  unsigned int size = 0;
  const int done =
      EVP_Digest(token.data(), token.size(), hash.data(), &size, EVP_sha256(), nullptr);
  MILLRACE_CHECK(done == 1 && size == hash.size());
  return hash;
}

std::string ToHex(const TokenHash& hash) {
  return fmt::format("{:02x}", fmt::join(hash, ""));
}

base::Result<std::vector<KnownToken>> ReadTokenList(const std::string& text,
                                                    const std::string& where) {
  ARROW_ASSIGN_OR_RAISE(const Json json, ParseJson(text, where));
  const auto list = json.is_object() ? json.find("tokens") : json.end();
  if (!json.is_object() || list == json.end() || !list->is_array() || json.size() != 1) {
    return base::Error({.code = codes::kBadValue,
                        .message = "expected one object with the list 'tokens' and nothing else",
                        .place = {where, 0, 0}});
  }
  std::vector<KnownToken> tokens;
  std::vector<base::Problem> problems;
  for (size_t i = 0; i < list->size(); ++i) {
    tokens.push_back(EntryReader((*list)[i], fmt::format("token {}", i + 1), &problems).Read());
  }
  if (problems.empty()) {
    const base::Status distinct = CheckDistinct(tokens);
    if (distinct.ok()) return tokens;
    problems = base::ProblemsOf(distinct);
  }
  return base::AtPlace(base::Errors(std::move(problems)), {where, 0, 0});
}

base::Status CheckDistinct(const std::vector<KnownToken>& tokens) {
  std::map<std::string_view, int> names;
  std::map<TokenHash, std::string_view> hashes;
  std::vector<base::Problem> problems;
  for (const KnownToken& token : tokens) {
    const std::string& name = token.principal.name;
    if (++names[name] == 2) {
      problems.push_back(
          {.code = codes::kDuplicate, .message = fmt::format("two tokens are called '{}'", name)});
    }
    const auto [other, is_new] = hashes.emplace(token.hash, name);
    if (!is_new && other->second != name) {
      problems.push_back(
          {.code = codes::kDuplicate,
           .message = fmt::format("'{}' and '{}' are the same token", other->second, name)});
    }
  }
  return problems.empty() ? base::Status::OK() : base::Errors(std::move(problems));
}

}  // namespace millrace::serve
