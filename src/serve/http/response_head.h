// The text of a response before its body: status line and headers.
#pragma once

#include <string>
#include <string_view>

#include "base/time.h"
#include "serve/http/http_server.h"

namespace millrace::serve {

enum class Persistence {
  kStays,      // HTTP/1.1 says nothing about it
  kSaysStays,  // what HTTP/1.0 wants to hear
  kCloses,
};

// "Date: Tue, 15 Nov 1994 08:12:31 GMT", with the end of its line.
std::string DateLine(base::EventTime now);

// Replaces what `out` holds. `date`: a DateLine, or "".
void WriteResponseHead(const HttpResponse& response, Persistence persistence, std::string_view date,
                       std::string* out);

}  // namespace millrace::serve
