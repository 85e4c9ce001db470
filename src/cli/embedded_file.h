// The template repositories that `millrace init` writes, built into the binary (cmake/Embed.cmake).
#pragma once

#include <string_view>
#include <vector>

namespace millrace::cli {

struct EmbeddedFile {
  std::string_view path;  // below the repository's folder
  std::string_view content;
};

const std::vector<EmbeddedFile>& TemplateFiles();  // src/cli/template
const std::vector<EmbeddedFile>& ShopFiles();      // examples/shop, without its data

}  // namespace millrace::cli
