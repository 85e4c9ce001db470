// Lex: the text of an expression as tokens. Knows nothing of grammar; the parser (parse.cc) is its
// only caller.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "columns/value.h"

namespace millrace::expr {

enum class TokenKind {
  kEnd,       // after the last character
  kName,      // text: parts joined by dots, as written; word: in lower case if it may be a keyword
  kNumber,    // value: int64, uint64 beyond it, float64
  kDuration,  // value: microseconds
  kString,    // text: without quotes
  kSymbol,    // text: one of ( ) [ ] , + - * / % || = != < <= > >=
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  int offset = 0;
  int end = 0;
  std::string text;
  std::string word;  // of one unquoted part alone; else empty
  columns::Value value;

  bool Is(std::string_view keyword) const { return kind == TokenKind::kName && word == keyword; }
  bool IsSymbol(std::string_view symbol) const {
    return kind == TokenKind::kSymbol && text == symbol;
  }
};

// The last token is kEnd. Error: syntax_error at the character.
base::Result<std::vector<Token>> Lex(std::string_view text);

// Words that are no names unless quoted: and, or, case, …
bool IsReserved(std::string_view word);

// syntax_error at an offset (from 0) of the text.
base::Status SyntaxError(int offset, std::string message, std::string hint = {});

}  // namespace millrace::expr
