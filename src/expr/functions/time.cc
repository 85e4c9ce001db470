// date_trunc, extract, date_diff: UTC, weeks from Monday (ISO 8601), right before 1970.
#include <algorithm>
#include <array>
#include <optional>

#include "base/civil.h"
#include "base/time.h"
#include "expr/functions/calendar.h"
#include "expr/functions/function.h"

namespace millrace::expr {
namespace {

using base::CivilDay;
using base::CivilFromDays;
using base::DaysFromCivil;
using base::FloorDiv;
using base::FloorMod;
using columns::Kind;
using columns::kIntegerOverflow;

enum class Unit {
  kMicrosecond,
  kMillisecond,
  kSecond,
  kMinute,
  kHour,
  kDay,
  kWeek,
  kMonth,
  kQuarter,
  kYear
};
constexpr std::array<std::string_view, 10> kUnitNames = {
    "microsecond", "millisecond", "second", "minute",  "hour",
    "day",         "week",        "month",  "quarter", "year"};
constexpr std::array<int64_t, 5> kUnitMicros = {1, 1'000, kMicrosPerSecond, 60 * kMicrosPerSecond,
                                                3'600 * kMicrosPerSecond};

enum class Part {
  kYear,
  kQuarter,
  kMonth,
  kWeek,
  kDay,
  kDayOfWeek,
  kDayOfYear,
  kIsoYear,
  kEpoch,
  kHour,
  kMinute,
  kSecond,
  kMillisecond,
  kMicrosecond,
};
struct NamedPart {
  std::string_view name;
  Part part;
};
constexpr std::array<NamedPart, 15> kParts = {{{"year", Part::kYear},
                                               {"quarter", Part::kQuarter},
                                               {"month", Part::kMonth},
                                               {"week", Part::kWeek},
                                               {"day", Part::kDay},
                                               {"dow", Part::kDayOfWeek},
                                               {"isodow", Part::kDayOfWeek},
                                               {"doy", Part::kDayOfYear},
                                               {"isoyear", Part::kIsoYear},
                                               {"epoch", Part::kEpoch},
                                               {"hour", Part::kHour},
                                               {"minute", Part::kMinute},
                                               {"second", Part::kSecond},
                                               {"millisecond", Part::kMillisecond},
                                               {"microsecond", Part::kMicrosecond}}};

int64_t MonthsOf(int64_t days) {
  const CivilDay civil = CivilFromDays(days);
  return civil.year * 12 + civil.month - 1;
}

// How many of the unit's boundaries lie at or before a day, from a fixed one. REQUIRES: unit >=
// kDay.
int64_t CountAtDay(Unit unit, int64_t days) {
  switch (unit) {
    case Unit::kWeek:
      return FloorDiv(days + 3, 7);
    case Unit::kMonth:
      return MonthsOf(days);
    case Unit::kQuarter:
      return FloorDiv(MonthsOf(days), 3);
    case Unit::kYear:
      return CivilFromDays(days).year;
    default:
      return days;
  }
}

// The day of the boundary that CountAtDay counts as `count`.
int64_t DayOfCount(Unit unit, int64_t count) {
  const auto first_of_month = [](int64_t months) {
    return DaysFromCivil({FloorDiv(months, 12), static_cast<int>(FloorMod(months, 12)) + 1, 1});
  };
  switch (unit) {
    case Unit::kWeek:
      return count * 7 - 3;
    case Unit::kMonth:
      return first_of_month(count);
    case Unit::kQuarter:
      return first_of_month(count * 3);
    case Unit::kYear:
      return first_of_month(count * 12);
    default:
      return count;
  }
}

int64_t CountAt(Unit unit, int64_t micros) {
  if (unit >= Unit::kDay) return CountAtDay(unit, FloorDiv(micros, kMicrosPerDay));
  return FloorDiv(micros, kUnitMicros[static_cast<size_t>(unit)]);
}

int64_t Truncate(Unit unit, int64_t micros, uint8_t* cell) {
  const int64_t count = CountAt(unit, micros);
  int64_t out = 0;
  const bool overflow =
      unit >= Unit::kDay
          ? __builtin_mul_overflow(DayOfCount(unit, count), kMicrosPerDay, &out)
          : __builtin_mul_overflow(count, kUnitMicros[static_cast<size_t>(unit)], &out);
  if (overflow) *cell = kIntegerOverflow;
  return out;
}

// The ISO 8601 week belongs to the year that its Thursday is in.
int64_t ThursdayOf(int64_t days) {
  return days - WeekdayOf(days) + 4;
}

int64_t PartOfDay(Part part, int64_t days) {
  switch (part) {
    case Part::kYear:
      return CivilFromDays(days).year;
    case Part::kQuarter:
      return (CivilFromDays(days).month + 2) / 3;
    case Part::kMonth:
      return CivilFromDays(days).month;
    case Part::kDay:
      return CivilFromDays(days).day;
    case Part::kDayOfWeek:
      return WeekdayOf(days);
    case Part::kDayOfYear:
      return days - DaysFromCivil({CivilFromDays(days).year, 1, 1}) + 1;
    case Part::kIsoYear:
      return CivilFromDays(ThursdayOf(days)).year;
    case Part::kWeek: {
      const int64_t thursday = ThursdayOf(days);
      return (thursday - DaysFromCivil({CivilFromDays(thursday).year, 1, 1})) / 7 + 1;
    }
    default:
      return days * 86'400;  // kEpoch
  }
}

int64_t PartOf(Part part, int64_t micros) {
  const int64_t clock = FloorMod(micros, kMicrosPerDay);
  switch (part) {
    case Part::kEpoch:
      return FloorDiv(micros, kMicrosPerSecond);
    case Part::kHour:
      return clock / (3'600 * kMicrosPerSecond);
    case Part::kMinute:
      return clock / (60 * kMicrosPerSecond) % 60;
    case Part::kSecond:
      return clock / kMicrosPerSecond % 60;
    case Part::kMillisecond:
      return clock % kMicrosPerSecond / 1'000;
    case Part::kMicrosecond:
      return clock % kMicrosPerSecond;
    default:
      return PartOfDay(part, FloorDiv(micros, kMicrosPerDay));
  }
}

struct PreparedUnit : Prepared {
  Unit unit = Unit::kDay;
};
struct PreparedPart : Prepared {
  Part part = Part::kDay;
};
Unit UnitOf(const Invocation& in) {
  return static_cast<const PreparedUnit&>(*in.prepared).unit;
}
Part PartOf(const Invocation& in) {
  return static_cast<const PreparedPart&>(*in.prepared).part;
}

// Argument 0 is the unit's name, which the binder has read.
void TruncateKernel(const Invocation& in) {
  const Unit unit = UnitOf(in);
  Invocation time = in;
  time.arguments = in.arguments.subspan(1);
  if (in.out->type().kind() == Kind::kTimestamp) {
    return EachRow<int64_t, int64_t>(
        time, [=](int64_t v, uint8_t* cell) { return Truncate(unit, v, cell); });
  }
  EachRow<int64_t, int64_t>(
      time, [=](int64_t v, uint8_t*) { return DayOfCount(unit, CountAtDay(unit, v)); });
}

template <bool kDates>
void ExtractKernel(const Invocation& in) {
  const Part part = PartOf(in);
  Invocation time = in;
  time.arguments = in.arguments.subspan(1);
  EachRow<int64_t, int64_t>(
      time, [=](int64_t v, uint8_t*) { return kDates ? PartOfDay(part, v) : PartOf(part, v); });
}

template <bool kDates>
void DiffKernel(const Invocation& in) {
  const Unit unit = UnitOf(in);
  Invocation times = in;
  times.arguments = in.arguments.subspan(1);
  EachRow<int64_t, int64_t, int64_t>(times, [=](int64_t a, int64_t b, uint8_t* cell) {
    int64_t out = 0;
    const int64_t from = kDates ? CountAtDay(unit, a) : CountAt(unit, a);
    const int64_t to = kDates ? CountAtDay(unit, b) : CountAt(unit, b);
    if (__builtin_sub_overflow(to, from, &out)) *cell = kIntegerOverflow;
    return out;
  });
}

std::string Lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

// The name in argument 0, one of `names`; those before `first_of_dates` need a time of day.
template <size_t kSize>
base::Result<size_t> ReadName(const Binding& b, const std::array<std::string_view, kSize>& names) {
  ARROW_ASSIGN_OR_RAISE(const std::string text, b.WantLiteral(0, "a part of a time"));
  const auto at = std::find(names.begin(), names.end(), Lower(text));
  if (at != names.end()) return static_cast<size_t>(at - names.begin());
  std::string all;
  for (const std::string_view name : names) all += (all.empty() ? "" : ", ") + std::string(name);
  std::string hint = base::NearestHint(Lower(text), {names.begin(), names.end()});
  return b.Wrong(0, "found '" + text + "', expected one of " + all, std::move(hint));
}

base::Status NoClock(const Binding& b) {
  return b.Wrong(0, "a date has no time of day", "cast(… as timestamp)");
}

base::Result<std::shared_ptr<const PreparedUnit>> ReadUnit(const Binding& b) {
  ARROW_ASSIGN_OR_RAISE(const size_t index, ReadName(b, kUnitNames));
  auto prepared = std::make_shared<PreparedUnit>();
  prepared->unit = static_cast<Unit>(index);
  if (b.type(1).kind() == Kind::kDate && prepared->unit < Unit::kDay) return NoClock(b);
  return prepared;
}

base::Result<TypedNode> BindTruncate(Binding* b) {
  ARROW_RETURN_NOT_OK(b->WantTime(1));
  ARROW_ASSIGN_OR_RAISE(auto unit, ReadUnit(*b));
  const columns::Type type = b->type(1);
  return b->Make(type, TruncateKernel, std::move(unit));
}

base::Result<TypedNode> BindExtract(Binding* b) {
  ARROW_RETURN_NOT_OK(b->WantTime(1));
  std::array<std::string_view, kParts.size()> names;
  std::transform(kParts.begin(), kParts.end(), names.begin(),
                 [](const NamedPart& named) { return named.name; });
  ARROW_ASSIGN_OR_RAISE(const size_t index, ReadName(*b, names));
  auto prepared = std::make_shared<PreparedPart>();
  prepared->part = kParts[index].part;
  const bool dates = b->type(1).kind() == Kind::kDate;
  if (dates && prepared->part >= Part::kHour) return NoClock(*b);
  return b->Make(Kind::kInt64, dates ? ExtractKernel<true> : ExtractKernel<false>,
                 std::move(prepared));
}

base::Result<TypedNode> BindDiff(Binding* b) {
  // A string literal is of the other one's type.
  const int date = b->type(1).kind() == Kind::kDate ? 1 : b->type(2).kind() == Kind::kDate ? 2 : 0;
  if (date != 0) ARROW_RETURN_NOT_OK(b->Want(3 - date, Kind::kDate));
  for (int i : {1, 2}) ARROW_RETURN_NOT_OK(b->WantTime(i));
  ARROW_ASSIGN_OR_RAISE(auto unit, ReadUnit(*b));
  return b->Make(Kind::kInt64, date != 0 ? DiffKernel<true> : DiffKernel<false>, std::move(unit));
}

constexpr Function kFunctions[] = {
    {"date_trunc", "date_trunc(unit: string literal, time: timestamp | date) -> timestamp | date",
     "the start of the microsecond, millisecond, second, minute, hour, day, week, month, quarter "
     "or "
     "year",
     2, 2, BindTruncate},
    {"extract", "extract(part from time: timestamp | date) -> int64",
     "year, quarter, month, week (ISO 8601), day, dow = isodow (Monday 1 to Sunday 7), doy, "
     "isoyear, "
     "epoch (whole seconds), hour, minute, second, millisecond and microsecond (of the second); "
     "also "
     "extract('part', time)",
     2, 2, BindExtract},
    {"date_diff",
     "date_diff(unit: string literal, from: timestamp | date, to: timestamp | date) -> int64",
     "how many starts of a unit lie in (from, to]; negative when to is earlier; both of one type",
     3, 3, BindDiff},
};

}  // namespace

std::span<const Function> TimeFunctions() {
  return kFunctions;
}

}  // namespace millrace::expr
