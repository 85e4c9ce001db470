// The canonical text of a Node: the printer that Parse undoes.
#include <fmt/format.h>

#include "base/time.h"
#include "columns/value.h"
#include "expr/functions/float_repr.h"
#include "expr/lexer.h"
#include "expr/parse.h"
#include "expr/precedence.h"

namespace millrace::expr {
namespace {

std::string Quoted(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote) out += quote;
    out += c;
  }
  return out + quote;
}

// The one token that the whole text is; its kind is kEnd where there is no such token.
Token OnlyToken(const std::string& text) {
  base::Result<std::vector<Token>> tokens = Lex(text);
  const bool only = tokens.ok() && tokens->size() == 2 && tokens->front().offset == 0 &&
                    tokens->front().end == static_cast<int>(text.size());
  return only ? tokens->front() : Token();
}

// A name that reads back bare: plain parts between dots, the whole no keyword.
std::string NameText(const std::string& name) {
  const Token token = OnlyToken(name);
  const bool bare = token.kind == TokenKind::kName && token.text == name &&
                    !IsReserved(token.word) && name.find('"') == std::string::npos;
  return bare ? name : Quoted(name, '"');
}

// The part of extract(part from …): a word is read in lower case.
std::string PartText(const std::string& part) {
  return OnlyToken(part).Is(part) && !IsReserved(part) ? part : Quoted(part, '\'');
}

std::string LiteralText(const Node& node) {
  if (node.value.is_null()) return "null";
  if (node.type == columns::Kind::kString) return Quoted(node.value.as_string(), '\'');
  if (node.type == columns::Kind::kFloat64) {
    std::string text;
    AppendFloatRepr(node.value.as_float(), &text);
    return text;
  }
  return columns::ToText(node.value, node.type);
}

class Printer {
 public:
  // Puts parentheses around what binds less tightly than `level`.
  void Write(const Node& node, int level) {
    const int own = PrecedenceOf(node);
    if (own < level) out_ += '(';
    WriteBare(node, own);
    if (own < level) out_ += ')';
  }
  std::string Take() { return std::move(out_); }

 private:
  static bool IsPredicate(const Node& node) {
    return node.kind == NodeKind::kCall && (node.text == "is_null" || node.text == "in" ||
                                            node.text == "between" || node.text == "like");
  }
  static bool IsNegatedPredicate(const Node& node) {
    return node.kind == NodeKind::kCall && node.text == "not" && node.children.size() == 1 &&
           IsPredicate(node.children[0]) && OperatorArity(node.children[0]);
  }
  // An operator's name may also be called as a function, with any number of arguments.
  static bool OperatorArity(const Node& node) {
    const size_t size = node.children.size();
    if (node.text == "is_null") return size == 1;
    if (node.text == "in") return size >= 2;
    return node.text == "between" ? size == 3 : size == 2;  // like, div, …
  }
  static int PrecedenceOf(const Node& node) {
    if (node.kind == NodeKind::kLiteral) {
      const bool negative = (node.value.holds_int() && node.value.as_int() < 0) ||
                            (node.value.holds_float() && node.value.as_float() < 0);
      return negative ? kUnary : kPrimary;
    }
    if (node.kind != NodeKind::kCall) return kPrimary;
    if (IsNegatedPredicate(node)) return kComparison;
    if (node.text == "not") return kNot;
    if (IsPredicate(node) && OperatorArity(node)) return kComparison;
    if (node.text == "-" && node.children.size() == 1) return kUnary;
    const int binary = BinaryPrecedence(node.text);
    return binary == 0 || !OperatorArity(node) ? kPrimary : binary;
  }
  // Whether the text of a comparison shows its =, <, … outside parentheses; only one may.
  static bool ShowsComparison(const Node& node) {
    if (PrecedenceOf(node) != kComparison) return false;
    if (IsNegatedPredicate(node)) return ShowsComparison(node.children[0].children[0]);
    return !IsPredicate(node) || ShowsComparison(node.children[0]);
  }

  void WriteBare(const Node& node, int own) {
    switch (node.kind) {
      case NodeKind::kLiteral:
        out_ += LiteralText(node);
        return;
      case NodeKind::kName:
        out_ += NameText(node.text);
        return;
      case NodeKind::kCall:
        if (own != kPrimary) return WriteOperator(node, own);
        return WriteFunction(node);
      case NodeKind::kCase:
        return WriteCase(node);
      case NodeKind::kCast:
        out_ += node.text + "(";
        Write(node.children[0], kOr);
        out_ += " as " + node.type.ToString() + ")";
        return;
      case NodeKind::kArray:
        out_ += "array[";
        WriteList(node, 0);
        out_ += "]";
        return;
    }
  }

  void WriteOperator(const Node& node, int own) {
    if (IsNegatedPredicate(node)) return WritePredicate(node.children[0], "not ");
    if (IsPredicate(node)) return WritePredicate(node, "");
    if (node.children.size() == 1) {  // not, -
      out_ += node.text == "not" ? "not " : "-";
      return Write(node.children[0], own);
    }
    // Left-associative; comparisons do not chain. No parentheses but those the text cannot do
    // without, or it could nest deeper than what was parsed.
    Write(node.children[0], ShowsComparison(node.children[0]) ? own + 1 : own);
    out_ += " " + node.text + " ";
    Write(node.children[1], own + 1);
  }

  void WritePredicate(const Node& node, std::string_view negation) {
    Write(node.children[0], kComparison);
    if (node.text == "is_null") {
      out_ += fmt::format(" is {}null", negation);
      return;
    }
    out_ += fmt::format(" {}{} ", negation, node.text);
    if (node.text == "in") {
      out_ += '(';
      WriteList(node, 1);
      out_ += ')';
      return;
    }
    Write(node.children[1], kComparison + 1);
    if (node.text == "between") {
      out_ += " and ";
      Write(node.children[2], kComparison + 1);
    }
  }

  void WriteFunction(const Node& node) {
    out_ += node.text + "(";
    if (node.text == "extract" && node.children.size() == 2 &&
        node.children[0].kind == NodeKind::kLiteral && node.children[0].value.holds_string()) {
      out_ += PartText(node.children[0].value.as_string()) + " from ";
      Write(node.children[1], kOr);
    } else {
      WriteList(node, 0);
    }
    out_ += ")";
    if (node.filter == nullptr) return;
    out_ += " filter (where ";
    Write(*node.filter, kOr);
    out_ += ")";
  }

  void WriteCase(const Node& node) {
    out_ += "case";
    const size_t pairs = node.children.size() / 2;
    for (size_t i = 0; i < pairs; ++i) {
      out_ += " when ";
      Write(node.children[2 * i], kOr);
      out_ += " then ";
      Write(node.children[2 * i + 1], kOr);
    }
    if (node.has_else) {
      out_ += " else ";
      Write(node.children.back(), kOr);
    }
    out_ += " end";
  }

  void WriteList(const Node& node, size_t first) {
    for (size_t i = first; i < node.children.size(); ++i) {
      if (i > first) out_ += ", ";
      Write(node.children[i], kOr);
    }
  }

  std::string out_;
};

}  // namespace

std::string ToText(const Node& node) {
  Printer printer;
  printer.Write(node, kOr);
  return printer.Take();
}

}  // namespace millrace::expr
