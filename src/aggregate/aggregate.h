// Aggregate: one aggregate function bound to its input type and parameters. It makes States (any
// order, mergeable, storable) and Slides (one window moving forward in time); both give the same
// bits. Functions and their values: docs/semantics.md.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "columns/column.h"

namespace millrace::aggregate {

// Rows to aggregate: the caller picks which by index and has already applied filters. Rows whose
// value is not kValid are ignored by every function that has an input.
struct Input {
  columns::Column value;                     // type kNull when the function takes no input
  const base::EventTime* times = nullptr;    // event time per row
  const base::EventTime* created = nullptr;  // nullptr: the source has no knowledge time
};

// What the function knows of a set of rows. The value depends on the set alone, never on the order
// or grouping of Update and Merge.
class State {
 public:
  virtual ~State() = default;
  virtual void Update(const Input& input, std::span<const int64_t> rows) = 0;
  // REQUIRES: a state of the same Aggregate.
  virtual void Merge(const State& other) = 0;
  // The same; `other` may be left with anything.
  virtual void Merge(State&& other) = 0;
  // Appends the value at `as_of` (null where semantics say so) to a buffer of the result type.
  // Changes nothing. `as_of` matters to time_since_last, decayed_sum and ewma alone.
  virtual void Finalize(base::EventTime as_of, columns::ColumnBuffer* out) const = 0;
  // docs/formats/state.md. Equal sets of rows encode to equal bytes.
  virtual void Encode(base::ByteWriter* out) const = 0;
};

// One window of one key, walked through its questions in time order.
struct Walk {
  struct Step {
    base::EventTime as_of;
    int64_t entered;  // before reading, the first `entered` of `enter` have entered
    int64_t left;     // and the first `left` of `leave` have left; both never decrease
  };
  std::span<const int64_t> enter;  // rows in the order in which they become visible
  std::span<const int64_t> leave;  // the same rows by event time; a row enters before it leaves
  std::span<const Step> steps;
};

// The same value by adding what enters and taking away what leaves.
class Slide {
 public:
  virtual ~Slide() = default;
  // Starts empty, appends one cell per step to `out`.
  virtual void Run(const Input& input, const Walk& walk, columns::ColumnBuffer* out) = 0;
};

// The values that are read off a number's count and sums of powers, which one pass can keep for all
// of them (shared_slide.h). In the order of the powers they need.
enum class PowerValue {
  kCount,
  kSum,
  kAvg,
  kVar,
  kVarPop,
  kStddev,
  kStddevPop,
  kSkewness,
  kKurtosis
};

class Aggregate {
 public:
  virtual ~Aggregate() = default;
  virtual const columns::Type& input_type() const = 0;  // kNull: it takes no input
  virtual const columns::Type& result_type() const = 0;
  virtual std::unique_ptr<State> NewState() const = 0;
  // Error: corrupt. Reads exactly one encoded state and leaves the rest.
  virtual base::Result<std::unique_ptr<State>> DecodeState(base::ByteReader* in) const = 0;
  virtual std::unique_ptr<Slide> NewSlide() const = 0;
  // Which of them this is, if any.
  virtual std::optional<PowerValue> power_value() const = 0;
};

}  // namespace millrace::aggregate
