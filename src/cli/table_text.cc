#include "cli/table_text.h"

#include <algorithm>

namespace millrace::cli {
namespace {

// Code points, so that a name with an accent keeps its column.
size_t Width(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

}  // namespace

std::string TableText(const std::vector<std::string>& heading,
                      const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths(heading.size());
  const auto widen = [&](const std::vector<std::string>& row) {
    for (size_t i = 0; i < heading.size(); ++i) widths[i] = std::max(widths[i], Width(row[i]));
  };
  widen(heading);
  for (const std::vector<std::string>& row : rows) widen(row);

  std::string text;
  const auto append = [&](const std::vector<std::string>& row) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - Width(row[i]) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  };
  append(heading);
  for (const std::vector<std::string>& row : rows) append(row);
  return text;
}

}  // namespace millrace::cli
