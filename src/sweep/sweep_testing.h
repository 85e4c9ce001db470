// For tests: random events of a few keys as rows of one view.
#pragma once

#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "sweep/event_rows.h"
#include "sweep/key_ids.h"
#include "sweep/sorted_events.h"

namespace millrace::sweep {

inline base::EventTime At(int64_t micros) {
  return base::EventTime::Micros(micros);
}
inline base::Duration Us(int64_t micros) {
  return base::Duration::Micros(micros);
}

struct Event {
  std::string key;
  int64_t time;
  int64_t created;
  int64_t value;
};

// An expression that is a column of int64.
inline expr::Expression InputOfInt64() {
  expr::Scope scope;
  scope.Add("value", 0, columns::Kind::kInt64);
  return *expr::Expression::Make("value", scope);
}

// Events of one int64 input and, as a snapshot, one value.
struct Made {
  features::View view;
  KeyIds keys;
  EventRows rows;
  SortedEvents events;
};

inline std::unique_ptr<Made> MakeEvents(const std::vector<Event>& events, bool has_created,
                                        features::ViewKind kind) {
  auto made = std::make_unique<Made>();
  made->view.kind = kind;
  columns::ColumnBuffer values(columns::Kind::kInt64);
  for (const Event& event : events) {
    made->rows.keys.push_back(made->keys.Insert(event.key));
    made->rows.times.push_back(At(event.time));
    if (has_created) made->rows.created.push_back(At(event.created));
    values.AppendInt(event.value);
  }
  columns::OwnedColumn column = Own(std::move(values));
  const EventColumn cells{column.view, column.owner, {}};
  if (kind == features::ViewKind::kWindowed) {
    made->view.inputs = {InputOfInt64()};
    made->rows.inputs = {cells};
  } else {
    features::Feature feature;
    feature.name = "value";
    feature.kind = features::FeatureKind::kRow;
    feature.type = columns::Kind::kInt64;
    made->view.features = {feature};
    made->rows.values = {cells};
  }
  const EventPiece whole{&made->rows, 0, made->rows.size()};
  made->events = SortEvents(made->view, {&whole, 1}, made->keys.size());
  return made;
}

inline std::vector<Event> RandomEvents(std::mt19937* random, int count) {
  std::vector<Event> events;
  for (int i = 0; i < count; ++i) {
    const int64_t time = static_cast<int64_t>((*random)() % 60) - 10;
    events.push_back({"k" + std::to_string((*random)() % 3), time,
                      time + static_cast<int64_t>((*random)() % 40) - 10,
                      static_cast<int64_t>((*random)() % 5)});
  }
  return events;
}

}  // namespace millrace::sweep
