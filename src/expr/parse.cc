// The grammar of docs/expressions.md as a recursive descent with operator precedence. Depth is
// bounded twice: of nesting, which recurses here, and of the tree, which its readers recurse over.
#include "expr/parse.h"

#include <algorithm>
#include <utility>

#include "expr/lexer.h"
#include "expr/precedence.h"

namespace millrace::expr {
namespace {

constexpr int kNestingMax = 100;
constexpr int kTreeDepthMax = 500;

struct Tree {
  Node node;
  int depth = 1;
};
using Parsed = base::Result<Tree>;

Node NodeAt(NodeKind kind, const Token& token) {
  Node node;
  node.kind = kind;
  node.offset = token.offset;
  node.end = token.end;
  return node;
}

class Parser {
 public:
  explicit Parser(std::string_view text, std::vector<Token> tokens)
      : text_(text), tokens_(std::move(tokens)) {}

  base::Result<Node> Run() {
    ARROW_ASSIGN_OR_RAISE(Tree tree, Level(kOr));
    if (Peek().kind != TokenKind::kEnd) return Unexpected("an operator or the end");
    return std::move(tree.node);
  }

 private:
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

  base::Status Unexpected(std::string_view expected) const {
    const Token& token = Peek();
    const std::string found =
        token.kind == TokenKind::kEnd
            ? "the end"
            : "'" + std::string(text_.substr(token.offset, token.end - token.offset)) + "'";
    return SyntaxError(token.offset, "found " + found + ", expected " + std::string(expected));
  }
  base::Status ExpectSymbol(std::string_view symbol) {
    if (TakeSymbol(symbol)) return base::Status::OK();
    return Unexpected("'" + std::string(symbol) + "'");
  }
  base::Status ExpectWord(std::string_view word) {
    if (TakeWord(word)) return base::Status::OK();
    return Unexpected("'" + std::string(word) + "'");
  }

  // Adds a child, one level deeper than it is.
  base::Status Attach(Tree child, Tree* parent) {
    parent->depth = std::max(parent->depth, child.depth + 1);
    if (parent->depth > kTreeDepthMax) {
      return SyntaxError(parent->node.offset, "more than " + std::to_string(kTreeDepthMax) +
                                                  " operators inside one another");
    }
    parent->node.children.push_back(std::move(child.node));
    return base::Status::OK();
  }

  // An operand and what follows it by operators that bind at least as tightly as `level`.
  Parsed Level(int level) {
    if (nesting_ >= kNestingMax) {
      return SyntaxError(Peek().offset,
                         "nested more than " + std::to_string(kNestingMax) + " deep");
    }
    ++nesting_;
    Parsed tree = LevelInside(level);
    --nesting_;
    return tree;
  }

  Parsed LevelInside(int level) {
    Tree left;
    if (level <= kNot && Peek().Is("not")) {
      left.node = Call("not");
      ARROW_ASSIGN_OR_RAISE(Tree operand, Level(kNot));
      ARROW_RETURN_NOT_OK(Attach(std::move(operand), &left));
    } else {
      ARROW_ASSIGN_OR_RAISE(left, Unary());
    }
    bool compared = false;
    while (true) {
      const Token& token = Peek();
      const int found = PrecedenceOfToken(token);
      if (found < level) break;
      if (found == kComparison && token.kind == TokenKind::kSymbol) {
        if (compared) {
          return SyntaxError(token.offset, "comparisons do not chain",
                             "join two of them by 'and', or use parentheses");
        }
        compared = true;
      }
      if (found == kComparison && token.kind == TokenKind::kName) {
        ARROW_ASSIGN_OR_RAISE(left, Predicate(std::move(left)));
        continue;
      }
      Tree call;
      call.node = Call(token.kind == TokenKind::kName ? token.word : token.text);
      ARROW_RETURN_NOT_OK(Attach(std::move(left), &call));
      ARROW_ASSIGN_OR_RAISE(Tree right, Level(found + 1));
      ARROW_RETURN_NOT_OK(Attach(std::move(right), &call));
      call.node.end = LastEnd();
      left = std::move(call);
    }
    return left;
  }

  // 0 where no operator stands.
  int PrecedenceOfToken(const Token& token) const {
    if (token.kind == TokenKind::kSymbol) return BinaryPrecedence(token.text);
    if (token.kind != TokenKind::kName) return 0;
    if (token.word == "is" || token.word == "in" || token.word == "between" ||
        token.word == "like" || token.word == "not") {
      return kComparison;
    }
    return BinaryPrecedence(token.word);
  }

  // A call of the operator at the current token, which is taken.
  Node Call(std::string text) {
    Node node = NodeAt(NodeKind::kCall, Take());
    node.text = std::move(text);
    return node;
  }

  // is [not] null, [not] in, [not] between, [not] like, after their left side.
  Parsed Predicate(Tree left) {
    const Token& first = Peek();
    const bool is = TakeWord("is");
    const bool negated = TakeWord("not");
    Tree call;
    call.node = NodeAt(NodeKind::kCall, first);
    ARROW_RETURN_NOT_OK(Attach(std::move(left), &call));
    if (is) {
      ARROW_RETURN_NOT_OK(ExpectWord("null"));
      call.node.text = "is_null";
    } else if (TakeWord("in")) {
      call.node.text = "in";
      ARROW_RETURN_NOT_OK(ExpectSymbol("("));
      ARROW_RETURN_NOT_OK(List(")", &call));
      if (call.node.children.size() == 1) {
        return SyntaxError(tokens_[at_ - 1].offset, "found ')', expected a value");
      }
    } else if (TakeWord("between")) {
      call.node.text = "between";
      ARROW_ASSIGN_OR_RAISE(Tree low, Level(kComparison + 1));
      ARROW_RETURN_NOT_OK(Attach(std::move(low), &call));
      ARROW_RETURN_NOT_OK(ExpectWord("and"));
      ARROW_ASSIGN_OR_RAISE(Tree high, Level(kComparison + 1));
      ARROW_RETURN_NOT_OK(Attach(std::move(high), &call));
    } else if (TakeWord("like")) {
      call.node.text = "like";
      ARROW_ASSIGN_OR_RAISE(Tree pattern, Level(kComparison + 1));
      ARROW_RETURN_NOT_OK(Attach(std::move(pattern), &call));
    } else {
      return Unexpected("'in', 'between' or 'like'");
    }
    call.node.end = LastEnd();
    if (!negated) return call;
    Tree negation;
    negation.node = NodeAt(NodeKind::kCall, first);
    negation.node.text = "not";
    negation.node.end = call.node.end;
    ARROW_RETURN_NOT_OK(Attach(std::move(call), &negation));
    return negation;
  }

  // Values up to `close`, which is taken.
  base::Status List(std::string_view close, Tree* parent) {
    if (TakeSymbol(close)) return base::Status::OK();
    while (true) {
      ARROW_ASSIGN_OR_RAISE(Tree value, Level(kOr));
      ARROW_RETURN_NOT_OK(Attach(std::move(value), parent));
      if (TakeSymbol(close)) return base::Status::OK();
      if (!TakeSymbol(",")) return Unexpected("',' or '" + std::string(close) + "'");
    }
  }

  Parsed Unary() {
    if (!Peek().IsSymbol("-")) return Primary();
    Tree call;
    call.node = Call("-");
    ARROW_ASSIGN_OR_RAISE(Tree operand, Level(kUnary));
    call.node.end = LastEnd();
    if (Negate(&operand.node)) {
      operand.node.offset = call.node.offset;
      operand.node.end = call.node.end;
      return operand;
    }
    ARROW_RETURN_NOT_OK(Attach(std::move(operand), &call));
    return call;
  }

  // A minus before a number belongs to it, so that int64's least value can be written.
  static bool Negate(Node* node) {
    if (node->kind != NodeKind::kLiteral) return false;
    constexpr uint64_t kBeyond = uint64_t{1} << 63;
    if (node->type == columns::Kind::kInt64) {
      const int64_t value = node->value.as_int();
      if (value == INT64_MIN) {
        node->value = kBeyond;
        node->type = columns::Kind::kUInt64;
      } else {
        node->value = -value;
      }
      return true;
    }
    if (node->type == columns::Kind::kUInt64 && node->value.as_uint() == kBeyond) {
      node->value = INT64_MIN;
      node->type = columns::Kind::kInt64;
      return true;
    }
    if (node->type != columns::Kind::kFloat64) return false;
    node->value = 0.0 - node->value.as_float();  // zero has no sign
    return true;
  }

  Parsed Primary() {
    const Token& token = Peek();
    switch (token.kind) {
      case TokenKind::kNumber:
      case TokenKind::kDuration:
      case TokenKind::kString:
        return Literal();
      case TokenKind::kName:
        return Word();
      case TokenKind::kSymbol:
        if (token.text == "[") return Array();
        if (token.text == "(") {
          ++at_;
          ARROW_ASSIGN_OR_RAISE(Tree inside, Level(kOr));
          ARROW_RETURN_NOT_OK(ExpectSymbol(")"));
          return inside;
        }
        break;
      case TokenKind::kEnd:
        break;
    }
    return Unexpected("a value");
  }

  Parsed Literal() {
    const Token& token = Take();
    Tree tree;
    tree.node = NodeAt(NodeKind::kLiteral, token);
    if (token.kind == TokenKind::kString) {
      tree.node.value = columns::Value(token.text);
      tree.node.type = columns::Kind::kString;
      return tree;
    }
    tree.node.value = token.value;
    if (token.kind == TokenKind::kDuration) {
      tree.node.type = columns::Kind::kDuration;
    } else if (token.value.holds_float()) {
      tree.node.type = columns::Kind::kFloat64;
    } else {
      tree.node.type = token.value.holds_uint() ? columns::Kind::kUInt64 : columns::Kind::kInt64;
    }
    return tree;
  }

  Parsed Word() {
    const Token& token = Peek();
    const std::string& word = token.word;
    if (word == "case") return Case();
    if (word == "cast" || word == "try_cast") return Cast();
    if (word == "array" && Peek(1).IsSymbol("[")) return Array();
    if (word == "true" || word == "false" || word == "null") {
      Tree tree;
      tree.node = NodeAt(NodeKind::kLiteral, Take());
      if (word == "null") return tree;
      tree.node.value = word == "true";
      tree.node.type = columns::Kind::kBool;
      return tree;
    }
    if (IsReserved(word)) return Unexpected("a value");
    if (Peek(1).IsSymbol("(")) {
      if (word.empty()) return Unexpected("the plain name of a function before '('");
      return Function();
    }
    Tree tree;
    tree.node = NodeAt(NodeKind::kName, token);
    tree.node.text = token.text;
    ++at_;
    return tree;
  }

  Parsed Function() {
    Tree call;
    call.node = Call(Peek().word);
    ++at_;  // (
    if (call.node.text == "extract" && Peek(1).Is("from")) {
      ARROW_RETURN_NOT_OK(ExtractPart(&call));
    } else {
      ARROW_RETURN_NOT_OK(List(")", &call));
    }
    call.node.end = LastEnd();
    if (!Peek().Is("filter") || !Peek(1).IsSymbol("(")) return call;
    at_ += 2;
    ARROW_RETURN_NOT_OK(ExpectWord("where"));
    ARROW_ASSIGN_OR_RAISE(Tree condition, Level(kOr));
    ARROW_RETURN_NOT_OK(ExpectSymbol(")"));
    call.depth = std::max(call.depth, condition.depth + 1);
    if (call.depth > kTreeDepthMax) return Attach(std::move(condition), &call);
    call.node.filter = std::make_unique<Node>(std::move(condition.node));
    call.node.end = LastEnd();
    return call;
  }

  // extract(part from ts): the part becomes a string, as in date_trunc('day', ts).
  base::Status ExtractPart(Tree* call) {
    const Token& part = Peek();
    if (part.kind != TokenKind::kString && part.word.empty()) return Unexpected("a part of a time");
    Tree literal;
    literal.node = NodeAt(NodeKind::kLiteral, part);
    literal.node.value = columns::Value(part.kind == TokenKind::kString ? part.text : part.word);
    literal.node.type = columns::Kind::kString;
    at_ += 2;
    ARROW_RETURN_NOT_OK(Attach(std::move(literal), call));
    ARROW_ASSIGN_OR_RAISE(Tree time, Level(kOr));
    ARROW_RETURN_NOT_OK(Attach(std::move(time), call));
    return ExpectSymbol(")");
  }

  Parsed Array() {
    Tree array;
    array.node = NodeAt(NodeKind::kArray, Peek());
    TakeWord("array");
    ++at_;  // [
    ARROW_RETURN_NOT_OK(List("]", &array));
    array.node.end = LastEnd();
    return array;
  }

  Parsed Case() {
    Tree tree;
    tree.node = NodeAt(NodeKind::kCase, Take());
    if (!Peek().Is("when")) return Unexpected("'when'");
    while (TakeWord("when")) {
      ARROW_ASSIGN_OR_RAISE(Tree condition, Level(kOr));
      ARROW_RETURN_NOT_OK(Attach(std::move(condition), &tree));
      ARROW_RETURN_NOT_OK(ExpectWord("then"));
      ARROW_ASSIGN_OR_RAISE(Tree value, Level(kOr));
      ARROW_RETURN_NOT_OK(Attach(std::move(value), &tree));
    }
    if (TakeWord("else")) {
      ARROW_ASSIGN_OR_RAISE(Tree value, Level(kOr));
      ARROW_RETURN_NOT_OK(Attach(std::move(value), &tree));
      tree.node.has_else = true;
    }
    if (!TakeWord("end")) {
      return Unexpected(tree.node.has_else ? "'end'" : "'when', 'else' or 'end'");
    }
    tree.node.end = LastEnd();
    return tree;
  }

  Parsed Cast() {
    Tree cast;
    cast.node = NodeAt(NodeKind::kCast, Peek());
    cast.node.text = Take().word;
    ARROW_RETURN_NOT_OK(ExpectSymbol("("));
    ARROW_ASSIGN_OR_RAISE(Tree operand, Level(kOr));
    ARROW_RETURN_NOT_OK(Attach(std::move(operand), &cast));
    ARROW_RETURN_NOT_OK(ExpectWord("as"));
    const Token& first = Peek();
    if (first.kind != TokenKind::kName) return Unexpected("a type");
    while (Peek().kind != TokenKind::kEnd && !Peek().IsSymbol(")")) ++at_;
    std::string text(text_.substr(first.offset, LastEnd() - first.offset));
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    const base::Result<columns::Type> type = columns::Type::Parse(text);
    if (!type.ok()) {
      return SyntaxError(first.offset, "found '" + text + "', expected a type",
                         "types are bool, int64, float64, string, date, timestamp, list<…>, …");
    }
    ARROW_RETURN_NOT_OK(ExpectSymbol(")"));
    cast.node.type = *type;
    cast.node.end = LastEnd();
    return cast;
  }

  std::string_view text_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
  int nesting_ = 0;
};

}  // namespace

base::Result<Node> Parse(std::string_view text) {
  // Offsets are ints, and nobody writes an expression of this size by hand.
  constexpr size_t kTextBytesMax = 1'000'000;
  if (text.size() > kTextBytesMax) return SyntaxError(0, "an expression longer than 1 MB");
  ARROW_ASSIGN_OR_RAISE(std::vector<Token> tokens, Lex(text));
  return Parser(text, std::move(tokens)).Run();
}

}  // namespace millrace::expr
