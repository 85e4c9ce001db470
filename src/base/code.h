// Code: the stable name of a kind of problem, and what a caller is told by it. Users, tests and
// clients match on these names, so a name never changes its meaning.
#pragma once

#include <optional>
#include <string_view>

namespace millrace::base {

struct Code {
  std::string_view name;  // stable, snake_case
  int exit_code;          // of the command line: 1 failed, 2 the request is wrong, 3 data failed

  friend constexpr bool operator==(const Code& a, const Code& b) { return a.name == b.name; }
};

namespace codes {
// The request is wrong: usage, definition, unknown name.
inline constexpr Code kUsage{"usage", 2};
inline constexpr Code kSyntax{"syntax_error", 2};         // YAML or an expression
inline constexpr Code kNeedsQuotes{"needs_quotes", 2};    // a YAML value that YAML read otherwise
inline constexpr Code kUnknownName{"unknown_name", 2};    // feature, view, column, function, key
inline constexpr Code kUnknownField{"unknown_field", 2};  // a word that a definition does not have
inline constexpr Code kMissingField{"missing_field", 2};
inline constexpr Code kReserved{"reserved", 2};  // a word whose place is kept
inline constexpr Code kDuplicate{"duplicate_name", 2};
inline constexpr Code kAmbiguous{"ambiguous_name", 2};
inline constexpr Code kCycle{"cycle", 2};
inline constexpr Code kTypeMismatch{"type_mismatch", 2};
inline constexpr Code kWrongArguments{"wrong_arguments", 2};
inline constexpr Code kBadWindow{"bad_window", 2};
inline constexpr Code kBadValue{"bad_value", 2};  // a definition's value of the right type
inline constexpr Code kMissingColumn{"missing_column", 2};      // of a file, spine or request
inline constexpr Code kMissingVariable{"missing_variable", 2};  // ${VAR} without a value
inline constexpr Code kSpine{"bad_spine", 2};
inline constexpr Code kNotReady{"not_ready", 2};
inline constexpr Code kAsOfOutOfRange{"as_of_out_of_range", 2};  // before now - history, or later
inline constexpr Code kViewNotWritable{"view_not_writable", 2};  // its rows are made, not given
inline constexpr Code kUnauthorized{"unauthorized", 2};          // a server does not know who asks
inline constexpr Code kForbidden{"forbidden", 2};                // it knows, and says no
inline constexpr Code kTooLarge{"too_large", 2};                 // over a limit of a server
inline constexpr Code kMethod{"method_not_allowed", 2};          // of HTTP
// It failed.
inline constexpr Code kNotFound{"file_not_found", 1};
inline constexpr Code kPermission{"permission_denied", 1};
inline constexpr Code kIo{"io_error", 1};
inline constexpr Code kDiskFull{"disk_full", 1};
inline constexpr Code kCorrupt{"corrupt", 1};  // bytes that no writer of ours or theirs makes
inline constexpr Code kEmptySource{"empty_source", 1};
inline constexpr Code kConflict{"conflict", 1};
inline constexpr Code kStoreOwned{"store_owned", 1};    // another process has it
inline constexpr Code kStoreFormat{"store_format", 1};  // no store, or another millrace's
inline constexpr Code kStoreFenced{"store_fenced", 1};  // another writer took this one's place
inline constexpr Code kStoreUnavailable{"store_unavailable", 1};  // its server does not answer
inline constexpr Code kOverloaded{"overloaded", 1};  // a server has as much to do as it takes
inline constexpr Code kDeadline{"deadline_exceeded", 1};
inline constexpr Code kInternal{"internal", 1};
inline constexpr Code kStrict{"strict", 1};  // --strict met a rejected row or an error cell
// Data failed validation.
inline constexpr Code kVerificationFailed{"verification_failed",
                                          3};  // it is not what its proof says
}  // namespace codes

// The code of this name: what a server said, to its client; nothing when there is none.
std::optional<Code> FindCode(std::string_view name);

}  // namespace millrace::base
