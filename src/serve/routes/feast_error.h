// FeastError: a problem as Feast's clients read it: a JSON string that holds JSON with the module
// and the class of the exception that they raise, its message, and our code. Called by the routes
// that Feast has too; ours answer by http_status.h.
#pragma once

#include <string>

#include "base/status.h"

namespace millrace::serve {

// What a request named, which decides what an unknown name is to Feast.
enum class FeastNamed { kFeatures, kService, kView, kPushSource, kNothing };

struct FeastError {
  int status = 500;
  std::string body;
};

// The class is one of feast.errors: their clients make an instance without calling its constructor
// and give it the message, which only subclasses of FeastError then show.
FeastError MakeFeastError(const base::Problem& problem, FeastNamed named);

}  // namespace millrace::serve
