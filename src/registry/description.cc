#include "registry/description.h"

#include <fmt/format.h>

#include <map>
#include <utility>

namespace millrace::registry {
namespace {

using features::Feature;
using features::FeatureKind;
using features::FeaturePlan;
using features::View;
using Json = nlohmann::ordered_json;

// Sets what says something: no empty texts, lists or objects.
void Set(Json& object, const char* name, Json value) {
  const bool empty = value.is_null() ||
                     (value.is_string() && value.get_ref<std::string&>().empty()) ||
                     ((value.is_array() || value.is_object()) && value.empty());
  if (!empty) object[name] = std::move(value);
}

Json FieldMap(const std::vector<features::Field>& fields) {
  Json object = Json::object();
  for (const features::Field& field : fields) object[field.name] = field.type.ToString();
  return object;
}

// `Definition` is whatever users describe: it has a description, an owner and tags.
template <typename Definition>
void SetOwnership(Json& object, const Definition& definition) {
  Set(object, "description", definition.description);
  Set(object, "owner", definition.owner);
  Set(object, "tags", Json(definition.tags));
}

void SetDefault(Json& object, const features::Value& value, const features::Type& type) {
  if (!value.is_null()) object["default"] = columns::ToText(value, type);
}

std::string ParameterText(const features::Value& parameter, bool duration) {
  if (parameter.holds_int() && duration) {
    return base::FormatDuration(base::Duration::Micros(parameter.as_int()));
  }
  if (parameter.holds_int()) return columns::ToText(parameter, columns::Kind::kInt64);
  if (parameter.holds_uint()) return columns::ToText(parameter, columns::Kind::kUInt64);
  if (parameter.holds_float()) return columns::ToText(parameter, columns::Kind::kFloat64);
  if (parameter.holds_string()) return "'" + parameter.as_string() + "'";
  return parameter.is_null() ? "null" : (parameter.as_bool() ? "true" : "false");
}

std::string_view UnitName(features::TimestampUnit unit) {
  switch (unit) {
    case features::TimestampUnit::kSeconds:
      return "s";
    case features::TimestampUnit::kMillis:
      return "ms";
    case features::TimestampUnit::kMicros:
      return "us";
    case features::TimestampUnit::kNanos:
      return "ns";
    case features::TimestampUnit::kNone:
      break;
  }
  return "";
}

Item DescribeEntity(const features::Entity& entity) {
  Json object = Json::object();
  object["keys"] = FieldMap(entity.keys);
  SetOwnership(object, entity);
  return {"entity", entity.name, std::move(object)};
}

Item DescribeSource(const features::Source& source) {
  const features::SourceLocation& location = source.location;
  Json object = Json::object();
  Set(object, "path", location.path);
  Set(object, "format", location.format);
  Set(object, "kafka", Json(location.kafka));
  if (source.from) object["from"] = base::FormatTime(*source.from);
  if (source.timestamp >= 0) object["timestamp"] = source.columns[source.timestamp].name;
  Set(object, "timestamp_unit", std::string(UnitName(source.timestamp_unit)));
  if (source.created) object["created"] = source.created.text();
  object["columns"] = FieldMap(source.columns);
  Set(object, "found_as", Json(location.column_paths));
  SetOwnership(object, source);
  return {"source", source.name, std::move(object)};
}

Json ViewProperties(const FeaturePlan& plan, const View& view) {
  Json object = Json::object();
  object["kind"] = view.kind == features::ViewKind::kWindowed ? "windowed" : "snapshot";
  Json entities = Json::array();
  for (const int entity : view.entities) entities.push_back(plan.entities[entity].name);
  Set(object, "entities", std::move(entities));
  object["keys"] = FieldMap(view.keys);
  if (view.source >= 0) object["source"] = plan.sources[view.source].name;
  Json lookups = Json::object();
  for (const features::Lookup& lookup : view.lookups) {
    if (lookup.view >= 0) lookups[lookup.prefix] = plan.views[lookup.view].name;
  }
  Set(object, "lookup", std::move(lookups));
  if (view.where) object["where"] = view.where.text();
  if (view.resolution > base::Duration()) {
    object["resolution"] = base::FormatDuration(view.resolution);
  }
  if (view.ttl) object["ttl"] = base::FormatDuration(*view.ttl);
  return object;
}

Item DescribeView(const FeaturePlan& plan, const View& view) {
  Json object = ViewProperties(plan, view);
  object["history"] = view.history ? base::FormatDuration(*view.history) : "all";
  Json names = Json::array();
  for (const Feature& feature : view.features) names.push_back(feature.name);
  object["features"] = std::move(names);
  Set(object, "event_id", view.event_id);
  SetOwnership(object, view);
  return {"view", view.name, std::move(object)};
}

Json FeatureProperties(const View& view, const Feature& feature) {
  Json object = Json::object();
  object["type"] = feature.type.ToString();
  if (feature.kind == FeatureKind::kAggregate) {
    object["value"] = AggregateText(view, feature);
    object["window"] = WindowText(feature.window);
  } else if (feature.expression) {
    object["value"] = feature.expression.text();
  }
  SetDefault(object, feature.default_value, feature.type);
  return object;
}

Item DescribeFeature(const View& view, const Feature& feature) {
  Json object = Json::object();
  object["view"] = view.name;
  object["kind"] = feature.kind == FeatureKind::kAggregate ? "aggregate"
                   : feature.kind == FeatureKind::kRow     ? "row"
                                                           : "derived";
  object.update(FeatureProperties(view, feature));
  Set(object, "state_id", feature.state_id);
  Set(object, "hash", feature.hash);
  return {"feature", view.name + ":" + feature.name, std::move(object)};
}

Item DescribeOnDemandFeature(const features::OnDemandView& view,
                             const features::OnDemandFeature& feature) {
  Json object = Json::object();
  object["view"] = view.name;
  object["kind"] = "on_demand";
  object["type"] = feature.type.ToString();
  if (feature.expression) object["value"] = feature.expression.text();
  SetDefault(object, feature.default_value, feature.type);
  Set(object, "hash", feature.hash);
  return {"feature", view.name + ":" + feature.name, std::move(object)};
}

Item DescribeOnDemand(const FeaturePlan& plan, const features::OnDemandView& view) {
  Json object = Json::object();
  Json inputs = Json::array();
  for (const int input : view.inputs) inputs.push_back(plan.views[input].name);
  Set(object, "inputs", std::move(inputs));
  Set(object, "request", FieldMap(view.request));
  Json names = Json::array();
  for (const features::OnDemandFeature& feature : view.features) {
    if (!feature.inherited) names.push_back(feature.name);
  }
  object["features"] = std::move(names);
  SetOwnership(object, view);
  return {"on_demand", view.name, std::move(object)};
}

Item DescribeLabel(const FeaturePlan& plan, const features::Label& label) {
  Json object = ViewProperties(plan, label.view);
  object.erase("kind");
  for (const Feature& feature : label.view.features) {
    object.update(FeatureProperties(label.view, feature));
    Set(object, "hash", feature.hash);
  }
  object["window"] = base::FormatDuration(label.length);
  return {"label", label.name, std::move(object)};
}

Item DescribeService(const features::Service& service) {
  Json object = Json::object();
  Json names = Json::array();
  for (const features::ServiceFeature& feature : service.features) {
    std::string text = feature.view + ":" + feature.feature;
    if (!feature.as.empty()) text += " as " + feature.as;
    for (const auto& [key, column] : feature.keys) text += fmt::format(", {} = {}", key, column);
    names.push_back(std::move(text));
  }
  object["features"] = std::move(names);
  object["log"] = service.log;
  SetOwnership(object, service);
  return {"service", service.name, std::move(object)};
}

}  // namespace

const std::vector<std::string>& Kinds() {
  static const std::vector<std::string> kinds = {"entity",    "source", "view",   "feature",
                                                 "on_demand", "label",  "service"};
  return kinds;
}

std::string WindowText(const window::Window& window) {
  return window.length ? base::FormatDuration(*window.length) : "all";
}

std::string AggregateText(const View& view, const Feature& feature) {
  std::vector<std::string> arguments;
  if (feature.input >= 0) arguments.push_back(view.inputs[feature.input].text());
  const aggregate::Function* function = aggregate::FindFunction(feature.call.function);
  for (const features::Value& parameter : feature.call.parameters) {
    arguments.push_back(ParameterText(parameter, function && function->duration_parameter));
  }
  std::string text = fmt::format("{}({})", feature.call.function, fmt::join(arguments, ", "));
  if (feature.filter >= 0)
    text += fmt::format(" filter (where {})", view.filters[feature.filter].text());
  return text;
}

std::string PropertyText(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_structured()) return value.dump();
  std::string text;
  for (const auto& [key, element] : value.items()) {
    if (!text.empty()) text += ", ";
    if (value.is_object()) text += key + ": ";
    text += PropertyText(element);
  }
  return text;
}

std::vector<Item> Describe(const FeaturePlan& plan) {
  std::vector<Item> items;
  for (const features::Entity& entity : plan.entities) items.push_back(DescribeEntity(entity));
  for (const features::Source& source : plan.sources) items.push_back(DescribeSource(source));
  for (const View& view : plan.views) items.push_back(DescribeView(plan, view));
  for (const View& view : plan.views) {
    for (const Feature& feature : view.features) items.push_back(DescribeFeature(view, feature));
  }
  for (const features::OnDemandView& view : plan.on_demand) {
    for (const features::OnDemandFeature& feature : view.features) {
      if (!feature.inherited) items.push_back(DescribeOnDemandFeature(view, feature));
    }
  }
  for (const features::OnDemandView& view : plan.on_demand) {
    items.push_back(DescribeOnDemand(plan, view));
  }
  for (const features::Label& label : plan.labels) items.push_back(DescribeLabel(plan, label));
  for (const features::Service& service : plan.services) items.push_back(DescribeService(service));
  return items;
}

}  // namespace millrace::registry
