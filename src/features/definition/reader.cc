// Walks the documents of a repository, reads every definition and refuses names given twice.
#include "features/definition/reader.h"

#include <algorithm>
#include <map>
#include <utility>

namespace millrace::features {

namespace codes = base::codes;

namespace {

const std::vector<std::string> kKinds = {"entities",  "sources", "views",
                                         "on_demand", "labels",  "services"};

// Names taken so far, by namespace: views and on-demand views share one, as `view:feature` names
// both.
class Names {
 public:
  explicit Names(ProblemList* problems) : problems_(problems) {}

  // False, and a problem naming the other place, when the name is taken.
  bool Take(const std::string& space, const std::string& kind, const Text& name) {
    const auto [it, fresh] =
        taken_.emplace(std::pair(space, name.value), std::pair(kind, name.node));
    if (fresh) return true;
    problems_->Add(codes::kDuplicate, *name.node,
                   kind + " '" + name.value + "' is defined twice" +
                       (it->second.first == kind ? "" : ", first as a " + it->second.first),
                   "the other one is at " + it->second.second->place().ToString());
    return false;
  }

 private:
  ProblemList* problems_;
  std::map<std::pair<std::string, std::string>, std::pair<std::string, const yaml::Node*>> taken_;
};

class Reader {
 public:
  explicit Reader(ProblemList* problems) : problems_(problems), names_(problems) {}

  void ReadRoot(const yaml::Node& root) {
    if (root.kind == yaml::NodeKind::kNull) return;
    if (!root.is_map()) {
      problems_->Add(codes::kBadValue, root,
                     "a definition file holds " + root.Found() +
                         "; expected entities, sources, views, on_demand, labels or services");
      return;
    }
    for (size_t i = 0; i < root.keys.size(); ++i) ReadKind(root.keys[i], root.values[i]);
  }

  Definitions Take() {
    SortByName(&all_.entities);
    SortByName(&all_.sources);
    SortByName(&all_.views);
    SortByName(&all_.on_demand);
    SortByName(&all_.labels);
    SortByName(&all_.services);
    return std::move(all_);
  }

 private:
  void ReadKind(const yaml::Node& key, const yaml::Node& value) {
    if (value.refused && !value.is_map()) return;
    if (key.text == "entities") {
      ReadAll("entity", "entity", value, ReadEntity, &all_.entities);
    } else if (key.text == "sources") {
      ReadAll("source", "source", value, ReadSource, &all_.sources);
    } else if (key.text == "views") {
      ReadAll("view", "view", value, ReadView, &all_.views);
    } else if (key.text == "on_demand") {
      ReadAll("view", "on-demand view", value, ReadOnDemand, &all_.on_demand);
    } else if (key.text == "labels") {
      ReadAll("label", "label", value, ReadLabel, &all_.labels);
    } else if (key.text == "services") {
      ReadAll("service", "service", value, ReadService, &all_.services);
    } else {
      std::string hint = base::NearestHint(key.text, kKinds);
      problems_->Add(codes::kUnknownField, key,
                     "'" + key.text +
                         "' is no kind of definition; expected "
                         "entities, sources, views, on_demand, labels or services",
                     std::move(hint));
    }
  }

  template <typename T>
  void ReadAll(const std::string& space, const std::string& kind, const yaml::Node& node,
               T (*read)(const yaml::NamedNode&, ProblemList*), std::vector<T>* out) {
    for (const yaml::NamedNode& named : yaml::ReadNamed(node, kind, problems_)) {
      // What was cut off is missing, like what would have followed it.
      if (named.value->refused) {
        all_.whole = false;
        continue;
      }
      CheckName(named.name, kind, problems_);
      T definition = read(named, problems_);
      if (names_.Take(space, kind, named.name)) out->push_back(std::move(definition));
    }
  }

  template <typename T>
  static void SortByName(std::vector<T>* definitions) {
    std::sort(definitions->begin(), definitions->end(),
              [](const T& a, const T& b) { return a.name.value < b.name.value; });
  }

  ProblemList* problems_;
  Names names_;
  Definitions all_;
};

}  // namespace

Definitions ReadDefinitions(const std::vector<yaml::Document>& documents, ProblemList* problems) {
  Reader reader(problems);
  bool whole = true;
  for (const yaml::Document& document : documents) {
    whole = whole && document.readable;
    for (const yaml::Node& root : document.roots) reader.ReadRoot(root);
  }
  Definitions definitions = reader.Take();
  definitions.whole = definitions.whole && whole;
  return definitions;
}

}  // namespace millrace::features
