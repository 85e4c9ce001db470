// Strings: || concat lower upper trim length substr replace split_part starts_with, by code points
// counted from 1. Patterns are in pattern.cc.
#include "expr/functions/function.h"
#include "expr/functions/unicode.h"

namespace millrace::expr {
namespace {

using columns::kBadArgument;
using columns::Kind;
using columns::kNullCell;
using columns::kValid;
using columns::Type;

// Nested replace() may multiply; a text beyond this is an error cell.
constexpr size_t kTextBytesMax = size_t{16} << 20;

// f(value, text*) writes the result.
template <class F>
void EachText(const Invocation& in, F f) {
  const Reader<std::string_view> a(in.arguments[0]);
  Writer<std::string_view> out(in);
  std::string& text = in.workspace->text;
  for (int64_t i = 0; i < in.rows; ++i) {
    if (a.cell(i) != kValid) {
      out.SetCell(i, a.cell(i));
      continue;
    }
    text.clear();
    f(a[i], &text);
    out.Set(i, out.Keep(text), kValid);
  }
}

// kSkipNulls: concat; else ||.
template <bool kSkipNulls>
void JoinKernel(const Invocation& in) {
  Writer<std::string_view> out(in);
  std::string& text = in.workspace->text;
  for (int64_t i = 0; i < in.rows; ++i) {
    text.clear();
    uint8_t cell = kValid;
    for (const Argument& a : in.arguments) {
      const uint8_t own = a.cell(i);
      if (own == kValid) {
        text += a.column->strings[a.at(i)];
      } else if (!kSkipNulls || own > kValid) {
        cell = Combine(cell, own);
      }
    }
    if (cell == kValid && text.size() > kTextBytesMax) cell = kBadArgument;
    out.Set(i, cell == kValid ? out.Keep(text) : std::string_view(), cell);
  }
}

// Values that are no strings are written as cast writes them.
template <bool kSkipNulls>
base::Result<TypedNode> BindJoin(Binding* b) {
  for (int i = 0; i < b->size(); ++i) {
    const Type& type = b->type(i);
    const bool has_text = type.kind() == Kind::kBool || type.is_numeric() ||
                          type.kind() == Kind::kDate || type.kind() == Kind::kTimestamp;
    if (has_text) {
      ARROW_ASSIGN_OR_RAISE(*b->argument(i),
                            Cast(b->written(i), std::move(*b->argument(i)), Kind::kString, false));
    }
    ARROW_RETURN_NOT_OK(b->WantString(i));
  }
  return b->Make(Kind::kString, JoinKernel<kSkipNulls>);
}

void LowerKernel(const Invocation& in) {
  EachText(in, AppendLower);
}
void UpperKernel(const Invocation& in) {
  EachText(in, AppendUpper);
}

void TrimKernel(const Invocation& in) {
  EachRow<std::string_view, std::string_view>(in, [](std::string_view v, uint8_t*) {
    constexpr std::string_view kSpaces = " \t\n\v\f\r";
    const size_t first = v.find_first_not_of(kSpaces);
    if (first == std::string_view::npos) return std::string_view();
    return v.substr(first, v.find_last_not_of(kSpaces) - first + 1);
  });
}

void LengthKernel(const Invocation& in) {
  EachRow<int64_t, std::string_view>(
      in, [](std::string_view v, uint8_t*) { return CountCodePoints(v); });
}

void StartsWithKernel(const Invocation& in) {
  EachRow<Boolean, std::string_view, std::string_view>(
      in, [](std::string_view v, std::string_view prefix, uint8_t*) -> Boolean {
        return v.starts_with(prefix);
      });
}

template <Kind kResult, Kernel kKernel>
base::Result<TypedNode> BindStrings(Binding* b) {
  for (int i = 0; i < b->size(); ++i) ARROW_RETURN_NOT_OK(b->WantString(i));
  return b->Make(kResult, kKernel);
}

// The code points at positions [start, start + length) that there are.
void SubstrKernel(const Invocation& in) {
  const Reader<std::string_view> text(in.arguments[0]);
  const Reader<int64_t> start(in.arguments[1]);
  const bool to_end = in.arguments.size() == 2;
  const Reader<int64_t> length(in.arguments[to_end ? 1 : 2]);
  EachValidRow<std::string_view>(in, [&](int64_t i, uint8_t* cell) {
    int64_t end = INT64_MAX;  // one past the last position
    if (!to_end) {
      if (length[i] < 0) *cell = kBadArgument;
      if (__builtin_add_overflow(start[i], length[i], &end)) end = INT64_MAX;
    }
    const int64_t first = start[i] < 1 ? 1 : start[i];
    if (*cell != kValid || end <= first) return std::string_view();
    const std::string_view rest = text[i].substr(PrefixSize(text[i], first - 1));
    return rest.substr(0, PrefixSize(rest, end - first));
  });
}

base::Result<TypedNode> BindSubstr(Binding* b) {
  ARROW_RETURN_NOT_OK(b->WantString(0));
  for (int i = 1; i < b->size(); ++i) ARROW_RETURN_NOT_OK(b->WantInteger(i));
  return b->Make(Kind::kString, SubstrKernel);
}

// False when the result would be too long.
bool Replace(std::string_view text, std::string_view from, std::string_view to, std::string* out) {
  out->clear();
  while (true) {
    const size_t at = from.empty() ? std::string_view::npos : text.find(from);
    out->append(text.substr(0, at));
    if (at == std::string_view::npos) return out->size() <= kTextBytesMax;
    out->append(to);
    text.remove_prefix(at + from.size());
    if (out->size() > kTextBytesMax) return false;
  }
}

void ReplaceKernel(const Invocation& in) {
  const Reader<std::string_view> text(in.arguments[0]);
  const Reader<std::string_view> from(in.arguments[1]);
  const Reader<std::string_view> to(in.arguments[2]);
  Writer<std::string_view> out(in);
  for (int64_t i = 0; i < in.rows; ++i) {
    const uint8_t cell = Combine(Combine(text.cell(i), from.cell(i)), to.cell(i));
    std::string& result = in.workspace->text;
    if (cell != kValid) {
      out.SetCell(i, cell);
    } else if (!Replace(text[i], from[i], to[i], &result)) {
      out.SetCell(i, kBadArgument);
    } else {
      out.Set(i, out.Keep(result), kValid);
    }
  }
}

int64_t CountOf(std::string_view text, std::string_view part) {
  int64_t count = 0;
  for (size_t at = text.find(part); at != std::string_view::npos;
       at = text.find(part, at + part.size())) {
    ++count;
  }
  return count;
}

// Part `n` from 1, or from the end when negative; REQUIRES: n != 0.
std::string_view SplitPart(std::string_view text, std::string_view separator, int64_t n) {
  if (separator.empty()) return n == 1 || n == -1 ? text : std::string_view();
  if (n < 0) n += CountOf(text, separator) + 2;
  if (n < 1) return {};
  for (; n > 1; --n) {
    const size_t at = text.find(separator);
    if (at == std::string_view::npos) return {};
    text.remove_prefix(at + separator.size());
  }
  return text.substr(0, text.find(separator));
}

void SplitPartKernel(const Invocation& in) {
  const Reader<std::string_view> text(in.arguments[0]);
  const Reader<std::string_view> separator(in.arguments[1]);
  const Reader<int64_t> n(in.arguments[2]);
  EachValidRow<std::string_view>(in, [&](int64_t i, uint8_t* cell) {
    if (n[i] == 0) *cell = kBadArgument;
    return n[i] == 0 ? std::string_view() : SplitPart(text[i], separator[i], n[i]);
  });
}

base::Result<TypedNode> BindSplitPart(Binding* b) {
  for (int i : {0, 1}) ARROW_RETURN_NOT_OK(b->WantString(i));
  ARROW_RETURN_NOT_OK(b->WantInteger(2));
  return b->Make(Kind::kString, SplitPartKernel);
}

constexpr std::string_view kLong = "a text beyond 16 MiB is the error bad_argument";

constexpr Function kFunctions[] = {
    {"||", "x || y: string, string -> string",
     "null if either is; numbers, bools, dates and timestamps are written as cast writes them", 2,
     2, BindJoin<false>, true},
    {"concat", "concat(x: string, …) -> string", "as ||, but skips nulls, so it is never null", 1,
     kAnyNumber, BindJoin<true>},
    {"lower", "lower(text: string) -> string",
     "each code point to its one lower-case code point in Unicode 14", 1, 1,
     BindStrings<Kind::kString, LowerKernel>},
    {"upper", "upper(text: string) -> string",
     "each code point to its one upper-case code point in Unicode 14; ß stays", 1, 1,
     BindStrings<Kind::kString, UpperKernel>},
    {"trim", "trim(text: string) -> string",
     "without spaces, tabs and line ends (ASCII) at both ends", 1, 1,
     BindStrings<Kind::kString, TrimKernel>},
    {"length", "length(text: string) -> int64", "code points", 1, 1,
     BindStrings<Kind::kInt64, LengthKernel>},
    {"substr", "substr(text: string, start: int64[, length: int64]) -> string",
     "the code points at positions [start, start + length) that there are, from 1; a negative "
     "length is "
     "bad_argument",
     2, 3, BindSubstr},
    {"replace", "replace(text: string, from: string, to: string) -> string", kLong, 3, 3,
     BindStrings<Kind::kString, ReplaceKernel>},
    {"split_part", "split_part(text: string, separator: string, n: int64) -> string",
     "part n from 1, from the end when negative; '' where there is none; n = 0 is bad_argument", 3,
     3, BindSplitPart},
    {"starts_with", "starts_with(text: string, prefix: string) -> bool", "", 2, 2,
     BindStrings<Kind::kBool, StartsWithKernel>},
};

}  // namespace

std::span<const Function> TextFunctions() {
  return kFunctions;
}

}  // namespace millrace::expr
