#include "base/code.h"

#include <algorithm>
#include <array>

namespace millrace::base {
namespace {

constexpr std::array kCodes = {
    codes::kUsage,
    codes::kSyntax,
    codes::kNeedsQuotes,
    codes::kUnknownName,
    codes::kUnknownField,
    codes::kMissingField,
    codes::kReserved,
    codes::kDuplicate,
    codes::kAmbiguous,
    codes::kCycle,
    codes::kTypeMismatch,
    codes::kWrongArguments,
    codes::kBadWindow,
    codes::kBadValue,
    codes::kMissingColumn,
    codes::kMissingVariable,
    codes::kSpine,
    codes::kNotReady,
    codes::kAsOfOutOfRange,
    codes::kViewNotWritable,
    codes::kUnauthorized,
    codes::kForbidden,
    codes::kTooLarge,
    codes::kMethod,
    codes::kNotFound,
    codes::kPermission,
    codes::kIo,
    codes::kDiskFull,
    codes::kCorrupt,
    codes::kEmptySource,
    codes::kConflict,
    codes::kStoreOwned,
    codes::kStoreFormat,
    codes::kStoreFenced,
    codes::kStoreUnavailable,
    codes::kOverloaded,
    codes::kDeadline,
    codes::kInternal,
    codes::kStrict,
    codes::kVerificationFailed,
};

}  // namespace

std::optional<Code> FindCode(std::string_view name) {
  const auto* const found = std::find_if(kCodes.begin(), kCodes.end(),
                                         [&](const Code& code) { return code.name == name; });
  return found == kCodes.end() ? std::nullopt : std::optional<Code>(*found);
}

}  // namespace millrace::base
