// The checks of a Call that families share, and their messages.
#include "aggregate/binding.h"

#include <limits>

namespace millrace::aggregate {
namespace {

base::Status WrongParameter(const Call& call, const std::string& expected) {
  return base::Error(base::codes::kWrongArguments,
                     "the parameter of " + call.function + " must be " + expected);
}

}  // namespace

base::Status CheckInput(const Call& call, bool accepted_type, std::string_view accepted) {
  if (accepted_type) return base::Status::OK();
  return base::Error(base::codes::kTypeMismatch, call.function + " takes " + std::string(accepted) +
                                                     ", found " + call.input.ToString());
}

base::Status CheckNumber(const Call& call) {
  return CheckInput(call, call.input.is_numeric(), "a number (an integer or a float)");
}

base::Status CheckOrdered(const Call& call) {
  return CheckInput(call,
                    call.input.is_ordered() && !call.input.is_null() &&
                        call.input.kind() != columns::Kind::kDuration,
                    "values that have an order (any type but maps and durations)");
}

base::Status CheckStorable(const Call& call) {
  return CheckInput(call, !call.input.is_null() && call.input.kind() != columns::Kind::kDuration,
                    "a type that a column can have (any but durations)");
}

base::Result<double> FractionParameter(const Call& call) {
  const columns::Value& value = call.parameters[0];
  double p = std::numeric_limits<double>::quiet_NaN();
  if (value.holds_float()) p = value.as_float();
  if (value.holds_int()) p = static_cast<double>(value.as_int());
  if (!(p >= 0 && p <= 1)) return WrongParameter(call, "a number from 0 to 1");
  return p + 0.0;
}

base::Result<int64_t> CountParameter(const Call& call, int64_t max) {
  const columns::Value& value = call.parameters[0];
  if (value.holds_int() && value.as_int() >= 1 && value.as_int() <= max) return value.as_int();
  const bool bounded = max != std::numeric_limits<int64_t>::max();
  return WrongParameter(call, bounded ? "a whole number from 1 to " + std::to_string(max)
                                      : "a whole number of at least 1");
}

base::Result<int64_t> DurationParameter(const Call& call) {
  const columns::Value& value = call.parameters[0];
  if (value.holds_int() && value.as_int() > 0) return value.as_int();
  return WrongParameter(call, "a positive duration, such as 7d");
}

base::Status CorruptState(std::string_view what) {
  return base::Error(base::codes::kCorrupt, "a stored state cannot be read: " + std::string(what));
}

}  // namespace millrace::aggregate
