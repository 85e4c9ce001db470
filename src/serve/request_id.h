// RequestId: the name of one request in answers and logs: the caller's own, or one of ours.
#pragma once

#include <string>
#include <string_view>

namespace millrace::serve {

// `sent` (X-Request-Id) where it is 1 to 128 visible ASCII characters, else 16 random hexadecimal
// digits.
std::string RequestId(std::string_view sent);

}  // namespace millrace::serve
