// Keys are asked one by one at all steps; what they answer is a bit per key and step.
#include "offline/steps.h"

#include <arrow/array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "columns/arrow_column.h"
#include "features/entity_key.h"
#include "sweep/snapshot_sweep.h"
#include "sweep/window_sweep.h"
#include "window/window.h"

namespace millrace::offline {

using base::EventTime;
using base::Result;
using base::Status;
using columns::Value;
using features::View;

namespace {

constexpr int64_t kKeyTasks = 64;
// Steps are listed in blocks of so many (key, step) marks.
constexpr size_t kMarksMax = size_t{1} << 26;
constexpr int64_t kStepsMax = 10'000'000;

const std::vector<columns::Field>& KeyFields(const TrainingSetRequest& request) {
  return request.plan->views[request.selection.uses[0].view].keys;
}

// Key ids in the order of values.
std::vector<int32_t> KeysInOrder(const KeySpace& keys) {
  std::vector<std::vector<Value>> values;
  for (int32_t id = 0; id < keys.ids.size(); ++id) {
    auto decoded = features::DecodeKey(keys.ids.key(id), keys.types);
    values.push_back(decoded.ok() ? *std::move(decoded) : std::vector<Value>{});
  }
  std::vector<int32_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    for (size_t i = 0; i < values[a].size(); ++i) {
      const auto compared = columns::Compare(values[a][i], values[b][i]);
      if (compared != 0) return compared < 0;
    }
    return false;
  });
  return order;
}

// Sets listed[key * steps + step] where the view has something to say.
void MarkKey(const View& view, const sweep::SortedEvents& events, int32_t key,
             const TrainingSetRequest& request, const std::vector<EventTime>& times,
             uint8_t* listed) {
  if (view.kind == features::ViewKind::kWindowed) {
    const std::vector<uint8_t> counts =
        sweep::CountsAtTimes(events, key, {&view, {}, std::nullopt, request.ignore_created}, times);
    for (size_t i = 0; i < counts.size(); ++i) listed[i] |= counts[i];
    return;
  }
  const std::vector<int64_t> winners =
      sweep::NewestRows(events, key, {&view, request.ignore_created}, times);
  for (size_t i = 0; i < winners.size(); ++i) listed[i] |= winners[i] >= 0 ? 1 : 0;
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

Spine ListSteps(const TrainingSetRequest& request, const Needs& needs,
                const std::vector<sweep::SortedEvents>& views, KeySpace* keys,
                const sweep::RunTasks& run) {
  const std::vector<EventTime> times =
      window::Steps(request.steps->from, request.steps->to, request.steps->every);
  Spine spine;
  SpineKeys spine_keys{request.selection.uses[0].key_columns, keys, {}};
  const std::vector<int32_t> order = KeysInOrder(*keys);
  const size_t key_count = order.size();
  const size_t block_max = std::max<size_t>(1, kMarksMax / std::max<size_t>(1, key_count));
  std::vector<uint8_t> listed;
  for (size_t first = 0; first < times.size(); first += block_max) {
    const std::vector<EventTime> block(
        times.begin() + static_cast<std::ptrdiff_t>(first),
        times.begin() + static_cast<std::ptrdiff_t>(std::min(first + block_max, times.size())));
    listed.assign(key_count * block.size(), 0);
    run(kKeyTasks, [&](int64_t task) {
      const auto bound = [&](int64_t t) {
        return static_cast<int32_t>(static_cast<int64_t>(key_count) * t / kKeyTasks);
      };
      for (int32_t key = bound(task); key < bound(task + 1); ++key) {
        for (size_t i = 0; i < views.size(); ++i) {
          MarkKey(request.plan->views[needs.views[i].view], views[i], key, request, block,
                  listed.data() + static_cast<size_t>(key) * block.size());
        }
      }
    });
    for (size_t step = 0; step < block.size(); ++step) {
      for (const int32_t key : order) {
        if (listed[static_cast<size_t>(key) * block.size() + step] == 0) continue;
        spine_keys.ids.push_back(key);
        spine.times.push_back(block[step]);
      }
    }
  }
  spine.rows = static_cast<int64_t>(spine.times.size());
  spine.has_time.assign(spine.rows, 1);
  spine.uses.assign(request.selection.uses.size(), spine_keys);
  spine.labels.assign(request.labels.size(), spine_keys);
  return spine;
}

Result<std::shared_ptr<arrow::Table>> StepsTable(const TrainingSetRequest& request,
                                                 const Spine& spine) {
  const SpineKeys& keys = spine.uses[0];
  const std::vector<columns::Field>& fields = KeyFields(request);
  std::vector<columns::ColumnBuffer> buffers;
  for (const columns::Field& field : fields) buffers.emplace_back(field.type);
  columns::ColumnBuffer times(columns::Kind::kTimestamp);
  for (int64_t row = 0; row < spine.rows; ++row) {
    ARROW_ASSIGN_OR_RAISE(
        const std::vector<Value> values,
        features::DecodeKey(keys.space->ids.key(keys.ids[row]), keys.space->types));
    for (size_t i = 0; i < values.size(); ++i) buffers[i].AppendValue(values[i]);
    times.AppendInt(spine.times[row].micros());
  }
  arrow::FieldVector schema;
  arrow::ArrayVector arrays;
  for (size_t i = 0; i < fields.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto array, columns::ToArrow(buffers[i].View()));
    schema.push_back(arrow::field(keys.columns[i], array->type()));
    arrays.push_back(std::move(array));
  }
  ARROW_ASSIGN_OR_RAISE(auto array, columns::ToArrow(times.View()));
  schema.push_back(arrow::field(request.timestamp, array->type()));
  arrays.push_back(std::move(array));
  return arrow::Table::Make(arrow::schema(std::move(schema)), std::move(arrays), spine.rows);
}

}  // namespace millrace::offline
