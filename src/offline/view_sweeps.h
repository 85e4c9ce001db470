// ViewSweeps: the heart of a training set: every source read into stores of its views, every
// partition of them swept for every use of the view and every label.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "features/needs.h"
#include "offline/answers.h"
#include "offline/key_space.h"
#include "offline/partition_sweep.h"
#include "offline/rows/view_store.h"
#include "offline/source_scan.h"
#include "offline/spine.h"
#include "offline/steps.h"

namespace millrace::offline {

class ViewSweeps {
 public:
  // REQUIRES: all of it outlives this.
  ViewSweeps(const TrainingSetRequest& request, const features::Needs& needs,
             const SourceOpener& open, const RunTasks& run);

  KeySpaces* spaces() { return &spaces_; }
  // Reads all sources; `spine` is empty where there are steps.
  base::Status Read(const Spine& spine);
  // Sweeps all partitions; without a spine, fills it first. Rows are let go, answers stay.
  base::Status Sweep(Spine* spine);

  const SweptAnswers& answers() const { return answers_; }
  // With --ignore-created and a spine: what respecting knowledge time gives; else nullptr.
  const SweptAnswers* respecting() const {
    return respecting_.uses.empty() ? nullptr : &respecting_;
  }
  // By TrainingSetRequest::labels: the newest event time of all readable rows of its source.
  const std::vector<std::optional<base::EventTime>>& newest() const { return newest_; }
  std::vector<UsedGap> Gaps() const;
  const std::vector<SourceStats>& sources() const { return scan_.sources(); }
  const columns::RejectedRows& rejected() const { return scan_.rejected(); }
  int64_t spilled_bytes() const { return spill_.bytes(); }

 private:
  // A view's rows (or a label's) and who asks about them.
  struct StoreOf {
    const features::View* view = nullptr;
    std::vector<bool> wanted;
    std::optional<base::Duration> label_length;
    std::unique_ptr<ViewStore> store;
    struct Asker {
      UseAnswers* answers = nullptr;
      const SpineKeys* keys = nullptr;  // nullptr: without a spine
    };
    std::vector<Asker> askers;
  };

  // The first and the last time that is asked about.
  struct Asked {
    base::EventTime first;
    base::EventTime last;
  };

  void AddReadings(const Spine& spine);
  std::optional<Asked> AskedTimes(const Spine& spine) const;
  static void BoundTimes(const Asked& asked, ViewReading* reading);
  int64_t RowsEstimate(const Spine& spine) const;
  MemoryPlan PlanMemory(const Spine& spine) const;
  sweep::ViewSweep SweepOf(size_t use) const;
  void MakeAnswers(const Spine* spine);
  void AddAsker(size_t store, sweep::ViewSweep sweep, std::shared_ptr<const PartitionLists> lists,
                std::unique_ptr<UseAnswers>* answers);
  std::shared_ptr<PartitionLists> ListsOf(const Spine& spine, const SpineKeys& keys);
  base::Status SweepSpine(const Spine& spine);
  base::Status SweepSteps(Spine* spine);
  base::Status SweepPartition(const StoreOf& of, const Spine& spine, int32_t partition);
  bool AnyCreated() const;

  const TrainingSetRequest& request_;
  const features::FeaturePlan& plan_;
  const features::Needs& needs_;
  const RunTasks& run_;
  SpillFile spill_;
  KeySpaces spaces_;
  SourceScan scan_;
  std::unique_ptr<RowBudget> budget_;
  std::unique_ptr<MemoryGate> gate_;
  std::vector<StoreOf> stores_;  // by Needs::views, then by TrainingSetRequest::labels
  std::map<const SpineKeys*, std::shared_ptr<PartitionLists>> lists_;
  std::shared_ptr<PartitionLists> step_lists_;  // without a spine: one for all
  SweptAnswers answers_;
  SweptAnswers respecting_;
  std::vector<std::optional<base::EventTime>> newest_;
};

}  // namespace millrace::offline
