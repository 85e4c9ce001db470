// The template repositories that `millrace init` writes, built into the binary (cmake/Embed.cmake).
#pragma once

#include <vector>

#include "base/embedded_file.h"

namespace millrace::cli {

const std::vector<base::EmbeddedFile>& TemplateFiles();  // src/cli/template
const std::vector<base::EmbeddedFile>& ShopFiles();      // examples/shop, without its data

}  // namespace millrace::cli
