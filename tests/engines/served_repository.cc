// The body of a question is written from its values, and an answer's values are read by the types
// of the plan, both without the server's own code.
#include "engines/served_repository.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "engines/event_files.h"
#include "engines/online_answer.h"
#include "jobs/update/served_plans.h"
#include "sources/json/json_cell.h"

namespace millrace::engines {

using base::Result;
using base::Status;
using columns::Kind;
using nlohmann::json;

namespace {

constexpr std::chrono::seconds kCallTime{60};

json JsonOf(const Value& value, const Type& type) {
  if (value.is_null()) return nullptr;
  return json::parse(JsonText(value, type));
}

Result<Value> ValueOf(const json& text, const Type& type) {
  columns::ColumnBuffer cell(type);
  if (text.is_null()) {
    cell.AppendNull();
  } else if (text.is_string() && type.kind() == Kind::kString) {
    cell.AppendString(text.get<std::string>());
  } else {
    sources::JsonText reader(features::TimestampUnit::kNone);
    reader.Append(text.dump(), &cell);
  }
  if (cell.cells()[0] <= columns::kValid) return cell.View().value(0);
  return Status::Invalid("the server's ", text.dump(), " is no ", type.ToString());
}

// The problem behind either kind of error body.
Status ErrorOf(const serve::ClientResponse& response) {
  json body = json::parse(response.body, nullptr, false);
  if (body.is_string()) body = json::parse(body.get<std::string>(), nullptr, false);
  if (!body.is_object() || !body.contains("code")) {
    return Status::Invalid("HTTP ", response.status, ": ", response.body);
  }
  const auto code = base::FindCode(body["code"].get<std::string>());
  if (!code.has_value()) return Status::Invalid("an unknown code: ", response.body);
  return base::Error(*code, body.value("detail", body.value("message", "")));
}

// What a null says of its row.
std::string ReasonOf(const std::string& status, const features::SelectedColumn& column,
                     const features::Selection& selection, const Question& question, size_t row) {
  std::vector<int> uses = {column.use};
  if (column.on_demand) uses = selection.on_demand_uses[column.use];
  for (const int use : uses) {
    for (const std::string& key : selection.uses[use].key_columns) {
      for (size_t i = 0; i < question.inputs.size(); ++i) {
        if (question.inputs[i].name == key && question.rows[row][i].is_null()) {
          // What is computed on demand is computed from what there is.
          return column.on_demand ? "null_value" : "null_key";
        }
      }
    }
  }
  if (question.times[row].is_null()) return "null_time";
  return status == "NULL_VALUE"  ? "null_value"
         : status == "NOT_FOUND" ? "not_found"
                                 : "outside_max_age";
}

Type TypeOf(const features::FeaturePlan& plan, const features::Selection& selection,
            const features::SelectedColumn& column) {
  if (column.on_demand) {
    return plan.on_demand[selection.on_demand[column.use]].features[column.feature].type;
  }
  return plan.views[selection.uses[column.use].view].features[column.feature].type;
}

}  // namespace

Result<json> ServedRepository::Call(const std::string& path, const json& body) {
  if (server_ == nullptr) {
    serve::ServeOptions options;
    options.listen = {"127.0.0.1:0"};
    options.threads = 1;
    options.request_log = "";
    options.wait_seconds = 0;
    ARROW_ASSIGN_OR_RAISE(server_, serve::FeatureServer::Open(repository(), options, clock()));
    const std::string address = server_->addresses()[0];
    ARROW_ASSIGN_OR_RAISE(client_,
                          serve::HttpClient::Connect(address.substr(address.find("//") + 2)));
  }
  ARROW_ASSIGN_OR_RAISE(const auto response, client_->Call("POST", path, body.dump(), kCallTime));
  return response.status == 200 ? Result<json>(json::parse(response.body)) : ErrorOf(response);
}

void ServedRepository::EndPush() {
  client_.reset();
  server_.reset();
}

Status ServedRepository::Clear() {
  EndPush();
  // Of Redis all goes; the embedded store is a folder that goes below.
  ARROW_ASSIGN_OR_RAISE(const auto store, jobs::OpenOnlineStore(repository().project, false, 0));
  ARROW_RETURN_NOT_OK(store->DeletePrefix(""));
  return CaseRepository::Clear();
}

Result<bool> ServedRepository::Materialize(const std::vector<std::string>& views) {
  ARROW_ASSIGN_OR_RAISE(const json answer, Call("/materialize", {{"feature_views", views}}));
  return answer["report"]["changed"].get<bool>();
}

Status ServedRepository::Push(const EventTable& table, const std::vector<size_t>& rows) {
  json columns = json::object();
  for (size_t i = 0; i < rows.size(); ++i) {
    const json row = json::parse(JsonRow(table, rows[i]));
    for (const auto& [name, value] : row.items()) columns[name].push_back(value);
  }
  return Call("/push", {{"push_source_name", table.source},
                        {"df", std::move(columns)},
                        {"to", "online_and_offline"}})
      .status();
}

Status ServedRepository::Vacuum() {
  EndPush();
  return CaseRepository::Vacuum();
}

Status ServedRepository::Ask(const Question& question, const features::Selection& selection,
                             const std::vector<size_t>& rows, Answer* answer) {
  json body = {{"full_feature_names", question.full_names}, {"entities", json::object()}};
  if (question.service.empty()) {
    body["features"] = question.features;
  } else {
    body["feature_service"] = question.service;
  }
  body["as_of"] = json::array();
  for (const size_t row : rows) {
    body["as_of"].push_back(JsonOf(question.times[row], Kind::kTimestamp));
  }
  for (size_t i = 0; i < question.inputs.size(); ++i) {
    json& values = body["entities"][question.inputs[i].name] = json::array();
    for (const size_t row : rows) {
      values.push_back(JsonOf(question.rows[row][i], question.inputs[i].type));
    }
  }
  ARROW_ASSIGN_OR_RAISE(const json got, Call("/features", body));
  answer->errors_known = false;
  answer->columns.clear();
  const json& names = got["metadata"]["feature_names"];
  const size_t keys = names.size() - selection.columns.size();
  for (size_t c = 0; c < selection.columns.size(); ++c) {
    const features::SelectedColumn& column = selection.columns[c];
    const Type type = TypeOf(plan(), selection, column);
    answer->columns.push_back({names[keys + c].get<std::string>(), type});
    const json& result = got["results"][keys + c];
    for (size_t i = 0; i < rows.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(Value value, ValueOf(result["values"][i], type));
      const auto status = result["statuses"][i].get<std::string>();
      if (value.is_null() == (status == "PRESENT")) {
        return Status::Invalid(result["values"][i].dump(), " is said to be ", status);
      }
      if (value.is_null()) {
        ++answer->nulls[{answer->columns[c].name,
                         ReasonOf(status, column, selection, question, rows[i])}];
      }
      answer->rows[rows[i]].push_back(std::move(value));
    }
  }
  return Status::OK();
}

}  // namespace millrace::engines
