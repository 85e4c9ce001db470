// Parser: the grammar of docs/expressions.md as a recursive descent with operator precedence. Depth
// is bounded twice: of nesting, which recurses here, and of the tree, which its readers recurse
// over. Private to parse.cc (operators) and parse_primary.cc (everything else).
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "expr/lexer.h"
#include "expr/node.h"

namespace millrace::expr {

class Parser {
 public:
  Parser(std::string_view text, std::vector<Token> tokens)
      : text_(text), tokens_(std::move(tokens)) {}

  // The whole text.
  base::Result<Node> Run();

 private:
  struct Tree {
    Node node;
    int depth = 1;
  };
  using Parsed = base::Result<Tree>;

  const Token& Peek(size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  const Token& Take() { return tokens_[std::min(at_++, tokens_.size() - 1)]; }
  bool TakeSymbol(std::string_view symbol) {
    if (!Peek().IsSymbol(symbol)) return false;
    ++at_;
    return true;
  }
  bool TakeWord(std::string_view word) {
    if (!Peek().Is(word)) return false;
    ++at_;
    return true;
  }
  int LastEnd() const { return at_ == 0 ? 0 : tokens_[std::min(at_, tokens_.size()) - 1].end; }

  base::Status Unexpected(std::string_view expected) const;
  base::Status ExpectSymbol(std::string_view symbol);
  base::Status ExpectWord(std::string_view word);
  static Node NodeAt(NodeKind kind, const Token& token);
  // A call of the operator at the current token, which is taken.
  Node Call(std::string text);
  // A child makes its parent one level deeper than it is; syntax_error at the parent beyond the
  // bound.
  base::Status Deepen(int child_depth, Tree* parent) const;
  base::Status Attach(Tree child, Tree* parent);

  // parse.cc
  // An operand and what follows it by operators that bind at least as tightly as `level`.
  Parsed Level(int level);
  Parsed LevelInside(int level);
  // 0 where no operator stands.
  int PrecedenceOfToken(const Token& token) const;
  // is [not] null, [not] in, [not] between, [not] like, after their left side.
  Parsed Predicate(Tree left);
  // Values up to `close`, which is taken.
  base::Status List(std::string_view close, Tree* parent);
  Parsed Unary();
  // A minus before a number belongs to it, so that int64's least value can be written.
  static bool Negate(Node* node);

  // parse_primary.cc
  Parsed Primary();
  Parsed Literal();
  Parsed Word();
  Parsed Function();
  // extract(part from ts): the part becomes a string, as in date_trunc('day', ts).
  base::Status ExtractPart(Tree* call);
  Parsed Array();
  Parsed Case();
  Parsed Cast();

  std::string_view text_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
  int nesting_ = 0;
};

}  // namespace millrace::expr
