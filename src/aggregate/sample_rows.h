// Rows for the tests and benchmarks of this room: built from values, or drawn with the hard ones
// among them. Not part of the library.
#pragma once

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "aggregate/registry.h"

namespace millrace::aggregate {

using columns::Type;
using columns::Value;

class SampleRows {
 public:
  explicit SampleRows(Type type) : values_(std::move(type)) {}
  // One row a second from 1970 on, unless a time is given.
  static SampleRows Of(Type type, const std::vector<Value>& values);
  // `size` rows with ties in time and value, nulls and cells with errors; with `specials` also NaN
  // and infinities.
  static SampleRows Draw(Type type, int64_t size, bool specials, std::mt19937* random);

  void Add(const Value& value, base::EventTime time);
  void DrawCreated(std::mt19937* random);
  int64_t size() const { return static_cast<int64_t>(times_.size()); }
  base::EventTime time(int64_t row) const { return times_[static_cast<size_t>(row)]; }
  const std::vector<base::EventTime>& created() const { return created_; }
  // Valid until the next Add.
  Input input() const {
    columns::Column column;  // of a function without input
    if (!values_.type().is_null()) column = values_.View();
    return {.value = column,
            .times = times_.data(),
            .created = created_.empty() ? nullptr : created_.data()};
  }
  std::vector<int64_t> rows() const;

 private:
  columns::ColumnBuffer values_;
  std::vector<base::EventTime> times_;
  std::vector<base::EventTime> created_;
};

// The value of the function over all rows at `as_of`, as text; an error cell as its name.
std::string Answer(const Call& call, const SampleRows& rows,
                   base::EventTime as_of = base::EventTime::Micros(0));
// The same for a float64 answer.  REQUIRES: it is not null.
double Number(const Call& call, const SampleRows& rows,
              base::EventTime as_of = base::EventTime::Micros(0));
// The stable code of the error of Make, "" when there is none.
std::string MakeError(const Call& call);

std::string EncodedState(const State& state);

}  // namespace millrace::aggregate
