// The Slide of every value that is read off sums of powers: one pass over the rows keeps the sums
// for all of them.
#pragma once

#include <memory>
#include <vector>

#include "aggregate/binding.h"
#include "aggregate/shared_slide.h"

namespace millrace::aggregate::powers {

// Needs powers that would make the reading of other values slow: not to be shared with them.
constexpr bool IsShape(PowerValue value) {
  return value == PowerValue::kSkewness || value == PowerValue::kKurtosis;
}

// `input` is a number's type.  REQUIRES: IsShape for all values or for none.
std::unique_ptr<SharedSlide> NewPowerSlide(const columns::Type& input,
                                           std::vector<PowerValue> values);

// One value alone.
class LonePowerSlide final : public Slide {
 public:
  explicit LonePowerSlide(const BindingPtr& binding)
      : shared_(NewPowerSlide(binding->input, {*binding->power_value})) {}
  void Run(const Input& input, const Walk& walk, columns::ColumnBuffer* out) override {
    shared_->Run(input, walk, {&out, 1});
  }

 private:
  std::unique_ptr<SharedSlide> shared_;
};

}  // namespace millrace::aggregate::powers
