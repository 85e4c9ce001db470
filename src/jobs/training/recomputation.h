// Recomputation: the features and labels of some rows of a training set once more, by a plain loop
// over the events of their keys (plain_value.h): what verify compares a file with. Reads every
// source once, on one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "columns/column.h"
#include "features/needs.h"
#include "jobs/explain/key_events.h"
#include "jobs/training/asked_rows.h"
#include "offline/source_scan.h"
#include "offline/training_set.h"

namespace millrace::jobs {

class Recomputation {
 public:
  // `rows`: of `asked`. REQUIRES: `request` and `asked` outlive it.
  Recomputation(const offline::TrainingSetRequest& request, const AskedRows& asked,
                std::vector<int64_t> rows);

  // Once. Whatever a source reports.
  base::Status ReadEvents(const offline::SourceOpener& open);
  // After ReadEvents, once: the selected features, then the labels; cell i is that of rows[i], as a
  // file holds it (canonical floats, float32 rounded).
  base::Result<std::vector<columns::OwnedColumn>> Columns();

  // Whether a training set without a spine lists the key of `row` at `t`.
  bool Lists(int64_t row, base::EventTime t) const;
  const std::vector<offline::SourceStats>& sources() const { return scan_->sources(); }
  const columns::RejectedRows& rejected() const { return scan_->rejected(); }
  int64_t events() const;  // of the rows' keys, by views and labels
  // By Selection::uses, after Columns: the nearest that a value used came to its row's time.
  const std::vector<offline::UsedGap>& gaps() const { return gaps_; }

 private:
  // What answers one row of a use or label.
  struct Asked {
    const KeyEvents* events;  // nullptr: a null key or time, which all features answer with null
    base::EventTime at;
  };

  void ChooseKeys();
  std::vector<Asked> AskedOf(size_t use) const;
  std::vector<columns::OwnedColumn> UseColumns(size_t use);
  columns::OwnedColumn Aggregated(size_t use, int feature, const std::vector<Asked>& asked);
  std::vector<columns::OwnedColumn> OnDemandColumns(size_t run) const;
  columns::OwnedColumn LabelColumn(size_t label) const;
  bool LabelIsOver(size_t label, base::EventTime at) const;
  void NoteGap(size_t use, const Asked& asked, std::span<const int64_t> used);

  const offline::TrainingSetRequest& request_;
  const features::FeaturePlan& plan_;
  const AskedRows& asked_;
  const std::vector<int64_t> rows_;
  const features::Needs needs_;
  std::unique_ptr<offline::SourceScan> scan_;
  std::vector<std::unique_ptr<ChosenEvents>> views_;   // by Needs::views
  std::vector<std::unique_ptr<ChosenEvents>> labels_;  // by TrainingSetRequest::labels
  columns::OwnedColumn as_of_;
  std::vector<columns::OwnedColumn> request_cells_;        // by Selection::request_fields
  std::vector<std::vector<columns::OwnedColumn>> by_use_;  // by Selection::uses, by feature
  std::vector<offline::UsedGap> gaps_;                     // by Selection::uses
};

}  // namespace millrace::jobs
