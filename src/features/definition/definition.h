// Definitions: what a repository's files say, each with its place, before names are bound and types
// known. Made by ReadDefinitions, compiled by Compile; nobody else sees them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "columns/type.h"
#include "features/plan.h"
#include "features/yaml/node.h"

namespace millrace::features {

using yaml::Text;

// What every definition may say about itself.
struct Definition {
  Text name;
  const yaml::Node* node = nullptr;  // its mapping
  std::string description;
  std::string owner;
  std::map<std::string, std::string> tags;
};

struct ColumnDefinition {
  Text name;
  std::optional<Type> type;  // none: it was wrong and is reported
  std::string path;          // dotted, into structs; "": the name itself
};

struct EntityDefinition : Definition {
  std::vector<ColumnDefinition> keys;
};

struct SourceDefinition : Definition {
  std::optional<Text> path;
  std::string format;  // as typed, or by the path's extension; "" when neither says
  std::optional<Text> timestamp;
  TimestampUnit timestamp_unit = TimestampUnit::kNone;
  std::optional<Text> created;
  std::vector<std::pair<Text, Text>> rename;  // ours, theirs
  std::vector<ColumnDefinition> columns;
  bool has_columns = false;
  std::map<std::string, std::string> kafka;
  std::optional<base::EventTime> from;
};

struct WindowDefinition {
  Text text;  // as typed: the suffix
  window::Window window;
};

// `window:` or `windows:`.
struct WindowsDefinition {
  std::vector<WindowDefinition> list;
  bool given = false;     // one of the two stands there, right or wrong
  bool suffixed = false;  // by `windows:`; `window:` adds no suffix
};

struct FeatureDefinition : Definition {
  Text value;
  WindowsDefinition windows;  // of its own
  const yaml::Node* default_value = nullptr;
};

struct LookupDefinition {
  Text prefix;
  Text view;
};

struct ViewDefinition : Definition {
  bool windowed = false;
  std::vector<Text> entities;
  std::optional<Text> source;
  std::optional<Text> where;
  WindowsDefinition windows;
  std::vector<LookupDefinition> lookups;
  std::optional<base::Duration> ttl;
  base::Duration resolution;
  Text resolution_text;
  std::optional<base::Duration> history = base::Duration::Seconds(3600);  // none: all
  std::vector<FeatureDefinition> features;
  std::vector<FeatureDefinition> derived;
};

struct OnDemandDefinition : Definition {
  std::vector<Text> inputs;
  std::vector<ColumnDefinition> request;
  std::vector<FeatureDefinition> features;
};

// One windowed feature over a view of its own.
struct LabelDefinition : Definition {
  ViewDefinition view;
};

struct ServiceEntry {
  const yaml::Node* node = nullptr;
  Text view;
  std::vector<Text> features;  // "*": all
  std::string as;
  std::vector<std::pair<Text, Text>> keys;  // entity key, column of the spine or request
};

struct ServiceDefinition : Definition {
  std::vector<ServiceEntry> entries;
  double log = 0.0;
};

// Each list in byte order of the names, which are distinct.
struct Definitions {
  std::vector<EntityDefinition> entities;
  std::vector<SourceDefinition> sources;
  std::vector<ViewDefinition> views;
  std::vector<OnDemandDefinition> on_demand;
  std::vector<LabelDefinition> labels;
  std::vector<ServiceDefinition> services;
  // False when a file could not be read to its end: a name that is not found may be in the rest.
  bool whole = true;
};

}  // namespace millrace::features
