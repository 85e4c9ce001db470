// StatusOf: how a problem is answered over HTTP: its status and, on our own routes, its body. What
// Feast's clients read is in feast_error.h. Called by every route.
#pragma once

#include <string>

#include "base/status.h"

namespace millrace::serve {

// All problems of a status as one: the first's code, everybody's message and hint. REQUIRES: not
// ok.
base::Problem ProblemOf(const base::Status& status);

// 400 (not JSON), 401, 403, 404 (an unknown name; one whose values are not there yet), 413, 422
// for what the caller can change; 503 where the same request may be answered later; 500 for what is
// wrong here. A code that is not known here goes by its exit code: 2 is 422, the others 500.
int StatusOf(const base::Problem& problem);

// After how many seconds it is worth asking again, for the header Retry-After; 0: the answer will
// be the same.
int RetryAfterSeconds(int status);

// {"detail": text, "code": stable code}. What is not UTF-8 becomes U+FFFD.
std::string ErrorBody(const base::Problem& problem);

// The message with its hint, as both kinds of body say it; cut when it is long.
std::string DetailOf(const base::Problem& problem);

}  // namespace millrace::serve
