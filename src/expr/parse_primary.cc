// The parser's literals, names, calls, arrays, case and cast.
#include "expr/parser.h"
#include "expr/precedence.h"

namespace millrace::expr {

Parser::Parsed Parser::Primary() {
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

Parser::Parsed Parser::Literal() {
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

Parser::Parsed Parser::Word() {
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

Parser::Parsed Parser::Function() {
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
  ARROW_RETURN_NOT_OK(Deepen(condition.depth, &call));
  call.node.filter = std::make_unique<Node>(std::move(condition.node));
  call.node.end = LastEnd();
  return call;
}

base::Status Parser::ExtractPart(Tree* call) {
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

Parser::Parsed Parser::Array() {
  Tree array;
  array.node = NodeAt(NodeKind::kArray, Peek());
  TakeWord("array");
  ++at_;  // [
  ARROW_RETURN_NOT_OK(List("]", &array));
  array.node.end = LastEnd();
  return array;
}

Parser::Parsed Parser::Case() {
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

Parser::Parsed Parser::Cast() {
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

}  // namespace millrace::expr
