#include "jobs/push/writable_view.h"

#include <fmt/format.h>

#include <map>

namespace millrace::jobs {

using base::Result;
using base::Status;
using columns::Kind;
using features::Feature;
using features::FeaturePlan;
using features::Source;
using features::View;

namespace {

Status NotWritable(const std::string& view, const std::string& why) {
  return base::Error({.code = base::codes::kViewNotWritable,
                      .message = fmt::format("view '{}' cannot be written to: {}", view, why),
                      .hint = "push rows into its source"});
}

Result<const View*> FindView(const FeaturePlan& plan, const std::string& name) {
  const int index = plan.FindView(name);
  if (index >= 0) return &plan.views[static_cast<size_t>(index)];
  if (plan.FindOnDemand(name) >= 0) {
    return NotWritable(name, "an on-demand view has no rows");
  }
  std::vector<std::string> known;
  for (const View& view : plan.views) known.push_back(view.name);
  return base::Error({.code = base::codes::kUnknownName,
                      .message = fmt::format("there is no view '{}'", name),
                      .hint = base::NearestHint(name, known)});
}

std::string NameInRows(const Source& source, int column) {
  const std::string& name = source.columns[static_cast<size_t>(column)].name;
  const auto path = source.location.column_paths.find(name);
  return path == source.location.column_paths.end() ? name : path->second;
}

// The column that is the source's knowledge time and can be said as text; -1: there is none.
int CreatedColumn(const Source& source) {
  if (!source.created || source.created.columns().size() != 1) return -1;
  const int column = source.created.columns()[0];
  const features::Field& field = source.columns[static_cast<size_t>(column)];
  if (source.created.bare_column() == column) return column;
  // A declared column of texts is read as times.
  const bool cast = source.created.text() == fmt::format("cast({} as timestamp)", field.name);
  return cast && field.type.kind() == Kind::kString ? column : -1;
}

// What takes each column of the source; no two things may take one.
class Columns {
 public:
  Columns(const View& view, const Source& source) : view_(view), source_(source) {
    taken_[source.timestamp] = "the event time";
  }

  Status Take(int column, const std::string& name, const std::string& what) {
    const auto [other, free] = taken_.emplace(column, what);
    if (!free) {
      return NotWritable(view_.name,
                         fmt::format("{} and {} are one column of source '{}', '{}'", other->second,
                                     what, source_.name, NameInRows(source_, column)));
    }
    pairs_.emplace_back(name, NameInRows(source_, column));
    return Status::OK();
  }
  bool taken(int column) const { return taken_.contains(column); }
  std::vector<std::pair<std::string, std::string>> pairs() && { return std::move(pairs_); }

 private:
  const View& view_;
  const Source& source_;
  std::map<int, std::string> taken_;
  std::vector<std::pair<std::string, std::string>> pairs_;
};

// Whether a row with the features' values is a row of the source that gives these values.
Status CheckView(const View& view, const Source& source) {
  if (view.kind != features::ViewKind::kSnapshot) {
    return NotWritable(view.name, "its features are aggregates of events");
  }
  if (view.where) {
    return NotWritable(view.name, fmt::format("its `where` ({}) may leave out what was written",
                                              view.where.text()));
  }
  if (source.timestamp < 0) {
    return NotWritable(view.name, fmt::format("source '{}' has no event time", source.name));
  }
  const features::Field& time = source.columns[static_cast<size_t>(source.timestamp)];
  if (time.type.kind() == Kind::kDate) {
    return NotWritable(view.name, fmt::format("the event time '{}' of source '{}' is a date",
                                              time.name, source.name));
  }
  for (int i = 0; i < view.stored_count(); ++i) {
    const Feature& feature = view.features[static_cast<size_t>(i)];
    const int column = feature.expression.bare_column();
    if (column >= 0 && column < static_cast<int>(source.columns.size())) continue;
    return NotWritable(
        view.name, fmt::format("feature '{}' ({}) is no bare column of source '{}'", feature.name,
                               feature.expression.text(), source.name));
  }
  return Status::OK();
}

}  // namespace

Result<WritableView> FindWritableView(const FeaturePlan& plan, const std::string& name) {
  ARROW_ASSIGN_OR_RAISE(const View* view, FindView(plan, name));
  const Source& source = plan.sources[static_cast<size_t>(view->source)];
  ARROW_RETURN_NOT_OK(CheckView(*view, source));
  Columns columns(*view, source);
  for (size_t i = 0; i < view->keys.size(); ++i) {
    ARROW_RETURN_NOT_OK(columns.Take(view->key_columns[i], view->keys[i].name,
                                     fmt::format("key '{}'", view->keys[i].name)));
  }
  for (int i = 0; i < view->stored_count(); ++i) {
    const Feature& feature = view->features[static_cast<size_t>(i)];
    ARROW_RETURN_NOT_OK(columns.Take(feature.expression.bare_column(), feature.name,
                                     fmt::format("feature '{}'", feature.name)));
  }
  WritableView writable;
  writable.source = source.name;
  writable.timestamp = NameInRows(source, source.timestamp);
  if (source.columns[static_cast<size_t>(source.timestamp)].type.is_integer()) {
    writable.timestamp_unit = source.timestamp_unit;
  }
  // A feature that is the knowledge time says it.
  const int created = CreatedColumn(source);
  if (created >= 0 && !columns.taken(created)) writable.created = NameInRows(source, created);
  writable.columns = std::move(columns).pairs();
  return writable;
}

}  // namespace millrace::jobs
