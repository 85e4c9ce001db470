#include "online/window_read.h"

#include <algorithm>
#include <utility>

#include "state/key/state_set.h"
#include "window/window.h"

namespace millrace::online {

using base::EventTime;
using base::Result;
using base::Status;
using features::Feature;
using state::EventColumns;
using state::Summary;

namespace {

bool Shorter(const window::Window& a, const window::Window& b) {
  if (!a.length.has_value()) return false;
  return !b.length.has_value() || *a.length < *b.length;
}

}  // namespace

WindowRead::WindowRead(const state::ViewBinding& binding, const std::vector<int>& features)
    : binding_(binding), block_({}) {
  const features::View& view = *binding.view;
  windows_.push_back(view.LongestWindow());  // it says whether there is anything at all
  for (const int feature : features) windows_.push_back(view.features[feature].window);
  std::sort(windows_.begin(), windows_.end(), Shorter);
  windows_.erase(std::unique(windows_.begin(), windows_.end()), windows_.end());
  for (size_t i = 0; i < features.size(); ++i) {
    const Feature& feature = view.features[features[i]];
    auto function = std::find_if(functions_.begin(), functions_.end(), [&](const Function& known) {
      return known.state_id == feature.state_id;
    });
    if (function == functions_.end()) {
      Function made{feature.aggregate, binding.slots[features[i]], -1, -1, feature.state_id, {}};
      if (feature.input >= 0) made.column = binding.inputs[feature.input];
      if (feature.filter >= 0) made.filter = binding.filters[feature.filter];
      all_functions_.push_back(static_cast<int>(functions_.size()));
      function = functions_.insert(functions_.end(), std::move(made));
    }
    const auto window = std::find(windows_.begin(), windows_.end(), feature.window);
    times_of_.push_back(static_cast<int>(window - windows_.begin()));
    function->asked.emplace_back(times_of_.back(), i);
  }
  for (Function& function : functions_) {
    std::sort(function.asked.begin(), function.asked.end());
  }
  block_ = state::EventBlock(binding.table->layout());
  rings_.resize(windows_.size());
}

std::vector<bool> WindowRead::ColumnsOf(std::span<const int> functions) const {
  std::vector<bool> read(binding_.table->columns.size());
  for (const int index : functions) {
    const Function& function = functions_[index];
    if (function.column >= 0) read[function.column] = true;
    if (function.filter >= 0) read[function.filter] = true;
  }
  return read;
}

void WindowRead::Begin(EventTime as_of) {
  as_of_ = as_of;
  begins_.clear();
  for (size_t w = 0; w < windows_.size(); ++w) {
    begins_.push_back(window::SpanAt(as_of, windows_[w], binding_.view->resolution).begin);
    rings_[w].states.clear();
    rings_[w].states.resize(functions_.size());
    rings_[w].newest = ViewCells::kNoTime;
  }
}

int WindowRead::RingOf(EventTime time) const {
  if (time >= as_of_) return -1;
  for (size_t w = 0; w < begins_.size(); ++w) {
    if (time >= begins_[w]) return static_cast<int>(w);
  }
  return -1;
}

void WindowRead::UpdateRing(const EventColumns& events, std::span<const int> functions,
                            Ring* ring) {
  for (const int index : functions) {
    const Function& function = functions_[index];
    auto& state = ring->states[index];
    if (state == nullptr) state = function.aggregate->NewState();
    const aggregate::Input input = state::InputOf(events, function.column);
    if (function.filter < 0) {
      state->Update(input, ring->rows);
    } else {
      state->Update(input, state::FilteredRows(events, ring->rows, function.filter));
    }
  }
}

void WindowRead::TakeRows(const EventColumns& events, std::span<const int> functions) {
  for (Ring& ring : rings_) ring.rows.clear();
  for (int64_t row = 0; row < events.size; ++row) {
    if (events.created != nullptr && events.created[row] > as_of_) continue;
    const int ring = RingOf(events.times[row]);
    if (ring < 0) continue;
    rings_[ring].rows.push_back(row);
    rings_[ring].newest = std::max(rings_[ring].newest, events.times[row]);
  }
  for (Ring& ring : rings_) {
    if (!ring.rows.empty()) UpdateRing(events, functions, &ring);
  }
}

Result<bool> WindowRead::TakePart(const Summary& part, std::span<const int> functions,
                                  std::vector<int>* unread) {
  const int ring = RingOf(part.first);
  if (!part.StandsAt(as_of_) || ring < 0 || RingOf(part.last) != ring) return false;
  Ring& into = rings_[ring];
  into.newest = std::max(into.newest, part.last);
  for (const int index : functions) {
    const Function& function = functions_[index];
    const auto slot = static_cast<size_t>(function.slot);
    if (function.slot < 0 || slot >= part.states.size() || part.states[slot].empty()) {
      unread->push_back(index);
      continue;
    }
    base::ByteReader in(part.states[slot]);
    ARROW_ASSIGN_OR_RAISE(auto state, function.aggregate->DecodeState(&in));
    ARROW_RETURN_NOT_OK(in.ExpectEnd());
    if (into.states[index] == nullptr) {
      into.states[index] = std::move(state);
    } else {
      into.states[index]->Merge(std::move(*state));
    }
  }
  return true;
}

Status WindowRead::TakeParts(const std::vector<Summary>& parts, std::span<const int> functions,
                             std::vector<Unread>* unread) {
  for (const Summary& part : parts) {
    if (part.rows == 0 || part.first >= as_of_ || part.last < begins_.back()) continue;
    std::vector<int> left;
    ARROW_ASSIGN_OR_RAISE(const bool stands, TakePart(part, functions, &left));
    if (!stands) left.assign(functions.begin(), functions.end());
    if (!stands || !left.empty()) unread->push_back({part.number, std::move(left)});
  }
  return Status::OK();
}

Status WindowRead::TakeClosed(const state::StoredKey& key) {
  std::vector<Unread> groups;
  std::vector<Unread> chunks;
  ARROW_ASSIGN_OR_RAISE(const std::vector<Summary> whole, key.Groups());
  ARROW_RETURN_NOT_OK(TakeParts(whole, all_functions_, &groups));
  for (const Unread& group : groups) {
    ARROW_ASSIGN_OR_RAISE(const std::vector<Summary> inner, key.Chunks(group.number));
    ARROW_RETURN_NOT_OK(TakeParts(inner, group.functions, &chunks));
  }
  ARROW_ASSIGN_OR_RAISE(const std::vector<Summary> last, key.LastChunks());
  ARROW_RETURN_NOT_OK(TakeParts(last, all_functions_, &chunks));
  return TakeChunks(key, &chunks);
}

// Those that are read for the same functions, together.
Status WindowRead::TakeChunks(const state::StoredKey& key, std::vector<Unread>* chunks) {
  std::ranges::stable_sort(*chunks, {}, &Unread::functions);
  constexpr size_t kChunksAtOnce = 64;
  for (auto first = chunks->begin(); first != chunks->end();) {
    std::vector<int64_t> numbers;
    auto next = first;
    for (; next != chunks->end() && next->functions == first->functions &&
           numbers.size() < kChunksAtOnce;
         ++next) {
      numbers.push_back(next->number);
    }
    block_.Clear();
    block_.set_read(ColumnsOf(first->functions));
    ARROW_RETURN_NOT_OK(key.ReadChunks(numbers, &block_));
    TakeRows(block_.View(), first->functions);
    first = next;
  }
  return Status::OK();
}

Status WindowRead::TakeTiles(const state::StoredKey& key) {
  const int64_t step = binding_.table->resolution.micros();
  const int64_t first = base::FloorDiv(begins_.back().micros(), step);
  const int64_t last = base::FloorDiv(as_of_.micros(), step);
  ARROW_ASSIGN_OR_RAISE(const std::vector<Summary> tiles, key.Tiles(first, last));
  std::vector<Unread> unread;
  ARROW_RETURN_NOT_OK(TakeParts(tiles, all_functions_, &unread));
  return unread.empty() ? Status::OK()
                        : base::Error(base::codes::kCorrupt,
                                      "the store has a tile that cannot "
                                      "stand for its events");
}

void WindowRead::Finish(ViewCells* out) {
  for (size_t f = 0; f < functions_.size(); ++f) {
    const Function& function = functions_[f];
    std::unique_ptr<aggregate::State> state;
    size_t ring = 0;
    for (const auto& [window, cell] : function.asked) {
      for (; ring <= static_cast<size_t>(window); ++ring) {
        auto& more = rings_[ring].states[f];
        if (more == nullptr) continue;
        if (state == nullptr) {
          state = std::move(more);
        } else {
          state->Merge(std::move(*more));
        }
      }
      if (state == nullptr) state = function.aggregate->NewState();
      state->Finalize(as_of_, &out->cells[cell]);
    }
  }
  EventTime newest = ViewCells::kNoTime;
  for (size_t w = 0; w < windows_.size(); ++w) {
    newest = std::max(newest, rings_[w].newest);
    if (w < out->times.size()) out->times[w].push_back(newest);
  }
  const bool found = newest != ViewCells::kNoTime;
  out->statuses.push_back(found ? RowStatus::kFound : RowStatus::kNotFound);
}

Status WindowRead::Read(const state::StoredKey* key, EventTime as_of, ViewCells* out) {
  Begin(as_of);
  if (key != nullptr) {
    block_.Clear();
    block_.set_read(ColumnsOf(all_functions_));
    ARROW_RETURN_NOT_OK(key->ReadOpen(&block_));
    TakeRows(block_.View(), all_functions_);
    if (key->head().chunks > 0) ARROW_RETURN_NOT_OK(TakeClosed(*key));
    if (key->head().has_tiles) ARROW_RETURN_NOT_OK(TakeTiles(*key));
  }
  Finish(out);
  return Status::OK();
}

}  // namespace millrace::online
