#include "base/time.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <iterator>

#include "base/civil.h"

namespace millrace::base {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;

// Reads an ISO-8601 text from the left; every step says whether it fitted.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}
  bool AtEnd() const { return text_.empty(); }
  bool Take(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool Digits(size_t count, int64_t* value) {
    if (text_.size() < count) return false;
    *value = 0;
    for (size_t i = 0; i < count; ++i) {
      if (text_[i] < '0' || text_[i] > '9') return false;
      *value = *value * 10 + (text_[i] - '0');
    }
    text_.remove_prefix(count);
    return true;
  }
  // Digits after the decimal point, at least one, as microseconds (floored).
  bool Fraction(int64_t* micros) {
    int64_t unit = kMicrosPerSecond;
    size_t count = 0;
    *micros = 0;
    while (count < text_.size() && text_[count] >= '0' && text_[count] <= '9') {
      unit /= 10;
      *micros += (text_[count] - '0') * unit;
      ++count;
    }
    text_.remove_prefix(count);
    return count > 0;
  }

 private:
  std::string_view text_;
};

bool ReadDate(Cursor* in, int64_t* days) {
  int64_t year = 0, month = 0, day = 0;
  if (!in->Digits(4, &year) || !in->Take('-') || !in->Digits(2, &month) || !in->Take('-') ||
      !in->Digits(2, &day)) {
    return false;
  }
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(year)),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return false;
  *days = std::chrono::sys_days(date).time_since_epoch().count();
  return true;
}

bool ReadClock(Cursor* in, int64_t* micros) {
  int64_t hour = 0, minute = 0, second = 0, fraction = 0;
  if (!in->Digits(2, &hour) || !in->Take(':') || !in->Digits(2, &minute)) return false;
  if (in->Take(':')) {
    if (!in->Digits(2, &second)) return false;
    if ((in->Take('.') || in->Take(',')) && !in->Fraction(&fraction)) return false;
  }
  if (hour > 23 || minute > 59 || second > 59) return false;
  *micros = ((hour * 60 + minute) * 60 + second) * kMicrosPerSecond + fraction;
  return true;
}

// "Z", "+02", "+02:00", "+0200" or nothing.
bool ReadZone(Cursor* in, int64_t* offset_micros) {
  *offset_micros = 0;
  if (in->AtEnd() || in->Take('Z') || in->Take('z')) return in->AtEnd();
  const bool east = in->Take('+');
  if (!east && !in->Take('-')) return false;
  int64_t hours = 0, minutes = 0;
  if (!in->Digits(2, &hours)) return false;
  if (!in->AtEnd()) {
    in->Take(':');
    if (!in->Digits(2, &minutes)) return false;
  }
  if (hours > 23 || minutes > 59) return false;
  *offset_micros = (east ? 1 : -1) * (hours * 60 + minutes) * 60 * kMicrosPerSecond;
  return in->AtEnd();
}

bool ReadTime(std::string_view text, int64_t* micros) {
  Cursor in(text);
  int64_t days = 0, clock = 0, offset = 0;
  if (!ReadDate(&in, &days)) return false;
  if (!in.AtEnd()) {
    if (!in.Take('T') && !in.Take(' ') && !in.Take('t')) return false;
    if (!ReadClock(&in, &clock)) return false;
    in.Take(' ');  // "2025-01-31 10:30:00 +00:00"
    if (!ReadZone(&in, &offset)) return false;
  }
  *micros = days * kMicrosPerDay + clock - offset;
  return true;
}

struct Unit {
  char letter;
  int64_t micros;
};
constexpr std::array<Unit, 5> kUnits = {{{'w', 7 * kMicrosPerDay},
                                         {'d', kMicrosPerDay},
                                         {'h', 3'600 * kMicrosPerSecond},
                                         {'m', 60 * kMicrosPerSecond},
                                         {'s', kMicrosPerSecond}}};

template <int kDigits>
void WriteDigits(int64_t value, char* place) {
  for (int i = kDigits - 1; i >= 0; --i) {
    place[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
}

}  // namespace

Result<EventTime> ParseTime(std::string_view text) {
  int64_t micros = 0;
  if (ReadTime(text, &micros)) return EventTime::Micros(micros);
  return Error(codes::kBadValue, "'" + std::string(text) +
                                     "' is not a time; expected ISO-8601 such as "
                                     "2025-01-31T10:30:00Z");
}

void AppendDate(int64_t days, std::string* out) {
  const CivilDay civil = CivilFromDays(days);
  if (civil.year < 0 || civil.year > 9'999) {
    fmt::format_to(std::back_inserter(*out), "{:04}-{:02}-{:02}", civil.year, civil.month,
                   civil.day);
    return;
  }
  std::array<char, 10> text;
  WriteDigits<4>(civil.year, text.data());
  text[4] = '-';
  WriteDigits<2>(civil.month, &text[5]);
  text[7] = '-';
  WriteDigits<2>(civil.day, &text[8]);
  out->append(text.data(), text.size());
}

void AppendTime(EventTime time, std::string* out) {
  AppendDate(FloorDiv(time.micros(), kMicrosPerDay), out);
  const int64_t clock = FloorMod(time.micros(), kMicrosPerDay);
  const int64_t seconds = clock / kMicrosPerSecond;
  const int64_t fraction = clock % kMicrosPerSecond;
  std::array<char, 17> text;  // T10:30:00.123456Z
  text[0] = 'T';
  WriteDigits<2>(seconds / 3'600, &text[1]);
  text[3] = ':';
  WriteDigits<2>(seconds / 60 % 60, &text[4]);
  text[6] = ':';
  WriteDigits<2>(seconds % 60, &text[7]);
  size_t size = 9;
  if (fraction != 0) {
    text[9] = '.';
    WriteDigits<6>(fraction, &text[10]);
    size = fraction % 1'000 == 0 ? 13 : 16;
  }
  text[size] = 'Z';
  out->append(text.data(), size + 1);
}

std::string FormatTime(EventTime time) {
  std::string text;
  AppendTime(time, &text);
  return text;
}

Result<Duration> ParseDuration(std::string_view text) {
  int64_t count = 0;
  size_t digits = 0;
  bool fits = true;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') {
    fits = fits && !__builtin_mul_overflow(count, int64_t{10}, &count) &&
           !__builtin_add_overflow(count, int64_t{text[digits] - '0'}, &count);
    ++digits;
  }
  if (digits > 0 && digits + 1 == text.size() && fits && count > 0) {
    for (const Unit& unit : kUnits) {
      int64_t micros = 0;
      if (unit.letter == text.back() && !__builtin_mul_overflow(count, unit.micros, &micros)) {
        return Duration::Micros(micros);
      }
    }
  }
  return Error(codes::kBadValue, "'" + std::string(text) +
                                     "' is not a duration; expected a positive whole number and "
                                     "one of s, m, h, d, w, such as 7d");
}

std::string FormatDuration(Duration duration) {
  const int64_t micros = duration.micros();
  if (micros != 0) {
    for (const Unit& unit : kUnits) {
      // Weeks are written as days: 7d is how people name a window.
      if (unit.letter != 'w' && micros % unit.micros == 0) {
        return std::to_string(micros / unit.micros) + unit.letter;
      }
    }
  }
  return std::to_string(micros) + "us";
}

}  // namespace millrace::base
