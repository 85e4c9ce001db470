// KeyEvents: every row of a view's source with one asked key, kept or not, with what the view's
// features read of it. Collected by explain.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "columns/column.h"
#include "features/plan.h"
#include "features/view_rows.h"
#include "offline/source_scan.h"
#include "sweep/key_ids.h"
#include "sweep/view_events.h"

namespace millrace::jobs {

class KeyEvents {
 public:
  // `key`: canonical bytes (features/entity_key.h).
  KeyEvents(const features::View& view, std::string key);

  void Add(const offline::ViewBatch& batch);
  // Sorts by event time, created, arrival. Once, after the last Add.
  void Finish();

  int64_t size() const { return static_cast<int64_t>(places_.size()); }
  const std::string& place(int64_t row) const { return places_[row]; }
  const std::vector<base::EventTime>& times() const { return times_; }
  const std::vector<base::EventTime>& created() const { return created_; }  // empty: none
  std::optional<base::EventTime> created(int64_t row) const;
  features::Verdict verdict(int64_t row) const { return verdicts_[row]; }
  // By View::inputs, filters, features; type kNull where nothing reads it.
  const columns::Column& input(int index) const { return inputs_.views[index]; }
  const columns::Column& filter(int index) const { return filters_.views[index]; }
  const columns::Column& feature(int index) const { return values_.views[index]; }
  // Of a snapshot view: the newest row at t, or sweep::kNoRow or kExpiredRow.
  int64_t NewestRow(base::EventTime t) const;

 private:
  struct Columns {
    std::vector<std::optional<columns::ColumnBuffer>> buffers;
    std::vector<columns::ColumnBuffer> sorted;
    std::vector<columns::Column> views;
    void Append(const std::vector<columns::Column>& batch, int64_t row);
    void Sort(const std::vector<int64_t>& order);
  };

  const features::View& view_;
  const std::string key_;
  sweep::KeyIds ids_;
  sweep::ViewEvents kept_;
  sweep::SortedEvents sorted_;
  std::vector<std::string> places_;
  std::vector<base::EventTime> times_;
  std::vector<base::EventTime> created_;
  std::vector<features::Verdict> verdicts_;
  Columns inputs_;
  Columns filters_;
  Columns values_;
};

}  // namespace millrace::jobs
