// The parser of case files: lines into blocks, blocks into tables.
#include "engines/case.h"

#include <algorithm>
#include <cctype>
#include <map>

namespace millrace::engines {
namespace {

using base::Result;
using base::Status;

std::string_view Trim(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) {
    text.remove_prefix(1);
  }
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) {
    text.remove_suffix(1);
  }
  return text;
}

// Without the comment: `#` at the start or after a space, outside quotes.
std::string_view WithoutComment(std::string_view line) {
  bool quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\'') quoted = !quoted;
    if (line[i] == '#' && !quoted && (i == 0 || line[i - 1] == ' ')) return line.substr(0, i);
  }
  return line;
}

Result<CaseCell> ReadCell(std::string_view text) {
  text = Trim(text);
  CaseCell cell;
  if (text.empty()) {
    return base::Error(base::codes::kSyntax,
                       "an empty cell: write null, or '' for an empty string");
  }
  if (text.front() == '!') {
    cell.unreadable = true;
    text.remove_prefix(1);
  }
  if (text.empty() || text.front() != '\'') {
    cell.text = text;
    return cell;
  }
  cell.quoted = true;
  size_t i = 1;
  for (; i < text.size(); ++i) {
    if (text[i] == '\'') {
      if (i + 1 == text.size() || text[i + 1] != '\'') break;
      ++i;
    }
    cell.text += text[i];
  }
  if (i + 1 != text.size()) {
    return base::Error(base::codes::kSyntax,
                       "a quoted cell that does not end with its quote: " + std::string(text));
  }
  return cell;
}

struct Line {
  int number = 0;
  std::string_view text;
  bool indented() const { return !text.empty() && text.front() == ' '; }
  bool blank() const { return Trim(WithoutComment(text)).empty(); }
};

class Parser {
 public:
  Parser(std::string path, std::string_view text) : text_(text) {
    case_.path = std::move(path);
    int number = 0;
    while (!text.empty()) {
      const size_t end = std::min(text.find('\n'), text.size());
      lines_.push_back({++number, text.substr(0, end)});
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    case_.definitions.reserve(text_.size());
  }

  Result<Case> Run() {
    ReadRule();
    if (case_.rule.empty()) return Wrong(1, "a case opens with a comment that says its rule");
    while (next_ < lines_.size()) {
      const Line& line = lines_[next_];
      if (line.blank()) {
        ++next_;
      } else if (line.indented()) {
        return Wrong(line.number, "an indented line outside a block");
      } else {
        ARROW_RETURN_NOT_OK(ReadBlock());
      }
    }
    if (case_.asks.empty() && !case_.problems) {
      return Wrong(1, "the case asks nothing: expected `ask` or `problems`");
    }
    return std::move(case_);
  }

 private:
  Status Wrong(int line, std::string message) const {
    return base::Error({base::codes::kSyntax, std::move(message), {case_.path, line, 0}});
  }

  void ReadRule() {
    while (next_ < lines_.size() && lines_[next_].text.starts_with("#")) {
      if (!case_.rule.empty()) case_.rule += ' ';
      case_.rule += Trim(lines_[next_].text.substr(1));
      ++next_;
    }
  }

  Status ReadBlock() {
    const Line& line = lines_[next_];
    const std::string_view head = Trim(WithoutComment(line.text));
    std::vector<std::string> words;
    for (size_t i = 0; i < head.size();) {
      const size_t end = std::min(head.find(' ', i), head.size());
      if (end > i) words.emplace_back(head.substr(i, end - i));
      i = end + 1;
    }
    const std::string& word = words.front();
    if (word.find(':') != std::string::npos) {
      ReadDefinitions();
      return Status::OK();
    }
    ++next_;
    if (word == "events") return ReadEvents(line.number, words);
    if (word == "ask") return ReadAsk(line.number, words);
    if (word == "problems") {
      ARROW_ASSIGN_OR_RAISE(case_.problems, ReadTable(line.number));
      return Status::OK();
    }
    std::optional<CaseTable> AskBlock::* counts = word == "rejected"  ? &AskBlock::rejected
                                                  : word == "errors"  ? &AskBlock::errors
                                                  : word == "nulls"   ? &AskBlock::nulls
                                                  : word == "counted" ? &AskBlock::counted
                                                                      : nullptr;
    if (counts == nullptr) {
      return Wrong(line.number,
                   "unknown word '" + word +
                       "': expected a section of definitions (views:, …), events, ask, rejected, "
                       "errors, nulls, counted or problems");
    }
    if (case_.asks.empty()) return Wrong(line.number, "`" + word + "` belongs below an `ask`");
    ARROW_ASSIGN_OR_RAISE(case_.asks.back().*counts, ReadTable(line.number));
    return CheckHeader(*(case_.asks.back().*counts), {"subject", "reason", "count"});
  }

  // From a `word:` line to the next line that is neither indented nor blank.
  void ReadDefinitions() {
    do {
      const Line& line = lines_[next_];
      // Lines before that belong to other blocks stay empty, so that problems name the case's
      // lines.
      const auto written = std::count(case_.definitions.begin(), case_.definitions.end(), '\n');
      case_.definitions.append(static_cast<size_t>(line.number - 1 - written), '\n');
      case_.definitions += line.text;
      case_.definitions += '\n';
      ++next_;
    } while (next_ < lines_.size() && (lines_[next_].indented() || lines_[next_].blank()));
  }

  Status ReadEvents(int line, const std::vector<std::string>& words) {
    if (words.size() != 2) return Wrong(line, "expected `events NAME`");
    EventsBlock block;
    block.source = words[1];
    ARROW_ASSIGN_OR_RAISE(block.table, ReadTable(line));
    if (block.table.inputs >= 0) return Wrong(line, "a table of events has no `||`");
    for (const EventsBlock& other : case_.events) {
      if (other.source == block.source) return Wrong(line, "a second table of " + block.source);
    }
    case_.events.push_back(std::move(block));
    return Status::OK();
  }

  Status ReadAsk(int line, const std::vector<std::string>& words) {
    AskBlock ask;
    ask.line = line;
    const std::map<std::string, std::string*> with_value = {{"--service", &ask.service},
                                                            {"--every", &ask.every},
                                                            {"--from", &ask.from},
                                                            {"--to", &ask.to},
                                                            {"--fails", &ask.fails}};
    const std::map<std::string, bool*> flags = {{"offline", &ask.offline},
                                                {"--full-names", &ask.full_names},
                                                {"--ignore-created", &ask.ignore_created}};
    for (size_t i = 1; i < words.size(); ++i) {
      if (auto flag = flags.find(words[i]); flag != flags.end()) {
        *flag->second = true;
      } else if (auto option = with_value.find(words[i]);
                 option != with_value.end() && i + 1 < words.size()) {
        *option->second = words[++i];
      } else {
        return Wrong(line, "unknown word '" + words[i] + "' after ask");
      }
    }
    if ((ask.ignore_created || !ask.every.empty()) && !ask.offline) {
      return Wrong(line, "--ignore-created and --every are for `ask offline`");
    }
    if (ask.every.empty() != ask.from.empty() || ask.every.empty() != ask.to.empty()) {
      return Wrong(line, "--every, --from and --to come together");
    }
    ARROW_ASSIGN_OR_RAISE(ask.table, ReadTable(line));
    if (ask.table.inputs < 0) return Wrong(ask.table.line, "expected `||` before the answers");
    case_.asks.push_back(std::move(ask));
    return Status::OK();
  }

  Status CheckHeader(const CaseTable& table, const std::vector<std::string>& header) const {
    if (table.header == header) return Status::OK();
    std::string expected;
    for (const std::string& name : header) expected += (expected.empty() ? "" : " | ") + name;
    return Wrong(table.line, "expected the header " + expected);
  }

  // The indented lines that follow.
  Result<CaseTable> ReadTable(int block_line) {
    CaseTable table;
    while (next_ < lines_.size() && (lines_[next_].indented() || lines_[next_].blank())) {
      const Line& line = lines_[next_++];
      if (line.blank()) continue;
      int separator = -1;
      auto cells = SplitCells(line.text, &separator);
      if (!cells.ok()) return base::AtPlace(cells.status(), {case_.path, line.number, 0});
      if (table.line == 0) {
        table.line = line.number;
        table.inputs = separator;
        for (CaseCell& cell : *cells) table.header.push_back(std::move(cell.text));
        continue;
      }
      if (cells->size() != table.header.size() || separator != table.inputs) {
        return Wrong(line.number, "this row has " + std::to_string(cells->size()) +
                                      " cells, the header " + std::to_string(table.header.size()) +
                                      " (or its `||` stands elsewhere)");
      }
      table.rows.push_back({line.number, std::move(*cells)});
    }
    if (table.line == 0) return Wrong(block_line, "expected an indented table");
    return table;
  }

  std::string_view text_;
  std::vector<Line> lines_;
  size_t next_ = 0;
  Case case_;
};

}  // namespace

Result<std::vector<CaseCell>> SplitCells(std::string_view line, int* separator) {
  line = WithoutComment(line);
  *separator = -1;
  std::vector<CaseCell> cells;
  bool quoted = false;
  size_t begin = 0;
  for (size_t i = 0; i <= line.size(); ++i) {
    if (i < line.size() && line[i] == '\'') quoted = !quoted;
    if (i < line.size() && (line[i] != '|' || quoted)) continue;
    ARROW_ASSIGN_OR_RAISE(CaseCell cell, ReadCell(line.substr(begin, i - begin)));
    cells.push_back(std::move(cell));
    if (i + 1 < line.size() && line[i + 1] == '|') {
      if (*separator >= 0) return base::Error(base::codes::kSyntax, "a second `||`");
      *separator = static_cast<int>(cells.size());
      ++i;
    }
    begin = i + 1;
  }
  return cells;
}

Result<Case> ParseCase(std::string path, std::string_view text) {
  return Parser(std::move(path), text).Run();
}

}  // namespace millrace::engines
