// Which events a window holds: (t, W, R) -> Span, and when a row becomes visible. This is the only
// place that knows.
#pragma once

#include <optional>
#include <vector>

#include "base/time.h"

namespace millrace::window {

// [begin, end) in event time.
struct Span {
  base::EventTime begin;
  base::EventTime end;
  bool Contains(base::EventTime t) const { return begin <= t && t < end; }
  friend bool operator==(const Span&, const Span&) = default;
};

struct Window {
  std::optional<base::Duration> length;  // none: `all`, everything before t
  friend bool operator==(const Window&, const Window&) = default;
};

// [t - W, t); with a resolution R > 0 the begin is floor(t - W, R). `all` begins at
// EventTime::Min().
Span SpanAt(base::EventTime t, const Window& window, base::Duration resolution);

// A label's (t, t + W] as a Span.
Span LabelSpanAt(base::EventTime t, base::Duration length);

// Whether a label's window has ended: t + W is not after `newest`, the newest event time that the
// source's rows reach.
bool LabelIsOver(base::EventTime t, base::Duration length, base::EventTime newest);

// Whether a snapshot view's row dated `event_time` still stands at `t`: event_time >= t - ttl, both
// ends included. Without a ttl it always does.
bool WithinTtl(base::EventTime event_time, base::EventTime t, std::optional<base::Duration> ttl);

// The instant an event looks up other views at: the earlier of its event time and knowledge time.
base::EventTime LookupTime(base::EventTime event_time, std::optional<base::EventTime> created);

// When a row becomes visible: the first t at which an event counts in a windowed view,
// max(event time + 1 us, created), resp. a row in a snapshot view, max(event time, created).
base::EventTime WindowEntry(base::EventTime event_time, std::optional<base::EventTime> created);
base::EventTime SnapshotEntry(base::EventTime event_time, std::optional<base::EventTime> created);

// Whether a row counts at `t`, for callers that look at one row: explanations and tests. `span` is
// SpanAt(t, …).
bool CountsAt(base::EventTime event_time, std::optional<base::EventTime> created, base::EventTime t,
              const Span& span);

// The steps from, from + every, … < to.  REQUIRES: every > 0.
std::vector<base::EventTime> Steps(base::EventTime from, base::EventTime to, base::Duration every);

}  // namespace millrace::window
