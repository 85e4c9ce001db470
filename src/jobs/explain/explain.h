// Explain: the events and the arithmetic behind one value: what `explain` prints. The value is
// computed from aggregate::State over the events it lists, so that the two cannot disagree. Called
// by cli.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "columns/event_batch.h"
#include "features/plan.h"
#include "offline/training_set.h"

namespace millrace::jobs {

struct ExplainRequest {
  std::string feature;                         // "view:feature"
  std::map<std::string, std::string> keys;     // key column -> text, of every view that is read
  std::map<std::string, std::string> request;  // request fields of on-demand views
  base::EventTime at;
};

// A row of the source with the asked key.
struct ExplainedEvent {
  std::string place;  // "purchases.csv row 17"
  base::EventTime event_time;
  std::optional<base::EventTime> created;
  // What the feature reads of it: the input's (or feature's) expression and its value, the filter
  // and its value.
  std::vector<std::pair<std::string, std::string>> values;
  bool counts = false;
  std::string reason;  // "in the window", "before the window's begin", …
};

// One value and, under it, what it was made of: events for a stored feature, inputs for a derived
// one.
struct ExplainedValue {
  std::string feature;     // "view:feature", "request field price", "as_of", "event_time"
  std::string definition;  // "sum(amount) filter (where …) over 7d", "count_7d / 4.0"
  std::string type;
  std::string value;       // as columns::ToText; "null"
  std::string status;      // PRESENT, NOT_FOUND, NULL_VALUE, OUTSIDE_MAX_AGE
  std::string rule;        // which events may count: "[2025-01-01T00:00:00Z, 2025-01-08T00:00:00Z)"
  std::string arithmetic;  // "5 + 20 = 25"
  std::vector<ExplainedEvent> events;  // by event time
  std::vector<ExplainedValue> inputs;
};

struct Explanation {
  base::EventTime at;
  std::map<std::string, std::string> keys;
  ExplainedValue value;
  columns::RejectedRows rejected;  // of the sources and views that were read
  std::vector<std::string> notes;
};

// Errors: usage (not one feature), unknown_name (feature, key), missing_column (key, request
// field), bad_value (a key that does not read as its type), whatever the sources report.
base::Result<Explanation> Explain(const features::FeaturePlan& plan, const ExplainRequest& request,
                                  const offline::SourceOpener& open);

// For people: at most `events_max` events each of those that count and those that do not, the
// newest.
std::string ToText(const Explanation& explanation, int events_max = 20);
std::string ToJson(const Explanation& explanation);

}  // namespace millrace::jobs
