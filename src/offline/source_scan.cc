// One pass per source; the next batch is decoded while the last is projected.
#include "offline/source_scan.h"

#include <algorithm>
#include <future>
#include <set>
#include <utility>

#include "features/derive.h"
#include "features/entity_key.h"
#include "offline/looked_up.h"
#include "sources/event_reader.h"
#include "sweep/key_ids.h"
#include "sweep/view_events.h"

namespace millrace::offline {

using base::Result;
using base::Status;
using columns::Column;
using columns::EventBatch;
using columns::OwnedColumn;
using features::View;

namespace {

// Looked-up columns are made for this many rows at a time: vectors are wide.
constexpr int64_t kLookupRowsMax = 1 << 19;

}  // namespace

struct SourceScan::Reading {
  Reading(const features::FeaturePlan& plan, ViewReading r)
      : reading(std::move(r)), projector(plan, *reading.view, reading.wanted) {}
  ViewReading reading;
  features::ViewProjector projector;
  int catalogue = -1;           // the view index that it feeds; -1: none
  bool counts_rejected = true;  // false: another reading of the same view does
  bool done = false;
};

// A looked-up view, all its keys.
struct SourceScan::Catalogue {
  explicit Catalogue(const features::FeaturePlan& plan, int view_index)
      : index(view_index), events(plan.views[view_index]) {}
  int index;
  sweep::KeyIds keys;
  sweep::ViewEvents events;
  std::optional<sweep::SortedEvents> sorted;
};

SourceScan::SourceScan(const features::FeaturePlan& plan, SourceOpener open, sweep::RunTasks run)
    : plan_(plan), open_(std::move(open)), run_(std::move(run)), waiting_(plan.sources.size()) {}

SourceScan::~SourceScan() = default;

void SourceScan::Add(ViewReading reading) {
  AddCatalogues(*reading.view);
  readings_.push_back(std::make_unique<Reading>(plan_, std::move(reading)));
}

SourceScan::Catalogue* SourceScan::FindCatalogue(int view) {
  for (const auto& catalogue : catalogues_) {
    if (catalogue->index == view) return catalogue.get();
  }
  return nullptr;
}

void SourceScan::AddCatalogues(const View& view) {
  for (const features::Lookup& lookup : view.lookups) {
    if (FindCatalogue(lookup.view) != nullptr) continue;
    catalogues_.push_back(std::make_unique<Catalogue>(plan_, lookup.view));
    Catalogue* catalogue = catalogues_.back().get();
    AddCatalogues(plan_.views[lookup.view]);
    auto reading = std::make_unique<Reading>(
        plan_, ViewReading{&plan_.views[lookup.view], {}, [catalogue](const ViewBatch& rows) {
                             catalogue->events.Append(rows.batch, rows.rows, &catalogue->keys,
                                                      true);
                           }});
    reading->catalogue = lookup.view;
    readings_.push_back(std::move(reading));
  }
}

Status SourceScan::Run() {
  std::set<int> sources;
  std::set<const View*> counted;
  for (const auto& reading : readings_) {
    sources.insert(reading->reading.view->source);
    reading->counts_rejected = counted.insert(reading->reading.view).second;
  }
  for (const int source : sources) ARROW_RETURN_NOT_OK(ReadSource(source));
  return RunWaiting();
}

Status SourceScan::ReadSource(int source) {
  std::set<int> needed_columns;
  std::vector<Reading*> direct;
  bool keep = false;
  for (const auto& reading : readings_) {
    if (reading->reading.view->source != source) continue;
    const std::vector<int> needed = reading->projector.SourceColumns();
    needed_columns.insert(needed.begin(), needed.end());
    if (reading->reading.view->lookups.empty()) {
      direct.push_back(reading.get());
    } else {
      keep = true;
    }
  }
  sources::ReadOptions options;
  options.columns.assign(needed_columns.begin(), needed_columns.end());
  ARROW_ASSIGN_OR_RAISE(const std::unique_ptr<sources::EventReader> reader,
                        open_(plan_.sources[source], std::move(options)));
  SourceStats stats{source, 0, {}, std::nullopt};
  columns::RejectedRows rejected;
  std::unique_ptr<sources::PartReader> part;
  int64_t next_part = 0;
  const auto read = [&]() -> Result<std::optional<EventBatch>> {
    while (part != nullptr || next_part < reader->parts()) {
      if (part == nullptr) {
        ARROW_ASSIGN_OR_RAISE(part, reader->OpenPart(next_part++));
      }
      ARROW_ASSIGN_OR_RAISE(std::optional<EventBatch> batch, part->Next());
      if (batch.has_value()) return batch;
      rejected.Merge(part->rejected());
      part.reset();
    }
    return std::optional<EventBatch>();
  };
  const auto next = [&] { return std::async(std::launch::async, read); };
  auto coming = next();
  while (true) {
    ARROW_ASSIGN_OR_RAISE(std::optional<EventBatch> batch, coming.get());
    if (!batch.has_value()) break;
    coming = next();
    stats.events += batch->size;
    for (const base::EventTime time : batch->event_times) {
      if (!stats.newest.has_value() || time > *stats.newest) stats.newest = time;
    }
    for (Reading* reading : direct) Project(reading, *batch, {});
    if (keep) waiting_[source].push_back(std::move(*batch));
  }
  stats.files = reader->files();
  rejected_.Merge(rejected);
  stats_.push_back(stats);
  for (Reading* reading : direct) reading->done = true;
  return Status::OK();
}

void SourceScan::Project(Reading* reading, const EventBatch& batch,
                         std::span<const Column> lookups) {
  const features::ViewRows rows = reading->projector.Run(batch, lookups);
  if (reading->counts_rejected) rejected_.Merge(rows.rejected);
  std::vector<Column> scope;
  for (const OwnedColumn& column : batch.columns) scope.push_back(column.view);
  scope.insert(scope.end(), lookups.begin(), lookups.end());
  reading->reading.sink({batch, rows, scope});
}

// A reading may run once all views that it looks up are complete; chains resolve round by round.
Status SourceScan::RunWaiting() {
  const auto complete = [&](int view) {
    return std::all_of(readings_.begin(), readings_.end(),
                       [&](const auto& r) { return r->catalogue != view || r->done; });
  };
  bool progress = true;
  while (progress) {
    progress = false;
    for (const auto& catalogue : catalogues_) {
      if (catalogue->sorted.has_value() || !complete(catalogue->index)) continue;
      catalogue->sorted = std::move(catalogue->events).Sort(catalogue->keys.size(), run_);
    }
    for (const auto& reading : readings_) {
      const auto& lookups = reading->reading.view->lookups;
      const bool ready = std::all_of(lookups.begin(), lookups.end(), [&](const auto& lookup) {
        return FindCatalogue(lookup.view)->sorted.has_value();
      });
      if (reading->done || !ready) continue;
      const auto& batches = waiting_[reading->reading.view->source];
      for (size_t first = 0; first < batches.size();) {
        size_t last = first;
        for (int64_t rows = 0; last < batches.size() && rows < kLookupRowsMax; ++last) {
          rows += batches[last].size;
        }
        ProjectWithLookups(reading.get(), std::span(batches).subspan(first, last - first));
        first = last;
      }
      reading->done = true;
      progress = true;
    }
  }
  for (const auto& reading : readings_) {
    if (!reading->done) {
      return base::Error(base::codes::kCycle,
                         "view '" + reading->reading.view->name + "' looks itself up");
    }
  }
  return Status::OK();
}

void SourceScan::ProjectWithLookups(Reading* reading, std::span<const EventBatch> batches) {
  const View& view = *reading->reading.view;
  const size_t own = plan_.sources[view.source].columns.size();
  std::vector<OwnedColumn> looked_up(view.row_columns.size() - own);
  for (const features::Lookup& lookup : view.lookups) {
    LookUp(view, lookup, batches, &looked_up);
  }
  int64_t first = 0;
  for (const EventBatch& batch : batches) {
    std::vector<Column> slices;
    for (const OwnedColumn& column : looked_up) {
      slices.push_back(column.view.type.is_null() ? Column{}
                                                  : column.view.Slice(first, batch.size));
    }
    Project(reading, batch, slices);
    first += batch.size;
  }
}

void SourceScan::LookUp(const View& view, const features::Lookup& lookup,
                        std::span<const EventBatch> batches, std::vector<OwnedColumn>* looked_up) {
  const size_t own = plan_.sources[view.source].columns.size();
  const Catalogue& catalogue = *FindCatalogue(lookup.view);
  LookedUp answers(plan_, lookup.view, *catalogue.sorted);
  answers.Ask(lookup, catalogue.keys, batches, run_);
  std::vector<OwnedColumn> columns = answers.Columns();
  for (size_t i = 0; i < columns.size(); ++i) {
    const std::string name = lookup.prefix + "." + plan_.views[lookup.view].features[i].name;
    for (size_t column = lookup.first_column; column < view.row_columns.size(); ++column) {
      if (view.row_columns[column].name == name) (*looked_up)[column - own] = columns[i];
    }
  }
}

}  // namespace millrace::offline
