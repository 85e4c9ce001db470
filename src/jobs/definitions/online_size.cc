#include "jobs/definitions/online_size.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "features/view_rows.h"
#include "jobs/source_folders.h"
#include "kv/row_cost.h"

namespace millrace::jobs {

using base::Result;
using base::Status;
using columns::Column;
using columns::OwnedColumn;
using columns::Type;
using state::LiveTable;

namespace {

constexpr int64_t kRowsMax = 400'000;
constexpr int64_t kBytesMax = int64_t{64} << 20;
constexpr int64_t kStretchRows = 8'192;
constexpr int64_t kPartsMax = 8;
constexpr int64_t kRemotePartsMax = 2;

// A looked-up value stands in for one that nobody has looked up yet.
void AppendTypical(const Type& type, columns::ColumnBuffer* out) {
  switch (type.physical()) {
    case columns::Physical::kNone:
      return out->AppendNull();
    case columns::Physical::kBool:
      return out->AppendBool(true);
    case columns::Physical::kInt:
      return out->AppendInt(1000);
    case columns::Physical::kUInt:
      return out->AppendUInt(1000);
    case columns::Physical::kFloat:
      return out->AppendFloat(12.34);
    case columns::Physical::kString:
      return out->AppendString("12345678");
    case columns::Physical::kList: {
      const bool vector = type.kind() == columns::Kind::kVector;
      for (int32_t i = 0; i < (vector ? type.vector_size() : 4); ++i) {
        AppendTypical(type.element(), out->elements());
      }
      return out->CloseList();
    }
    case columns::Physical::kMap:
      return out->CloseList();
  }
}

// The views of one event id, and the rows of theirs that were seen.
struct TableSample {
  TableSample(const LiveTable& of, base::EventTime now, state::RowCost cost)
      : live(of), sample(of, now, std::move(cost)) {
    for (const state::LiveView& view : of.views) projectors.emplace_back(*view.plan, view.of());
  }

  std::vector<Column> LookedUp(const state::LiveView& view, int64_t size,
                               std::vector<OwnedColumn>* owned) const;
  void Add(const columns::EventBatch& batch);

  const LiveTable& live;
  state::SizeSample sample;
  std::vector<features::ViewProjector> projectors;  // by LiveTable::views
};

std::vector<Column> TableSample::LookedUp(const state::LiveView& live_view, int64_t size,
                                          std::vector<OwnedColumn>* owned) const {
  const features::View& view = live_view.of();
  const size_t own = live_view.plan->sources[view.source].columns.size();
  std::vector<Column> columns;
  if (view.lookups.empty()) return columns;
  for (size_t i = own; i < view.row_columns.size(); ++i) {
    columns::ColumnBuffer cells(view.row_columns[i].type);
    for (int64_t row = 0; row < size; ++row) AppendTypical(view.row_columns[i].type, &cells);
    owned->push_back(columns::Own(std::move(cells)));
    columns.push_back(owned->back().view);
  }
  return columns;
}

void TableSample::Add(const columns::EventBatch& batch) {
  std::vector<OwnedColumn> owned;
  std::vector<features::ViewRows> rows;
  state::EventColumns events;
  events.size = batch.size;
  events.times = batch.event_times.data();
  if (live.table.has_created) events.created = batch.created.data();
  events.cells.resize(live.table.columns.size());
  for (size_t v = 0; v < live.views.size(); ++v) {
    rows.push_back(projectors[v].Run(batch, LookedUp(live.views[v], batch.size, &owned)));
    state::PlaceCells(live.bindings[v], rows.back(), &events.cells);
  }
  sample.Add(rows[0], events);
}

// The tables of one source.
using SourceTables = std::vector<std::unique_ptr<TableSample>>;

sources::ReadOptions OptionsFor(const SourceTables& tables) {
  std::set<int> columns;
  for (const auto& table : tables) {
    for (const features::ViewProjector& projector : table->projectors) {
      for (const int column : projector.SourceColumns()) columns.insert(column);
    }
  }
  sources::ReadOptions options;
  options.columns.assign(columns.begin(), columns.end());
  options.batch_rows_max = kStretchRows;
  return options;
}

// Adds at most `rows_max` rows of each of some parts, spread over all. The share of the source's
// rows that this was; 0: there are none.
Result<double> ReadSome(sources::EventReader* reader, bool remote, SourceTables* tables) {
  const int64_t all = reader->rows_estimate();
  const int64_t row_bytes = all > 0 ? std::max<int64_t>(1, reader->bytes_estimate() / all) : 1;
  const int64_t rows_max = std::min(kRowsMax, kBytesMax / row_bytes);
  int64_t parts = reader->parts();
  if (all > rows_max) parts = std::min(parts, remote ? kRemotePartsMax : kPartsMax);
  int64_t read = 0;
  bool whole = parts == reader->parts();
  for (int64_t i = 0; i < parts; ++i) {
    ARROW_ASSIGN_OR_RAISE(const auto part, reader->OpenPart(i * reader->parts() / parts));
    const int64_t until = rows_max * (i + 1) / parts;
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const auto batch, part->Next());
      if (!batch.has_value()) break;
      for (const auto& table : *tables) table->Add(*batch);
      read += batch->size;
      if (read < until) continue;
      whole = false;
      break;
    }
  }
  if (whole || read == 0) return read == 0 ? 0.0 : 1.0;
  return std::min(1.0, static_cast<double>(read) / static_cast<double>(std::max(read, all)));
}

std::string ReasonOf(const Status& status) {
  const std::vector<base::Problem> problems = base::ProblemsOf(status);
  return problems.empty() ? status.ToString() : problems[0].message;
}

SharedSize Describe(const TableSample& table, const Result<double>& share) {
  SharedSize shared;
  for (const state::LiveView& view : table.live.views) shared.views.push_back(view.of().name);
  shared.snapshot = table.live.table.kind == features::ViewKind::kSnapshot;
  if (!share.ok() || *share == 0) {
    shared.unknown = share.ok() ? "its source has no rows yet" : ReasonOf(share.status());
    return shared;
  }
  const auto size = table.sample.Estimate(*share);
  if (size.ok()) {
    shared.size = *size;
  } else {
    shared.unknown = ReasonOf(size.status());
  }
  return shared;
}

Result<double> ReadSource(const features::Source& source, const SourceFolders& folders,
                          SourceTables* tables) {
  ARROW_ASSIGN_OR_RAISE(const auto reader, SourcesIn(folders)(source, OptionsFor(*tables)));
  return ReadSome(reader.get(), source.location.path.starts_with("s3://"), tables);
}

}  // namespace

int64_t OnlineSize::bytes() const {
  int64_t bytes = 0;
  for (const SharedSize& one : shared) bytes += one.size.bytes;
  return bytes;
}

Result<OnlineSize> EstimateOnlineSize(const Repository& repository,
                                      const features::FeaturePlan& plan, const base::Clock& clock) {
  const project::Project& project = repository.project;
  ARROW_ASSIGN_OR_RAISE(const std::string url, project.Expand(project.online));
  ARROW_ASSIGN_OR_RAISE(const SourceFolders folders, FoldersOf(project));
  ARROW_ASSIGN_OR_RAISE(const auto concrete, WithConcretePaths(plan, project.environment));
  std::vector<state::LiveView> views;
  for (int view = 0; view < static_cast<int>(concrete->views.size()); ++view) {
    views.push_back({concrete.get(), view, true, false});
  }
  const base::EventTime now = clock.Now();
  const state::LiveTables live = state::LiveTables::Choose(views, state::Catalog(), now);
  std::map<int, SourceTables> by_source;
  for (const auto& table : live.tables) {
    const auto cost = [&](const kv::Row& row) { return kv::RowBytesAbout(url, project.name, row); };
    by_source[table->views[0].of().source].push_back(
        std::make_unique<TableSample>(*table, now, cost));
  }
  OnlineSize size;
  for (auto& [source, tables] : by_source) {
    const auto share = ReadSource(concrete->sources[source], folders, &tables);
    for (const auto& table : tables) size.shared.push_back(Describe(*table, share));
  }
  return size;
}

}  // namespace millrace::jobs
