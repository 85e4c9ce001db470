// Each row's place is found once: counted into its key, then moved where times ask for it; then
// every column is scattered to those places, so that the sweep reads memory in order.
#include "sweep/sorted_events.h"

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <memory>
#include <numeric>
#include <utility>

#include "base/check.h"
#include "window/window.h"

namespace millrace::sweep {

using base::EventTime;
using columns::Column;
using columns::ColumnBuffer;
using columns::Physical;

namespace {

using Places = std::vector<int32_t>;  // of each row of the pieces in turn

struct Instant {
  EventTime time;
  EventTime created;
  int32_t at;
  friend auto operator<=>(const Instant&, const Instant&) = default;
};

// Calls work(piece, number of rows in the pieces before it).
template <typename Work>
void ForPieces(std::span<const EventPiece> pieces, Work work) {
  int64_t before = 0;
  for (const EventPiece& piece : pieces) {
    work(piece, before);
    before += piece.size();
  }
}

Places CountIntoKeys(std::span<const EventPiece> pieces, int32_t keys,
                     std::vector<int64_t>* offsets) {
  offsets->assign(static_cast<size_t>(keys) + 1, 0);
  int64_t rows = 0;
  for (const EventPiece& piece : pieces) {
    for (int64_t i = piece.first; i < piece.last; ++i) ++(*offsets)[piece.rows->keys[i] + 1];
    rows += piece.size();
  }
  std::partial_sum(offsets->begin(), offsets->end(), offsets->begin());
  std::vector<int32_t> next(offsets->begin(), offsets->end() - 1);
  Places places;
  places.reserve(rows);
  for (const EventPiece& piece : pieces) {
    for (int64_t i = piece.first; i < piece.last; ++i) {
      places.push_back(next[piece.rows->keys[i]]++);
    }
  }
  return places;
}

// `from(piece)` is the column's memory in a piece.
template <typename T, typename From>
void Scatter(std::span<const EventPiece> pieces, const Places& places, From from, T* to) {
  ForPieces(pieces, [&](const EventPiece& piece, int64_t before) {
    const T* values = from(*piece.rows);
    const int32_t* place = places.data() + before;
    for (int64_t i = piece.first; i < piece.last; ++i) to[*place++] = values[i];
  });
}

void ScatterTimes(std::span<const EventPiece> pieces, const Places& places, SortedEvents* sorted) {
  sorted->times.resize(places.size());
  Scatter(
      pieces, places, [](const EventRows& rows) { return rows.times.data(); },
      sorted->times.data());
  if (pieces.empty() || pieces[0].rows->created.empty()) return;
  sorted->created.resize(places.size());
  Scatter(
      pieces, places, [](const EventRows& rows) { return rows.created.data(); },
      sorted->created.data());
}

// Sorts the keys whose rows did not come in order; moves[i] is where the row at i belongs. Returns
// whether any moved.
bool SortWithinKeys(const SortedEvents& sorted, Places* moves) {
  const auto instant = [&](int64_t row) {
    return Instant{sorted.times[row], sorted.has_created() ? sorted.created[row] : EventTime(),
                   static_cast<int32_t>(row)};
  };
  std::vector<Instant> instants;
  for (int32_t key = 0; key < sorted.keys(); ++key) {
    const int64_t first = sorted.offsets[key];
    const int64_t last = sorted.offsets[key + 1];
    bool in_order = true;
    for (int64_t row = first + 1; row < last && in_order; ++row) {
      in_order = sorted.times[row - 1] < sorted.times[row] || instant(row - 1) < instant(row);
    }
    if (in_order) continue;
    if (moves->empty()) {
      moves->resize(sorted.times.size());
      std::iota(moves->begin(), moves->end(), 0);
    }
    instants.clear();
    for (int64_t row = first; row < last; ++row) instants.push_back(instant(row));
    std::sort(instants.begin(), instants.end());
    for (int64_t i = 0; i < last - first; ++i) {
      (*moves)[instants[i].at] = static_cast<int32_t>(first + i);
    }
  }
  return !moves->empty();
}

// The rows in the order in which they become visible.
std::vector<int64_t> VisibleOrder(const SortedEvents& sorted) {
  std::vector<int64_t> order(sorted.times.size());
  std::iota(order.begin(), order.end(), 0);
  const auto entry = [&](int64_t row) {
    return window::SnapshotEntry(sorted.times[row], sorted.created[row]);
  };
  std::vector<std::pair<EventTime, int64_t>> entries;
  for (int32_t key = 0; key < sorted.keys(); ++key) {
    const int64_t first = sorted.offsets[key];
    const int64_t last = sorted.offsets[key + 1];
    entries.clear();
    for (int64_t row = first; row < last; ++row) entries.emplace_back(entry(row), row);
    if (std::is_sorted(entries.begin(), entries.end())) continue;
    std::sort(entries.begin(), entries.end());
    for (int64_t i = 0; i < last - first; ++i) order[first + i] = entries[i].second;
  }
  return order;
}

// A sorted column: its cells, and the codes that ColumnBuffer does not keep.
struct SortedColumn {
  explicit SortedColumn(columns::Type type) : cells(std::move(type)) {}
  ColumnBuffer cells;
  std::vector<int32_t> codes;
};

class ColumnSorter {
 public:
  // `pick(rows)` is the column of a piece's rows.
  using Pick = const EventColumn& (*)(const EventRows& rows, size_t index);
  ColumnSorter(std::span<const EventPiece> pieces, const Places& places)
      : pieces_(pieces), places_(places) {}

  columns::OwnedColumn Sort(Pick pick, size_t index) {
    const columns::Type type = TypeOf(pick, index);
    if (type.is_null()) return {};
    auto sorted = std::make_shared<SortedColumn>(type);
    const Physical physical = type.physical();
    if (physical == Physical::kList || physical == Physical::kMap) {
      SortNested(pick, index, &sorted->cells);
      return {sorted->cells.View(), sorted};
    }
    sorted->cells.Resize(static_cast<int64_t>(places_.size()));
    const bool all_valid = SortCells(pick, index, &sorted->cells);
    SortPlain(pick, index, physical, &sorted->cells);
    Column view = sorted->cells.View();
    if (all_valid) view.cells = nullptr;
    if (physical == Physical::kString && SortCodes(pick, index, sorted.get())) {
      view.codes = sorted->codes.data();
      view.code_count = code_count_;
    }
    return {view, sorted};
  }

 private:
  columns::Type TypeOf(Pick pick, size_t index) const {
    for (const EventPiece& piece : pieces_) {
      const columns::Type& type = pick(*piece.rows, index).cells.type;
      if (!type.is_null()) return type;
    }
    return columns::Kind::kNull;
  }

  bool SortCells(Pick pick, size_t index, ColumnBuffer* out) const {
    uint8_t* to = out->cells();
    bool all_valid = true;
    ForPieces(pieces_, [&](const EventPiece& piece, int64_t before) {
      const Column& from = pick(*piece.rows, index).cells;
      all_valid = all_valid && from.cells == nullptr;
      const int32_t* place = places_.data() + before;
      for (int64_t i = piece.first; i < piece.last; ++i) to[*place++] = from.cell(i);
    });
    return all_valid;
  }

  void SortPlain(Pick pick, size_t index, Physical physical, ColumnBuffer* out) const {
    const auto scatter = [&](auto member, auto* to) {
      Scatter(
          pieces_, places_, [&](const EventRows& rows) { return pick(rows, index).cells.*member; },
          to);
    };
    switch (physical) {
      case Physical::kBool:
        return scatter(&Column::bools, out->bools());
      case Physical::kInt:
        return scatter(&Column::ints, out->ints());
      case Physical::kUInt:
        return scatter(&Column::uints, out->uints());
      case Physical::kFloat:
        return scatter(&Column::floats, out->floats());
      case Physical::kString:
        return SortStrings(pick, index, out->strings());
      default:
        return;
    }
  }

  void SortStrings(Pick pick, size_t index, std::string_view* to) const {
    ForPieces(pieces_, [&](const EventPiece& piece, int64_t before) {
      const EventColumn& from = pick(*piece.rows, index);
      const int32_t* place = places_.data() + before;
      if (from.cells.strings != nullptr) {
        for (int64_t i = piece.first; i < piece.last; ++i) to[*place++] = from.cells.strings[i];
        return;
      }
      for (int64_t i = piece.first; i < piece.last; ++i) {
        // A column of nulls alone has an empty dictionary.
        to[*place++] =
            from.dictionary.empty() ? std::string_view() : from.dictionary[from.cells.codes[i]];
      }
    });
  }

  // False where a piece has strings alone. Codes of a dictionary much larger than the rows are
  // numbered anew, so that what is indexed by them stays small.
  bool SortCodes(Pick pick, size_t index, SortedColumn* out) {
    code_count_ = 1;  // nulls have the code 0, also where there is no string
    for (const EventPiece& piece : pieces_) {
      const EventColumn& from = pick(*piece.rows, index);
      if (from.cells.strings != nullptr) return false;
      code_count_ = std::max(code_count_, static_cast<int32_t>(from.dictionary.size()));
    }
    out->codes.resize(places_.size());
    Scatter(
        pieces_, places_, [&](const EventRows& rows) { return pick(rows, index).cells.codes; },
        out->codes.data());
    if (static_cast<size_t>(code_count_) <= kCodesPerRowMax * places_.size()) return true;
    absl::flat_hash_map<int32_t, int32_t> numbers;
    for (int32_t& code : out->codes) {
      code = numbers.emplace(code, static_cast<int32_t>(numbers.size())).first->second;
    }
    code_count_ = static_cast<int32_t>(numbers.size());
    return true;
  }

  void SortNested(Pick pick, size_t index, ColumnBuffer* out) const {
    std::vector<std::pair<const Column*, int64_t>> rows(places_.size());
    ForPieces(pieces_, [&](const EventPiece& piece, int64_t before) {
      const int32_t* place = places_.data() + before;
      const Column* from = &pick(*piece.rows, index).cells;
      for (int64_t i = piece.first; i < piece.last; ++i) rows[*place++] = {from, i};
    });
    for (const auto& [column, row] : rows) out->AppendFrom(*column, row);
  }

  static constexpr size_t kCodesPerRowMax = 4;
  std::span<const EventPiece> pieces_;
  const Places& places_;
  int32_t code_count_ = 0;
};

}  // namespace

SortedEvents SortEvents(const features::View& view, std::span<const EventPiece> all_pieces,
                        int32_t keys) {
  std::vector<EventPiece> pieces;
  std::copy_if(all_pieces.begin(), all_pieces.end(), std::back_inserter(pieces),
               [](const EventPiece& piece) { return piece.size() > 0; });
  SortedEvents sorted;
  Places places = CountIntoKeys(pieces, keys, &sorted.offsets);
  MILLRACE_CHECK(places.size() <= std::numeric_limits<int32_t>::max());
  ScatterTimes(pieces, places, &sorted);
  Places moves;
  if (SortWithinKeys(sorted, &moves)) {
    for (int32_t& place : places) place = moves[place];
    ScatterTimes(pieces, places, &sorted);
  }
  if (sorted.has_created()) sorted.visible_order = VisibleOrder(sorted);

  sorted.inputs.resize(view.inputs.size());
  sorted.values.resize(view.features.size());
  sorted.filters.resize(view.filters.size());
  if (pieces.empty()) return sorted;
  ColumnSorter sorter(pieces, places);
  const auto sort_columns = [&](ColumnSorter::Pick pick, std::vector<Column>* views) {
    for (size_t i = 0; i < views->size(); ++i) {
      sorted.owned.push_back(sorter.Sort(pick, i));
      (*views)[i] = sorted.owned.back().view;
    }
  };
  const EventRows& first = *pieces[0].rows;
  if (!first.inputs.empty()) {
    sort_columns([](const EventRows& rows, size_t i) -> const auto& { return rows.inputs[i]; },
                 &sorted.inputs);
  }
  if (!first.values.empty()) {
    sort_columns([](const EventRows& rows, size_t i) -> const auto& { return rows.values[i]; },
                 &sorted.values);
  }
  for (size_t f = 0; f < first.filters.size(); ++f) {
    if (first.filters[f].empty()) continue;
    sorted.filters[f].resize(places.size());
    Scatter(
        pieces, places, [&](const EventRows& rows) { return rows.filters[f].data(); },
        sorted.filters[f].data());
  }
  return sorted;
}

}  // namespace millrace::sweep
