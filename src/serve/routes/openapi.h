// The document that GET /openapi.json answers with: every route, its bodies and its errors, for
// machines (openapi.json beside this, built into the binary).
#pragma once

#include <string_view>

namespace millrace::serve {

// OpenAPI 3.1, JSON. Lives as long as the program.
std::string_view OpenApi();

}  // namespace millrace::serve
