// The sweep against a loop over all events: for random events, times and knowledge times every
// window and snapshot must give what the rule gives row by row.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <tuple>

#include "sweep/gather.h"
#include "sweep/key_ids.h"
#include "sweep/key_walk.h"
#include "sweep/questions.h"
#include "sweep/snapshot_sweep.h"
#include "sweep/sweep_testing.h"
#include "sweep/window_sweep.h"
#include "window/window.h"

namespace millrace::sweep {
namespace {

using base::Duration;
using base::EventTime;
using columns::Column;
using columns::Kind;

TEST(KeyIds, AreDenseAndStable) {
  KeyIds keys;
  EXPECT_EQ(keys.Find("a"), KeyIds::kNone);
  EXPECT_EQ(keys.Insert("a"), 0);
  EXPECT_EQ(keys.Insert(""), 1);
  EXPECT_EQ(keys.Insert(std::string(100'000, 'x')), 2);
  EXPECT_EQ(keys.Insert("a"), 0);
  EXPECT_EQ(keys.size(), 3);
  EXPECT_EQ(keys.key(0), "a");
  EXPECT_EQ(keys.key(2).size(), 100'000u);
  EXPECT_EQ(keys.Find(""), 1);
}

TEST(SortQuestions, LeavesOutWhatAsksNothing) {
  const std::vector<int32_t> ids = {1, KeyIds::kNone, 0, 1, 1};
  const std::vector<EventTime> times = {At(5), At(1), At(9), At(3), At(5)};
  const Questions questions = SortQuestions(ids, times, 3);
  EXPECT_EQ(questions.offsets, (std::vector<int64_t>{0, 1, 4, 4}));
  EXPECT_EQ(questions.rows, (std::vector<int64_t>{2, 3, 0, 4}));
}

// Which events a walk holds at each step, as sorted lists.
std::vector<std::vector<int64_t>> HeldRows(const aggregate::Walk& walk) {
  std::vector<std::vector<int64_t>> held;
  for (const aggregate::Walk::Step& step : walk.steps) {
    std::vector<int64_t> rows(walk.enter.begin(), walk.enter.begin() + step.entered);
    for (int64_t i = 0; i < step.left; ++i) {
      const auto found = std::find(rows.begin(), rows.end(), walk.leave[i]);
      EXPECT_NE(found, rows.end()) << "row " << walk.leave[i] << " leaves before it enters";
      if (found != rows.end()) rows.erase(found);
    }
    std::sort(rows.begin(), rows.end());
    held.push_back(rows);
  }
  return held;
}

TEST(KeyWalk, HoldsWhatTheRuleSaysForRandomEvents) {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    const bool has_created = round % 2 == 0;
    const bool ignore_created = round % 5 == 0;
    const auto owned =
        MakeEvents(RandomEvents(&random, 30), has_created, features::ViewKind::kWindowed);
    const Made& made = *owned;
    std::vector<EventTime> questions;
    for (int i = 0; i < 12; ++i) questions.push_back(At(static_cast<int64_t>(random() % 80) - 10));
    std::sort(questions.begin(), questions.end());
    const window::Window window =
        round % 7 == 0 ? window::Window{} : window::Window{Us(random() % 30 + 1)};
    const Duration resolution = window.length && round % 3 == 0 ? Us(10) : Us(0);
    std::vector<uint8_t> filter;
    for (int64_t row = 0; row < made.events.size(); ++row) filter.push_back(random() % 4 != 0);
    KeyWalk walk;
    walk.SetEvents(made.events, has_created && !ignore_created);
    for (int32_t key = 0; key < made.keys.size(); ++key) {
      walk.SetKey(key, questions);
      const auto held = HeldRows(walk.Past(window, resolution, filter.data()));
      const auto ahead = HeldRows(walk.Future(Us(15), nullptr));
      for (size_t q = 0; q < questions.size(); ++q) {
        std::vector<int64_t> past;
        std::vector<int64_t> future;
        for (int64_t row = made.events.offsets[key]; row < made.events.offsets[key + 1]; ++row) {
          std::optional<EventTime> created;
          if (has_created && !ignore_created) created = made.events.created[row];
          const window::Span span = window::SpanAt(questions[q], window, resolution);
          const bool counts = window::CountsAt(made.events.times[row], created, questions[q], span);
          if (counts && filter[row] != 0) past.push_back(row);
          if (window::LabelSpanAt(questions[q], Us(15)).Contains(made.events.times[row])) {
            future.push_back(row);
          }
        }
        EXPECT_EQ(held[q], past) << "round " << round;
        EXPECT_EQ(ahead[q], future) << "round " << round;
      }
    }
  }
}

TEST(KeyWalk, LeavesOutRowsThatNoQuestionSees) {
  // Known only after it has left the window, and between two windows.
  const auto made =
      MakeEvents({{"a", 10, 30, 1}, {"a", 50, 50, 2}}, true, features::ViewKind::kWindowed);
  KeyWalk walk;
  walk.SetEvents(made->events, true);
  const std::vector<EventTime> questions = {At(15), At(40), At(100)};
  walk.SetKey(0, questions);
  const aggregate::Walk built = walk.Past({Us(10)}, Us(0), nullptr);
  EXPECT_TRUE(built.enter.empty());
  EXPECT_TRUE(built.leave.empty());
}

TEST(NewestRows, FindsTheNewestRowForRandomEvents) {
  std::mt19937 random(2);
  for (int round = 0; round < 300; ++round) {
    const bool has_created = round % 2 == 0;
    const bool ignore_created = round % 5 == 0;
    const auto owned =
        MakeEvents(RandomEvents(&random, 30), has_created, features::ViewKind::kSnapshot);
    Made& made = *owned;
    if (round % 3 == 0) made.view.ttl = Us(12);
    std::vector<int32_t> ids;
    std::vector<EventTime> times;
    for (int i = 0; i < 25; ++i) {
      ids.push_back(static_cast<int32_t>(random() % made.keys.size()));
      times.push_back(At(static_cast<int64_t>(random() % 80) - 10));
    }
    const Questions questions = SortQuestions(ids, times, made.keys.size());
    ViewSweep sweep;
    sweep.view = &made.view;
    sweep.ignore_created = ignore_created;
    const std::vector<int64_t> newest = NewestRows(made.events, questions, sweep);
    std::vector<int64_t> winners(ids.size());
    for (size_t q = 0; q < newest.size(); ++q) winners[questions.rows[q]] = newest[q];
    for (size_t i = 0; i < ids.size(); ++i) {
      int64_t best = kNoRow;
      for (int64_t row = made.events.offsets[ids[i]]; row < made.events.offsets[ids[i] + 1];
           ++row) {
        const auto created = [&](int64_t r) {
          return has_created ? made.events.created[r] : At(0);
        };
        if (made.events.times[row] > times[i]) continue;
        if (has_created && !ignore_created && created(row) > times[i]) continue;
        const auto rank = [&](int64_t r) {
          return std::tuple(made.events.times[r], created(r), made.events.values[0].ints[r]);
        };
        if (best < 0 || rank(row) > rank(best)) best = row;
      }
      if (best >= 0 && !window::WithinTtl(made.events.times[best], times[i], made.view.ttl)) {
        EXPECT_EQ(winners[i], kExpiredRow);
        continue;
      }
      if (best < 0) {
        EXPECT_EQ(winners[i], kNoRow);
        continue;
      }
      ASSERT_GE(winners[i], 0);
      EXPECT_EQ(made.events.times[winners[i]], made.events.times[best]);
      EXPECT_EQ(made.events.values[0].ints[winners[i]], made.events.values[0].ints[best]);
    }
  }
}

TEST(WindowSweeper, AnswersInTheOrderOfItsQuestions) {
  const auto owned = MakeEvents({{"a", 1, 0, 10}, {"b", 1, 0, 20}, {"a", 2, 0, 1}}, false,
                                features::ViewKind::kWindowed);
  Made& made = *owned;
  features::Feature sum;
  sum.name = "sum";
  sum.input = 0;
  sum.call = {"sum", Kind::kInt64, {}};
  sum.aggregate = *aggregate::Make(sum.call);
  sum.window = {Us(2)};
  features::Feature list = sum;
  list.name = "list";
  list.call = {"last_k", Kind::kInt64, {columns::Value(int64_t{2})}};
  list.aggregate = *aggregate::Make(list.call);
  made.view.features = {sum, list};
  const std::vector<int32_t> ids = {1, 0, KeyIds::kNone, 0, 1};
  const std::vector<EventTime> times = {At(3), At(3), At(3), At(2), At(9)};
  const Questions questions = SortQuestions(ids, times, 2);
  EXPECT_EQ(questions.rows, (std::vector<int64_t>{3, 1, 0, 4}));
  ViewSweep sweep;
  sweep.view = &made.view;
  sweep.features = {0, 1};
  const SweptRows swept = MakeViewSweeper(sweep)->Run(made.events, questions);
  const Column sums = swept.cells[0].View();
  const Column lists = swept.cells[1].View();
  EXPECT_EQ(columns::ToText(sums.value(0), Kind::kInt64), "10");
  EXPECT_EQ(columns::ToText(sums.value(1), Kind::kInt64), "11");
  EXPECT_EQ(columns::ToText(sums.value(2), Kind::kInt64), "20");
  EXPECT_FALSE(sums.valid(3));
  EXPECT_EQ(columns::ToText(lists.value(1), lists.type), "[10, 1]");
  EXPECT_EQ(swept.found,
            (std::vector<Found>{Found::kFound, Found::kFound, Found::kFound, Found::kNothing}));
  // The event at 2 is seen at 3, the one at 1 at 2.
  EXPECT_EQ(swept.gaps.event, Us(-1));
  EXPECT_FALSE(swept.gaps.created.has_value());
}

TEST(Placed, PutsCellsWhereTheirRowsAre) {
  columns::ColumnBuffer cells(Kind::kString);
  cells.AppendString("c");
  cells.AppendNull();
  cells.AppendString("b");
  const std::vector<int64_t> rows = {2, 0, 1};
  const columns::ColumnBuffer placed = Placed(std::move(cells), rows);
  EXPECT_FALSE(placed.View().valid(0));
  EXPECT_EQ(placed.View().strings[1], "b");
  EXPECT_EQ(placed.View().strings[2], "c");
}

TEST(Gather, TakesNullsForMissingRows) {
  columns::ColumnBuffer strings(Kind::kString);
  strings.AppendString("a");
  strings.AppendCell(columns::kBadCast);
  strings.AppendString("b");
  const std::vector<int64_t> rows = {2, -1, 1, 0};
  columns::ColumnBuffer out(Kind::kString);
  AppendRows(strings.View(), rows, &out);
  EXPECT_EQ(out.View().strings[0], "b");
  EXPECT_EQ(out.View().cell(1), columns::kNullCell);
  EXPECT_EQ(out.View().cell(2), columns::kBadCast);
  EXPECT_EQ(out.View().strings[3], "a");
}

}  // namespace
}  // namespace millrace::sweep
