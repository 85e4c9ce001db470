// The arithmetic of window edges. Saturating throughout, so that times at int64's ends are just
// far.
#include "window/window.h"

#include <algorithm>

#include "base/check.h"

namespace millrace::window {

using base::Duration;
using base::EventTime;

namespace {

constexpr Duration kInstant = Duration::Micros(1);

}  // namespace

Span SpanAt(EventTime t, const Window& window, Duration resolution) {
  if (!window.length.has_value()) return {EventTime::Min(), t};
  EventTime begin = t - *window.length;
  if (resolution.micros() > 0) {
    begin = begin - Duration::Micros(base::FloorMod(begin.micros(), resolution.micros()));
  }
  return {begin, t};
}

Span LabelSpanAt(EventTime t, Duration length) {
  return {t + kInstant, t + length + kInstant};
}

bool LabelIsOver(EventTime t, Duration length, EventTime newest) {
  return t + length <= newest;
}

bool WithinTtl(EventTime event_time, EventTime t, std::optional<Duration> ttl) {
  return !ttl.has_value() || event_time >= t - *ttl;
}

EventTime LookupTime(EventTime event_time, std::optional<EventTime> created) {
  return created.has_value() ? std::min(event_time, *created) : event_time;
}

EventTime WindowEntry(EventTime event_time, std::optional<EventTime> created) {
  const EventTime after = event_time + kInstant;
  return created.has_value() ? std::max(after, *created) : after;
}

EventTime SnapshotEntry(EventTime event_time, std::optional<EventTime> created) {
  return created.has_value() ? std::max(event_time, *created) : event_time;
}

bool CountsAt(EventTime event_time, std::optional<EventTime> created, EventTime t,
              const Span& span) {
  return span.Contains(event_time) && (!created.has_value() || *created <= t);
}

std::vector<EventTime> Steps(EventTime from, EventTime to, Duration every) {
  MILLRACE_CHECK(every.micros() > 0);
  std::vector<EventTime> steps;
  for (EventTime t = from; t < to;) {
    steps.push_back(t);
    const EventTime next = t + every;
    if (next <= t) break;  // saturated
    t = next;
  }
  return steps;
}

}  // namespace millrace::window
