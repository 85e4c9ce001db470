// Reads YAML documents into Definitions: the shape of every kind of definition, one file per
// family. Called by Compile; names are not looked up here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "features/definition/definition.h"
#include "features/yaml/map_reader.h"
#include "features/yaml/parse.h"
#include "features/yaml/problem_list.h"

namespace millrace::features {

// REQUIRES: `documents` and `problems` outlive the result, which points into the documents.
Definitions ReadDefinitions(const std::vector<yaml::Document>& documents, ProblemList* problems);

// Parts of it, by kind.
EntityDefinition ReadEntity(const yaml::NamedNode& named, ProblemList* problems);
SourceDefinition ReadSource(const yaml::NamedNode& named, ProblemList* problems);
ViewDefinition ReadView(const yaml::NamedNode& named, ProblemList* problems);
OnDemandDefinition ReadOnDemand(const yaml::NamedNode& named, ProblemList* problems);
LabelDefinition ReadLabel(const yaml::NamedNode& named, ProblemList* problems);
ServiceDefinition ReadService(const yaml::NamedNode& named, ProblemList* problems);

// Pieces that several kinds share.
// name, description, owner, tags.
void ReadDescription(const yaml::NamedNode& named, yaml::MapReader* fields, Definition* definition);
// False, and a problem, when an expression could not say the name. `kind` for the message.
bool CheckName(const Text& name, std::string_view kind, ProblemList* problems);
// {name: type}, where a type may also be {type:, path:} when `paths`.
std::vector<ColumnDefinition> ReadColumns(const yaml::Node& node, std::string_view what, bool paths,
                                          ProblemList* problems);
// A list of texts, or one text.
std::vector<Text> ReadTextList(const yaml::Node& node, std::string_view what,
                               ProblemList* problems);
// `window:` or `windows:` of a view, feature or label.
WindowsDefinition ReadWindows(yaml::MapReader* fields, std::string_view what,
                              ProblemList* problems);
// {name: expression} or {name: {value: …}}, with windows of their own where allowed.
std::vector<FeatureDefinition> ReadFeatures(const yaml::Node& node, std::string_view what,
                                            bool windows_allowed, ProblemList* problems);

}  // namespace millrace::features
