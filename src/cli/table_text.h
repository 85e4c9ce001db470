// TableText: rows of text under a heading, in columns as wide as they need, for people.
#pragma once

#include <string>
#include <vector>

namespace millrace::cli {

// Every row as long as the heading. The last column is not padded; an empty table is its heading
// alone.
std::string TableText(const std::vector<std::string>& heading,
                      const std::vector<std::vector<std::string>>& rows);

}  // namespace millrace::cli
