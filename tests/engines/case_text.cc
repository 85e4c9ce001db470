// Works on lines: a table is a run of indented lines that hold a `|` outside definitions.
#include "engines/case_text.h"

#include <vector>

namespace millrace::engines {
namespace {

struct TableLine {
  bool table = false;
  std::vector<std::string> cells;
  size_t inputs = 0;  // cells before `||`; 0: none
  std::string comment;
  std::string raw;
};

std::string Trimmed(const std::string& text) {
  const size_t begin = text.find_first_not_of(' ');
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

TableLine ReadLine(const std::string& raw) {
  TableLine line;
  line.raw = raw;
  bool quoted = false;
  std::string cell;
  size_t i = 0;
  for (; i < raw.size(); ++i) {
    const char c = raw[i];
    if (c == '\'') quoted = !quoted;
    if (!quoted && c == '#' && i > 0 && raw[i - 1] == ' ') break;
    if (c != '|' || quoted) {
      cell += c;
      continue;
    }
    line.table = true;
    line.cells.push_back(Trimmed(cell));
    cell.clear();
    if (i + 1 < raw.size() && raw[i + 1] == '|') {
      line.inputs = line.cells.size();
      ++i;
    }
  }
  line.cells.push_back(Trimmed(cell));
  line.comment = raw.substr(i);
  return line;
}

// Characters, not bytes.
size_t Width(const std::string& text) {
  size_t width = 0;
  for (const char c : text) width += (static_cast<unsigned char>(c) & 0xc0) != 0x80 ? 1 : 0;
  return width;
}

void Flush(std::vector<TableLine>* table, std::string* out) {
  std::vector<size_t> widths;
  for (const TableLine& line : *table) {
    widths.resize(std::max(widths.size(), line.cells.size()));
    for (size_t i = 0; i < line.cells.size(); ++i) {
      widths[i] = std::max(widths[i], Width(line.cells[i]));
    }
  }
  for (const TableLine& line : *table) {
    std::string text = "  ";
    for (size_t i = 0; i < line.cells.size(); ++i) {
      if (i > 0) text += i == line.inputs ? " || " : " | ";
      text += line.cells[i] + std::string(widths[i] - Width(line.cells[i]), ' ');
    }
    if (line.comment.empty()) {
      text.erase(text.find_last_not_of(' ') + 1);
    } else {
      text += "  " + line.comment;
    }
    *out += text + "\n";
  }
  table->clear();
}

}  // namespace

std::string AlignTables(std::string_view text,
                        const std::map<std::pair<int, size_t>, std::string>& texts) {
  std::string out;
  std::vector<TableLine> table;
  bool in_table_block = false;
  int number = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string raw(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (!raw.empty() && raw[0] != ' ' && raw[0] != '#') {
      in_table_block = raw.find(':') == std::string::npos || raw.starts_with("ask");
    }
    TableLine line = ReadLine(raw);
    if (in_table_block && line.table && raw.starts_with(" ")) {
      for (size_t i = 0; i < line.cells.size(); ++i) {
        if (auto found = texts.find({number, i}); found != texts.end()) {
          line.cells[i] = found->second;
        }
      }
      table.push_back(std::move(line));
      continue;
    }
    Flush(&table, &out);
    out += raw + "\n";
  }
  Flush(&table, &out);
  return out;
}

}  // namespace millrace::engines
