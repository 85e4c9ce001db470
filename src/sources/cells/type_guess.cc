#include "sources/cells/type_guess.h"

#include <charconv>
#include <cmath>
#include <cstdint>

#include "base/time.h"
#include "columns/float_text.h"

namespace millrace::sources {
namespace {

template <typename Integer>
bool Is(std::string_view text) {
  Integer value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

bool IsName(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  if (text.starts_with('+')) return true;
  return text.size() > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9';
}

// An integer that no integer of ours holds would lose digits as a float.
bool IsFloat(std::string_view text) {
  const auto value = columns::ParseFloat(text);
  if (!value.has_value()) return false;
  const bool digits = text.find_first_of("0123456789") != std::string_view::npos;
  if (!digits) return true;
  const bool whole = text.find_first_of(".eE") == std::string_view::npos;
  return std::isfinite(*value) && (!whole || std::abs(*value) <= 0x1p53);
}

}  // namespace

void TypeGuess::See(std::string_view text, bool quoted) {
  any_ = true;
  if (quoted && text.empty()) {
    bool_ = int_ = uint_ = float_ = date_ = time_ = false;
    return;
  }
  const bool name = IsName(text);
  if (bool_) bool_ = text == "true" || text == "false" || text == "True" || text == "False";
  if (int_) int_ = !name && Is<int64_t>(text);
  if (uint_) uint_ = !name && Is<uint64_t>(text);
  if (float_) float_ = !name && IsFloat(text);
  if (date_) date_ = text.size() == 10 && base::ParseTime(text).ok();
  if (time_) time_ = base::ParseTime(text).ok();
}

columns::Type TypeGuess::type() const {
  using columns::Kind;
  if (!any_) return Kind::kString;
  if (bool_) return Kind::kBool;
  if (int_) return Kind::kInt64;
  if (uint_) return Kind::kUInt64;
  if (float_) return Kind::kFloat64;
  if (date_) return Kind::kDate;
  return time_ ? Kind::kTimestamp : Kind::kString;
}

}  // namespace millrace::sources
