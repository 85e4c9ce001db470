// SourceScan: reads every source that is needed, with only the columns that are needed, part by
// part on several threads, and hands each view its rows. A source is read once, but where one of
// its views looks up another view of it: that one must be complete first. Used by training sets and
// explanations.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "columns/event_batch.h"
#include "features/plan.h"
#include "features/view_rows.h"
#include "offline/threads.h"
#include "offline/training_set.h"

namespace millrace::offline {

// What a view's reader is given. Valid during the call.
struct ViewBatch {
  const columns::EventBatch& batch;
  const features::ViewRows& rows;
  // The scope of the view's expressions: the source's columns, then the looked-up ones.
  std::span<const columns::Column> row_columns;
  int64_t part = 0;  // of the source
};

struct ViewReading {
  const features::View* view = nullptr;
  std::vector<bool> wanted;  // by View::features; empty: all
  // Called from many threads at once; the batches of one part in order.
  std::function<base::Status(const ViewBatch&)> sink;
  // Rows with event times outside [from, to) are of no use to it.
  std::optional<base::EventTime> from;
  std::optional<base::EventTime> to;
};

// What was found in a source.
struct SourceStats {
  int source = -1;
  int64_t events = 0;
  std::vector<sources::InputFile> files;
  std::optional<base::EventTime> newest;  // event time of all readable rows
  sources::Pruned pruned;
  int64_t one_sided = 0;  // pushed rows that are for stores alone
};

struct ScanOptions {
  RunTasks run = RunInOrder;
  int threads = 1;  // of `run`
  int64_t batch_rows_max = int64_t{1} << 20;
  base::Progress* progress = nullptr;
};

class Catalogue;

class SourceScan {
 public:
  // REQUIRES: `plan` outlives it.
  SourceScan(const features::FeaturePlan& plan, SourceOpener open);
  ~SourceScan();

  void Add(ViewReading reading);
  // Opens what the first round reads: errors of files come here. Once, after all Adds.
  base::Status Open(const ScanOptions& options);
  // About how many rows all opened sources have, and how many bytes their wanted columns are.
  int64_t rows_estimate() const;
  int64_t bytes_estimate() const;
  // Once, after Open. Whatever a source or a sink reports.
  base::Status Run();

  // After Run, in the plan's order of the sources.
  const std::vector<SourceStats>& sources() const { return stats_; }
  const columns::RejectedRows& rejected() const { return rejected_; }

 private:
  struct Reading;
  struct OpenSource;
  class PartScan;

  void AddCatalogues(const features::View& view);
  bool IsReady(const Reading& reading) const;
  base::Status OpenRound();
  base::Status ReadSource(OpenSource* source);
  void SortCatalogues();
  Catalogue* FindCatalogue(int view) const;
  SourceStats* FindStats(int source);

  const features::FeaturePlan& plan_;
  const SourceOpener open_;
  ScanOptions options_;
  std::vector<std::unique_ptr<Reading>> readings_;
  std::vector<std::unique_ptr<Catalogue>> catalogues_;
  std::vector<std::unique_ptr<OpenSource>> round_;  // to be read next
  std::vector<SourceStats> stats_;
  columns::RejectedRows rejected_;
};

}  // namespace millrace::offline
