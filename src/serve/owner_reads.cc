#include "serve/owner_reads.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "jobs/reads/asked_keys.h"
#include "sources/cells/cell_text.h"
#include "sources/json/json_cell.h"

namespace millrace::serve {

using base::Result;
using base::Status;
using columns::Physical;
using nlohmann::json;

namespace {

constexpr int64_t kRowsAtOnce = 2'000;

// A valid or null cell as a request says it.
void AppendJson(const columns::Column& column, int64_t row, std::string* out) {
  if (!column.valid(row)) {
    *out += "null";
    return;
  }
  std::string text;
  sources::AppendCellText(column, row, &text);
  const Physical physical = column.type.physical();
  const bool number = column.type.is_integer() || physical == Physical::kBool ||
                      (physical == Physical::kFloat && text.find_first_of("NI") == text.npos);
  if (number || physical == Physical::kList || physical == Physical::kMap) {
    *out += text;
  } else {
    sources::AppendJsonString(text, out);
  }
}

void AppendList(const columns::Column& column, std::string* out) {
  *out += '[';
  for (int64_t row = 0; row < column.size; ++row) {
    if (row > 0) *out += ',';
    AppendJson(column, row, out);
  }
  *out += ']';
}

std::string BodyOf(const jobs::WantedNames& wanted, const online::Asked& asked) {
  json names = {{"full_feature_names", wanted.names.full_names}};
  if (wanted.names.service.empty()) {
    names["features"] = wanted.names.features;
  } else {
    names["feature_service"] = wanted.version.has_value()
                                   ? fmt::format("{}@{}", wanted.names.service, *wanted.version)
                                   : wanted.names.service;
  }
  std::string body = names.dump();
  body.back() = ',';
  if (!asked.as_of.type.is_null()) {
    body += R"("as_of":)";
    AppendList(asked.as_of, &body);
    body += ',';
  }
  body += R"("entities":{)";
  for (const auto& [name, column] : asked.columns) {
    if (body.back() != '{') body += ',';
    sources::AppendJsonString(name, &body);
    body += ':';
    AppendList(column.view, &body);
  }
  return body + "}}";
}

columns::Type TypeOf(const features::FeaturePlan& plan, const features::Selection& selection,
                     const features::SelectedColumn& column) {
  if (column.on_demand) {
    return plan.on_demand[selection.on_demand[column.use]].features[column.feature].type;
  }
  return plan.views[selection.uses[column.use].view].features[column.feature].type;
}

Result<columns::OwnedColumn> ValuesOf(const json& values, const columns::Type& type) {
  columns::ColumnBuffer cells(type);
  sources::JsonText reader(features::TimestampUnit::kNone);
  for (const json& value : values) {
    if (value.is_null()) {
      cells.AppendNull();
    } else if (value.is_string() && type.kind() == columns::Kind::kString) {
      cells.AppendString(value.get_ref<const std::string&>());
    } else {
      reader.Append(value.dump(), &cells);
    }
    if (cells.cells()[cells.size() - 1] > columns::kValid) {
      return base::Error(base::codes::kInternal, fmt::format("the server answers {} where a {} is "
                                                             "expected",
                                                             value.dump(), type.ToString()));
    }
  }
  return columns::Own(std::move(cells));
}

online::CellStatus StatusNamed(const std::string& name) {
  for (const auto status : {online::CellStatus::kPresent, online::CellStatus::kNullValue,
                            online::CellStatus::kNotFound}) {
    if (online::CellStatusName(status) == name) return status;
  }
  return online::CellStatus::kOutsideMaxAge;
}

}  // namespace

int64_t OwnerReads::rows_at_once() const {
  return kRowsAtOnce;
}

// Asks for no rows, which says the version; only then it is known what the answer's columns are.
Result<jobs::FoundVersion> OwnerReads::Find(const jobs::WantedNames& wanted,
                                            jobs::ServedPlans* plans) {
  wanted_ = wanted;
  int version = wanted.version.value_or(plans->newest().version);
  while (true) {
    ARROW_ASSIGN_OR_RAISE(served_, plans->Load(version));
    ARROW_ASSIGN_OR_RAISE(selection_, wanted.Select(*served_.plan));
    ARROW_ASSIGN_OR_RAISE(const jobs::AskedKeys none, jobs::NoKeys(*served_.plan, selection_));
    keys_ = none.keys.size();
    ARROW_ASSIGN_OR_RAISE(online::Answer answer, Post(none.asked, &version));
    if (version == served_.version) {
      return jobs::FoundVersion{served_, selection_, std::move(answer)};
    }
  }
}

Result<online::Answer> OwnerReads::Read(const online::Asked& asked) {
  int version = 0;
  ARROW_ASSIGN_OR_RAISE(online::Answer answer, Post(asked, &version));
  if (version == served_.version) return answer;
  return base::Error(base::codes::kConflict, "the definitions changed while they were read");
}

Result<online::Answer> OwnerReads::Post(const online::Asked& asked, int* version) {
  ARROW_ASSIGN_OR_RAISE(const std::string text, client_->Post("/features", BodyOf(wanted_, asked)));
  const json body = json::parse(text);
  const json& metadata = body.at("metadata");
  *version = metadata.at("registry_version");
  online::Answer answer;
  answer.rows = asked.rows;
  answer.commit = metadata.at("commit");
  answer.commit_time = base::EventTime::Min();  // not said
  if (metadata.at("as_of").is_string()) {
    ARROW_ASSIGN_OR_RAISE(answer.now, base::ParseTime(metadata["as_of"].get<std::string>()));
  }
  const json& results = body.at("results");
  for (size_t i = 0; i < selection_.columns.size(); ++i) {
    const json& result = results.at(keys_ + i);
    online::AnswerColumn& column = answer.columns.emplace_back();
    column.name = answer.Keep(selection_.columns[i].name);
    ARROW_ASSIGN_OR_RAISE(
        auto values,
        ValuesOf(result.at("values"), TypeOf(*served_.plan, selection_, selection_.columns[i])));
    column.values = answer.Keep(std::move(values));
    std::vector<online::CellStatus> statuses;
    for (const json& status : result.at("statuses")) statuses.push_back(StatusNamed(status));
    column.statuses = answer.Keep(std::move(statuses));
    std::vector<base::EventTime> times;
    for (const json& time : result.at("event_timestamps")) {
      ARROW_ASSIGN_OR_RAISE(times.emplace_back(), base::ParseTime(time.get<std::string>()));
    }
    column.event_times = answer.Keep(std::move(times));
    column.rows = answer.Keep(
        std::vector<online::RowStatus>(static_cast<size_t>(asked.rows), online::RowStatus::kFound));
  }
  return answer;
}

}  // namespace millrace::serve
