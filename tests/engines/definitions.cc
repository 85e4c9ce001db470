// Entities: `user` has the key `user_id`, of the type that column has in the view's table. Sources:
// the table's columns and its files; `created` if the table has such a column.
#include "engines/definitions.h"

#include <yaml-cpp/yaml.h>

#include <map>
#include <set>

#include "engines/scenario.h"

namespace millrace::engines {
namespace {

// A child of a map; an undefined node for anything else. Never inserts.
YAML::Node Child(const YAML::Node& node, const std::string& name) {
  if (!node.IsDefined() || !node.IsMap()) return YAML::Node(YAML::NodeType::Undefined);
  const YAML::Node& constant = node;
  return constant[name];
}

bool Has(const YAML::Node& node, const std::string& name) {
  return node.IsDefined() && node.IsMap() && Child(node, name).IsDefined();
}

std::string Scalar(const YAML::Node& node) {
  return node.IsDefined() && node.IsScalar() ? node.Scalar() : "";
}

std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

// Only columns that no inference from a Parquet file could tell need to be declared there.
bool NeedsColumns(const EventTable& table) {
  for (const Field& field : table.columns) {
    if (field.type.kind() == columns::Kind::kVector) return true;
  }
  return false;
}

std::string ColumnsOf(const EventTable& table) {
  std::string text = "{";
  for (const Field& field : table.columns) {
    if (text.size() > 1) text += ", ";
    text += Quoted(field.name) + ": " + Quoted(field.type.ToString());
  }
  return text + "}";
}

}  // namespace

WrittenDefinitions::WrittenDefinitions(std::string text) : text_(std::move(text)) {
  try {
    root_ = std::make_unique<YAML::Node>(YAML::Load(text_));
  } catch (const YAML::Exception&) {
    root_ = nullptr;
  }
}

WrittenDefinitions::~WrittenDefinitions() = default;

std::string WrittenDefinitions::ColumnType(const std::string& source,
                                           const std::string& column) const {
  if (!root_) return "";
  const YAML::Node type = Child(Child(Child(Child(*root_, "sources"), source), "columns"), column);
  return Has(type, "type") ? Scalar(Child(type, "type")) : Scalar(type);
}

std::string WrittenDefinitions::TimestampColumn(const std::string& source) const {
  if (!root_) return "event_time";
  const std::string name = Scalar(Child(Child(Child(*root_, "sources"), source), "timestamp"));
  return name.empty() ? "event_time" : name;
}

std::string WrittenDefinitions::FileColumn(const std::string& source,
                                           const std::string& column) const {
  if (!root_) return column;
  const std::string theirs =
      Scalar(Child(Child(Child(Child(*root_, "sources"), source), "rename"), column));
  return theirs.empty() ? column : theirs;
}

Completed WrittenDefinitions::Complete(const std::vector<EventTable>& tables,
                                       const std::string& format) const {
  if (!root_) return {text_, ""};
  Completed completed;
  completed.own = Has(*root_, "sources") ? WithoutSources() : text_;
  completed.derived = DerivedEntities(tables) + DerivedSources(tables, format);
  return completed;
}

std::string WrittenDefinitions::DerivedEntities(const std::vector<EventTable>& tables) const {
  std::map<std::string, std::string> key_types;  // entity -> type of its key
  for (const char* section : {"views", "labels"}) {
    const YAML::Node views = Child(*root_, section);
    if (!views.IsDefined() || !views.IsMap()) continue;
    for (const auto& entry : views) {
      std::vector<std::string> names;
      if (Has(entry.second, "entity")) names.push_back(Scalar(Child(entry.second, "entity")));
      const YAML::Node several = Child(entry.second, "entities");
      if (several.IsDefined() && several.IsSequence()) {
        for (const auto& name : several) names.push_back(Scalar(name));
      }
      const std::string source = Scalar(Child(entry.second, "source"));
      for (const std::string& name : names) {
        if (name.empty() || Has(Child(*root_, "entities"), name)) continue;
        for (const EventTable& table : tables) {
          const int column = table.Find(name + "_id");
          if (column < 0 || (key_types.contains(name) && table.source != source)) continue;
          key_types[name] = table.columns[static_cast<size_t>(column)].type.ToString();
          if (table.source == source) break;
        }
      }
    }
  }
  if (key_types.empty()) return "";
  std::string text = "entities:\n";
  for (const auto& [name, type] : key_types) {
    text += "  " + name + ": {keys: {" + name + "_id: " + Quoted(type) + "}}\n";
  }
  return text;
}

std::string WrittenDefinitions::DerivedSources(const std::vector<EventTable>& tables,
                                               const std::string& format) const {
  YAML::Node sources = YAML::Clone(Child(*root_, "sources"));
  std::string text;
  std::set<std::string> seen;
  for (const EventTable& table : tables) {
    seen.insert(table.source);
    std::string entry = "    path: " + Quoted(table.source + "-*." + format) + "\n";
    const YAML::Node written = Child(sources, table.source);
    auto add = [&](const std::string& word, const std::string& value) {
      if (!Has(written, word)) entry += "    " + word + ": " + value + "\n";
    };
    if (Has(written, "path")) entry.clear();
    add("timestamp", "event_time");
    if (table.Find("created") >= 0) add("created", "created");
    if (format != "parquet" || NeedsColumns(table)) add("columns", ColumnsOf(table));
    if (written.IsDefined() && written.IsMap()) {
      for (const auto& field : written) {
        YAML::Emitter emitter;
        emitter << YAML::Flow << field.second;
        entry += "    " + Scalar(field.first) + ": " + emitter.c_str() + "\n";
      }
    }
    text += "  " + table.source + ":\n" + entry;
  }
  if (sources.IsDefined() && sources.IsMap()) {
    for (const auto& entry : sources) {
      if (seen.contains(Scalar(entry.first))) continue;
      YAML::Emitter emitter;
      emitter << YAML::Flow << entry.second;
      text += "  " + Scalar(entry.first) + ": " + emitter.c_str() + "\n";
    }
  }
  return text.empty() ? "" : "sources:\n" + text;
}

// The text with the lines of `sources:` emptied.
std::string WrittenDefinitions::WithoutSources() const {
  std::string result;
  bool inside = false;
  for (size_t begin = 0; begin < text_.size();) {
    const size_t end = std::min(text_.find('\n', begin), text_.size());
    const std::string line = text_.substr(begin, end - begin);
    if (!line.empty() && line.front() != ' ' && line.front() != '#') {
      inside = line.starts_with("sources:");
    }
    result += (inside ? "" : line) + "\n";
    begin = end + 1;
  }
  return result;
}

}  // namespace millrace::engines
