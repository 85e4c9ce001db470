// Rounds: in each, every source with readings whose lookups are complete is opened, then read, its
// parts as tasks. What parts count is added up in their order, so that reports do not depend on it.
#include "offline/source_scan.h"

#include <algorithm>
#include <set>
#include <utility>

#include "offline/catalogue.h"
#include "offline/looked_up.h"
#include "sources/event_reader.h"

namespace millrace::offline {

using base::EventTime;
using base::Result;
using base::Status;
using columns::Column;
using columns::EventBatch;
using columns::OwnedColumn;
using features::View;

struct SourceScan::Reading {
  ViewReading reading;
  Catalogue* feeds = nullptr;   // the catalogue that it completes
  bool counts_rejected = true;  // false: another reading of the same view does
  bool done = false;
};

struct SourceScan::OpenSource {
  int source = -1;
  std::vector<Reading*> readings;
  std::unique_ptr<sources::EventReader> reader;
  bool counts_rejected = true;  // false: its rows were judged in an earlier round
};

// One part of a source, read by one thread.
class SourceScan::PartScan {
 public:
  PartScan(const SourceScan& scan, const OpenSource& source, int64_t part)
      : scan_(scan), source_(source), part_(part) {
    for (const Reading* reading : source.readings) {
      projectors_.emplace_back(scan.plan_, *reading->reading.view, reading->reading.wanted);
    }
  }

  Status Run() {
    ARROW_ASSIGN_OR_RAISE(const auto reader, source_.reader->OpenPart(part_));
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const std::optional<EventBatch> batch, reader->Next());
      if (!batch.has_value()) break;
      events_ += batch->size;
      const auto newest = std::max_element(batch->event_times.begin(), batch->event_times.end());
      if (!newest_.has_value() || *newest > *newest_) newest_ = *newest;
      for (size_t i = 0; i < projectors_.size(); ++i) ARROW_RETURN_NOT_OK(Project(i, *batch));
      if (scan_.options_.progress != nullptr) scan_.options_.progress->Advance(batch->size);
    }
    if (source_.counts_rejected) rejected_.Merge(reader->rejected());
    one_sided_ = reader->one_sided();
    return Status::OK();
  }

  void AddTo(SourceStats* stats, columns::RejectedRows* rejected) const {
    stats->events += events_;
    stats->one_sided += one_sided_;
    if (newest_.has_value() && (!stats->newest.has_value() || *newest_ > *stats->newest)) {
      stats->newest = newest_;
    }
    rejected->Merge(rejected_);
  }

 private:
  Status Project(size_t i, const EventBatch& batch) {
    const Reading& reading = *source_.readings[i];
    const View& view = *reading.reading.view;
    std::vector<OwnedColumn> looked_up(view.row_columns.size() - batch.columns.size());
    for (const features::Lookup& lookup : view.lookups) {
      LookUp(view, lookup, batch, &looked_up);
    }
    std::vector<Column> scope;
    for (const OwnedColumn& column : batch.columns) scope.push_back(column.view);
    for (const OwnedColumn& column : looked_up) scope.push_back(column.view);
    const features::ViewRows rows =
        projectors_[i].Run(batch, std::span<const Column>(scope).subspan(batch.columns.size()));
    if (reading.counts_rejected) rejected_.Merge(rows.rejected);
    return reading.reading.sink({batch, rows, scope, part_});
  }

  void LookUp(const View& view, const features::Lookup& lookup, const EventBatch& batch,
              std::vector<OwnedColumn>* looked_up) const {
    const size_t own = batch.columns.size();
    LookedUp answers(scan_.plan_, lookup.view, scan_.FindCatalogue(lookup.view)->sorted());
    answers.Ask(lookup, scan_.FindCatalogue(lookup.view)->keys(), batch);
    std::vector<OwnedColumn> columns = answers.Columns();
    for (size_t i = 0; i < columns.size(); ++i) {
      const std::string name =
          lookup.prefix + "." + scan_.plan_.views[lookup.view].features[i].name;
      for (size_t column = lookup.first_column; column < view.row_columns.size(); ++column) {
        if (view.row_columns[column].name == name) (*looked_up)[column - own] = columns[i];
      }
    }
  }

  const SourceScan& scan_;
  const OpenSource& source_;
  const int64_t part_;
  std::vector<features::ViewProjector> projectors_;
  int64_t events_ = 0;
  int64_t one_sided_ = 0;
  std::optional<EventTime> newest_;
  columns::RejectedRows rejected_;
};

SourceScan::SourceScan(const features::FeaturePlan& plan, SourceOpener open)
    : plan_(plan), open_(std::move(open)) {}

SourceScan::~SourceScan() = default;

void SourceScan::Add(ViewReading reading) {
  AddCatalogues(*reading.view);
  readings_.push_back(std::make_unique<Reading>(Reading{std::move(reading)}));
}

SourceStats* SourceScan::FindStats(int source) {
  const auto found = std::find_if(stats_.begin(), stats_.end(),
                                  [&](const SourceStats& s) { return s.source == source; });
  return found == stats_.end() ? nullptr : &*found;
}

Catalogue* SourceScan::FindCatalogue(int view) const {
  for (const auto& catalogue : catalogues_) {
    if (catalogue->view() == view) return catalogue.get();
  }
  return nullptr;
}

void SourceScan::AddCatalogues(const View& view) {
  for (const features::Lookup& lookup : view.lookups) {
    if (FindCatalogue(lookup.view) != nullptr) continue;
    catalogues_.push_back(std::make_unique<Catalogue>(plan_, lookup.view));
    Catalogue* catalogue = catalogues_.back().get();
    AddCatalogues(plan_.views[lookup.view]);
    auto reading = std::make_unique<Reading>();
    reading->reading.view = &plan_.views[lookup.view];
    reading->reading.sink = [catalogue](const ViewBatch& batch) {
      catalogue->Add(batch.batch, batch.rows, batch.part);
      return Status::OK();
    };
    reading->feeds = catalogue;
    readings_.push_back(std::move(reading));
  }
}

bool SourceScan::IsReady(const Reading& reading) const {
  const auto& lookups = reading.reading.view->lookups;
  return std::all_of(lookups.begin(), lookups.end(), [&](const features::Lookup& lookup) {
    return FindCatalogue(lookup.view)->is_sorted();
  });
}

Status SourceScan::Open(const ScanOptions& options) {
  options_ = options;
  std::set<const View*> counted;
  for (const auto& reading : readings_) {
    reading->counts_rejected = counted.insert(reading->reading.view).second;
  }
  return OpenRound();
}

Status SourceScan::OpenRound() {
  round_.clear();
  for (size_t source = 0; source < plan_.sources.size(); ++source) {
    auto open = std::make_unique<OpenSource>();
    open->source = static_cast<int>(source);
    std::set<int> columns;
    std::optional<EventTime> from = EventTime::Max();
    std::optional<EventTime> to = EventTime::Min();
    for (const auto& reading : readings_) {
      const ViewReading& wanted = reading->reading;
      if (wanted.view->source != open->source || reading->done || !IsReady(*reading)) continue;
      open->readings.push_back(reading.get());
      const std::vector<int> needed =
          features::ViewProjector(plan_, *wanted.view, wanted.wanted).SourceColumns();
      columns.insert(needed.begin(), needed.end());
      from = from && wanted.from ? std::optional(std::min(*from, *wanted.from)) : std::nullopt;
      to = to && wanted.to ? std::optional(std::max(*to, *wanted.to)) : std::nullopt;
    }
    if (open->readings.empty()) continue;
    open->counts_rejected = FindStats(open->source) == nullptr;
    sources::ReadOptions options;
    options.batch_rows_max = options_.batch_rows_max;
    options.threads = options_.threads;
    options.columns.assign(columns.begin(), columns.end());
    options.from = from;
    options.to = to;
    ARROW_ASSIGN_OR_RAISE(open->reader, open_(plan_.sources[source], std::move(options)));
    round_.push_back(std::move(open));
  }
  return Status::OK();
}

int64_t SourceScan::rows_estimate() const {
  int64_t rows = 0;
  for (const auto& source : round_) rows += source->reader->rows_estimate();
  return rows;
}

int64_t SourceScan::bytes_estimate() const {
  int64_t bytes = 0;
  for (const auto& source : round_) bytes += source->reader->bytes_estimate();
  return bytes;
}

Status SourceScan::Run() {
  while (!round_.empty()) {
    for (const auto& source : round_) ARROW_RETURN_NOT_OK(ReadSource(source.get()));
    SortCatalogues();
    ARROW_RETURN_NOT_OK(OpenRound());
  }
  std::sort(stats_.begin(), stats_.end(),
            [](const SourceStats& a, const SourceStats& b) { return a.source < b.source; });
  for (const auto& reading : readings_) {
    if (reading->done) continue;
    return base::Error(base::codes::kCycle,
                       "view '" + reading->reading.view->name + "' looks itself up");
  }
  return Status::OK();
}

Status SourceScan::ReadSource(OpenSource* source) {
  const int64_t count = source->reader->parts();
  if (options_.progress != nullptr) {
    options_.progress->Begin("reading " + plan_.sources[source->source].name,
                             source->reader->rows_estimate(), "events");
  }
  std::vector<std::unique_ptr<PartScan>> parts(count);
  ARROW_RETURN_NOT_OK(options_.run(count, [&](int64_t part) {
    parts[part] = std::make_unique<PartScan>(*this, *source, part);
    return parts[part]->Run();
  }));
  if (options_.progress != nullptr) options_.progress->End();
  SourceStats* stats = FindStats(source->source);
  if (stats == nullptr) stats = &stats_.emplace_back();
  stats->source = source->source;
  ARROW_ASSIGN_OR_RAISE(stats->files, source->reader->Files());
  stats->pruned = source->reader->pruned();
  stats->events = 0;
  stats->one_sided = 0;
  for (const auto& part : parts) part->AddTo(stats, &rejected_);
  for (Reading* reading : source->readings) reading->done = true;
  return Status::OK();
}

// A catalogue is complete when every reading that feeds it is done.
void SourceScan::SortCatalogues() {
  for (const auto& catalogue : catalogues_) {
    const bool complete = std::all_of(readings_.begin(), readings_.end(), [&](const auto& r) {
      return r->feeds != catalogue.get() || r->done;
    });
    if (complete && !catalogue->is_sorted()) catalogue->Sort();
  }
}

}  // namespace millrace::offline
