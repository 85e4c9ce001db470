#include "state/retention.h"

#include <algorithm>

#include "window/window.h"

namespace millrace::state {

using base::Duration;
using base::EventTime;
using features::View;
using features::ViewKind;

namespace {

std::optional<Duration> Longer(std::optional<Duration> a, std::optional<Duration> b) {
  if (!a.has_value() || !b.has_value()) return std::nullopt;
  return std::max(*a, *b);
}

std::optional<Duration> Plus(std::optional<Duration> a, std::optional<Duration> b) {
  if (!a.has_value() || !b.has_value()) return std::nullopt;
  return Duration::Micros(base::SaturatingAdd(a->micros(), b->micros()));
}

EventTime Before(EventTime now, std::optional<Duration> length) {
  return length.has_value() ? now - *length : EventTime::Min();
}

}  // namespace

void Retention::Widen(const Retention& other) {
  reach = Longer(reach, other.reach);
  questions = Longer(questions, other.questions);
}

EventTime Retention::KeepFrom(EventTime now) const {
  return Before(now, reach);
}
EventTime Retention::Settled(EventTime now) const {
  return Before(now, questions);
}

Retention RetentionOf(const features::FeaturePlan& plan, const View& view) {
  if (view.kind == ViewKind::kWindowed) {
    // A window begins at floor(t - W, R), up to R earlier.
    const auto window = Plus(view.LongestWindow().length, view.resolution);
    return {Plus(window, view.history), view.history};
  }
  Retention kept{view.history, view.history};
  for (const View& other : plan.views) {
    for (const features::Lookup& lookup : other.lookups) {
      if (&plan.views[lookup.view] != &view) continue;
      const auto reach = RetentionOf(plan, other).reach;
      kept.Widen({reach, reach});
    }
  }
  return kept;
}

}  // namespace millrace::state
