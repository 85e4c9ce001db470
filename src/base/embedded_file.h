// EmbeddedFile: a file that is built into the binary (cmake/Embed.cmake makes functions that give
// them).
#pragma once

#include <string_view>
#include <vector>

namespace millrace::base {

struct EmbeddedFile {
  std::string_view path;  // below the folder that was embedded
  std::string_view content;
};

}  // namespace millrace::base
