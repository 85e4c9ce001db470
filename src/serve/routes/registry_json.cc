#include "serve/routes/registry_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "jobs/definitions/catalog_json.h"
#include "registry/description.h"

namespace millrace::serve {
namespace {

namespace codes = base::codes;
using features::FeaturePlan;
using Json = nlohmann::ordered_json;
using registry::Item;

// Of a path, and of an item.
struct Kind {
  std::string_view section;
  std::string_view kind;
};
constexpr Kind kKinds[] = {{"entities", "entity"},    {"sources", "source"},
                           {"views", "view"},         {"features", "feature"},
                           {"labels", "label"},       {"services", "service"},
                           {"on_demand", "on_demand"}};
constexpr std::string_view kVersions = "versions";

// The part of a feature's name that is its view's; other names whole.
std::string_view ViewOf(std::string_view name) {
  return name.substr(0, name.find(':'));
}

// What of a plan somebody may see.
class Sight {
 public:
  Sight(const FeaturePlan& plan, const MayRead& may_read) : may_read_(may_read) {
    for (const Item& item : registry::Describe(plan)) items_.emplace(item.kind, item.name);
    for (const features::View& view : plan.views) {
      if (!may_read(view.name)) continue;
      Show("view", view.name);
      if (view.source >= 0) Show("source", plan.sources[view.source].name);
      for (const int entity : view.entities) Show("entity", plan.entities[entity].name);
    }
    for (const features::OnDemandView& view : plan.on_demand) {
      if (MayReadAll(plan, view)) Show("on_demand", view.name);
    }
    for (const features::Service& service : plan.services) {
      if (MayReadAll(service)) Show("service", service.name);
    }
    for (const features::Source& source : plan.sources) ShowByName("source", source.name);
    for (const features::Entity& entity : plan.entities) ShowByName("entity", entity.name);
    for (const features::Label& label : plan.labels) ShowByName("label", label.name);
    shows_all_ = std::all_of(items_.begin(), items_.end(),
                             [&](const Name& item) { return Shows(item.first, item.second); });
  }

  bool shows_all() const { return shows_all_; }
  // Also for what is in older versions alone: that goes by its own name.
  bool Shows(const std::string& kind, const std::string& name) const {
    if (!items_.contains({kind, name})) return may_read_(ViewOf(name));
    if (kind != "feature") return shown_.contains({kind, name});
    const std::string view(ViewOf(name));
    return shown_.contains({"view", view}) || shown_.contains({"on_demand", view});
  }

 private:
  using Name = std::pair<std::string, std::string>;  // kind, name

  void Show(const char* kind, const std::string& name) { shown_.emplace(kind, name); }
  void ShowByName(const char* kind, const std::string& name) {
    if (may_read_(name)) Show(kind, name);
  }

  bool MayReadAll(const FeaturePlan& plan, const features::OnDemandView& view) const {
    return may_read_(view.name) &&
           std::all_of(view.inputs.begin(), view.inputs.end(),
                       [&](int input) { return may_read_(plan.views[input].name); }) &&
           std::all_of(view.features.begin(), view.features.end(), [&](const auto& feature) {
             // "other.feature"
             return !feature.inherited ||
                    may_read_(std::string_view(feature.name).substr(0, feature.name.find('.')));
           });
  }
  // On-demand views among them are shown already, if they are.
  bool MayReadAll(const features::Service& service) const {
    return std::all_of(service.features.begin(), service.features.end(), [&](const auto& feature) {
      return shown_.contains({"view", feature.view}) ||
             shown_.contains({"on_demand", feature.view});
    });
  }

  const MayRead& may_read_;
  std::set<Name> items_;
  std::set<Name> shown_;
  bool shows_all_ = false;
};

// The changes of a difference (registry/diff.h) that are about what is shown: each begins with a
// line "+ view user_spend …" and goes on with lines that have no such mark. What is made of several
// views may have been made of hidden ones: of it only that it changed.
std::string ShownChanges(const std::string& diff, const Sight& sight) {
  if (sight.shows_all()) return diff;
  std::string shown;
  bool show = false;
  for (size_t begin = 0; begin < diff.size();) {
    const size_t end = std::min(diff.find('\n', begin), diff.size());
    const std::string_view line(diff.data() + begin, end - begin);
    begin = end + 1;
    if (line.size() > 2 && line[1] == ' ' &&
        std::string_view("+-~").find(line[0]) != std::string_view::npos) {
      const size_t kind_end = std::min(line.find(' ', 2), line.size());
      const size_t name_end = std::min(line.find(' ', kind_end + 1), line.size());
      const std::string kind(line.substr(2, kind_end - 2));
      show = kind_end < name_end &&
             sight.Shows(kind, std::string(line.substr(kind_end + 1, name_end - kind_end - 1)));
      if (show && (kind == "service" || kind == "on_demand")) {
        shown.append(line.substr(0, name_end)).append("\n");
        show = false;
      }
    }
    if (show) shown.append(line).append("\n");
  }
  return shown;
}

// A path's part as it was before it was percent-encoded; what is no encoding stays.
std::string Decoded(std::string_view text) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? digit(text[i + 1]) : -1;
    const int low = high >= 0 ? digit(text[i + 2]) : -1;
    decoded += low >= 0 ? static_cast<char>(high * 16 + low) : text[i];
    if (low >= 0) i += 2;
  }
  return decoded;
}

struct Parts {
  std::string_view section;  // "views"; "": the registry itself
  std::string_view name;     // as sent; "": all
  std::string_view whole;    // both
};

Parts PartsOf(std::string_view path) {
  constexpr std::string_view kRoot = "/registry";
  if (path.starts_with(kRoot)) path.remove_prefix(kRoot.size());
  if (path.starts_with('/')) path.remove_prefix(1);
  const size_t slash = path.find('/');
  if (slash == std::string_view::npos) return {path, "", path};
  return {path.substr(0, slash), path.substr(slash + 1), path};
}

const Kind* FindKind(std::string_view section) {
  const auto* const found = std::find_if(std::begin(kKinds), std::end(kKinds),
                                         [&](const Kind& kind) { return kind.section == section; });
  return found == std::end(kKinds) ? nullptr : found;
}

// What is told of one version to somebody.
class Page {
 public:
  Page(const registry::Version& newest, const MayRead& may_read)
      : newest_(newest), sight_(*newest.content.plan, may_read) {}

  std::string Overview() const {
    Json counts = Json::object();
    for (const Kind& kind : kKinds) counts[std::string(kind.section)] = ItemsOf(kind).size();
    Json json = jobs::VersionJson(newest_.header);
    json.erase("diff");
    Json overview = {{"project", newest_.content.plan->project}};
    overview.update(json);
    overview["counts"] = std::move(counts);
    return jobs::JsonText(overview);
  }

  std::string All(const Kind& kind) const {
    return jobs::JsonText(jobs::ItemsJson(newest_.header.number, ItemsOf(kind)));
  }

  base::Result<std::string> One(const Kind& kind, const std::string& name) const {
    std::vector<std::string> names;
    for (const Item& item : ItemsOf(kind)) {
      if (item.name == name) return jobs::JsonText(jobs::ItemJson(newest_.header.number, item));
      names.push_back(item.name);
    }
    return base::Error({.code = codes::kUnknownName,
                        .message = fmt::format("version {} has no {} '{}'", newest_.header.number,
                                               kind.kind, name),
                        .place = {},
                        .hint = base::NearestHint(name, names)});
  }

  std::string History(const std::vector<registry::VersionHeader>& history) const {
    Json list = Json::array();
    for (const registry::VersionHeader& version : history) {
      Json json = jobs::VersionJson(version);
      json["diff"] = ShownChanges(version.diff, sight_);
      list.push_back(std::move(json));
    }
    return jobs::JsonText(list);
  }

 private:
  std::vector<Item> ItemsOf(const Kind& kind) const {
    std::vector<Item> items = registry::Describe(*newest_.content.plan);
    std::erase_if(items, [&](const Item& item) {
      return item.kind != kind.kind || !sight_.Shows(item.kind, item.name);
    });
    return items;
  }

  const registry::Version& newest_;
  const Sight sight_;
};

base::Status UnknownSection(const std::string& section) {
  std::vector<std::string> sections = {std::string(kVersions)};
  for (const Kind& kind : kKinds) sections.emplace_back(kind.section);
  return base::Error({.code = codes::kUnknownName,
                      .message = fmt::format("the registry has no '{}': there are {}", section,
                                             fmt::join(sections, ", ")),
                      .place = {},
                      .hint = base::NearestHint(section, sections)});
}

}  // namespace

base::Result<std::string> RegistryJson(const registry::Version& newest,
                                       const std::vector<registry::VersionHeader>& history,
                                       std::string_view path, const MayRead& may_read) {
  const Parts parts = PartsOf(path);
  const Page page(newest, may_read);
  if (parts.section.empty() && parts.name.empty()) return page.Overview();
  if (parts.section == kVersions && parts.name.empty()) return page.History(history);
  if (const Kind* kind = FindKind(parts.section)) {
    if (parts.name.empty()) return page.All(*kind);
    return page.One(*kind, Decoded(parts.name));
  }
  return UnknownSection(Decoded(parts.whole));
}

std::string_view RegistryRoute(std::string_view path) {
  const Parts parts = PartsOf(path);
  if (parts.section == kVersions && parts.name.empty()) return "/registry/versions";
  if (FindKind(parts.section) == nullptr) return "/registry";
  return parts.name.empty() ? "/registry/{kind}" : "/registry/{kind}/{name}";
}

}  // namespace millrace::serve
