// Case: one file of tests/cases, read into blocks but not yet typed: definitions as text, tables as
// words with their lines. The format is told in docs/testing.md. Read by the case runner
// (cases_test.cc), which types it (scenario.h); written by the differential test (case_text.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace millrace::engines {

// A cell as written. `'it''s'` is quoted, `null` is not; `!abc` in a table of events is a cell
// whose text its column cannot be read from.
struct CaseCell {
  std::string text;  // without quotes and without `!`
  bool quoted = false;
  bool unreadable = false;

  bool is_null() const { return !quoted && !unreadable && text == "null"; }
  bool is_question() const { return !quoted && !unreadable && text == "?"; }
};

struct CaseRow {
  int line = 0;
  std::vector<CaseCell> cells;
};

struct CaseTable {
  int line = 0;  // of the header
  std::vector<std::string> header;
  int inputs = -1;  // how many columns stand before `||`; -1: there is no `||`
  std::vector<CaseRow> rows;
};

struct EventsBlock {
  std::string source;
  CaseTable table;
};

// `ask [offline] [--service S] [--full-names] [--ignore-created] [--every D --from T --to T]
// [--fails CODE]` and its tables.
struct AskBlock {
  int line = 0;
  bool offline = false;
  std::string service;
  bool full_names = false;
  bool ignore_created = false;
  std::string every;
  std::string from;
  std::string to;
  std::string fails;  // the stable code that the ask ends with; "" when it succeeds
  CaseTable table;
  // What the engine must have counted: subject | reason | count. Without `rejected` (`errors`)
  // nothing was rejected (no cell had an error); the other two are looked at when they are there.
  std::optional<CaseTable> rejected;
  std::optional<CaseTable> errors;
  std::optional<CaseTable> nulls;
  std::optional<CaseTable> counted;
};

struct Case {
  std::string path;
  std::string rule;         // the comment it opens with
  std::string definitions;  // YAML, each line where it stands in the file, the others empty
  std::vector<EventsBlock> events;
  std::vector<AskBlock> asks;
  std::optional<CaseTable> problems;  // code | line | says: the definitions are wrong, all of these
};

// Error: syntax_error with path and line: unknown words, rows of another width than their header,
// blocks out of place, a file without a rule, a case that asks nothing.
base::Result<Case> ParseCase(std::string path, std::string_view text);

// The cells of one line ("a | 'b' || c  # comment"); `separator` receives the number of cells
// before
// `||` (-1: none). Error: syntax_error without a place.
base::Result<std::vector<CaseCell>> SplitCells(std::string_view line, int* separator);

}  // namespace millrace::engines
