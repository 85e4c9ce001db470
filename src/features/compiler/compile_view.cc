// Views and labels: names bound, features expanded by their windows, types and hashes.
#include <algorithm>
#include <utility>

#include "features/compiler/draft.h"
#include "features/definition/reader.h"
#include "features/hash.h"

namespace millrace::features {

namespace codes = base::codes;

namespace {

// Integers of any width have the same canonical bytes, so they may stand for one another in a key.
bool SameKey(const Type& a, const Type& b) {
  return a == b || (a.is_integer() && b.is_integer());
}

class ViewCompiler {
 public:
  ViewCompiler(const ViewDefinition& definition, std::string what, Draft* draft, View* view,
               std::set<std::string>* broken)
      : definition_(definition),
        what_(std::move(what)),
        draft_(draft),
        problems_(draft->problems),
        view_(view),
        broken_(broken) {}

  // Whether others can be compiled against the view.
  bool Run() {
    view_->name = definition_.name.value;
    view_->kind = definition_.windowed ? ViewKind::kWindowed : ViewKind::kSnapshot;
    view_->resolution = definition_.resolution;
    view_->ttl = definition_.ttl;
    view_->history = definition_.history;
    Describe(definition_, view_);
    CheckFeatureNames();
    const bool entities = FindEntities();
    if (!FindSource()) {
      CheckTexts();
      return false;
    }
    FillKeys(draft_->plan, view_);
    const bool keys = CheckKeys();
    FindLookups();
    FillRowColumns(draft_->plan, view_);
    const bool lookups = CheckLookupKeys();
    rows_.scope = RowScope(draft_->plan, *view_);
    BindWhere();
    if (view_->kind == ViewKind::kWindowed) {
      for (const FeatureDefinition& feature : definition_.features) CompileAggregate(feature);
    } else {
      for (const FeatureDefinition& feature : definition_.features) CompileRow(feature);
    }
    std::vector<const FeatureDefinition*> derived;
    for (const FeatureDefinition& feature : definition_.derived) {
      if (!refused_.contains(feature.name.node)) derived.push_back(&feature);
    }
    CompileDerived(derived, view_, broken_, problems_);
    const bool good = entities && keys && lookups && !where_broken_;
    if (good && broken_->empty()) FillHashes(draft_->plan, view_);
    return good;
  }

 private:
  bool FindEntities() {
    bool good = true;
    for (const Text& name : definition_.entities) {
      const int entity = FindDefinition(draft_->definitions.entities, name, "entity", draft_);
      if (entity >= 0) view_->entities.push_back(entity);
      good = good && entity >= 0;
    }
    return good;
  }

  bool FindSource() {
    if (!definition_.source) return false;
    view_->source =
        FindDefinition(draft_->definitions.sources, *definition_.source, "source", draft_);
    if (view_->source < 0 || !draft_->source_usable[static_cast<size_t>(view_->source)])
      return false;
    rows_.broken = draft_->broken_columns[static_cast<size_t>(view_->source)];
    return true;
  }

  const Source& source() const { return draft_->plan.sources[static_cast<size_t>(view_->source)]; }

  std::vector<std::string> SourceColumns() const {
    std::vector<std::string> names;
    for (const Field& column : source().columns) names.push_back(column.name);
    return names;
  }

  bool CheckKeyColumn(const Field& key, int column, const base::Place& place,
                      const std::string& whose) {
    if (rows_.broken.contains(key.name)) return false;
    if (column < 0) {
      problems_->Add(
          codes::kMissingColumn, place,
          "source '" + source().name + "' has no column '" + key.name + "', a key of " + whose,
          base::NearestHint(key.name, SourceColumns()).empty()
              ? "rename: {" + key.name + ": …} gives a column that name"
              : base::NearestHint(key.name, SourceColumns()));
      return false;
    }
    const Type& type = source().columns[static_cast<size_t>(column)].type;
    if (SameKey(type, key.type)) return true;
    problems_->Add(codes::kTypeMismatch, place,
                   "column '" + key.name + "' of source '" + source().name + "' is " +
                       type.ToString() + "; expected " + key.type.ToString() +
                       ", the type of this key of " + whose);
    return false;
  }

  bool CheckKeys() {
    bool good = true;
    size_t k = 0;
    for (size_t i = 0; i < view_->entities.size(); ++i) {
      const Entity& entity = draft_->plan.entities[static_cast<size_t>(view_->entities[i])];
      const base::Place place = KeyPlace(entity.name);
      for (const Field& key : entity.keys) {
        for (size_t before = 0; before < k; ++before) {
          if (view_->keys[before].name != key.name) continue;
          problems_->Add(codes::kDuplicate, place,
                         "key '" + key.name + "' of entity '" + entity.name +
                             "' is also a key of another entity of " + what_);
          good = false;
        }
        good = CheckKeyColumn(key, view_->key_columns[k], place, "entity '" + entity.name + "'") &&
               good;
        ++k;
      }
    }
    return good;
  }

  base::Place KeyPlace(const std::string& entity) const {
    for (const Text& name : definition_.entities) {
      if (name.value == entity) return name.place();
    }
    return definition_.name.place();
  }

  void FindLookups() {
    std::vector<LookupDefinition> sorted = definition_.lookups;
    std::sort(sorted.begin(), sorted.end(),
              [](const auto& a, const auto& b) { return a.prefix.value < b.prefix.value; });
    for (const LookupDefinition& lookup : sorted) {
      const int target = FindDefinition(draft_->definitions.views, lookup.view, "view", draft_);
      rows_.broken.insert(lookup.prefix.value + ".");
      if (target < 0) continue;
      const ViewDefinition& definition = draft_->definitions.views[static_cast<size_t>(target)];
      if (definition.windowed) {
        problems_->Add(codes::kTypeMismatch, lookup.view.place(),
                       "view '" + lookup.view.value +
                           "' is windowed; expected a snapshot view, whose "
                           "row an event can gain");
        continue;
      }
      if (!draft_->view_usable[static_cast<size_t>(target)]) continue;
      rows_.broken.erase(lookup.prefix.value + ".");
      for (const std::string& name : draft_->broken_features[static_cast<size_t>(target)]) {
        rows_.broken.insert(lookup.prefix.value + "." + name);
      }
      lookups_.push_back(lookup);
      view_->lookups.push_back({lookup.prefix.value, target, {}, -1});
    }
  }

  bool CheckLookupKeys() {
    bool good = true;
    for (size_t i = 0; i < view_->lookups.size(); ++i) {
      const Lookup& lookup = view_->lookups[i];
      const View& target = draft_->plan.views[static_cast<size_t>(lookup.view)];
      for (size_t k = 0; k < target.keys.size(); ++k) {
        good = CheckKeyColumn(target.keys[k], lookup.key_columns[k], lookups_[i].view.place(),
                              "view '" + target.name + "'") &&
               good;
      }
    }
    return good;
  }

  // What can be said of the expressions of a view whose source is not known.
  void CheckTexts() {
    rows_.blind = true;
    if (definition_.where) BindText(*definition_.where, rows_, problems_);
    for (const FeatureDefinition& feature : definition_.features) {
      if (view_->kind == ViewKind::kSnapshot) {
        BindText(feature.value, rows_, problems_);
        continue;
      }
      BindAggregate(feature.value, rows_, problems_);
      for (const WindowDefinition& window : WindowsOf(feature).list) CheckWindow(window);
    }
    for (const FeatureDefinition& feature : definition_.derived) {
      BindText(feature.value, rows_, problems_);
    }
  }

  void BindWhere() {
    if (!definition_.where) return;
    const auto bound = BindText(*definition_.where, rows_, problems_);
    where_broken_ = !bound;
    if (!bound) return;
    if (bound->type().kind() != columns::Kind::kBool) {
      where_broken_ = true;
      problems_->Add(codes::kTypeMismatch, definition_.where->place(),
                     "'where' is " + bound->type().ToString() + "; expected a condition (bool)");
      return;
    }
    view_->where = *bound;
  }

  // Names of all features, expanded, each once; also a clash with a derived one.
  void CheckFeatureNames() {
    std::vector<std::pair<std::string, Text>> taken;
    const auto take = [&](const std::string& name, const Text& written) {
      for (const auto& [other, place] : taken) {
        if (other != name) continue;
        problems_->Add(codes::kDuplicate, written.place(),
                       "feature '" + name + "' of " + what_ + " is defined twice",
                       "the other one is at " + place.place().ToString());
        refused_.insert(written.node);
        return;
      }
      taken.emplace_back(name, written);
    };
    for (const FeatureDefinition& feature : definition_.features) {
      const std::vector<std::string> names = ExpandedNames(feature);
      CheckOneName(names.empty() ? feature.name.value : names[0], feature);
      for (const std::string& name : names) take(name, feature.name);
    }
    for (const FeatureDefinition& feature : definition_.derived) {
      CheckOneName(feature.name.value, feature);
      take(feature.name.value, feature.name);
    }
  }

  void CheckOneName(const std::string& name, const FeatureDefinition& feature);

  const WindowsDefinition& WindowsOf(const FeatureDefinition& feature) const {
    return feature.windows.given ? feature.windows : definition_.windows;
  }

  std::vector<std::string> ExpandedNames(const FeatureDefinition& feature) const {
    if (view_->kind == ViewKind::kSnapshot) return {feature.name.value};
    std::vector<std::string> names;
    const WindowsDefinition& windows = WindowsOf(feature);
    for (const WindowDefinition& window : windows.list) {
      names.push_back(windows.suffixed ? feature.name.value + "_" + window.text.value
                                       : feature.name.value);
    }
    return names;
  }

  void MarkBroken(const FeatureDefinition& feature) {
    for (const std::string& name : ExpandedNames(feature)) broken_->insert(name);
  }

  // Index of an expression in a list of distinct ones.
  static int Share(const expr::Expression& expression, std::vector<expr::Expression>* list) {
    if (!expression) return -1;
    for (size_t i = 0; i < list->size(); ++i) {
      if ((*list)[i].text() == expression.text()) return static_cast<int>(i);
    }
    list->push_back(expression);
    return static_cast<int>(list->size()) - 1;
  }

  bool CheckWindow(const WindowDefinition& window) {
    if (view_->resolution.micros() == 0) return true;
    if (!window.window.length) {
      problems_->Add(codes::kBadWindow, window.text.place(),
                     "the window all has no resolution, and " + what_ + " has resolution " +
                         definition_.resolution_text.value + "; expected resolution: exact");
      return false;
    }
    if (window.window.length->micros() % view_->resolution.micros() == 0) return true;
    problems_->Add(codes::kBadWindow, window.text.place(),
                   "the window " + window.text.value + " is no multiple of the resolution " +
                       definition_.resolution_text.value);
    return false;
  }

  void CompileAggregate(const FeatureDefinition& definition) {
    const auto bound = BindAggregate(definition.value, rows_, problems_);
    const auto& windows = WindowsOf(definition).list;
    if (!definition_.windows.given && !definition.windows.given && HasWindowElsewhere()) {
      problems_->Add(codes::kMissingField, definition.name.place(),
                     "feature '" + definition.name.value + "' has no window and " + what_ +
                         " has no 'windows'; expected one of them");
    }
    bool good = bound.has_value() && !refused_.contains(definition.name.node);
    for (const WindowDefinition& window : windows) good = CheckWindow(window) && good;
    if (!good) {
      MarkBroken(definition);
      return;
    }
    Feature feature;
    feature.type = bound->aggregate->result_type();
    feature.kind = FeatureKind::kAggregate;
    feature.default_value = ReadDefault(definition.default_value, feature.type, problems_);
    feature.aggregate = bound->aggregate;
    feature.call = bound->call;
    feature.input = Share(bound->input, &view_->inputs);
    feature.filter = Share(bound->filter, &view_->filters);
    Describe(definition, &feature);
    const auto names = ExpandedNames(definition);
    for (size_t i = 0; i < windows.size(); ++i) {
      feature.name = names[i];
      feature.window = windows[i].window;
      view_->features.push_back(feature);
    }
  }

  // A view whose features all lack a window has said so once.
  bool HasWindowElsewhere() const {
    return std::any_of(definition_.features.begin(), definition_.features.end(),
                       [](const FeatureDefinition& f) { return f.windows.given; });
  }

  void CompileRow(const FeatureDefinition& definition) {
    const auto bound = BindText(definition.value, rows_, problems_);
    const bool duplicate = refused_.contains(definition.name.node);
    if (!bound || !CheckFeatureType(bound->type(), definition.value, problems_) || duplicate) {
      if (!duplicate) broken_->insert(definition.name.value);
      return;
    }
    Feature feature;
    feature.name = definition.name.value;
    feature.type = bound->type();
    feature.kind = FeatureKind::kRow;
    feature.default_value = ReadDefault(definition.default_value, feature.type, problems_);
    feature.expression = *bound;
    Describe(definition, &feature);
    view_->features.push_back(std::move(feature));
  }

  const ViewDefinition& definition_;
  std::string what_;
  Draft* draft_;
  ProblemList* problems_;
  View* view_;
  std::set<std::string>* broken_;
  DraftScope rows_;
  std::vector<LookupDefinition> lookups_;  // parallel to the view's
  std::set<const yaml::Node*> refused_;
  bool where_broken_ = false;
};

// `name` as expanded: a suffix makes any word of the language a name of its own.
void ViewCompiler::CheckOneName(const std::string& name, const FeatureDefinition& feature) {
  if (definition_.name.node == feature.name.node) return;  // a label's, checked with it
  if (!CheckName({name, feature.name.node}, "feature", problems_)) {
    refused_.insert(feature.name.node);
  }
}

}  // namespace

void CompileViews(Draft* draft) {
  const auto& definitions = draft->definitions.views;
  draft->plan.views.resize(definitions.size());
  draft->view_usable.assign(definitions.size(), false);
  draft->broken_features.resize(definitions.size());
  // Snapshot views first: windowed ones look them up.
  for (const bool windowed : {false, true}) {
    for (size_t i = 0; i < definitions.size(); ++i) {
      if (definitions[i].windowed != windowed) continue;
      View view;
      std::set<std::string> broken;
      ViewCompiler compiler(definitions[i], "view '" + definitions[i].name.value + "'", draft,
                            &view, &broken);
      draft->view_usable[i] = compiler.Run();
      draft->plan.views[i] = std::move(view);
      draft->broken_features[i] = std::move(broken);
    }
  }
}

void CompileLabels(Draft* draft) {
  for (const LabelDefinition& definition : draft->definitions.labels) {
    Label label;
    label.name = definition.name.value;
    std::set<std::string> broken;
    ViewCompiler compiler(definition.view, "label '" + definition.name.value + "'", draft,
                          &label.view, &broken);
    compiler.Run();
    const auto& windows = definition.view.windows.list;
    if (!windows.empty()) label.length = *windows[0].window.length;
    if (broken.empty() && draft->problems->empty()) FillLabelHashes(draft->plan, &label);
    draft->plan.labels.push_back(std::move(label));
  }
}

}  // namespace millrace::features
