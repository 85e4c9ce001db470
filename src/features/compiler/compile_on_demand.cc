// On-demand views: inputs, request fields, features in the order of their use.
#include <algorithm>
#include <utility>

#include "expr/parse.h"
#include "features/compiler/draft.h"
#include "features/definition/reader.h"
#include "features/hash.h"

namespace millrace::features {

namespace codes = base::codes;

namespace {

// Replaces every name by the one that a wider scope knows it by.
void Rename(const std::map<std::string, std::string>& names, expr::Node* node) {
  if (node->kind == expr::NodeKind::kName) {
    const auto found = names.find(node->text);
    if (found != names.end()) node->text = found->second;
  }
  for (expr::Node& child : node->children) Rename(names, &child);
}

class OnDemandCompiler {
 public:
  OnDemandCompiler(const OnDemandDefinition& definition, Draft* draft, OnDemandView* view)
      : definition_(definition), draft_(draft), problems_(draft->problems), view_(view) {}

  bool Run() {
    view_->name = definition_.name.value;
    Describe(definition_, view_);
    const bool inputs = FindInputs();
    AddRequest();
    AddOwnFeatures();
    for (const int other : others_) Inherit(other);
    FillOnDemandColumns(draft_->plan, view_);
    scope_.scope = OnDemandScope(draft_->plan, *view_);
    scope_.whole = inputs;
    const bool bound = BindFeatures();
    if (!inputs || !bound) return false;
    FillOnDemandColumns(draft_->plan, view_);
    FillHashes(draft_->plan, view_);
    return true;
  }

 private:
  std::string What() const { return "on-demand view '" + definition_.name.value + "'"; }

  bool FindInputs() {
    bool good = true;
    std::set<std::string> seen;
    for (const Text& name : definition_.inputs) {
      if (!seen.insert(name.value).second) {
        problems_->Add(codes::kDuplicate, name.place(),
                       "input '" + name.value + "' stands twice in " + What());
        continue;
      }
      const int other = FindOther(name);
      if (other >= 0) {
        const bool usable = draft_->on_demand_usable[static_cast<size_t>(other)];
        if (usable) others_.push_back(other);
        good = good && usable;
        continue;
      }
      const int view = FindDefinition(draft_->definitions.views, name, "view", draft_);
      if (view < 0 || !draft_->view_usable[static_cast<size_t>(view)]) {
        good = false;
        continue;
      }
      view_->inputs.push_back(view);
      for (const std::string& feature : draft_->broken_features[static_cast<size_t>(view)]) {
        scope_.broken.insert(feature);
        scope_.broken.insert(name.value + "." + feature);
      }
    }
    view_->named_inputs = static_cast<int>(view_->inputs.size());
    return good;
  }

  int FindOther(const Text& name) const {
    const auto& all = draft_->definitions.on_demand;
    for (size_t i = 0; i < all.size(); ++i) {
      if (all[i].name.value == name.value) return static_cast<int>(i);
    }
    return -1;
  }

  void AddRequest() {
    for (const ColumnDefinition& field : definition_.request) {
      if (field.type) {
        view_->request.push_back({field.name.value, *field.type});
      } else {
        scope_.broken.insert(field.name.value);
        scope_.broken.insert("request." + field.name.value);
      }
    }
  }

  void AddOwnFeatures() {
    for (const FeatureDefinition& definition : definition_.features) {
      if (!CheckName(definition.name, "feature", problems_) || !CheckOwnName(definition.name))
        continue;
      OnDemandFeature feature;
      feature.name = definition.name.value;
      Describe(definition, &feature);
      view_->features.push_back(std::move(feature));
      own_.push_back(&definition);
      texts_.push_back(definition.value.value);
    }
  }

  bool CheckOwnName(const Text& name) {
    for (const FeatureDefinition* other : own_) {
      if (other->name.value != name.value) continue;
      problems_->Add(codes::kDuplicate, name.place(),
                     "feature '" + name.value + "' of " + What() + " is defined twice",
                     "the other one is at " + other->name.place().ToString());
      return false;
    }
    for (const ColumnDefinition& field : definition_.request) {
      if (field.name.value != name.value) continue;
      problems_->Add(
          codes::kDuplicate, name.place(),
          "feature '" + name.value + "' of " + What() + " hides the request field of that name",
          "the field is at " + field.name.place().ToString());
      return false;
    }
    return true;
  }

  // Takes over the features of another on-demand view as `other.feature`, with what they read.
  void Inherit(int index) {
    const OnDemandView& other = draft_->plan.on_demand[static_cast<size_t>(index)];
    for (const int input : other.inputs) {
      if (std::find(view_->inputs.begin(), view_->inputs.end(), input) == view_->inputs.end()) {
        view_->inputs.push_back(input);
      }
    }
    for (const Field& field : other.request) InheritRequest(other, field);
    std::map<std::string, std::string> names;
    const expr::Scope scope = FullScope(other);
    for (const expr::Scope::Name& name : scope.names()) {
      if (name.meanings.empty()) names[name.text] = FullName(other, name.column);
    }
    for (const OnDemandFeature& feature : other.features) {
      const std::string name = feature.inherited ? feature.name : other.name + "." + feature.name;
      const auto same = [&](const OnDemandFeature& f) { return f.name == name; };
      if (std::any_of(view_->features.begin(), view_->features.end(), same)) continue;
      auto node = expr::Parse(feature.expression.text());
      if (!node.ok()) continue;
      Rename(names, &*node);
      OnDemandFeature inherited;
      inherited.name = name;
      inherited.inherited = true;
      inherited.default_value = feature.default_value;
      view_->features.push_back(std::move(inherited));
      own_.push_back(nullptr);
      texts_.push_back(expr::ToText(*node));
    }
  }

  void InheritRequest(const OnDemandView& other, const Field& field) {
    for (const Field& own : view_->request) {
      if (own.name != field.name) continue;
      if (own.type == field.type) return;
      problems_->Add(codes::kTypeMismatch, definition_.name.place(),
                     "request field '" + field.name + "' is " + own.type.ToString() + " in " +
                         What() + " and " + field.type.ToString() + " in on-demand view '" +
                         other.name + "', its input");
      return;
    }
    view_->request.push_back(field);
  }

  expr::Scope FullScope(const OnDemandView& other) const {
    OnDemandView copy = other;
    expr::Scope scope = OnDemandScope(draft_->plan, other);
    for (size_t i = 0; i < other.features.size(); ++i) {
      AddOnDemandFeature(static_cast<int>(i), &copy, &scope);
    }
    return scope;
  }

  static std::string FullName(const OnDemandView& other, int column) {
    const std::string& name = other.scope_columns[static_cast<size_t>(column)].name;
    if (column >= other.as_of_column || column < other.request_offset) return name;
    if (column < other.own_offset) return "request." + name;
    const auto feature = static_cast<size_t>(column - other.own_offset);
    return other.features[feature].inherited ? name : other.name + "." + name;
  }

  bool BindFeatures() {
    std::vector<std::vector<int>> uses = OnDemandUses(*view_, texts_);
    DependencyOrder order = OrderByUse(uses);
    bool good = true;
    while (!order.cycle.empty()) {
      good = false;
      ReportCycle(order.cycle);
      for (const int i : order.cycle) {
        scope_.broken.insert(view_->features[static_cast<size_t>(i)].name);
        uses[static_cast<size_t>(i)].clear();
      }
      order = OrderByUse(uses);
    }
    for (const int i : order.order) {
      if (scope_.broken.contains(view_->features[static_cast<size_t>(i)].name)) continue;
      if (BindFeature(i)) {
        view_->order.push_back(i);
        AddOnDemandFeature(i, view_, &scope_.scope);
      } else {
        good = false;
        scope_.broken.insert(view_->features[static_cast<size_t>(i)].name);
      }
    }
    return good && view_->order.size() == view_->features.size();
  }

  bool BindFeature(int index) {
    const auto i = static_cast<size_t>(index);
    OnDemandFeature& feature = view_->features[i];
    if (own_[i] == nullptr) {
      auto bound = expr::Expression::Make(texts_[i], scope_.scope);
      if (!bound.ok()) {
        problems_->AddStatus(bound.status(), definition_.name.place());
        return false;
      }
      feature.expression = *bound;
      feature.type = bound->type();
      return true;
    }
    const auto bound = BindText(own_[i]->value, scope_, problems_);
    if (!bound || !CheckFeatureType(bound->type(), own_[i]->value, problems_)) return false;
    feature.expression = *bound;
    feature.type = bound->type();
    feature.default_value = ReadDefault(own_[i]->default_value, feature.type, problems_);
    return true;
  }

  void ReportCycle(const std::vector<int>& cycle) {
    std::string chain;
    for (const int i : cycle) chain += view_->features[static_cast<size_t>(i)].name + " -> ";
    const auto first = static_cast<size_t>(cycle[0]);
    const Text& name = own_[first] == nullptr ? definition_.name : own_[first]->name;
    problems_->Add(
        codes::kCycle, name.place(),
        "on-demand features use one another in a circle: " + chain + view_->features[first].name);
  }

  const OnDemandDefinition& definition_;
  Draft* draft_;
  ProblemList* problems_;
  OnDemandView* view_;
  DraftScope scope_;
  std::vector<int> others_;                    // on-demand views among the inputs
  std::vector<const FeatureDefinition*> own_;  // by feature; nullptr: inherited
  std::vector<std::string> texts_;             // by feature
};

}  // namespace

void CompileOnDemand(Draft* draft) {
  const auto& definitions = draft->definitions.on_demand;
  draft->plan.on_demand.resize(definitions.size());
  draft->on_demand_usable.assign(definitions.size(), false);
  std::vector<std::vector<int>> uses(definitions.size());
  for (size_t i = 0; i < definitions.size(); ++i) {
    for (const Text& input : definitions[i].inputs) {
      for (size_t k = 0; k < definitions.size(); ++k) {
        if (definitions[k].name.value == input.value) uses[i].push_back(static_cast<int>(k));
      }
    }
  }
  DependencyOrder order = OrderByUse(uses);
  while (!order.cycle.empty()) {
    std::string chain;
    for (const int i : order.cycle)
      chain += definitions[static_cast<size_t>(i)].name.value + " -> ";
    const OnDemandDefinition& first = definitions[static_cast<size_t>(order.cycle[0])];
    draft->problems->Add(
        base::codes::kCycle, first.name.place(),
        "on-demand views use one another in a circle: " + chain + first.name.value);
    for (const int i : order.cycle) uses[static_cast<size_t>(i)].clear();
    order = OrderByUse(uses);
  }
  for (const int i : order.order) {
    const auto index = static_cast<size_t>(i);
    OnDemandView view;
    draft->on_demand_usable[index] = OnDemandCompiler(definitions[index], draft, &view).Run();
    draft->plan.on_demand[index] = std::move(view);
  }
}

}  // namespace millrace::features
