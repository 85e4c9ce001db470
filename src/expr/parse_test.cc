// Parse and ToText: the shape of nodes, canonical texts, hostile texts.
#include "expr/parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace millrace::expr {
namespace {

std::string Canonical(const std::string& text) {
  const base::Result<Node> node = Parse(text);
  return node.ok() ? ToText(*node) : node.status().ToString();
}

// Everything but places.
bool SameNode(const Node& a, const Node& b) {
  if (a.kind != b.kind || a.text != b.text || !(a.type == b.type) || a.has_else != b.has_else ||
      a.children.size() != b.children.size() || (a.filter == nullptr) != (b.filter == nullptr) ||
      !columns::SameBits(a.value, b.value)) {
    return false;
  }
  if (a.filter != nullptr && !SameNode(*a.filter, *b.filter)) return false;
  for (size_t i = 0; i < a.children.size(); ++i) {
    if (!SameNode(a.children[i], b.children[i])) return false;
  }
  return true;
}

TEST(Parse, CanonicalText) {
  const std::vector<std::pair<std::string, std::string>> texts = {
      {"a+b*c", "a + b * c"},
      {"(a+b)*c", "(a + b) * c"},
      {"a-(b-c)", "a - (b - c)"},
      {"(a-b)-c", "a - b - c"},
      {"((a))", "a"},
      {"a OR b And not C", "a or b and not C"},
      {"(a or b) and c", "(a or b) and c"},
      {"not (a and b)", "not (a and b)"},
      {"not (a = b)", "not a = b"},
      {"(not a) = b", "(not a) = b"},
      {"a<>b", "a != b"},
      {"(a=b)=c", "(a = b) = c"},
      {"x IS NOT NULL", "x is not null"},
      {"not x is null", "x is not null"},
      {"x not in(1,2)", "x not in (1, 2)"},
      {"x NOT BETWEEN 1 AND 2+3", "x not between 1 and 2 + 3"},
      {"x between (a and b) and c", "x between (a and b) and c"},
      {"x like 'a%'", "x like 'a%'"},
      {"a || b || c", "a || b || c"},
      {"a || (b || c)", "a || (b || c)"},
      {"-x", "-x"},
      {"-(-x)", "--x"},
      {"- - x", "--x"},
      {"-(a+b)", "-(a + b)"},
      {"-5", "-5"},
      {"-(5)", "-5"},
      {"a - -5", "a - -5"},
      {"a div b", "a div b"},
      {"div(a, floor_mod(b, c))", "a div (b floor_mod c)"},
      {"div(a)", "div(a)"},
      {"a floor_div b floor_div c", "a floor_div b floor_div c"},
      {"(a = b) is null", "a = b is null"},
      {"(a is null) = b", "a is null = b"},
      {"((a = b) is null) = c", "(a = b is null) = c"},
      {"a is null is not null", "a is null is not null"},
      {"(a is null) in (b)", "a is null in (b)"},
      {"Case When a Then 1 Else 2 End", "case when a then 1 else 2 end"},
      {"CAST(x AS FLOAT64)", "cast(x as float64)"},
      {"try_cast( x as list< string > )", "try_cast(x as list<string>)"},
      {"cast(x as vector<float32,8>)", "cast(x as vector<float32, 8>)"},
      {"[1,2]", "array[1, 2]"},
      {"ARRAY []", "array[]"},
      {"SUM(amount)FILTER(WHERE amount>0)", "sum(amount) filter (where amount > 0)"},
      {"count()", "count()"},
      {"percentile(amount, 0.90)", "percentile(amount, 0.9)"},
      {"ewma(amount, 7d)", "ewma(amount, 7d)"},
      {"168h", "7d"},
      {"4w", "28d"},
      {"90m", "90m"},
      {"EXTRACT(Year FROM ts)", "extract(year from ts)"},
      {"extract('year', ts)", "extract(year from ts)"},
      {"extract('Year', ts)", "extract('Year' from ts)"},
      {"extract('a.b', ts)", "extract('a.b' from ts)"},
      {"extract('from', ts)", "extract('from' from ts)"},
      {"extract('', ts)", "extract('' from ts)"},
      {"item.embedding", "item.embedding"},
      {"\"item\".\"embedding\"", "item.embedding"},
      {"\"two words\"", "\"two words\""},
      {"\"say \"\"x\"\"\"", "\"say \"\"x\"\"\""},
      {"\"end\"", "\"end\""},
      {"\"1st\".x", "\"1st.x\""},
      {"'it''s'", "'it''s'"},
      {"1E3", "1000.0"},
      {"1e16", "1e+16"},
      {".5", "0.5"},
      {"-0.0", "0.0"},
      {"TRUE", "true"},
      {"18446744073709551615", "18446744073709551615"},
      {"-9223372036854775808", "-9223372036854775808"},
      {"is_null(x)", "x is null"},
  };
  for (const auto& [text, canonical] : texts) {
    SCOPED_TRACE(text);
    EXPECT_EQ(Canonical(text), canonical);
    EXPECT_EQ(Canonical(canonical), canonical);
    const base::Result<Node> first = Parse(text);
    const base::Result<Node> second = Parse(canonical);
    ASSERT_TRUE(first.ok() && second.ok());
    EXPECT_TRUE(SameNode(*first, *second));
  }
}

// What parses within the bounds of nesting prints to what does.
TEST(Parse, CanonicalTextNestsNoDeeper) {
  std::vector<std::string> texts = {"x", "x", "x", "x", "x", "x"};
  for (int i = 0; i < 90; ++i) {
    texts[0] = "-" + texts[0];
    texts[1] += " div y";
    texts[2] += " is null";
    texts[3] = "not " + texts[3];
    texts[4] = "f(" + texts[4] + " = y is null)";
    texts[5] += " not in (1)";
  }
  for (const std::string& text : texts) {
    const base::Result<Node> node = Parse(text);
    ASSERT_TRUE(node.ok()) << text;
    const base::Result<Node> again = Parse(ToText(*node));
    ASSERT_TRUE(again.ok()) << ToText(*node);
    EXPECT_TRUE(SameNode(*node, *again));
  }
}

TEST(Parse, PlacesAreOffsets) {
  const base::Result<Node> node = Parse("  a +  sum( b ) filter (where c)");
  ASSERT_TRUE(node.ok());
  EXPECT_EQ(node->offset, 4);  // of the operator
  EXPECT_EQ(node->end, 32);
  EXPECT_EQ(node->children[0].offset, 2);
  EXPECT_EQ(node->children[0].end, 3);
  EXPECT_EQ(node->children[1].offset, 7);
  EXPECT_EQ(node->children[1].end, 32);
  EXPECT_EQ(node->children[1].filter->offset, 30);
}

TEST(Parse, LiteralsHaveTypes) {
  const auto type_of = [](const char* text) { return Parse(text)->type.ToString(); };
  EXPECT_EQ(type_of("1"), "int64");
  EXPECT_EQ(type_of("9223372036854775808"), "uint64");
  EXPECT_EQ(type_of("1.0"), "float64");
  EXPECT_EQ(type_of("'a'"), "string");
  EXPECT_EQ(type_of("true"), "bool");
  EXPECT_EQ(type_of("null"), "null");
  EXPECT_EQ(Parse("2h")->value.as_int(), 7'200'000'000);
}

TEST(Parse, MessagesSayFoundAndExpected) {
  const auto problem = [](const char* text) {
    return base::ProblemsOf(Parse(text).status()).at(0);
  };
  EXPECT_EQ(problem("1 +").message, "found the end, expected a value");
  EXPECT_EQ(problem("f(1 2)").message, "found '2', expected ',' or ')'");
  EXPECT_EQ(problem("f(1 2)").place.line, 1);
  EXPECT_EQ(problem("a == b").hint, "equality is written '='");
  EXPECT_THAT(problem("7x").hint, testing::HasSubstr("7d"));
}

std::string Repeat(std::string_view part, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += part;
  return text;
}

TEST(Parse, HostileDepthIsAnErrorNotACrash) {
  for (const char* opening :
       {"(", "-", "not ", "f(", "array[", "case when ", "cast(", "a + (", "x between ", "x in ("}) {
    const base::Result<Node> node = Parse(Repeat(opening, 100'000));
    ASSERT_FALSE(node.ok()) << opening;
    EXPECT_EQ(base::ProblemsOf(node.status())[0].code.name, "syntax_error");
  }
  EXPECT_TRUE(Parse(Repeat("(", 90) + "1" + Repeat(")", 90)).ok());
  EXPECT_FALSE(Parse(Repeat("(", 200) + "1" + Repeat(")", 200)).ok());
  EXPECT_TRUE(Parse("a" + Repeat(" + a", 400)).ok());
  EXPECT_FALSE(Parse("a" + Repeat(" + a", 100'000)).ok());
  EXPECT_FALSE(Parse("a" + Repeat(" is null", 100'000)).ok());
  EXPECT_TRUE(Parse("f(1" + Repeat(", 1", 100'000) + ")").ok());
  EXPECT_FALSE(Parse(std::string(2'000'000, ' ')).ok());
}

// Random texts of the language's own words: whatever parses, prints and parses to the same.
TEST(Parse, RandomTextsRoundTrip) {
  const std::vector<std::string> words = {
      "a",  "b.c",     "\"q r\"", "1",      "-2.5",  "7d",   "'s'",   "null",     "true",
      "(",  ")",       "[",       "]",      ",",     "+",    "-",     "*",        "/",
      "%",  "||",      "=",       "<",      ">=",    "and",  "or",    "not",      "is",
      "in", "between", "like",    "case",   "when",  "then", "else",  "end",      "cast(",
      "as", "int64",   "f(",      "filter", "where", "div",  "array", "extract(", "from"};
  std::mt19937_64 random(20'240'229);
  int parsed = 0;
  for (int i = 0; i < 300'000; ++i) {
    std::string text;
    const size_t size = 1 + random() % 7;
    for (size_t w = 0; w < size; ++w) text += words[random() % words.size()] + " ";
    const base::Result<Node> node = Parse(text);
    if (!node.ok()) continue;
    ++parsed;
    const std::string canonical = ToText(*node);
    const base::Result<Node> again = Parse(canonical);
    ASSERT_TRUE(again.ok()) << text << " => " << canonical << ": " << again.status().ToString();
    ASSERT_TRUE(SameNode(*node, *again)) << text << " => " << canonical;
    ASSERT_EQ(ToText(*again), canonical);
  }
  EXPECT_GT(parsed, 1'000);
}

}  // namespace
}  // namespace millrace::expr
