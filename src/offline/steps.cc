// Keys are asked at all steps; what they answer is a mark per key and step. Rows get their numbers
// when all partitions are listed.
#include "offline/steps.h"

#include <arrow/array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

#include "columns/arrow_column.h"
#include "sweep/gather.h"
#include "window/window.h"

namespace millrace::offline {

using base::EventTime;
using base::Result;
using base::Status;
using features::View;

namespace {

constexpr int64_t kStepsMax = 10'000'000;
// Marks of so many (key, step) pairs are made at a time.
constexpr size_t kMarksMax = size_t{1} << 22;

// Key ids in the order of values.
std::vector<int32_t> KeysInOrder(const KeySpace& keys) {
  const std::vector<columns::OwnedColumn> values = keys.Values();
  std::vector<int32_t> order(keys.ids.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    for (const columns::OwnedColumn& column : values) {
      const auto compared = columns::CompareCells(column.view, a, column.view, b);
      if (compared != 0) return compared < 0;
    }
    return false;
  });
  return order;
}

// Every key at each of the times.
sweep::Questions AskAll(int32_t keys, std::span<const EventTime> times) {
  sweep::Questions questions;
  for (int32_t key = 0; key <= keys; ++key) {
    questions.offsets.push_back(key * static_cast<int64_t>(times.size()));
  }
  for (int32_t key = 0; key < keys; ++key) {
    questions.times.insert(questions.times.end(), times.begin(), times.end());
  }
  questions.rows.resize(questions.times.size());
  std::iota(questions.rows.begin(), questions.rows.end(), 0);
  return questions;
}

}  // namespace

Status CheckSteps(const TrainingSetRequest& request) {
  const auto usage = [](std::string message) {
    return base::Error(base::codes::kUsage, std::move(message));
  };
  if (!request.steps.has_value() || request.steps->every.micros() <= 0) {
    return usage("a training set needs a spine, or --every with --from and --to");
  }
  if ((request.steps->to - request.steps->from).micros() / request.steps->every.micros() >=
      kStepsMax) {
    return usage("--every " + base::FormatDuration(request.steps->every) +
                 " makes more steps between --from and --to than a training set can hold");
  }
  const features::FeaturePlan& plan = *request.plan;
  const auto& uses = request.selection.uses;
  if (uses.empty()) return usage("without a spine, at least one feature of a view is needed");
  const View& first = plan.views[uses[0].view];
  for (const features::ViewUse& use : uses) {
    const View& view = plan.views[use.view];
    if (view.entities != first.entities) {
      return usage("without a spine, all features need one entity; views '" + first.name +
                   "' and '" + view.name + "' differ");
    }
    if (use.key_columns != uses[0].key_columns) {
      return usage("without a spine, view '" + view.name + "' cannot be read under other keys");
    }
  }
  for (const int index : request.labels) {
    if (plan.labels[index].view.keys != first.keys) {
      return usage("without a spine, label '" + plan.labels[index].name +
                   "' needs the entity of the features");
    }
  }
  if (!request.selection.request_fields.empty()) {
    return usage("request field '" + request.selection.request_fields[0].name +
                 "' comes from a spine, and there is none");
  }
  return Status::OK();
}

sweep::Questions ListedSteps::Ask(const std::vector<EventTime>& times, int32_t key_count) const {
  std::vector<EventTime> at;
  at.reserve(steps.size());
  for (const int32_t step : steps) at.push_back(times[step]);
  return sweep::SortQuestions(keys, at, key_count);
}

StepLister::StepLister(const TrainingSetRequest& request, KeySpace* keys, Partitions partitions)
    : request_(request),
      keys_(keys),
      partitions_(partitions),
      times_(window::Steps(request.steps->from, request.steps->to, request.steps->every)),
      ranks_(keys->ids.size()),
      in_order_(partitions.count),
      listed_(partitions.count) {
  const std::vector<int32_t> order = KeysInOrder(*keys);
  for (size_t rank = 0; rank < order.size(); ++rank) {
    ranks_[order[rank]] = static_cast<int32_t>(rank);
    in_order_[partitions.Of(order[rank])].push_back(partitions.Local(order[rank]));
  }
}

Status StepLister::List(int32_t partition, const std::vector<OpenView>& views) {
  const std::vector<int32_t>& keys = in_order_[partition];
  ListedSteps& listed = listed_[partition];
  const size_t block_max = std::max<size_t>(1, kMarksMax / std::max<size_t>(1, keys.size()));
  for (size_t first = 0; first < times_.size(); first += block_max) {
    const auto block = std::span(times_).subspan(first, std::min(block_max, times_.size() - first));
    const sweep::Questions all = AskAll(static_cast<int32_t>(keys.size()), block);
    std::vector<uint8_t> marks(all.times.size());
    for (const auto& [view, rows] : views) {
      sweep::ViewSweep presence = view;
      presence.features.clear();
      presence.event_times = false;
      ARROW_ASSIGN_OR_RAISE(const PartitionSweep::Answer answer, rows->Run(presence, all));
      for (size_t i = 0; i < answer.rows.size(); ++i) {
        marks[answer.rows[i]] |= answer.swept.found[i] == sweep::Found::kFound ? 1 : 0;
      }
    }
    for (size_t step = 0; step < block.size(); ++step) {
      for (const int32_t key : keys) {
        if (marks[static_cast<size_t>(key) * block.size() + step] == 0) continue;
        listed.keys.push_back(key);
        listed.steps.push_back(static_cast<int32_t>(first + step));
      }
    }
  }
  return Status::OK();
}

Result<Spine> StepLister::Join(const RunTasks& run, PartitionLists* lists) const {
  const auto steps = static_cast<int64_t>(times_.size());
  std::vector<int64_t> begins(steps + 1);  // of each step's rows
  lists->rows.resize(listed_.size());
  for (size_t p = 0; p < listed_.size(); ++p) {
    lists->rows[p].resize(listed_[p].keys.size());
    for (const int32_t step : listed_[p].steps) ++begins[step + 1];
  }
  std::partial_sum(begins.begin(), begins.end(), begins.begin());
  auto keys = std::make_shared<SpineKeys>();
  keys->columns = request_.selection.uses[0].key_columns;
  keys->space = keys_;
  keys->ids.resize(begins.back());
  Spine spine;
  spine.rows = begins.back();
  spine.times.resize(spine.rows);
  spine.has_time.assign(spine.rows, 1);
  ARROW_RETURN_NOT_OK(run(steps, [&](int64_t step) {
    std::vector<std::tuple<int32_t, int32_t, int64_t>> found;  // rank, partition, place in its list
    for (size_t p = 0; p < listed_.size(); ++p) {
      const auto [first, last] = std::equal_range(listed_[p].steps.begin(), listed_[p].steps.end(),
                                                  static_cast<int32_t>(step));
      for (auto at = first; at != last; ++at) {
        const int64_t place = at - listed_[p].steps.begin();
        const int32_t key = partitions_.Key(static_cast<int32_t>(p), listed_[p].keys[place]);
        found.emplace_back(ranks_[key], static_cast<int32_t>(p), place);
      }
    }
    std::sort(found.begin(), found.end());
    int64_t row = begins[step];
    for (const auto& [rank, partition, place] : found) {
      keys->ids[row] = partitions_.Key(partition, listed_[partition].keys[place]);
      spine.times[row] = times_[step];
      lists->rows[partition][place] = row++;
    }
    return Status::OK();
  }));
  spine.uses.assign(request_.selection.uses.size(), keys);
  spine.labels.assign(request_.labels.size(), keys);
  return spine;
}

StepRows::StepRows(const TrainingSetRequest& request, const Spine& spine)
    : request_(request), spine_(spine), keys_(spine.uses[0]->space->Values()) {}

Result<std::shared_ptr<arrow::Table>> StepRows::Table(int64_t first, int64_t last) const {
  const SpineKeys& keys = *spine_.uses[0];
  const std::vector<int64_t> ids(keys.ids.begin() + first, keys.ids.begin() + last);
  arrow::FieldVector schema;
  arrow::ArrayVector arrays;
  const auto add = [&](const std::string& name, const columns::ColumnBuffer& cells) -> Status {
    ARROW_ASSIGN_OR_RAISE(auto array, columns::ToArrow(cells.View()));
    schema.push_back(arrow::field(name, array->type()));
    arrays.push_back(std::move(array));
    return Status::OK();
  };
  for (size_t i = 0; i < keys_.size(); ++i) {
    ARROW_RETURN_NOT_OK(add(keys.columns[i], sweep::GatherShared(keys_[i].view, ids)));
  }
  columns::ColumnBuffer times(columns::Kind::kTimestamp);
  times.Reserve(last - first);
  for (int64_t row = first; row < last; ++row) times.AppendInt(spine_.times[row].micros());
  ARROW_RETURN_NOT_OK(add(request_.timestamp, times));
  return arrow::Table::Make(arrow::schema(std::move(schema)), std::move(arrays), last - first);
}

}  // namespace millrace::offline
