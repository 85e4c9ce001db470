// The text of a case, changed in place: answers filled in, tables aligned. Comments stay.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace millrace::engines {

// Every indented table with its cells padded to one width per column; texts[(line, cell)] replaces
// a cell.
std::string AlignTables(std::string_view text,
                        const std::map<std::pair<int, size_t>, std::string>& texts);

}  // namespace millrace::engines
