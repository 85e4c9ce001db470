// The aggregate functions by name: what they take, and how one is bound. Each family registers its
// own in its file; property tests are generated from here.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "aggregate/aggregate.h"
#include "columns/value.h"

namespace millrace::aggregate {

// A function bound to its arguments, as a definition writes it.
struct Call {
  std::string function;  // "percentile"
  columns::Type input;   // kNull: none, as in count()
  std::vector<columns::Value>
      parameters;  // constants after the input: p, k; a duration in microseconds
};

struct Function {
  std::string_view name;
  // Signatures for people: "percentile(x: number, p: float64) -> float64".
  std::string_view signature;
  int inputs_min;  // 0 or 1: how many column arguments it takes
  int inputs_max;
  int parameters;           // constants after the input
  bool duration_parameter;  // its parameter is a duration literal
};

// In byte order of the names.
const std::vector<Function>& Functions();
// nullptr when there is none of that name.
const Function* FindFunction(std::string_view name);

// Errors: unknown_name with the nearest, wrong_arguments (count, range of a parameter),
// type_mismatch.
base::Result<std::shared_ptr<const Aggregate>> Make(const Call& call);

}  // namespace millrace::aggregate
