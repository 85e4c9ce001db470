// Runs tests/cases/expressions/*.case. A case is one line:
//   let NAME TYPE = CELL | CELL | …      a column of three rows, until the end of the file
//   EXPRESSION -> TYPE CELL [| CELL …]   its result: the same in every row, or one per row
//   EXPRESSION -> fails CODE at COLUMN   it does not parse or bind
// A cell is a value's text (strings in quotes), `null`, or `error NAME`. Every case runs on 1, 3
// and 1,000 rows, again after its canonical text was parsed, and again with its literals read from
// columns.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <fstream>

#include "columns/column.h"
#include "expr/evaluator.h"
#include "expr/expression.h"
#include "expr/parse.h"

namespace millrace::expr {
namespace {

using columns::Column;
using columns::ColumnBuffer;
using columns::Type;
using columns::Value;

constexpr size_t kLetRows = 3;

struct ExpectedCell {
  Value value;
  std::string error;  // not empty: an error cell
};

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// Cells between bars that stand outside quotes.
std::vector<std::string_view> SplitCells(std::string_view text) {
  std::vector<std::string_view> cells;
  size_t first = 0;
  bool quoted = false;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '\'') quoted = !quoted;
    if (i < text.size() && (quoted || text[i] != '|')) continue;
    cells.push_back(Trim(text.substr(first, i - first)));
    first = i + 1;
  }
  return cells;
}

ExpectedCell ReadCell(std::string_view text, const Type& type) {
  if (text == "null") return {};
  if (text.starts_with("error ")) return {Value(), std::string(text.substr(6))};
  if (type.physical() == columns::Physical::kString) {
    EXPECT_TRUE(text.size() >= 2 && text.front() == '\'' && text.back() == '\'') << text;
    std::string plain;
    for (size_t i = 1; i + 1 < text.size(); ++i) {
      plain += text[i];
      if (text[i] == '\'') ++i;
    }
    return {Value(plain), ""};
  }
  const base::Result<Value> value = columns::FromText(text, type);
  EXPECT_TRUE(value.ok()) << value.status().ToString();
  return {value.ok() ? *value : Value(), ""};
}

std::string Show(const Column& column, int64_t row) {
  if (column.cell(row) > columns::kValid) {
    return "error " + std::string(columns::ErrorName(column.cell(row)));
  }
  return columns::ToText(column.value(row), column.type);
}

std::string Show(const ExpectedCell& cell, const Type& type) {
  return cell.error.empty() ? columns::ToText(cell.value, type) : "error " + cell.error;
}

bool Matches(const Column& column, int64_t row, const ExpectedCell& expected) {
  if (column.cell(row) > columns::kValid) {
    return columns::ErrorName(column.cell(row)) == expected.error;
  }
  return expected.error.empty() && columns::SameBits(column.value(row), expected.value);
}

// Named columns of three different rows, of which batches of any size are made.
class Inputs {
 public:
  void Add(const std::string& name, const Type& type, const std::vector<Value>& rows) {
    scope_.Add(name, static_cast<int>(rows_.size()), type);
    rows_.push_back(rows);
    types_.push_back(type);
  }
  const Scope& scope() const { return scope_; }

  // `rows` cells of each column, beginning with row `first`, around and around.
  std::vector<Column> Batch(size_t first, size_t rows) {
    buffers_ = std::make_shared<std::deque<ColumnBuffer>>();
    std::vector<Column> batch;
    for (size_t c = 0; c < rows_.size(); ++c) {
      ColumnBuffer& buffer = buffers_->emplace_back(types_[c]);
      for (size_t i = 0; i < rows; ++i) buffer.AppendValue(rows_[c][(first + i) % rows_[c].size()]);
      batch.push_back(buffer.View());
    }
    return batch;
  }

 private:
  Scope scope_;
  std::vector<std::vector<Value>> rows_;
  std::vector<Type> types_;
  std::shared_ptr<std::deque<ColumnBuffer>> buffers_;  // of the last batch
};

struct Case {
  std::string where;  // file:line
  std::string text;
  Type type;
  std::vector<ExpectedCell> cells;  // one, or one per row of the inputs
};

// One evaluator over batches of changing size, so that memory of one batch may not leak into the
// next.
void CheckRuns(const Expression& expression, const Case& c, Inputs* inputs) {
  ASSERT_EQ(expression.type().ToString(), c.type.ToString());
  Evaluator evaluator(expression);
  struct Batch {
    size_t first, rows;
  };
  for (const Batch b : {Batch{0, 3}, {0, 1}, {1, 1}, {2, 1}, {0, 1'000}, {0, 3}, {1, 1}}) {
    const std::vector<Column> batch = inputs->Batch(b.first, b.rows);
    const Column out = evaluator.Run(batch, static_cast<int64_t>(b.rows));
    ASSERT_EQ(out.size, static_cast<int64_t>(b.rows));
    for (size_t i = 0; i < b.rows; ++i) {
      const ExpectedCell& expected = c.cells[(b.first + i) % c.cells.size()];
      ASSERT_TRUE(Matches(out, static_cast<int64_t>(i), expected))
          << "row " << i << " of " << b.rows << " is " << Show(out, static_cast<int64_t>(i))
          << ", expected " << Show(expected, c.type);
    }
  }
}

// Literals that must stay literals: parts of times and regular expressions.
bool MustBeWritten(const Node& parent, size_t child) {
  if (parent.text == "regexp_matches") return child == 1;
  const bool has_part =
      parent.text == "date_trunc" || parent.text == "date_diff" || parent.text == "extract";
  return has_part && child == 0;
}

void LiftLiterals(Node* node, Inputs* inputs, int* count) {
  for (size_t i = 0; i < node->children.size(); ++i) {
    Node& child = node->children[i];
    if (child.kind != NodeKind::kLiteral || child.type.is_null()) {
      LiftLiterals(&child, inputs, count);
      continue;
    }
    if (MustBeWritten(*node, i)) continue;
    const std::string name = "lifted" + std::to_string((*count)++);
    inputs->Add(name, child.type, {child.value});
    child.kind = NodeKind::kName;
    child.text = name;
  }
}

// Where literals give a type that columns would not (a string beside a timestamp), nothing is
// checked.
bool CheckLifted(const Case& c, Inputs inputs) {
  base::Result<Node> node = Parse(c.text);
  if (!node.ok()) return false;
  int count = 0;
  LiftLiterals(&*node, &inputs, &count);
  const base::Result<Expression> expression = Expression::Bind(*node, inputs.scope());
  if (count == 0 || !expression.ok() || !(expression->type() == c.type)) return false;
  CheckRuns(*expression, c, &inputs);
  return true;
}

void CheckFailure(const std::string& text, std::string_view expected, const Scope& scope) {
  const base::Result<Expression> expression = Expression::Make(text, scope);
  ASSERT_FALSE(expression.ok()) << "it binds, as " << expression->type().ToString();
  const std::vector<base::Problem> problems = base::ProblemsOf(expression.status());
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(std::string(problems[0].code.name) + " at " + std::to_string(problems[0].place.column),
            expected)
      << problems[0].ToString();
}

struct Counts {
  int cases = 0;
  int lifted = 0;
};

void CheckValues(const Case& c, Inputs* inputs, Counts* counts) {
  const base::Result<Expression> expression = Expression::Make(c.text, inputs->scope());
  ASSERT_TRUE(expression.ok()) << expression.status().ToString();
  CheckRuns(*expression, c, inputs);
  const base::Result<Expression> again = Expression::Make(expression->text(), inputs->scope());
  ASSERT_TRUE(again.ok()) << expression->text() << ": " << again.status().ToString();
  EXPECT_EQ(again->text(), expression->text());
  EXPECT_EQ(again->columns(), expression->columns());
  CheckRuns(*again, c, inputs);
  if (CheckLifted(c, *inputs)) ++counts->lifted;
}

// "int64 5 | null": the type ends at the first space outside <…>.
void SplitType(std::string_view text, std::string_view* type, std::string_view* cells) {
  int depth = 0;
  size_t end = 0;
  for (; end < text.size() && (depth > 0 || text[end] != ' '); ++end) {
    if (text[end] == '<') ++depth;
    if (text[end] == '>') --depth;
  }
  *type = text.substr(0, end);
  *cells = Trim(text.substr(end));
}

Type ReadType(std::string_view text) {
  if (text == "duration") return columns::Kind::kDuration;
  if (text == "null") return {};
  if (text == "list<null>") return Type::List(columns::Kind::kNull);
  const base::Result<Type> type = Type::Parse(text);
  EXPECT_TRUE(type.ok()) << text;
  return type.ok() ? *type : Type();
}

void ReadLet(std::string_view line, Inputs* inputs) {
  const size_t name_end = line.find(' ');
  const size_t equals = line.find(" = ");
  ASSERT_NE(equals, std::string_view::npos);
  const Type type = ReadType(Trim(line.substr(name_end, equals - name_end)));
  std::vector<Value> rows;
  for (const std::string_view cell : SplitCells(line.substr(equals + 3))) {
    rows.push_back(ReadCell(cell, type).value);
  }
  ASSERT_EQ(rows.size(), kLetRows);
  inputs->Add(std::string(line.substr(0, name_end)), type, rows);
}

void CheckLine(std::string_view line, Inputs* inputs, Counts* counts) {
  if (line.starts_with("let ")) return ReadLet(line.substr(4), inputs);
  const size_t arrow = line.rfind(" -> ");
  ASSERT_NE(arrow, std::string_view::npos) << "a case has an arrow";
  const std::string text(Trim(line.substr(0, arrow)));
  const std::string_view expected = Trim(line.substr(arrow + 4));
  ++counts->cases;
  if (expected.starts_with("fails "))
    return CheckFailure(text, expected.substr(6), inputs->scope());
  std::string_view type, cells;
  SplitType(expected, &type, &cells);
  Case c;
  c.text = text;
  c.type = ReadType(type);
  for (const std::string_view cell : SplitCells(cells)) c.cells.push_back(ReadCell(cell, c.type));
  ASSERT_TRUE(c.cells.size() == 1 || c.cells.size() == kLetRows);
  CheckValues(c, inputs, counts);
}

std::vector<std::string> CaseFiles() {
  std::vector<std::string> files;
  const std::string folder = std::string(MILLRACE_SOURCE_DIR) + "/tests/cases/expressions";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".case") files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

class ExpressionCases : public testing::TestWithParam<std::string> {};

TEST_P(ExpressionCases, HaveTheirAnswers) {
  std::ifstream in(GetParam());
  ASSERT_TRUE(in.good());
  Inputs inputs;
  Counts counts;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (Trim(line).empty() || line.front() == '#') continue;
    SCOPED_TRACE(GetParam() + ":" + std::to_string(number) + ": " + line);
    CheckLine(line, &inputs, &counts);
  }
  EXPECT_GT(counts.cases, 0);
  RecordProperty("cases", counts.cases);
  RecordProperty("lifted", counts.lifted);
  std::printf("%d cases, %d also with literals in columns\n", counts.cases, counts.lifted);
}

INSTANTIATE_TEST_SUITE_P(Files, ExpressionCases, testing::ValuesIn(CaseFiles()),
                         [](const testing::TestParamInfo<std::string>& info) {
                           return std::filesystem::path(info.param).stem().string();
                         });

}  // namespace
}  // namespace millrace::expr
