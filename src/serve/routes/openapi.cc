#include "serve/routes/openapi.h"

#include <vector>

#include "base/check.h"
#include "base/embedded_file.h"

namespace millrace::serve {

const std::vector<base::EmbeddedFile>& RouteFiles();  // cmake/Embed.cmake makes it

std::string_view OpenApi() {
  const std::vector<base::EmbeddedFile>& files = RouteFiles();
  MILLRACE_CHECK(files.size() == 1 && files[0].path == "openapi.json");
  return files[0].content;
}

}  // namespace millrace::serve
