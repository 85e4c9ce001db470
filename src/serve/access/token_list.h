// TokenList: what a tokens file or the environment says, read and checked: names, hashes, roles,
// views. Knows nothing of connections. Used by tokens.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "serve/access/allow.h"

namespace millrace::serve {

// SHA-256.
using TokenHash = std::array<unsigned char, 32>;
TokenHash HashOf(std::string_view token);
std::string ToHex(const TokenHash& hash);

struct KnownToken {
  TokenHash hash;
  Principal principal;
};

// {"tokens": [{"name", "sha256", "role", "views"}, …]}, as docs/serving.md says. `where` names the
// text in messages, which never repeat what stands in it but names. Errors, all at once:
// syntax_error with its line, missing_field, unknown_field, bad_value.
base::Result<std::vector<KnownToken>> ReadTokenList(const std::string& text,
                                                    const std::string& where);

// Error: duplicate_name, where two have one name or are one token.
base::Status CheckDistinct(const std::vector<KnownToken>& tokens);

}  // namespace millrace::serve
