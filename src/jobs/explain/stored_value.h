// One stored value explained: which of the key's events count, why the others do not, and what the
// aggregate makes of them. Called by explain.
#pragma once

#include "columns/column.h"
#include "features/plan.h"
#include "jobs/explain/explain.h"
#include "jobs/explain/key_events.h"

namespace millrace::jobs {

struct StoredValue {
  columns::OwnedColumn cell;  // one settled cell
  ExplainedValue explained;
};

// REQUIRES: features[feature] of `view` is an aggregate, resp. a row's feature.
StoredValue ExplainAggregate(const features::View& view, int feature, const KeyEvents& events,
                             base::EventTime at);
StoredValue ExplainRow(const features::View& view, int feature, const KeyEvents& events,
                       base::EventTime at);
// `event_time` of a snapshot view: the event time of the row that stands.
StoredValue ExplainEventTime(const KeyEvents& events, base::EventTime at);

// "sum(amount) filter (where big) over 7d".
std::string DefinitionText(const features::View& view, const features::Feature& feature);

}  // namespace millrace::jobs
