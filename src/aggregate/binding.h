// What every family shares: a Call that passed its checks (Binding), the base of a State with its
// version byte, and the Aggregate that makes a family's State and Slide. Checks of a Call are in
// binding.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "aggregate/aggregate.h"
#include "aggregate/registry.h"

namespace millrace::aggregate {

// A function bound to its input type and parameters; those that a function lacks stay zero.
struct Binding {
  columns::Type input;
  columns::Type result;
  int64_t k = 0;          // of lists
  double p = 0;           // of percentiles
  int64_t half_life = 0;  // microseconds, > 0
  std::optional<PowerValue> power_value = std::nullopt;
};
using BindingPtr = std::shared_ptr<const Binding>;
using AggregatePtr = std::shared_ptr<const Aggregate>;

// The first byte of every encoded state.
inline constexpr uint8_t kStateVersion = 1;

// Error: type_mismatch unless the input's type is accepted; `accepted` says what is: "a number".
base::Status CheckInput(const Call& call, bool accepted_type, std::string_view accepted);
base::Status CheckNumber(const Call& call);
base::Status CheckOrdered(const Call& call);
// A type that a column of a table can have.
base::Status CheckStorable(const Call& call);
// The parameter after the input. Errors: wrong_arguments, naming the range.
base::Result<double> FractionParameter(const Call& call);
base::Result<int64_t> CountParameter(const Call& call, int64_t max);
base::Result<int64_t> DurationParameter(const Call& call);

base::Status CorruptState(std::string_view what);

// A number as float64, integers rounded to nearest.  REQUIRES: a valid cell of a numeric type.
inline double FloatAt(const columns::Column& column, int64_t row) {
  if (column.floats != nullptr) return column.floats[row];
  if (column.ints != nullptr) return static_cast<double>(column.ints[row]);
  return static_cast<double>(column.uints[row]);
}

// Derived has: Derived(const BindingPtr&), UpdateRow(input, row), MergeFrom(const Derived&), and
// MergeFrom(Derived&&) where that is cheaper, Finalize, EncodeBody(ByteWriter*),
// DecodeBody(ByteReader*) into an empty state.
template <class Derived>
class FamilyState : public State {
 public:
  void Update(const Input& input, std::span<const int64_t> rows) final {
    for (const int64_t row : rows) {
      if (input.value.valid(row)) self().UpdateRow(input, row);
    }
  }
  void Merge(const State& other) final { self().MergeFrom(static_cast<const Derived&>(other)); }
  void Merge(State&& other) final { self().MergeFrom(static_cast<Derived&&>(other)); }
  void Encode(base::ByteWriter* out) const final {
    out->U8(kStateVersion);
    static_cast<const Derived*>(this)->EncodeBody(out);
  }

 private:
  FamilyState() = default;
  friend Derived;

  Derived& self() { return *static_cast<Derived*>(this); }
};

// SlideType has: SlideType(const BindingPtr&).
template <class StateType, class SlideType>
class BoundAggregate final : public Aggregate {
 public:
  explicit BoundAggregate(Binding binding)
      : binding_(std::make_shared<const Binding>(std::move(binding))) {}

  const columns::Type& input_type() const override { return binding_->input; }
  const columns::Type& result_type() const override { return binding_->result; }
  std::optional<PowerValue> power_value() const override { return binding_->power_value; }
  std::unique_ptr<State> NewState() const override { return std::make_unique<StateType>(binding_); }
  base::Result<std::unique_ptr<State>> DecodeState(base::ByteReader* in) const override {
    ARROW_ASSIGN_OR_RAISE(const uint8_t version, in->U8());
    if (version != kStateVersion) return CorruptState("its version is unknown");
    auto state = std::make_unique<StateType>(binding_);
    ARROW_RETURN_NOT_OK(state->DecodeBody(in));
    return state;
  }
  std::unique_ptr<Slide> NewSlide() const override { return std::make_unique<SlideType>(binding_); }

 private:
  BindingPtr binding_;
};

template <class StateType, class SlideType>
AggregatePtr Bind(Binding binding) {
  return std::make_shared<BoundAggregate<StateType, SlideType>>(std::move(binding));
}

}  // namespace millrace::aggregate
