#include "aggregate/shared_slide.h"

#include <algorithm>
#include <utility>

#include "aggregate/powers/power_slide.h"

namespace millrace::aggregate {
namespace {

class LoneSlide final : public SharedSlide {
 public:
  explicit LoneSlide(std::unique_ptr<Slide> slide) : slide_(std::move(slide)) {}
  void Run(const Input& input, const Walk& walk,
           std::span<columns::ColumnBuffer* const> outs) override {
    slide_->Run(input, walk, outs.front());
  }

 private:
  std::unique_ptr<Slide> slide_;
};

// The aggregates of values that one pass serves.
std::vector<size_t> MembersOf(std::span<const Aggregate* const> aggregates, bool shape) {
  std::vector<size_t> members;
  bool only_counts = true;
  for (size_t i = 0; i < aggregates.size(); ++i) {
    const std::optional<PowerValue> value = aggregates[i]->power_value();
    if (!value || powers::IsShape(*value) != shape) continue;
    members.push_back(i);
    only_counts = only_counts && *value == PowerValue::kCount;
  }
  if (only_counts) members.clear();  // a count alone may not look at the rows at all
  return members;
}

}  // namespace

std::vector<SlideShare> ShareSlides(std::span<const Aggregate* const> aggregates) {
  std::vector<SlideShare> shares;
  std::vector<bool> served(aggregates.size(), false);
  for (const bool shape : {false, true}) {
    std::vector<size_t> members = MembersOf(aggregates, shape);
    if (members.size() < 2) continue;
    std::vector<PowerValue> values;
    for (const size_t member : members) {
      values.push_back(*aggregates[member]->power_value());
      served[member] = true;
    }
    const columns::Type& input = aggregates[members.front()]->input_type();
    shares.push_back({powers::NewPowerSlide(input, std::move(values)), std::move(members)});
  }
  for (size_t i = 0; i < aggregates.size(); ++i) {
    if (served[i]) continue;
    shares.push_back({std::make_unique<LoneSlide>(aggregates[i]->NewSlide()), {i}});
  }
  return shares;
}

}  // namespace millrace::aggregate
