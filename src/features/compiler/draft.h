// Draft: a plan while Compile makes it, with what is known to be broken, so that one mistake is
// told once. The steps of compiling, one file each; called by Compile in this order.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "features/compile.h"
#include "features/definition/definition.h"
#include "features/plan_scope.h"
#include "features/yaml/problem_list.h"

namespace millrace::features {

// A scope, and the names that are missing from it only because their own definition is wrong.
struct DraftScope {
  expr::Scope scope;
  std::set<std::string> broken;
  bool whole = true;   // false: more names may be missing for the same reason
  bool blind = false;  // no name is known: only what needs none is checked
};

// Lists of the plan are parallel to the lists of definitions, broken ones included.
struct Draft {
  const Definitions& definitions;
  const SchemaReader& schemas;
  ProblemList* problems;
  FeaturePlan plan;
  // Per source, view and on-demand view: whether others can be compiled against it.
  std::vector<bool> source_usable;
  std::vector<bool> view_usable;
  std::vector<bool> on_demand_usable;
  std::vector<std::set<std::string>> broken_columns;   // per source
  std::vector<std::set<std::string>> broken_features;  // per view
};

void CompileEntities(Draft* draft);
void CompileSources(Draft* draft);
void CompileViews(Draft* draft);
void CompileLabels(Draft* draft);
void CompileOnDemand(Draft* draft);
void CompileServices(Draft* draft);

// What a definition says about itself.
void Describe(const Definition& definition, auto* out) {
  out->description = definition.description;
  out->owner = definition.owner;
  out->tags = definition.tags;
}

// Adds a view's derived features, in any order of use. Names of those that are wrong go to
// `broken`. REQUIRES: the stored features are complete.
void CompileDerived(const std::vector<const FeatureDefinition*>& definitions, View* view,
                    std::set<std::string>* broken, ProblemList* problems);

// Binds a text to a scope. Nothing when it is wrong (reported at the character) or uses something
// broken (reported elsewhere).
std::optional<expr::Expression> BindText(const Text& text, const DraftScope& scope,
                                         ProblemList* problems);
// Whether a parsed expression mentions a name that is broken.
bool MentionsBroken(const expr::Node& node, const DraftScope& scope);

// An aggregate as a definition writes it: `percentile(amount, 0.9) filter (where …)`.
struct AggregateText {
  aggregate::Call call;
  std::shared_ptr<const aggregate::Aggregate> aggregate;
  expr::Expression input;   // empty: none
  expr::Expression filter;  // empty: none
};
std::optional<AggregateText> BindAggregate(const Text& text, const DraftScope& scope,
                                           ProblemList* problems);

// False, and a problem, when no feature can have this type.
bool CheckFeatureType(const Type& type, const Text& value, ProblemList* problems);
// `default:` as a value of the feature's type; null when there is none or it is wrong (reported).
Value ReadDefault(const yaml::Node* node, const Type& type, ProblemList* problems);

// The index of a definition by name, or -1 and a problem with the nearest name. `kind`: "source".
template <typename T>
int FindDefinition(const std::vector<T>& definitions, const Text& name, std::string_view kind,
                   Draft* draft) {
  std::vector<std::string> names;
  for (size_t i = 0; i < definitions.size(); ++i) {
    if (definitions[i].name.value == name.value) return static_cast<int>(i);
    names.push_back(definitions[i].name.value);
  }
  if (draft->definitions.whole) {
    draft->problems->Add(base::codes::kUnknownName, name.place(),
                         "there is no " + std::string(kind) + " '" + name.value + "'",
                         base::NearestHint(name.value, names));
  }
  return -1;
}

}  // namespace millrace::features
