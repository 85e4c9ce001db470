// SourceScan: reads every source that is needed once, with only the columns that are needed, and
// hands each view its rows. Looked-up columns are made here: events wait until the views they look
// up are complete. Used by training sets and explanations.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "columns/event_batch.h"
#include "features/plan.h"
#include "features/view_rows.h"
#include "offline/training_set.h"
#include "sweep/tasks.h"

namespace millrace::offline {

// What a view's reader is given, batch by batch in the order of the files. Valid during the call.
struct ViewBatch {
  const columns::EventBatch& batch;
  const features::ViewRows& rows;
  // The scope of the view's expressions: the source's columns, then the looked-up ones.
  std::span<const columns::Column> row_columns;
};

struct ViewReading {
  const features::View* view = nullptr;
  std::vector<bool> wanted;  // by View::features; empty: all
  std::function<void(const ViewBatch&)> sink;
};

// What was found in a source.
struct SourceStats {
  int source = -1;
  int64_t events = 0;
  std::vector<sources::InputFile> files;
  std::optional<base::EventTime> newest;  // event time of all readable rows
};

class SourceScan {
 public:
  // REQUIRES: `plan` outlives it.
  SourceScan(const features::FeaturePlan& plan, SourceOpener open, sweep::RunTasks run);
  ~SourceScan();

  void Add(ViewReading reading);
  // Once, after all Adds. Whatever a source reports.
  base::Status Run();

  // After Run, in the plan's order of the sources.
  const std::vector<SourceStats>& sources() const { return stats_; }
  const columns::RejectedRows& rejected() const { return rejected_; }

 private:
  struct Reading;
  struct Catalogue;

  void AddCatalogues(const features::View& view);
  base::Status ReadSource(int source);
  base::Status RunWaiting();
  void Project(Reading* reading, const columns::EventBatch& batch,
               std::span<const columns::Column> lookups);
  void ProjectWithLookups(Reading* reading, std::span<const columns::EventBatch> batches);
  void LookUp(const features::View& view, const features::Lookup& lookup,
              std::span<const columns::EventBatch> batches,
              std::vector<columns::OwnedColumn>* looked_up);
  Catalogue* FindCatalogue(int view);

  const features::FeaturePlan& plan_;
  const SourceOpener open_;
  const sweep::RunTasks run_;
  std::vector<std::unique_ptr<Reading>> readings_;
  std::vector<std::unique_ptr<Catalogue>> catalogues_;
  std::vector<std::vector<columns::EventBatch>>
      waiting_;  // by source: rows of readings with lookups
  std::vector<SourceStats> stats_;
  columns::RejectedRows rejected_;
};

}  // namespace millrace::offline
