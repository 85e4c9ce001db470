#include "offline/view_sweeps.h"

#include <algorithm>
#include <utility>

#include "features/derive.h"
#include "window/window.h"

namespace millrace::offline {

using base::EventTime;
using base::Result;
using base::Status;
using features::FeatureKind;
using features::View;
using features::ViewKind;

namespace {

constexpr int64_t kBytesPerAnswer = 9;  // a value and its cell

}  // namespace

ViewSweeps::ViewSweeps(const TrainingSetRequest& request, const features::Needs& needs,
                       const SourceOpener& open, const RunTasks& run)
    : request_(request),
      plan_(*request.plan),
      needs_(needs),
      run_(run),
      spill_(request.spill_folder),
      scan_(plan_, open) {
  for (const features::Needs::OfView& of : needs.views) {
    stores_.push_back({&plan_.views[of.view], of.features, std::nullopt, nullptr, {}});
  }
  for (const int label : request.labels) {
    const features::Label& of = plan_.labels[label];
    stores_.push_back({&of.view, {}, of.length, nullptr, {}});
  }
}

std::optional<ViewSweeps::Asked> ViewSweeps::AskedTimes(const Spine& spine) const {
  if (request_.steps.has_value()) return Asked{request_.steps->from, request_.steps->to};
  std::optional<Asked> asked;
  for (int64_t row = 0; row < spine.rows; ++row) {
    if (spine.has_time[row] == 0) continue;
    const EventTime time = spine.times[row];
    if (!asked.has_value()) asked = {time, time};
    asked->first = std::min(asked->first, time);
    asked->last = std::max(asked->last, time);
  }
  return asked;
}

// A snapshot's row counts at its own instant; an old one tells that it is too old.
void ViewSweeps::BoundTimes(const Asked& asked, ViewReading* reading) {
  const View& view = *reading->view;
  reading->to = asked.last + base::Duration::Micros(1);
  if (view.kind == ViewKind::kWindowed) {
    reading->from = window::SpanAt(asked.first, view.LongestWindow(), view.resolution).begin;
  }
}

// Rows that no question can see need not be read. Where rejected rows are an error, or a label must
// know how far its source reaches, all are.
void ViewSweeps::AddReadings(const Spine& spine) {
  const std::optional<Asked> asked = request_.strict ? std::nullopt : AskedTimes(spine);
  for (size_t i = 0; i < stores_.size(); ++i) {
    ViewReading reading;
    reading.view = stores_[i].view;
    reading.wanted = stores_[i].wanted;
    // Stores are made when it is known how much there is to read.
    reading.sink = [this, i](const ViewBatch& batch) { return stores_[i].store->Add(batch); };
    if (asked.has_value() && !stores_[i].label_length.has_value()) BoundTimes(*asked, &reading);
    scan_.Add(std::move(reading));
  }
}

// Without a spine, an event lists its key at every step that its longest window reaches, at most.
int64_t ViewSweeps::RowsEstimate(const Spine& spine) const {
  if (!request_.steps.has_value()) return spine.rows;
  const int64_t every = request_.steps->every.micros();
  const int64_t steps = (request_.steps->to - request_.steps->from).micros() / every + 1;
  int64_t reach = 1;
  for (const features::Needs::OfView& of : needs_.views) {
    const View& view = plan_.views[of.view];
    const bool all = view.kind == ViewKind::kSnapshot || !view.LongestWindow().length.has_value();
    const int64_t length = all ? 0 : view.LongestWindow().length->micros();
    reach = std::max(reach, all ? steps : (length - 1) / every + 1);
  }
  return scan_.rows_estimate() * std::min(reach, steps);
}

MemoryPlan ViewSweeps::PlanMemory(const Spine& spine) const {
  WorkEstimate work;
  work.event_bytes = scan_.bytes_estimate();
  work.spine_bytes = spine.bytes();
  work.threads = ThreadCount(request_.threads);
  int64_t cells = 0;
  for (const auto& use : needs_.uses) cells += std::count(use.begin(), use.end(), true);
  cells += static_cast<int64_t>(request_.labels.size());
  work.answer_bytes = RowsEstimate(spine) * cells * kBytesPerAnswer;
  if (request_.ignore_created) work.answer_bytes *= 2;
  return MemoryPlan::Make(request_.memory_bytes, work);
}

Status ViewSweeps::Read(const Spine& spine) {
  AddReadings(spine);
  ScanOptions options;
  options.run = run_;
  options.threads = ThreadCount(request_.threads);
  options.progress = request_.progress;
  options.batch_rows_max =
      MemoryPlan::BatchRows(request_.memory_bytes, ThreadCount(request_.threads));
  ARROW_RETURN_NOT_OK(scan_.Open(options));
  const MemoryPlan plan = PlanMemory(spine);
  budget_ = std::make_unique<RowBudget>(plan, &spill_);
  for (StoreOf& of : stores_) {
    // Without a spine every key counts; with one, only those that it asks about.
    const bool insert = request_.spine == nullptr;
    of.store =
        std::make_unique<ViewStore>(*of.view, spaces_.Of(of.view->keys), insert, budget_.get());
  }
  ARROW_RETURN_NOT_OK(scan_.Run());
  for (StoreOf& of : stores_) ARROW_RETURN_NOT_OK(of.store->Finish());
  gate_ = std::make_unique<MemoryGate>(budget_->LoadBytesMax());
  for (const int label : request_.labels) {
    newest_.emplace_back();
    for (const SourceStats& stats : scan_.sources()) {
      if (stats.source == plan_.labels[label].view.source) newest_.back() = stats.newest;
    }
  }
  return Status::OK();
}

bool ViewSweeps::AnyCreated() const {
  return std::any_of(needs_.views.begin(), needs_.views.end(),
                     [&](const features::Needs::OfView& of) {
                       return static_cast<bool>(plan_.sources[plan_.views[of.view].source].created);
                     });
}

sweep::ViewSweep ViewSweeps::SweepOf(size_t use) const {
  const View& view = plan_.views[request_.selection.uses[use].view];
  sweep::ViewSweep sweep;
  sweep.view = &view;
  for (size_t i = 0; i < view.features.size(); ++i) {
    if (needs_.uses[use][i] && view.features[i].kind != FeatureKind::kDerived) {
      sweep.features.push_back(static_cast<int>(i));
    }
  }
  sweep.ignore_created = request_.ignore_created;
  sweep.event_times = ReadsEventTime(view, needs_.uses[use]);
  return sweep;
}

std::shared_ptr<PartitionLists> ViewSweeps::ListsOf(const Spine& spine, const SpineKeys& keys) {
  std::shared_ptr<PartitionLists>& lists = lists_[&keys];
  if (lists == nullptr) {
    lists = std::make_shared<PartitionLists>(
        PartitionLists::Make(spine, keys, {budget_->plan().partitions}));
  }
  return lists;
}

void ViewSweeps::AddAsker(size_t store, sweep::ViewSweep sweep,
                          std::shared_ptr<const PartitionLists> lists,
                          std::unique_ptr<UseAnswers>* answers) {
  *answers = std::make_unique<UseAnswers>(std::move(sweep), std::move(lists),
                                          budget_->plan().spill_answers ? &spill_ : nullptr);
  stores_[store].askers.push_back({answers->get(), nullptr});
}

// spine: nullptr where it is not known yet; then all share one list.
void ViewSweeps::MakeAnswers(const Spine* spine) {
  if (spine == nullptr) {
    step_lists_ = std::make_shared<PartitionLists>();
    step_lists_->rows.resize(budget_->plan().partitions);
  }
  const auto add = [&](size_t store, sweep::ViewSweep sweep, const SpineKeys* keys,
                       std::unique_ptr<UseAnswers>* answers) {
    AddAsker(store, std::move(sweep), keys == nullptr ? step_lists_ : ListsOf(*spine, *keys),
             answers);
    stores_[store].askers.back().keys = keys;
  };
  const size_t uses = request_.selection.uses.size();
  answers_.uses.resize(uses);
  const bool compare = request_.ignore_created && spine != nullptr && AnyCreated();
  if (compare) respecting_.uses.resize(uses);
  for (size_t use = 0; use < uses; ++use) {
    const auto store = static_cast<size_t>(needs_.view_of_use[use]);
    const SpineKeys* keys = spine == nullptr ? nullptr : spine->uses[use].get();
    sweep::ViewSweep sweep = SweepOf(use);
    add(store, sweep, keys, &answers_.uses[use]);
    if (!compare) continue;
    sweep.ignore_created = false;
    add(store, std::move(sweep), keys, &respecting_.uses[use]);
  }
  answers_.labels.resize(request_.labels.size());
  for (size_t i = 0; i < request_.labels.size(); ++i) {
    const features::Label& label = plan_.labels[request_.labels[i]];
    sweep::ViewSweep sweep{&label.view, {0}, label.length, false, false};
    add(needs_.views.size() + i, std::move(sweep),
        spine == nullptr ? nullptr : spine->labels[i].get(), &answers_.labels[i]);
  }
}

Status ViewSweeps::Sweep(Spine* spine) {
  MakeAnswers(request_.spine == nullptr ? nullptr : spine);
  if (request_.progress != nullptr) {
    int64_t rows = 0;
    for (const StoreOf& of : stores_) {
      for (int32_t p = 0; p < of.store->partitions(); ++p) rows += of.store->rows(p);
    }
    request_.progress->Begin("sweeping", rows, "events");
  }
  ARROW_RETURN_NOT_OK(request_.spine == nullptr ? SweepSteps(spine) : SweepSpine(*spine));
  if (request_.progress != nullptr) request_.progress->End();
  for (StoreOf& of : stores_) of.store->Release();
  return Status::OK();
}

Status ViewSweeps::SweepSpine(const Spine& spine) {
  // The largest first, so that no thread is left with one at the end.
  std::vector<std::pair<int64_t, std::pair<const StoreOf*, int32_t>>> tasks;
  for (const StoreOf& of : stores_) {
    for (int32_t p = 0; p < of.store->partitions(); ++p) {
      tasks.push_back({of.store->rows(p), {&of, p}});
    }
  }
  std::stable_sort(tasks.begin(), tasks.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  return run_(static_cast<int64_t>(tasks.size()), [&](int64_t task) {
    const auto& [of, partition] = tasks[task].second;
    ARROW_RETURN_NOT_OK(SweepPartition(*of, spine, partition));
    if (request_.progress != nullptr) request_.progress->Advance(tasks[task].first);
    return Status::OK();
  });
}

Status ViewSweeps::SweepPartition(const StoreOf& of, const Spine& spine, int32_t partition) {
  const bool asked = std::any_of(of.askers.begin(), of.askers.end(), [&](const auto& asker) {
    return !asker.answers->lists().rows[partition].empty();
  });
  if (!asked) return Status::OK();
  const SweepRoom room{gate_.get(), &spill_, budget_->LoadBytesMax()};
  ARROW_ASSIGN_OR_RAISE(const auto rows, PartitionSweep::Open(*of.store, partition, room));
  for (const StoreOf::Asker& asker : of.askers) {
    const PartitionLists& lists = asker.answers->lists();
    if (lists.rows[partition].empty()) continue;
    ARROW_ASSIGN_OR_RAISE(
        PartitionSweep::Answer answer,
        rows->Run(asker.answers->sweep(), lists.Ask(spine, *asker.keys, partition)));
    ARROW_RETURN_NOT_OK(asker.answers->Put(partition, std::move(answer.swept), answer.rows));
  }
  return Status::OK();
}

Status ViewSweeps::SweepSteps(Spine* spine) {
  KeySpace* keys = spaces_.Of(stores_[0].view->keys);
  StepLister lister(request_, keys, {budget_->plan().partitions});
  const int32_t count = budget_->plan().partitions;
  ARROW_RETURN_NOT_OK(run_(count, [&](int64_t task) -> Status {
    const auto partition = static_cast<int32_t>(task);
    // A gate of its own for what is opened together: the shared one could be waited for by both.
    MemoryGate own(budget_->LoadBytesMax());
    const int64_t share = budget_->LoadBytesMax() / ThreadCount(request_.threads) /
                          static_cast<int64_t>(stores_.size());
    std::vector<std::unique_ptr<PartitionSweep>> opened;
    std::vector<StepLister::OpenView> views;
    for (size_t i = 0; i < stores_.size(); ++i) {
      const SweepRoom room{&own, &spill_, share};
      ARROW_ASSIGN_OR_RAISE(auto rows, PartitionSweep::Open(*stores_[i].store, partition, room));
      if (i < needs_.views.size()) {
        views.emplace_back(stores_[i].askers[0].answers->sweep(), rows.get());
      }
      opened.push_back(std::move(rows));
    }
    ARROW_RETURN_NOT_OK(lister.List(partition, views));
    const sweep::Questions questions =
        lister.listed(partition).Ask(lister.times(), stores_[0].store->key_count(partition));
    for (size_t i = 0; i < stores_.size(); ++i) {
      for (const StoreOf::Asker& asker : stores_[i].askers) {
        ARROW_ASSIGN_OR_RAISE(PartitionSweep::Answer answer,
                              opened[i]->Run(asker.answers->sweep(), questions));
        ARROW_RETURN_NOT_OK(asker.answers->Put(partition, std::move(answer.swept), answer.rows));
      }
      if (request_.progress != nullptr) {
        request_.progress->Advance(stores_[i].store->rows(partition));
      }
    }
    return Status::OK();
  }));
  return lister.Join(run_, step_lists_.get()).Value(spine);
}

std::vector<UsedGap> ViewSweeps::Gaps() const {
  std::vector<UsedGap> gaps;
  for (size_t use = 0; use < answers_.uses.size(); ++use) {
    const sweep::Gaps& of = answers_.uses[use]->gaps();
    gaps.push_back({request_.selection.uses[use].name, of.event, of.created});
  }
  return gaps;
}

}  // namespace millrace::offline
