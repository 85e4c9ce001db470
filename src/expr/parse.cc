// The parser's operators, and Parse.
#include "expr/parse.h"

#include "expr/parser.h"
#include "expr/precedence.h"

namespace millrace::expr {
namespace {

constexpr int kNestingMax = 100;
constexpr int kTreeDepthMax = 500;

}  // namespace

base::Result<Node> Parser::Run() {
  ARROW_ASSIGN_OR_RAISE(Tree tree, Level(kOr));
  if (Peek().kind != TokenKind::kEnd) return Unexpected("an operator or the end");
  return std::move(tree.node);
}

base::Status Parser::Unexpected(std::string_view expected) const {
  const Token& token = Peek();
  const std::string found =
      token.kind == TokenKind::kEnd
          ? "the end"
          : "'" + std::string(text_.substr(token.offset, token.end - token.offset)) + "'";
  return SyntaxError(token.offset, "found " + found + ", expected " + std::string(expected));
}

base::Status Parser::ExpectSymbol(std::string_view symbol) {
  if (TakeSymbol(symbol)) return base::Status::OK();
  return Unexpected("'" + std::string(symbol) + "'");
}

base::Status Parser::ExpectWord(std::string_view word) {
  if (TakeWord(word)) return base::Status::OK();
  return Unexpected("'" + std::string(word) + "'");
}

Node Parser::NodeAt(NodeKind kind, const Token& token) {
  Node node;
  node.kind = kind;
  node.offset = token.offset;
  node.end = token.end;
  return node;
}

Node Parser::Call(std::string text) {
  Node node = NodeAt(NodeKind::kCall, Take());
  node.text = std::move(text);
  return node;
}

base::Status Parser::Deepen(int child_depth, Tree* parent) const {
  parent->depth = std::max(parent->depth, child_depth + 1);
  if (parent->depth <= kTreeDepthMax) return base::Status::OK();
  return SyntaxError(parent->node.offset, "more than " + std::to_string(kTreeDepthMax) +
                                              " operators inside one another");
}

base::Status Parser::Attach(Tree child, Tree* parent) {
  ARROW_RETURN_NOT_OK(Deepen(child.depth, parent));
  parent->node.children.push_back(std::move(child.node));
  return base::Status::OK();
}

Parser::Parsed Parser::Level(int level) {
  if (nesting_ >= kNestingMax) {
    return SyntaxError(Peek().offset, "nested more than " + std::to_string(kNestingMax) + " deep");
  }
  ++nesting_;
  Parsed tree = LevelInside(level);
  --nesting_;
  return tree;
}

Parser::Parsed Parser::LevelInside(int level) {
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

int Parser::PrecedenceOfToken(const Token& token) const {
  if (token.kind == TokenKind::kSymbol) return BinaryPrecedence(token.text);
  if (token.kind != TokenKind::kName) return 0;
  if (token.word == "is" || token.word == "in" || token.word == "between" || token.word == "like" ||
      token.word == "not") {
    return kComparison;
  }
  return BinaryPrecedence(token.word);
}

Parser::Parsed Parser::Predicate(Tree left) {
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

base::Status Parser::List(std::string_view close, Tree* parent) {
  if (TakeSymbol(close)) return base::Status::OK();
  while (true) {
    ARROW_ASSIGN_OR_RAISE(Tree value, Level(kOr));
    ARROW_RETURN_NOT_OK(Attach(std::move(value), parent));
    if (TakeSymbol(close)) return base::Status::OK();
    if (!TakeSymbol(",")) return Unexpected("',' or '" + std::string(close) + "'");
  }
}

Parser::Parsed Parser::Unary() {
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

bool Parser::Negate(Node* node) {
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

base::Result<Node> Parse(std::string_view text) {
  // Offsets are ints, and nobody writes an expression of this size by hand.
  constexpr size_t kTextBytesMax = 1'000'000;
  if (text.size() > kTextBytesMax) return SyntaxError(0, "an expression longer than 1 MB");
  ARROW_ASSIGN_OR_RAISE(std::vector<Token> tokens, Lex(text));
  return Parser(text, std::move(tokens)).Run();
}

}  // namespace millrace::expr
