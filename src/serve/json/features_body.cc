#include "serve/json/features_body.h"

#include <fmt/format.h>

#include <optional>
#include <utility>
#include <vector>

#include "serve/json/json_value.h"

namespace millrace::serve {

namespace dom = simdjson::dom;
using base::Problem;
using base::Result;
using base::Status;

namespace {

constexpr size_t kProblemsMax = 5;

Status BadValue(std::string message) {
  return base::Error(base::codes::kBadValue, std::move(message));
}

}  // namespace

// What stands in the body, before it is known what is read of it.
class FeaturesBody::Fields {
 public:
  Status Find(std::string* body);
  Status ReadNames(const Limits& limits, jobs::AskedNames* names) const;
  Status ReadColumn(const columns::Field& field, std::optional<int64_t>* rows,
                    columns::OwnedColumn* out);
  Status ReadTimes(int64_t rows, Rows* out);

 private:
  Status Keep(std::string_view name, dom::element value, std::optional<dom::element>* field);
  const dom::element* FindEntity(std::string_view name);

  dom::parser parser_;
  std::optional<dom::element> features_;
  std::optional<dom::element> service_;
  std::optional<dom::element> full_names_;
  std::optional<dom::element> entities_;
  std::optional<dom::element> as_of_;
  std::vector<std::pair<std::string_view, dom::element>> columns_;  // of the entities
  sources::JsonCells cells_{features::TimestampUnit::kNone};
};

Status FeaturesBody::Fields::Keep(std::string_view name, dom::element value,
                                  std::optional<dom::element>* field) {
  if (field->has_value()) return BadValue(fmt::format("'{}' is there twice", name));
  // Feast's clients send null for what they leave out.
  if (!value.is_null()) *field = value;
  return Status::OK();
}

Status FeaturesBody::Fields::Find(std::string* body) {
  for (auto* field : {&features_, &service_, &full_names_, &entities_, &as_of_}) field->reset();
  columns_.clear();
  ARROW_ASSIGN_OR_RAISE(const dom::object object, ParseObject(&parser_, body));
  for (const auto& [name, value] : object) {
    std::optional<dom::element>* field = name == "features"             ? &features_
                                         : name == "feature_service"    ? &service_
                                         : name == "entities"           ? &entities_
                                         : name == "full_feature_names" ? &full_names_
                                         : name == "as_of"              ? &as_of_
                                                                        : nullptr;
    if (field != nullptr) ARROW_RETURN_NOT_OK(Keep(name, value, field));
  }
  if (!entities_.has_value()) return Status::OK();
  dom::object entities;
  if (entities_->get(entities) != simdjson::SUCCESS) {
    return WrongKind("entities", "an object of lists", *entities_);
  }
  for (const auto& [name, value] : entities) {
    if (FindEntity(name) != nullptr) {
      return BadValue(fmt::format("'entities': '{}' is there twice", name));
    }
    columns_.emplace_back(name, value);
  }
  return Status::OK();
}

const dom::element* FeaturesBody::Fields::FindEntity(std::string_view name) {
  for (const auto& [known, value] : columns_) {
    if (known == name) return &value;
  }
  return nullptr;
}

Status FeaturesBody::Fields::ReadNames(const Limits& limits, jobs::AskedNames* names) const {
  names->service.clear();
  names->features.clear();
  names->full_names = false;
  if (full_names_.has_value() && full_names_->get(names->full_names) != simdjson::SUCCESS) {
    return WrongKind("full_feature_names", "true or false", *full_names_);
  }
  if (features_.has_value() == service_.has_value()) {
    return BadValue(features_.has_value()
                        ? "'features' and 'feature_service' do not go together"
                        : "expected 'features', a list of view:feature, or 'feature_service'");
  }
  if (service_.has_value()) {
    std::string_view service;
    if (service_->get(service) != simdjson::SUCCESS) {
      return WrongKind("feature_service", "a string", *service_);
    }
    if (service.empty()) return BadValue("'feature_service' is empty");
    names->service = service;
    return Status::OK();
  }
  dom::array list;
  if (features_->get(list) != simdjson::SUCCESS) {
    return WrongKind("features", "a list of strings", *features_);
  }
  for (const dom::element element : list) {
    std::string_view feature;
    if (element.get(feature) != simdjson::SUCCESS) {
      return WrongKind("features", "a list of strings", element);
    }
    if (static_cast<int64_t>(names->features.size()) == limits.features_max) {
      return base::Error(base::codes::kTooLarge,
                         fmt::format("'features': more than {} names", limits.features_max));
    }
    names->features.emplace_back(feature);
  }
  if (names->features.empty()) return BadValue("'features' is empty");
  return Status::OK();
}

Status FeaturesBody::Fields::ReadColumn(const columns::Field& field, std::optional<int64_t>* rows,
                                        columns::OwnedColumn* out) {
  const dom::element* value = FindEntity(field.name);
  if (value == nullptr) {
    return base::Error(base::codes::kMissingColumn,
                       fmt::format("'entities' has no '{}': a list of {} is needed", field.name,
                                   field.type.ToString()));
  }
  dom::array list;
  if (value->get(list) != simdjson::SUCCESS) return WrongKind(field.name, "a list", *value);
  columns::ColumnBuffer buffer(field.type);
  for (const dom::element element : list) {
    AppendCell(element, &cells_, &buffer);
    const int64_t row = buffer.size() - 1;
    if (buffer.cells()[row] <= columns::kValid) continue;
    return BadValue(fmt::format("'{}', row {}: {} is no {}", field.name, row, ShownValue(element),
                                field.type.ToString()));
  }
  if (rows->value_or(buffer.size()) != buffer.size()) {
    return BadValue(
        fmt::format("'{}' has {} values, and others have {}", field.name, buffer.size(), **rows));
  }
  *rows = buffer.size();
  *out = columns::Own(std::move(buffer));
  return Status::OK();
}

Status FeaturesBody::Fields::ReadTimes(int64_t rows, Rows* out) {
  if (!as_of_.has_value()) return Status::OK();
  columns::ColumnBuffer times(columns::Kind::kTimestamp);
  const auto append = [&](dom::element value) {
    AppendCell(value, &cells_, &times);
    return times.cells()[times.size() - 1] <= columns::kValid;
  };
  dom::array list;
  out->own_times = as_of_->get(list) == simdjson::SUCCESS;
  if (!out->own_times) {
    if (!append(*as_of_)) {
      return BadValue(fmt::format("'as_of': expected a time or a list of times, found {}",
                                  ShownValue(*as_of_)));
    }
    for (int64_t row = 1; row < rows; ++row) append(*as_of_);
    if (rows == 0) times.Clear();
  } else {
    for (const dom::element element : list) {
      if (append(element)) continue;
      return BadValue(
          fmt::format("'as_of', row {}: {} is no time", times.size() - 1, ShownValue(element)));
    }
    if (times.size() != rows) {
      return BadValue(
          fmt::format("'as_of' has {} values, and the entities {}", times.size(), rows));
    }
  }
  out->as_of = columns::Own(std::move(times));
  out->asked.as_of = out->as_of.view;
  return Status::OK();
}

FeaturesBody::FeaturesBody(const Limits& limits, bool with_as_of)
    : limits_(limits), with_as_of_(with_as_of), fields_(std::make_unique<Fields>()) {}

FeaturesBody::~FeaturesBody() = default;

Status FeaturesBody::Parse(std::string* body) {
  ARROW_RETURN_NOT_OK(fields_->Find(body));
  return fields_->ReadNames(limits_, &names_);
}

Result<FeaturesBody::Rows> FeaturesBody::Read(const jobs::PreparedRead& read) {
  Rows result;
  std::optional<int64_t> rows;
  std::vector<Problem> problems;
  for (const auto* fields : {&read.keys(), &read.request_fields()}) {
    for (const columns::Field& field : *fields) {
      columns::OwnedColumn column;
      const Status status = fields_->ReadColumn(field, &rows, &column);
      if (status.ok()) {
        result.asked.columns.emplace(field.name, std::move(column));
      } else if (problems.size() < kProblemsMax) {
        problems.push_back(base::ProblemsOf(status)[0]);
      }
    }
  }
  if (!problems.empty()) return base::Errors(std::move(problems));
  result.asked.rows = rows.value_or(1);  // a view without keys has one row
  if (result.asked.rows > limits_.entities_max) {
    return base::Error(base::codes::kTooLarge,
                       fmt::format("'entities' has {} rows; at most {} are answered at once",
                                   result.asked.rows, limits_.entities_max));
  }
  if (with_as_of_) ARROW_RETURN_NOT_OK(fields_->ReadTimes(result.asked.rows, &result));
  return result;
}

}  // namespace millrace::serve
