// Environment variables in string values: ${VAR} and ${VAR:-default}. Strings are stored as written
// and expanded where they are used, so that a secret stands in no file, plan or registry.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace millrace::project {

// The value of a variable; nothing when it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// The process's own.
Environment SystemEnvironment();

// `text` with every ${VAR} replaced once: what a value holds is not looked at again.
// ${VAR:-default} is the default when VAR is not set or empty. A '$' before anything but '{' stands
// for itself. Errors: missing_variable naming it; bad_value (a '${' that no '}' ends, a name that
// is none). Their place has the column of the '${', from 1.
base::Result<std::string> Expand(std::string_view text, const Environment& environment);

}  // namespace millrace::project
