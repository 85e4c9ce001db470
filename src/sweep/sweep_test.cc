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
#include "sweep/view_events.h"
#include "sweep/window_sweep.h"
#include "window/window.h"

namespace millrace::sweep {
namespace {

using base::Duration;
using base::EventTime;
using columns::Column;
using columns::Kind;

EventTime At(int64_t micros) {
  return EventTime::Micros(micros);
}
Duration Us(int64_t micros) {
  return Duration::Micros(micros);
}

struct Event {
  std::string key;
  int64_t time;
  int64_t created;
  int64_t value;
};

// Events of one int64 input and, as a snapshot, one value.
struct Made {
  features::View view;
  KeyIds keys;
  SortedEvents events;
};

Made MakeEvents(const std::vector<Event>& events, bool has_created, features::ViewKind kind) {
  Made made;
  made.view.kind = kind;
  columns::ColumnBuffer values(Kind::kInt64);
  columns::EventBatch batch;
  features::ViewRows rows;
  for (const Event& event : events) {
    rows.rows.push_back(batch.size++);
    rows.keys.Append(event.key);
    batch.event_times.push_back(At(event.time));
    if (has_created) batch.created.push_back(At(event.created));
    values.AppendInt(event.value);
  }
  if (kind == features::ViewKind::kWindowed) {
    made.view.inputs.resize(1);
    rows.inputs = {values.View()};
  } else {
    features::Feature feature;
    feature.name = "value";
    feature.kind = features::FeatureKind::kRow;
    made.view.features = {feature};
    rows.values = {values.View()};
  }
  ViewEvents collected(made.view);
  collected.Append(batch, rows, &made.keys, true);
  made.events = std::move(collected).Sort(made.keys.size(), RunInOrder);
  return made;
}

std::vector<Event> RandomEvents(std::mt19937* random, int count) {
  std::vector<Event> events;
  for (int i = 0; i < count; ++i) {
    const int64_t time = static_cast<int64_t>((*random)() % 60) - 10;
    events.push_back({"k" + std::to_string((*random)() % 3), time,
                      time + static_cast<int64_t>((*random)() % 40) - 10,
                      static_cast<int64_t>((*random)() % 5)});
  }
  return events;
}

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
  const std::vector<uint8_t> asked = {1, 1, 1, 1, 1};
  const Questions questions = SortQuestions(ids, times, asked, 3);
  EXPECT_EQ(questions.offsets, (std::vector<int64_t>{0, 1, 4, 4}));
  EXPECT_EQ(questions.rows, (std::vector<int64_t>{2, 3, 0, 4}));
  const std::vector<uint8_t> some = {1, 1, 0, 1, 0};
  EXPECT_EQ(SortQuestions(ids, times, some, 2).rows, (std::vector<int64_t>{3, 0}));
}

TEST(KeyRanges, CoverAllKeysOnce) {
  const std::vector<int64_t> events = {0, 1'000, 1'000, 1'001, 1'002};
  const std::vector<int64_t> questions = {0, 0, 5, 6, 7};
  const std::vector<int32_t> bounds = KeyRanges(events, questions, 8);
  ASSERT_EQ(bounds.size(), 9u);
  EXPECT_EQ(bounds.front(), 0);
  EXPECT_EQ(bounds.back(), 4);
  EXPECT_TRUE(std::is_sorted(bounds.begin(), bounds.end()));
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
    const Made made =
        MakeEvents(RandomEvents(&random, 30), has_created, features::ViewKind::kWindowed);
    std::vector<EventTime> questions;
    for (int i = 0; i < 12; ++i) questions.push_back(At(static_cast<int64_t>(random() % 80) - 10));
    std::sort(questions.begin(), questions.end());
    const window::Window window =
        round % 7 == 0 ? window::Window{} : window::Window{Us(random() % 30 + 1)};
    const Duration resolution = window.length && round % 3 == 0 ? Us(10) : Us(0);
    std::vector<uint8_t> filter;
    for (int64_t row = 0; row < made.events.size(); ++row) filter.push_back(random() % 4 != 0);
    KeyWalk walk(made.events, ignore_created);
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
  const Made made =
      MakeEvents({{"a", 10, 30, 1}, {"a", 50, 50, 2}}, true, features::ViewKind::kWindowed);
  KeyWalk walk(made.events, false);
  const std::vector<EventTime> questions = {At(15), At(40), At(100)};
  walk.SetKey(0, questions);
  const aggregate::Walk built = walk.Past({Us(10)}, Us(0), nullptr);
  EXPECT_TRUE(built.enter.empty());
  EXPECT_TRUE(built.leave.empty());
}

TEST(SweepSnapshot, FindsTheNewestRowForRandomEvents) {
  std::mt19937 random(2);
  for (int round = 0; round < 300; ++round) {
    const bool has_created = round % 2 == 0;
    const bool ignore_created = round % 5 == 0;
    Made made = MakeEvents(RandomEvents(&random, 30), has_created, features::ViewKind::kSnapshot);
    if (round % 3 == 0) made.view.ttl = Us(12);
    std::vector<int32_t> ids;
    std::vector<EventTime> times;
    for (int i = 0; i < 25; ++i) {
      ids.push_back(static_cast<int32_t>(random() % made.keys.size()));
      times.push_back(At(static_cast<int64_t>(random() % 80) - 10));
    }
    const Questions questions = SortQuestions(ids, times, {}, made.keys.size());
    const std::vector<int64_t> winners =
        SweepSnapshot(made.events, questions, {&made.view, ignore_created}, {25, RunInOrder});
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

TEST(SweepWindows, ScattersAnswersIntoTheOrderOfTheSpine) {
  Made made = MakeEvents({{"a", 1, 0, 10}, {"b", 1, 0, 20}, {"a", 2, 0, 1}}, false,
                         features::ViewKind::kWindowed);
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
  const Questions questions = SortQuestions(ids, times, {}, 2);
  const WindowAnswers answers = SweepWindows(
      made.events, questions, {&made.view, {0, 1}, std::nullopt, false}, {5, RunInOrder});
  const Column& sums = answers.cells[0].view;
  const Column& lists = answers.cells[1].view;
  EXPECT_EQ(columns::ToText(sums.value(0), Kind::kInt64), "20");
  EXPECT_EQ(columns::ToText(sums.value(1), Kind::kInt64), "11");
  EXPECT_FALSE(sums.valid(2));
  EXPECT_EQ(columns::ToText(sums.value(3), Kind::kInt64), "10");
  EXPECT_FALSE(sums.valid(4));
  EXPECT_EQ(columns::ToText(lists.value(1), lists.type), "[10, 1]");
  EXPECT_EQ(columns::ToText(lists.value(3), lists.type), "[10]");
  EXPECT_EQ(answers.counts, (std::vector<uint8_t>{1, 1, 0, 1, 0}));
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
