// Retention: how far back a view's rows can be asked about, and so have to be kept
// (docs/semantics.md, "Online reads").
#pragma once

#include <optional>

#include "base/time.h"
#include "features/plan.h"

namespace millrace::state {

// Before the present; nothing: for ever.
struct Retention {
  // The oldest event that counts: longest window plus history; of a snapshot view that others look
  // up, as far back as their events reach.
  std::optional<base::Duration> reach;
  // The oldest question.
  std::optional<base::Duration> questions;

  void Widen(const Retention& other);
  // The instants these lengths before `now`; Min for ever.
  base::EventTime KeepFrom(base::EventTime now) const;
  base::EventTime Settled(base::EventTime now) const;
};

Retention RetentionOf(const features::FeaturePlan& plan, const features::View& view);

}  // namespace millrace::state
