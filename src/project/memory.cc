// Reading of amounts of memory.
#include "project/memory.h"

#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <string>
#include <utility>

namespace millrace::project {

base::Result<int64_t> ParseMemory(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, double>, 10> kUnits = {
      {{"", 1.0},
       {"b", 1.0},
       {"kb", 1e3},
       {"mb", 1e6},
       {"gb", 1e9},
       {"tb", 1e12},
       {"kib", 1024.0},
       {"mib", 1048576.0},
       {"gib", 1073741824.0},
       {"tib", 1099511627776.0}}};
  const auto bad = [&] {
    return base::Error(base::codes::kBadValue, "'" + std::string(text) +
                                                   "' is no amount of memory; expected one such as "
                                                   "4GiB or 512MiB");
  };
  double number = 0.0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc()) return bad();
  std::string unit;
  for (const char* c = end; c != text.data() + text.size(); ++c) {
    if (*c == ' ' && unit.empty()) continue;
    unit += static_cast<char>(std::tolower(static_cast<unsigned char>(*c)));
  }
  for (const auto& [name, bytes] : kUnits) {
    if (name != unit) continue;
    const double total = std::floor(number * bytes);
    if (!(total >= 1.0 && total < 9.2e18)) return bad();
    return static_cast<int64_t>(total);
  }
  return bad();
}

}  // namespace millrace::project
