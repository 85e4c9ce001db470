// AppendJsonText: a text as JSON writes it. Called for answers and for the server's log.
#pragma once

#include <string>
#include <string_view>

namespace millrace::online {

// Appends the text in quotes. Control characters are escaped; each byte that is not UTF-8 becomes
// U+FFFD.
void AppendJsonText(std::string_view text, std::string* out);

}  // namespace millrace::online
