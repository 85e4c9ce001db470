// Readers wait in a list: there are as many as threads ever read the same names at once.
#include "jobs/reads/kept_readers.h"

#include <algorithm>

#include "jobs/reads/asked_keys.h"

namespace millrace::jobs {

using base::Result;
using columns::Field;

namespace {

std::vector<std::string> ViewsOf(const features::FeaturePlan& plan,
                                 const features::Selection& selection) {
  std::vector<std::string> views;
  const auto add = [&](const std::string& name) {
    if (std::find(views.begin(), views.end(), name) == views.end()) views.push_back(name);
  };
  for (const features::ViewUse& use : selection.uses) add(plan.views[use.view].name);
  for (const int view : selection.on_demand) add(plan.on_demand[view].name);
  return views;
}

bool Has(const PreparedRead& read, const Field& field) {
  const auto is_same = [&](const Field& other) {
    return other.name == field.name && other.type == field.type;
  };
  return std::any_of(read.keys().begin(), read.keys().end(), is_same) ||
         std::any_of(read.request_fields().begin(), read.request_fields().end(), is_same);
}

}  // namespace

KeptReaders::KeptReaders(const AskedNames& names, const PreparedVersion& prepared,
                         std::string project, const base::Clock& clock)
    : names_(names),
      served_(prepared.served),
      selection_(prepared.reader->selection()),
      project_(std::move(project)),
      clock_(clock),
      views_(ViewsOf(*served_.plan, selection_)) {}

Result<std::shared_ptr<const KeptReaders>> KeptReaders::Make(const AskedNames& names,
                                                             const PreparedVersion& prepared,
                                                             std::string project,
                                                             const base::Clock& clock) {
  std::shared_ptr<KeptReaders> made(new KeptReaders(names, prepared, std::move(project), clock));
  const features::FeaturePlan& plan = made->plan();
  ARROW_ASSIGN_OR_RAISE(made->keys_, KeyFields(plan, made->selection_));
  std::vector<std::string> key_names;
  for (const Field& key : made->keys_) key_names.push_back(key.name);
  ARROW_RETURN_NOT_OK(CheckColumnNames(prepared.none, key_names));
  if (!names.service.empty()) {
    const std::string service = names.service.substr(0, names.service.rfind('@'));
    made->log_share_ = plan.services[plan.FindService(service)].log;
  }
  return made;
}

bool KeptReaders::TakesWhatIsAskedOf(const PreparedRead& other) const {
  const auto has = [&](const Field& field) { return Has(other, field); };
  return std::all_of(keys_.begin(), keys_.end(), has) &&
         std::all_of(request_fields().begin(), request_fields().end(), has);
}

bool KeptReaders::TriesHeads() const {
  if (tries_later_.load(std::memory_order_relaxed) <= 0) return true;
  tries_later_.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

std::unique_ptr<online::FeatureReader> KeptReaders::Take() const {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto reader = std::move(idle_.back());
      idle_.pop_back();
      return reader;
    }
  }
  return std::make_unique<online::FeatureReader>(*served_.plan, selection_, project_, clock_);
}

void KeptReaders::GiveBack(std::unique_ptr<online::FeatureReader> reader) const {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(reader));
}

}  // namespace millrace::jobs
