#include "state/key/state_set.h"

#include <utility>

namespace millrace::state {

using base::Status;

std::vector<int64_t> FilteredRows(const EventColumns& events, std::span<const int64_t> rows,
                                  int filter) {
  const columns::Column& keeps = events.cells[filter];
  std::vector<int64_t> kept;
  for (const int64_t row : rows) {
    if (keeps.valid(row) && keeps.bools[row] != 0) kept.push_back(row);
  }
  return kept;
}

aggregate::Input InputOf(const EventColumns& events, int column) {
  aggregate::Input input;
  input.times = events.times;
  input.created = events.created;
  if (column >= 0) input.value = events.cells[column];
  return input;
}

StateSet::StateSet(const BoundTable& bound) : bound_(bound) {
  states_.reserve(bound.aggregates.size());
  for (const auto& aggregate : bound.aggregates) {
    states_.push_back(aggregate == nullptr ? nullptr : aggregate->NewState());
  }
}

void StateSet::UpdateSlot(const EventColumns& events, std::span<const int64_t> rows, size_t slot) {
  if (states_[slot] == nullptr) return;
  const StateSlot& of = bound_.table->slots[slot];
  const aggregate::Input input = InputOf(events, of.column);
  if (of.filter < 0) {
    states_[slot]->Update(input, rows);
  } else {
    states_[slot]->Update(input, FilteredRows(events, rows, of.filter));
  }
}

void StateSet::Update(const EventColumns& events, std::span<const int64_t> rows) {
  for (size_t slot = 0; slot < states_.size(); ++slot) UpdateSlot(events, rows, slot);
}

void StateSet::UpdateSlots(const EventColumns& events, std::span<const int64_t> rows,
                           std::span<const int> slots) {
  for (const int slot : slots) UpdateSlot(events, rows, static_cast<size_t>(slot));
}

Status StateSet::Merge(const Summary& summary, std::vector<int>* missing) {
  for (size_t slot = 0; slot < states_.size(); ++slot) {
    if (states_[slot] == nullptr) continue;
    if (slot >= summary.states.size() || summary.states[slot].empty()) {
      missing->push_back(static_cast<int>(slot));
      continue;
    }
    base::ByteReader in(summary.states[slot]);
    ARROW_ASSIGN_OR_RAISE(const auto state, bound_.aggregates[slot]->DecodeState(&in));
    ARROW_RETURN_NOT_OK(in.ExpectEnd());
    states_[slot]->Merge(std::move(*state));
  }
  return Status::OK();
}

void StateSet::MergeFrom(const StateSet& other) {
  for (size_t slot = 0; slot < states_.size(); ++slot) {
    if (states_[slot] != nullptr) states_[slot]->Merge(*other.states_[slot]);
  }
}

std::vector<std::string> StateSet::Encode(size_t bytes_max) const {
  std::vector<std::string> encoded(states_.size());
  for (size_t slot = 0; slot < states_.size(); ++slot) {
    if (states_[slot] == nullptr) continue;
    base::ByteWriter out;
    states_[slot]->Encode(&out);
    if (out.bytes().size() <= bytes_max) encoded[slot] = out.Take();
  }
  return encoded;
}

}  // namespace millrace::state
