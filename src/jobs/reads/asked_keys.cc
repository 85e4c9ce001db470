#include "jobs/reads/asked_keys.h"

#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "offline/coerce.h"
#include "sources/table_file.h"

namespace millrace::jobs {

using base::Problem;
using base::Result;
using base::Status;
using columns::Field;
using columns::OwnedColumn;

namespace {

std::vector<std::string> NamesOf(const std::vector<Field>& fields) {
  std::vector<std::string> names;
  for (const Field& field : fields) names.push_back(field.name);
  return names;
}

// One kind of assignments of the command line: --key or --request.
class Texts {
 public:
  Texts(const char* option, const std::map<std::string, std::string>& given)
      : option_(option), given_(given) {}

  void Read(const std::vector<Field>& fields, std::map<std::string, OwnedColumn>* columns,
            std::vector<Problem>* problems) const {
    const std::vector<std::string> known = NamesOf(fields);
    for (const auto& [name, text] : given_) {
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      problems->push_back({base::codes::kUnknownName,
                           fmt::format("{} {}: nothing that is asked for reads it", option_, name),
                           {},
                           base::NearestHint(name, known)});
    }
    for (const Field& field : fields) {
      const auto found = given_.find(field.name);
      if (found == given_.end()) {
        problems->push_back(
            {base::codes::kMissingColumn,
             fmt::format("'{}' is missing: a {} is needed", field.name, field.type.ToString()),
             {},
             fmt::format("{} {}=…", option_, field.name)});
        continue;
      }
      const Result<columns::Value> value = columns::FromText(found->second, field.type);
      if (!value.ok()) {
        problems->push_back(
            {base::codes::kUsage, fmt::format("{} {}: {}", option_, field.name,
                                              base::ProblemsOf(value.status())[0].message)});
        continue;
      }
      columns::ColumnBuffer buffer(field.type);
      buffer.AppendValue(*value);
      (*columns)[field.name] = columns::Own(std::move(buffer));
    }
  }

 private:
  const char* const option_;
  const std::map<std::string, std::string>& given_;
};

// The same problem under a code that does not speak of a spine.
Status AsKeysFile(const Status& status, const std::string& path) {
  Problem problem = base::ProblemsOf(status)[0];
  problem.code = base::codes::kBadValue;
  problem.place.file = path;
  return base::Error(std::move(problem));
}

Status CheckColumns(const arrow::Table& table, const std::vector<std::string>& names,
                    const std::string& path) {
  std::vector<Problem> problems;
  for (const std::string& name : names) {
    const size_t found = table.schema()->GetAllFieldIndices(name).size();
    if (found == 1) continue;
    const std::string what = found == 0 ? "no column" : std::to_string(found) + " columns";
    problems.push_back(
        {base::codes::kMissingColumn,
         fmt::format("{} has {} '{}'", path, what, name),
         {},
         found == 0 ? base::NearestHint(name, table.schema()->field_names()) : std::string()});
  }
  return problems.empty() ? Status::OK() : base::Errors(std::move(problems));
}

}  // namespace

Result<std::vector<Field>> KeyFields(const features::FeaturePlan& plan,
                                     const features::Selection& selection) {
  std::vector<Field> fields;
  std::map<std::string, const features::View*> first;
  for (const features::ViewUse& use : selection.uses) {
    const features::View& view = plan.views[use.view];
    for (size_t i = 0; i < use.key_columns.size(); ++i) {
      const std::string& name = use.key_columns[i];
      const auto [known, is_new] = first.emplace(name, &view);
      if (is_new) {
        fields.push_back({name, view.keys[i].type});
        continue;
      }
      const auto field = std::find_if(fields.begin(), fields.end(),
                                      [&](const Field& other) { return other.name == name; });
      if (field->type == view.keys[i].type) continue;
      return base::Error(base::codes::kTypeMismatch,
                         fmt::format("key '{}' is {} for view '{}' and {} for view '{}'", name,
                                     field->type.ToString(), known->second->name,
                                     view.keys[i].type.ToString(), view.name));
    }
  }
  return fields;
}

Result<AskedKeys> NoKeys(const features::FeaturePlan& plan, const features::Selection& selection) {
  AskedKeys none;
  ARROW_ASSIGN_OR_RAISE(std::vector<Field> fields, KeyFields(plan, selection));
  none.keys = NamesOf(fields);
  fields.insert(fields.end(), selection.request_fields.begin(), selection.request_fields.end());
  for (const Field& field : fields) {
    none.asked.columns.emplace(field.name, columns::Own(columns::ColumnBuffer(field.type)));
  }
  return none;
}

Result<AskedKeys> KeysOfTexts(const features::FeaturePlan& plan,
                              const features::Selection& selection, const KeyTexts& texts) {
  AskedKeys row;
  ARROW_ASSIGN_OR_RAISE(const std::vector<Field> fields, KeyFields(plan, selection));
  row.keys = NamesOf(fields);
  row.asked.rows = 1;
  std::vector<Problem> problems;
  Texts("--key", texts.keys).Read(fields, &row.asked.columns, &problems);
  Texts("--request", texts.request).Read(selection.request_fields, &row.asked.columns, &problems);
  if (!problems.empty()) return base::Errors(std::move(problems));
  return row;
}

Result<AskedKeys> KeysOfFile(const features::FeaturePlan& plan,
                             const features::Selection& selection, const std::string& path) {
  AskedKeys rows;
  ARROW_ASSIGN_OR_RAISE(std::vector<Field> fields, KeyFields(plan, selection));
  rows.keys = NamesOf(fields);
  fields.insert(fields.end(), selection.request_fields.begin(), selection.request_fields.end());
  std::map<std::string, columns::Type> types;
  for (const Field& field : fields) types.emplace(field.name, field.type);
  const bool as_of_is_asked = types.emplace(kAsOfColumn, columns::Kind::kTimestamp).second;
  ARROW_ASSIGN_OR_RAISE(const auto table, sources::ReadTable(path, types));
  ARROW_RETURN_NOT_OK(CheckColumns(*table, NamesOf(fields), path));
  rows.asked.rows = table->num_rows();
  for (const Field& field : fields) {
    auto column =
        offline::CoerceColumn(*table->GetColumnByName(field.name), field.name, field.type);
    if (!column.ok()) return AsKeysFile(column.status(), path);
    rows.asked.columns.emplace(field.name, *std::move(column));
  }
  // A key or request field of that name is one, and no time.
  if (as_of_is_asked && table->schema()->GetFieldIndex(kAsOfColumn) >= 0) {
    auto times = offline::CoerceTimes(*table->GetColumnByName(kAsOfColumn), kAsOfColumn);
    if (!times.ok()) return AsKeysFile(times.status(), path);
    rows.as_of = *std::move(times);
    rows.asked.as_of = rows.as_of.view;
  }
  return rows;
}

}  // namespace millrace::jobs
