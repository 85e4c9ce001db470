// Scopes and orders of a plan.
#include "features/plan_scope.h"

#include <algorithm>
#include <map>

#include "expr/parse.h"

namespace millrace::features {
namespace {

constexpr const char* kEventTime = "event_time";

int FindField(const std::vector<Field>& fields, const std::string& name) {
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

void CollectNames(const expr::Node& node, std::vector<std::string>* names) {
  if (node.kind == expr::NodeKind::kName) names->push_back(node.text);
  for (const expr::Node& child : node.children) CollectNames(child, names);
  if (node.filter) CollectNames(*node.filter, names);
}

std::vector<std::vector<int>> UsesByName(const std::map<std::string, int>& nodes,
                                         const std::vector<std::string>& texts) {
  std::vector<std::vector<int>> uses(texts.size());
  for (size_t i = 0; i < texts.size(); ++i) {
    const auto parsed = expr::Parse(texts[i]);
    if (!parsed.ok()) continue;
    for (const std::string& name : NamesIn(*parsed)) {
      const auto found = nodes.find(name);
      if (found != nodes.end()) uses[i].push_back(found->second);
    }
  }
  return uses;
}

// Depth first; colours: 0 new, 1 on the path, 2 done.
struct Walk {
  const std::vector<std::vector<int>>& uses;
  std::vector<int> colour;
  std::vector<int> path;
  DependencyOrder result;

  // Without recursion: chains of definitions may be long.
  void From(int start) {
    std::vector<size_t> next;
    Enter(start, &next);
    while (!path.empty() && result.cycle.empty()) {
      const int node = path.back();
      const auto& below = uses[static_cast<size_t>(node)];
      if (next.back() == below.size()) {
        colour[static_cast<size_t>(node)] = 2;
        result.order.push_back(node);
        path.pop_back();
        next.pop_back();
        continue;
      }
      const int used = below[next.back()++];
      if (colour[static_cast<size_t>(used)] == 0) {
        Enter(used, &next);
      } else if (colour[static_cast<size_t>(used)] == 1) {
        result.cycle.assign(std::find(path.begin(), path.end(), used), path.end());
      }
    }
  }

  void Enter(int node, std::vector<size_t>* next) {
    colour[static_cast<size_t>(node)] = 1;
    path.push_back(node);
    next->push_back(0);
  }
};

}  // namespace

expr::Scope SourceScope(const Source& source) {
  expr::Scope scope;
  for (size_t i = 0; i < source.columns.size(); ++i) {
    scope.Add(source.columns[i].name, static_cast<int>(i), source.columns[i].type);
  }
  return scope;
}

void FillKeys(const FeaturePlan& plan, View* view) {
  view->keys.clear();
  view->key_columns.clear();
  const Source& source = plan.sources[static_cast<size_t>(view->source)];
  for (const int entity : view->entities) {
    for (const Field& key : plan.entities[static_cast<size_t>(entity)].keys) {
      view->keys.push_back(key);
      view->key_columns.push_back(FindField(source.columns, key.name));
    }
  }
}

void FillRowColumns(const FeaturePlan& plan, View* view) {
  const Source& source = plan.sources[static_cast<size_t>(view->source)];
  view->row_columns = source.columns;
  for (Lookup& lookup : view->lookups) {
    lookup.key_columns.clear();
    lookup.first_column = static_cast<int>(view->row_columns.size());
    const View& target = plan.views[static_cast<size_t>(lookup.view)];
    for (const Field& key : target.keys) {
      lookup.key_columns.push_back(FindField(source.columns, key.name));
    }
    for (int i = 0; i < target.stored_count(); ++i) {
      const Feature& feature = target.features[static_cast<size_t>(i)];
      view->row_columns.push_back({lookup.prefix + "." + feature.name, feature.type});
    }
  }
}

expr::Scope RowScope(const FeaturePlan& plan, const View& view) {
  expr::Scope scope;
  for (size_t i = 0; i < view.row_columns.size(); ++i) {
    scope.Add(view.row_columns[i].name, static_cast<int>(i), view.row_columns[i].type);
  }
  // A time column of dates, text or integers is not the event time itself.
  const int timestamp = plan.sources[static_cast<size_t>(view.source)].timestamp;
  const Type& type = view.row_columns[static_cast<size_t>(timestamp)].type;
  if (view.kind == ViewKind::kSnapshot && type.kind() == columns::Kind::kTimestamp &&
      FindField(view.row_columns, kEventTime) < 0) {
    scope.Add(kEventTime, timestamp, type);
  }
  return scope;
}

expr::Scope DerivedScope(const View& view) {
  expr::Scope scope;
  for (int i = 0; i < view.stored_count(); ++i) AddDerived(view, i, &scope);
  const int as_of = static_cast<int>(view.features.size());
  scope.Add("as_of", as_of, columns::Kind::kTimestamp);
  // A feature of that name wins, also a derived one that is added later.
  if (view.kind == ViewKind::kSnapshot && view.FindFeature(kEventTime) < 0) {
    scope.Add(kEventTime, as_of + 1, columns::Kind::kTimestamp);
  }
  return scope;
}

void AddDerived(const View& view, int feature, expr::Scope* scope) {
  const Feature& added = view.features[static_cast<size_t>(feature)];
  scope->Add(added.name, feature, added.type);
}

void FillOnDemandColumns(const FeaturePlan& plan, OnDemandView* view) {
  view->scope_columns.clear();
  view->input_offsets.clear();
  for (const int input : view->inputs) {
    view->input_offsets.push_back(static_cast<int>(view->scope_columns.size()));
    const View& read = plan.views[static_cast<size_t>(input)];
    for (const Feature& feature : read.features) {
      view->scope_columns.push_back({read.name + "." + feature.name, feature.type});
    }
  }
  view->request_offset = static_cast<int>(view->scope_columns.size());
  for (const Field& field : view->request) view->scope_columns.push_back(field);
  view->own_offset = static_cast<int>(view->scope_columns.size());
  for (const OnDemandFeature& feature : view->features) {
    view->scope_columns.push_back({feature.name, feature.type});
  }
  view->as_of_column = static_cast<int>(view->scope_columns.size());
  view->scope_columns.push_back({"as_of", columns::Kind::kTimestamp});
}

expr::Scope OnDemandScope(const FeaturePlan& plan, const OnDemandView& view) {
  expr::Scope scope;
  for (size_t i = 0; i < view.inputs.size(); ++i) {
    const View& read = plan.views[static_cast<size_t>(view.inputs[i])];
    for (size_t k = 0; k < read.features.size(); ++k) {
      const int column = view.input_offsets[i] + static_cast<int>(k);
      const Feature& feature = read.features[k];
      const std::string full_name = read.name + "." + feature.name;
      if (static_cast<int>(i) < view.named_inputs) {
        scope.Add(feature.name, column, feature.type, full_name);
      }
      scope.Add(full_name, column, feature.type);
    }
  }
  for (size_t i = 0; i < view.request.size(); ++i) {
    const int column = view.request_offset + static_cast<int>(i);
    const std::string full_name = "request." + view.request[i].name;
    scope.Add(view.request[i].name, column, view.request[i].type, full_name);
    scope.Add(full_name, column, view.request[i].type);
  }
  scope.Add("as_of", view.as_of_column, columns::Kind::kTimestamp);
  return scope;
}

void AddOnDemandFeature(int feature, OnDemandView* view, expr::Scope* scope) {
  const OnDemandFeature& added = view->features[static_cast<size_t>(feature)];
  const int column = view->own_offset + feature;
  view->scope_columns[static_cast<size_t>(column)].type = added.type;
  if (added.inherited) {
    scope->Add(added.name, column, added.type);
    scope->Add(added.name.substr(added.name.find('.') + 1), column, added.type, added.name);
    return;
  }
  const std::string full_name = view->name + "." + added.name;
  scope->Add(added.name, column, added.type, full_name);
  scope->Add(full_name, column, added.type);
}

DependencyOrder OrderByUse(const std::vector<std::vector<int>>& uses) {
  Walk walk{uses, std::vector<int>(uses.size(), 0), {}, {}};
  for (size_t i = 0; i < uses.size() && walk.result.cycle.empty(); ++i) {
    if (walk.colour[i] == 0) walk.From(static_cast<int>(i));
  }
  std::vector<int>& cycle = walk.result.cycle;
  if (!cycle.empty()) {
    walk.result.order.clear();
    std::rotate(cycle.begin(), std::min_element(cycle.begin(), cycle.end()), cycle.end());
  }
  return std::move(walk.result);
}

std::vector<std::string> NamesIn(const expr::Node& node) {
  std::vector<std::string> names;
  CollectNames(node, &names);
  return names;
}

std::vector<std::vector<int>> DerivedUses(const View& view, const std::vector<std::string>& texts) {
  std::map<std::string, int> nodes;
  const int first = view.stored_count();
  for (size_t i = 0; i < texts.size(); ++i) {
    nodes.emplace(view.features[static_cast<size_t>(first) + i].name, static_cast<int>(i));
  }
  return UsesByName(nodes, texts);
}

std::vector<std::vector<int>> OnDemandUses(const OnDemandView& view,
                                           const std::vector<std::string>& texts) {
  std::map<std::string, int> nodes;
  for (size_t i = 0; i < texts.size(); ++i) {
    const OnDemandFeature& feature = view.features[i];
    nodes.emplace(feature.name, static_cast<int>(i));
    if (!feature.inherited) nodes.emplace(view.name + "." + feature.name, static_cast<int>(i));
  }
  for (size_t i = 0; i < texts.size(); ++i) {
    const std::string& name = view.features[i].name;
    if (view.features[i].inherited) {
      nodes.emplace(name.substr(name.find('.') + 1), static_cast<int>(i));
    }
  }
  return UsesByName(nodes, texts);
}

}  // namespace millrace::features
