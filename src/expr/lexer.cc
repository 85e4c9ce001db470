#include "expr/lexer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/time.h"
#include "columns/float_text.h"

namespace millrace::expr {
namespace {

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
bool IsSpace(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool StartsName(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool InName(char c) {
  return StartsName(c) || IsDigit(c);
}

constexpr std::array<std::string_view, 18> kReserved = {
    "and",  "between", "case", "else", "end",  "false", "from", "in",       "is",
    "like", "not",     "null", "or",   "then", "true",  "when", "try_cast", "cast"};

constexpr std::array<std::string_view, 18> kSymbols = {
    // longer ones first
    "||", "!=", "<>", "<=", ">=", "(", ")", "[", "]", ",", "+", "-", "*", "/", "%", "=", "<", ">"};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  base::Result<std::vector<Token>> Run() {
    while (true) {
      while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
      Token token;
      token.offset = static_cast<int>(at_);
      if (at_ < text_.size()) ARROW_RETURN_NOT_OK(Read(&token));
      token.end = static_cast<int>(at_);
      tokens_.push_back(std::move(token));
      if (tokens_.back().kind == TokenKind::kEnd) return std::move(tokens_);
    }
  }

 private:
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  base::Status Read(Token* token) {
    const char c = Peek();
    if (StartsName(c) || c == '"') return ReadName(token);
    if (IsDigit(c) || (c == '.' && IsDigit(Peek(1)))) return ReadNumber(token);
    if (c == '\'') {
      token->kind = TokenKind::kString;
      return ReadQuoted('\'', "a string", &token->text);
    }
    return ReadSymbol(token);
  }

  base::Status ReadName(Token* token) {
    token->kind = TokenKind::kName;
    bool plain = true;
    while (true) {
      if (Peek() == '"') {
        plain = false;
        std::string part;
        const int offset = static_cast<int>(at_);
        ARROW_RETURN_NOT_OK(ReadQuoted('"', "a quoted name", &part));
        if (part.empty()) return SyntaxError(offset, "found \"\", expected a name");
        token->text += part;
      } else {
        while (at_ < text_.size() && InName(text_[at_])) token->text += text_[at_++];
      }
      if (Peek() != '.' || !(StartsName(Peek(1)) || Peek(1) == '"')) break;
      plain = false;
      token->text += text_[at_++];
    }
    if (!plain) return base::Status::OK();
    token->word = token->text;
    for (char& c : token->word) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return base::Status::OK();
  }

  // '…' or "…" where a doubled quote stands for one.
  base::Status ReadQuoted(char quote, std::string_view what, std::string* out) {
    const int offset = static_cast<int>(at_++);
    while (at_ < text_.size()) {
      if (text_[at_] == quote) {
        ++at_;
        if (Peek() != quote || at_ >= text_.size()) return base::Status::OK();
      }
      *out += text_[at_++];
    }
    return SyntaxError(offset, std::string(what) + " begins here and does not end",
                       std::string("expected a closing ") + quote);
  }

  base::Status ReadNumber(Token* token) {
    const size_t first = at_;
    bool is_float = false;
    while (IsDigit(Peek())) ++at_;
    if (Peek() == '.') {
      is_float = true;
      ++at_;
      while (IsDigit(Peek())) ++at_;
    }
    const size_t sign = Peek(1) == '+' || Peek(1) == '-' ? 1 : 0;
    if ((Peek() == 'e' || Peek() == 'E') && IsDigit(Peek(1 + sign))) {
      is_float = true;
      at_ += 1 + sign;
      while (IsDigit(Peek())) ++at_;
    }
    if (InName(Peek())) return ReadDuration(first, is_float, token);
    token->kind = TokenKind::kNumber;
    const std::string_view digits = text_.substr(first, at_ - first);
    const int offset = static_cast<int>(first);
    if (is_float) return ReadFloat(digits, offset, token);
    uint64_t number = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (read.ec != std::errc()) {
      return SyntaxError(offset, std::string(digits) + " is beyond uint64",
                         "write it with a decimal point as a float64");
    }
    token->value =
        number <= INT64_MAX ? columns::Value(static_cast<int64_t>(number)) : columns::Value(number);
    return base::Status::OK();
  }

  base::Status ReadFloat(std::string_view digits, int offset, Token* token) {
    // from_chars wants a digit on both sides of nothing in particular: "1." and ".5" both read.
    const std::optional<double> number = columns::ParseFloat(digits);
    if (!number.has_value() || !std::isfinite(*number)) {
      return SyntaxError(offset, std::string(digits) + " is beyond float64");
    }
    token->value = *number;
    return base::Status::OK();
  }

  base::Status ReadDuration(size_t first, bool is_float, Token* token) {
    while (InName(Peek())) ++at_;
    const std::string text(text_.substr(first, at_ - first));
    const base::Result<base::Duration> duration = base::ParseDuration(text);
    if (is_float || !duration.ok()) {
      return SyntaxError(static_cast<int>(first), "'" + text + "' is no number and no duration",
                         "a duration is a positive whole number and one of s, m, h, d, w: 7d");
    }
    token->kind = TokenKind::kDuration;
    token->value = duration->micros();
    return base::Status::OK();
  }

  base::Status ReadSymbol(Token* token) {
    const std::string_view rest = text_.substr(at_);
    if (rest.starts_with("==")) {
      return SyntaxError(static_cast<int>(at_), "found '=='", "equality is written '='");
    }
    for (const std::string_view symbol : kSymbols) {
      if (!rest.starts_with(symbol)) continue;
      token->kind = TokenKind::kSymbol;
      token->text = symbol == "<>" ? "!=" : symbol;
      at_ += symbol.size();
      return base::Status::OK();
    }
    return SyntaxError(static_cast<int>(at_), "found '" + std::string(1, rest.front()) +
                                                  "', which begins nothing in an expression");
  }

  std::string_view text_;
  size_t at_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

base::Result<std::vector<Token>> Lex(std::string_view text) {
  return Lexer(text).Run();
}

bool IsReserved(std::string_view word) {
  return std::find(kReserved.begin(), kReserved.end(), word) != kReserved.end();
}

base::Status SyntaxError(int offset, std::string message, std::string hint) {
  return base::Error({.code = base::codes::kSyntax,
                      .message = std::move(message),
                      .place = {.file = {}, .line = 1, .column = offset + 1},
                      .hint = std::move(hint)});
}

}  // namespace millrace::expr
