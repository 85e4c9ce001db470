#include "registry/lineage.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <utility>

#include "expr/expression.h"

namespace millrace::registry {
namespace {

using features::Feature;
using features::FeatureKind;
using features::FeaturePlan;
using features::View;
using NodeMap = std::map<LineageNode, std::vector<LineageNode>>;

// Collects the edges of a plan, one item after the other.
class EdgeCollector {
 public:
  explicit EdgeCollector(const FeaturePlan& plan) : plan_(plan) {}

  std::set<LineageEdge> Collect() {
    for (const View& view : plan_.views) CollectView(view);
    for (const features::OnDemandView& view : plan_.on_demand) CollectOnDemand(view);
    for (const features::Label& label : plan_.labels) {
      const LineageNode node{"label", label.name};
      CollectRows(node, label.view);
      for (const Feature& feature : label.view.features)
        CollectAggregate(node, label.view, feature);
    }
    for (const features::Service& service : plan_.services) {
      for (const features::ServiceFeature& feature : service.features) {
        Add({"service", service.name}, {"feature", feature.view + ":" + feature.feature});
      }
    }
    return std::move(edges_);
  }

 private:
  void Add(const LineageNode& user, LineageNode input) { edges_.insert({user, std::move(input)}); }

  // Column `index` of View::row_columns: the source's, or a looked-up view's feature.
  LineageNode RowColumn(const View& view, int index) const {
    const features::Source& source = plan_.sources[view.source];
    const int own = static_cast<int>(source.columns.size());
    if (index < own) return {"column", source.name + "." + source.columns[index].name};
    const features::Lookup* found = nullptr;
    for (const features::Lookup& lookup : view.lookups) {
      if (lookup.first_column <= index) found = &lookup;
    }
    const View& looked_up = plan_.views[found->view];
    return {"feature", looked_up.name + ":" + looked_up.features[index - found->first_column].name};
  }

  void AddColumns(const LineageNode& user, const View& view, const expr::Expression& expression) {
    if (!expression) return;
    for (const int column : expression.columns()) Add(user, RowColumn(view, column));
  }

  // What picks the rows of a view and places them in time.
  void CollectRows(const LineageNode& user, const View& view) {
    const features::Source& source = plan_.sources[view.source];
    Add(user, {"source", source.name});
    for (const int entity : view.entities) Add(user, {"entity", plan_.entities[entity].name});
    for (const int key : view.key_columns) Add(user, RowColumn(view, key));
    if (source.timestamp >= 0) Add(user, RowColumn(view, source.timestamp));
    AddColumns(user, view, source.created);
    AddColumns(user, view, view.where);
    for (const features::Lookup& lookup : view.lookups) {
      Add(user, {"view", plan_.views[lookup.view].name});
      for (const int key : lookup.key_columns) Add(user, RowColumn(view, key));
    }
  }

  void CollectAggregate(const LineageNode& user, const View& view, const Feature& feature) {
    if (feature.input >= 0) AddColumns(user, view, view.inputs[feature.input]);
    if (feature.filter >= 0) AddColumns(user, view, view.filters[feature.filter]);
  }

  void CollectView(const View& view) {
    CollectRows({"view", view.name}, view);
    for (const Feature& feature : view.features) {
      const LineageNode node{"feature", view.name + ":" + feature.name};
      Add(node, {"view", view.name});
      if (feature.kind == FeatureKind::kAggregate) CollectAggregate(node, view, feature);
      if (feature.kind == FeatureKind::kRow) AddColumns(node, view, feature.expression);
      if (feature.kind != FeatureKind::kDerived || !feature.expression) continue;
      for (const int column : feature.expression.columns()) {
        if (column >= static_cast<int>(view.features.size())) continue;  // a time
        Add(node, {"feature", view.name + ":" + view.features[column].name});
      }
    }
  }

  // Column `index` of OnDemandView::scope_columns; a node without a name for as_of.
  LineageNode ScopeColumn(const features::OnDemandView& view, int index) const {
    if (index >= view.as_of_column) return {};
    if (index >= view.own_offset) {
      const features::OnDemandFeature& feature = view.features[index - view.own_offset];
      if (!feature.inherited) return {"feature", view.name + ":" + feature.name};
      std::string other = feature.name;  // "other.feature"
      other[other.find('.')] = ':';
      return {"feature", std::move(other)};
    }
    if (index >= view.request_offset) {
      return {"request", view.name + "." + view.request[index - view.request_offset].name};
    }
    size_t input = view.inputs.size() - 1;
    while (input > 0 && view.input_offsets[input] > index) --input;
    const View& from = plan_.views[view.inputs[input]];
    return {"feature", from.name + ":" + from.features[index - view.input_offsets[input]].name};
  }

  void CollectOnDemand(const features::OnDemandView& view) {
    for (const features::OnDemandFeature& feature : view.features) {
      if (feature.inherited) continue;  // collected with the view that it is of
      const LineageNode node{"feature", view.name + ":" + feature.name};
      Add({"on_demand", view.name}, node);
      if (!feature.expression) continue;
      for (const int column : feature.expression.columns()) {
        if (LineageNode input = ScopeColumn(view, column); !input.name.empty()) {
          Add(node, std::move(input));
        }
      }
    }
  }

  const FeaturePlan& plan_;
  std::set<LineageEdge> edges_;
};

// All nodes on paths from `start`, itself first, following `next`. A view's own node stands for its
// rows alone: what a feature is made of is its view's rows and its own columns, never its sister
// features.
std::vector<LineageNode> Reach(const LineageNode& start, const NodeMap& next) {
  std::vector<LineageNode> reached = {start};
  std::set<LineageNode> seen = {start};
  for (size_t i = 0; i < reached.size(); ++i) {
    const auto found = next.find(reached[i]);
    if (found == next.end()) continue;
    for (const LineageNode& node : found->second) {
      if (seen.insert(node).second) reached.push_back(node);
    }
  }
  return reached;
}

void PrintTree(const LineageNode& node, const NodeMap& next, int depth,
               std::set<LineageNode>* shown, std::string* text) {
  const auto found = next.find(node);
  if (found == next.end()) return;
  for (const LineageNode& child : found->second) {
    const bool first_time = shown->insert(child).second;
    const bool has_more = !first_time && next.contains(child);
    *text += fmt::format("{:{}}{} {}{}\n", "", 2 * depth, child.kind, child.name,
                         has_more ? " (see above)" : "");
    if (first_time) PrintTree(child, next, depth + 1, shown, text);
  }
}

void AppendTree(const LineageNode& node, const std::vector<LineageEdge>& edges, bool up,
                std::string* text) {
  NodeMap next;
  for (const LineageEdge& edge : edges) {
    next[up ? edge.input : edge.user].push_back(up ? edge.user : edge.input);
  }
  std::set<LineageNode> shown = {node};
  PrintTree(node, next, 1, &shown, text);
}

}  // namespace

Lineage LineageOf(const FeaturePlan& plan, const LineageNode& node) {
  NodeMap down;
  NodeMap up;
  for (const LineageEdge& edge : EdgeCollector(plan).Collect()) {
    down[edge.user].push_back(edge.input);
    up[edge.input].push_back(edge.user);
  }
  Lineage lineage{.node = node, .inputs = {}, .users = {}};
  for (const LineageNode& user : Reach(node, down)) {
    for (const LineageNode& input : down[user]) lineage.inputs.push_back({user, input});
  }
  for (const LineageNode& input : Reach(node, up)) {
    for (const LineageNode& user : up[input]) lineage.users.push_back({user, input});
  }
  return lineage;
}

std::string ToText(const Lineage& lineage) {
  std::string text = fmt::format("{} {}\n", lineage.node.kind, lineage.node.name);
  text += lineage.inputs.empty() ? "is made of nothing else\n" : "is made of\n";
  AppendTree(lineage.node, lineage.inputs, false, &text);
  text += lineage.users.empty() ? "is used by nothing\n" : "is used by\n";
  AppendTree(lineage.node, lineage.users, true, &text);
  return text;
}

}  // namespace millrace::registry
