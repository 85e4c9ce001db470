#include "aggregate/powers/power_slide.h"

#include <algorithm>
#include <utility>

#include "aggregate/powers/window_sums.h"
#include "base/check.h"

namespace millrace::aggregate::powers {
namespace {

template <class Sums>
void AppendValue(const Sums& sums, PowerValue value, columns::ColumnBuffer* out) {
  if constexpr (Sums::kPowers <= 2) {
    switch (value) {
      case PowerValue::kCount:
        return out->AppendInt(static_cast<int64_t>(sums.count()));
      case PowerValue::kSum:
        return powers::AppendSum(sums, sums.count(), out);
      case PowerValue::kAvg:
        return powers::AppendAvg(sums, sums.count(), out);
      default:
        if constexpr (Sums::kPowers == 2) return AppendVariance(sums, value, out);
    }
  } else {
    AppendShape(sums, value, out);
  }
}

template <class Sums>
class PowerSlide final : public SharedSlide {
 public:
  explicit PowerSlide(std::vector<PowerValue> values) : values_(std::move(values)) {}

  void Run(const Input& input, const Walk& walk,
           std::span<columns::ColumnBuffer* const> outs) override {
    // What is below 2^32 here is so in every sum of the walk.
    MILLRACE_CHECK(walk.enter.size() < exact::NearSums<true>::kTermsMax);
    sums_.Begin(input, walk);
    input.value.cells == nullptr ? Loop<true>(walk, outs) : Loop<false>(walk, outs);
  }

 private:
  template <bool kAllValid>
  void Loop(const Walk& walk, std::span<columns::ColumnBuffer* const> outs) {
    size_t entered = 0;
    size_t left = 0;
    for (const Walk::Step& step : walk.steps) {
      const auto enter_end = static_cast<size_t>(step.entered);
      const auto leave_end = static_cast<size_t>(step.left);
      sums_.template Change<false, kAllValid>(walk.enter.subspan(entered, enter_end - entered));
      sums_.template Change<true, kAllValid>(walk.leave.subspan(left, leave_end - left));
      entered = enter_end;
      left = leave_end;
      for (size_t i = 0; i < values_.size(); ++i) AppendValue(sums_, values_[i], outs[i]);
      sums_.EndRead();
    }
  }

  std::vector<PowerValue> values_;
  Sums sums_;
};

template <template <bool> class WindowSums, template <int> class Sum>
std::unique_ptr<SharedSlide> NewSlideOf(std::vector<PowerValue> values) {
  int powers = 1;
  for (const PowerValue value : values) powers = std::max(powers, PowersOf(value));
  switch (powers) {
    case 1:
      return std::make_unique<PowerSlide<WindowSums<false>>>(std::move(values));
    case 2:
      return std::make_unique<PowerSlide<WindowSums<true>>>(std::move(values));
    case 3:
      return std::make_unique<PowerSlide<WindowPowers<Sum, 3>>>(std::move(values));
    default:
      return std::make_unique<PowerSlide<WindowPowers<Sum, 4>>>(std::move(values));
  }
}

}  // namespace

std::unique_ptr<SharedSlide> NewPowerSlide(const columns::Type& input,
                                           std::vector<PowerValue> values) {
  return input.is_float() ? NewSlideOf<FloatWindowSums, exact::FloatPowerSum>(std::move(values))
                          : NewSlideOf<IntWindowSums, exact::IntPowerSum>(std::move(values));
}

}  // namespace millrace::aggregate::powers
