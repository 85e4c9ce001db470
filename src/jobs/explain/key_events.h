// KeyEvents: rows of a view's source with one key, with what the view's features read of them.
// ChosenEvents: those of chosen keys, taken from one pass over the source. Collected by explain and
// verify.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "columns/column.h"
#include "features/plan.h"
#include "features/view_rows.h"
#include "offline/source_scan.h"
#include "sweep/key_ids.h"

namespace millrace::jobs {

class KeyEvents {
 public:
  // What stands for "no row".
  static constexpr int64_t kNoRow = -1;       // none with its times at or before the question
  static constexpr int64_t kExpiredRow = -2;  // the newest one is older than the ttl

  // REQUIRES: `view` outlives it.
  explicit KeyEvents(const features::View& view) : view_(view) {}

  void Add(const offline::ViewBatch& batch, int64_t row);
  // Sorts by event time, created, arrival. Once, after the last Add.
  void Finish();

  int64_t size() const { return static_cast<int64_t>(places_.size()); }
  const std::string& place(int64_t row) const { return places_[row]; }
  const std::vector<base::EventTime>& times() const { return times_; }
  const std::vector<base::EventTime>& created() const { return created_; }  // empty: none
  std::optional<base::EventTime> created(int64_t row) const;
  features::Verdict verdict(int64_t row) const { return verdicts_[row]; }
  bool kept(int64_t row) const { return verdicts_[row] == features::Verdict::kKept; }
  // By View::inputs, filters, features; type kNull where nothing reads it.
  const columns::Column& input(int index) const { return inputs_.views[index]; }
  const columns::Column& filter(int index) const { return filters_.views[index]; }
  const columns::Column& feature(int index) const { return values_.views[index]; }
  // Of a snapshot view: the newest row at t, or kNoRow or kExpiredRow, by looking at every row.
  int64_t NewestRow(base::EventTime t, bool ignore_created) const;

 private:
  struct Columns {
    std::vector<std::optional<columns::ColumnBuffer>> buffers;
    std::vector<columns::ColumnBuffer> sorted;
    std::vector<columns::Column> views;
    void Append(const std::vector<columns::Column>& batch, int64_t row);
    void Sort(const std::vector<int64_t>& order);
  };

  bool Newer(int64_t a, int64_t b, const std::vector<int>& ties) const;

  const features::View& view_;
  std::vector<std::string> places_;
  std::vector<base::EventTime> times_;
  std::vector<base::EventTime> created_;
  std::vector<features::Verdict> verdicts_;
  Columns inputs_;
  Columns filters_;
  Columns values_;
};

class ChosenEvents {
 public:
  enum class Rows { kAll, kKept };

  // kKept: only the rows that the view keeps. REQUIRES: `view` outlives it.
  ChosenEvents(const features::View& view, Rows rows) : view_(view), rows_(rows) {}

  // `key`: canonical bytes (features/entity_key.h). Before the first Add.
  void Choose(const std::string& key);
  // One thread at a time.
  base::Status Add(const offline::ViewBatch& batch);
  // Once, after the last Add.
  void Finish();

  const features::View& view() const { return view_; }
  // REQUIRES: the key was chosen.
  const KeyEvents& Of(const std::string& key) const { return *events_[ids_.Find(key)]; }
  int64_t size() const;  // rows taken

 private:
  const features::View& view_;
  const Rows rows_;
  sweep::KeyIds ids_;
  std::vector<std::unique_ptr<KeyEvents>> events_;  // by id
};

}  // namespace millrace::jobs
