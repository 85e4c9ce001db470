// What a reader keeps between reads.
#include "online/feature_reader.h"

#include <utility>

#include "online/read_batch.h"
#include "online/reading_run.h"
#include "state/retention.h"

namespace millrace::online {

using base::EventTime;
using base::Result;
using base::Status;
using features::Feature;
using features::View;
using features::ViewKind;

namespace {

std::shared_ptr<const std::vector<AnswerName>> NamesOf(const features::FeaturePlan& plan,
                                                       const features::Selection& selection) {
  std::vector<AnswerName> names;
  for (const features::SelectedColumn& selected : selection.columns) {
    if (selected.on_demand) {
      const auto& view = plan.on_demand[selection.on_demand[selected.use]];
      names.push_back({selected.name, view.name + ":" + view.features[selected.feature].name});
      continue;
    }
    const View& view = plan.views[selection.uses[selected.use].view];
    const Feature& feature = view.features[selected.feature];
    const bool stored = feature.kind != features::FeatureKind::kDerived;
    names.push_back({selected.name, view.name + ":" + feature.name, stored});
  }
  return std::make_shared<const std::vector<AnswerName>>(std::move(names));
}

}  // namespace

FeatureReader::FeatureReader(const features::FeaturePlan& plan, features::Selection selection,
                             std::string project, const base::Clock& clock)
    : plan_(plan),
      selection_(std::move(selection)),
      needs_(features::FindNeeds(plan, selection_)),
      project_(std::move(project)),
      clock_(clock),
      names_(NamesOf(plan, selection_)),
      memories_(std::make_unique<MemoryPool>()) {
  for (const int view : selection_.on_demand) on_demand_.emplace_back(plan, view);
}

FeatureReader::~FeatureReader() = default;

Status FeatureReader::Bind(const state::Description& description, EventTime now) {
  is_bound_ = false;
  is_steady_ = true;
  uses_.clear();
  std::string missing;
  for (size_t use = 0; use < selection_.uses.size(); ++use) {
    const View& view = plan_.views[selection_.uses[use].view];
    const auto binding = state::BindReady(plan_, view, description.catalog, now);
    if (!binding.has_value()) {
      missing += (missing.empty() ? "'" : ", '") + view.name + "'";
      continue;
    }
    const EventTime needed = state::RetentionOf(plan_, view).KeepFrom(description.commit.wall_time);
    is_steady_ = is_steady_ && binding->table->complete_since <= needed;
    auto reader = std::make_unique<UseReader>();
    reader->binding = *binding;
    reader->table = *binding->table;
    reader->binding.table = &reader->table;
    for (int i = 0; i < view.stored_count(); ++i) {
      if (needs_.uses[use][i]) reader->features.push_back(i);
    }
    if (view.kind == ViewKind::kSnapshot) {
      reader->snapshot.emplace(reader->binding, reader->features);
    } else {
      reader->window.emplace(reader->binding, reader->features);
    }
    reader->reads_event_time = features::ReadsEventTime(view, needs_.uses[use]);
    if (!view.derived_order.empty()) reader->deriver.emplace(plan_, selection_.uses[use].view);
    for (const Feature& feature : view.features) {
      reader->names.push_back(view.name + ":" + feature.name);
    }
    uses_.push_back(std::move(reader));
  }
  if (!missing.empty()) {
    return base::Error({base::codes::kNotReady,
                        "the online store does not have all of " + missing + " yet",
                        {},
                        "`millrace materialize` fills it"});
  }
  catalog_version_ = description.commit.catalog_version;
  is_bound_ = true;
  return Status::OK();
}

Result<Answer> FeatureReader::Read(const kv::Store& store, const Asked& asked) {
  Reading reading;
  reading.reader = this;
  reading.asked = &asked;
  ReadAll(store, {&reading, 1});
  return std::move(reading.answer);
}

}  // namespace millrace::online
