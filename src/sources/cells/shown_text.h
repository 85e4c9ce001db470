// ShownText: bytes of a file as a message can show them.
#pragma once

#include <string>
#include <string_view>

namespace millrace::sources {

// At most 60 bytes of it, then "…"; control characters and what is not UTF-8 as \xNN.
std::string ShownText(std::string_view text);

}  // namespace millrace::sources
