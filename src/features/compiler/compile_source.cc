// Entities and sources: keys, columns from definitions and files, times.
#include <algorithm>
#include <utility>

#include "expr/parse.h"
#include "features/compiler/draft.h"

namespace millrace::features {

namespace codes = base::codes;

namespace {

int FindColumn(const Source& source, const std::string& name) {
  for (size_t i = 0; i < source.columns.size(); ++i) {
    if (source.columns[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

std::vector<std::string> ColumnNames(const Source& source) {
  std::vector<std::string> names;
  for (const Field& column : source.columns) names.push_back(column.name);
  return names;
}

class SourceCompiler {
 public:
  SourceCompiler(const SourceDefinition& definition, Draft* draft, Source* source,
                 std::set<std::string>* broken)
      : definition_(definition), draft_(draft), source_(source), broken_(broken) {}

  // Whether the columns are known, so that views can be compiled over them.
  bool Run() {
    source_->name = definition_.name.value;
    Describe(definition_, source_);
    source_->timestamp_unit = definition_.timestamp_unit;
    source_->from = definition_.from;
    source_->location.format = definition_.format;
    source_->location.kafka = definition_.kafka;
    if (definition_.path) source_->location.path = definition_.path->value;
    DeclareColumns();
    if (!ReadColumns()) return false;
    BindTimestamp();
    BindCreated();
    return source_->timestamp >= 0;
  }

 private:
  bool IsTextFile() const {
    return source_->location.format == "csv" || source_->location.format == "json";
  }

  void DeclareColumns() {
    for (const ColumnDefinition& column : definition_.columns) {
      if (!column.path.empty()) source_->location.column_paths[column.name.value] = column.path;
      if (column.type) {
        source_->columns.push_back({column.name.value, *column.type});
      } else {
        broken_->insert(column.name.value);
      }
    }
    for (const auto& [ours, theirs] : definition_.rename) {
      const auto [at, fresh] = source_->location.column_paths.emplace(ours.value, theirs.value);
      if (!fresh) {
        draft_->problems->Add(codes::kDuplicate, ours.place(),
                              "column '" + ours.value + "' has both a 'path' and a 'rename'",
                              "the path is '" + at->second + "'");
      }
    }
  }

  // Columns that only the files know. False when they cannot be known.
  bool ReadColumns() {
    const bool exact = definition_.has_columns && (IsTextFile() || !definition_.path);
    if (exact || !definition_.path || !draft_->schemas) {
      if (!definition_.has_columns) {
        if (definition_.path && !IsTextFile()) {
          draft_->problems->Add(codes::kMissingField, *definition_.node,
                                "the columns of source '" + source_->name +
                                    "' are not known here; expected 'columns'");
        }
        return false;
      }
      for (const auto& [ours, theirs] : definition_.rename) CheckDeclared(ours);
      return true;
    }
    if (IsTextFile()) return false;  // no `columns`, which is reported
    auto read = draft_->schemas(*source_);
    if (!read.ok()) {
      draft_->problems->AddStatus(read.status(), definition_.path->place());
      return false;
    }
    const std::vector<Field> declared = std::move(source_->columns);
    source_->columns = std::move(*read);
    ApplyNames();
    ApplyTypes(declared);
    // A topic has the declared columns and no others.
    if (!definition_.kafka.empty() && definition_.has_columns) source_->columns = declared;
    return true;
  }

  void CheckDeclared(const Text& name) {
    if (FindColumn(*source_, name.value) >= 0 || broken_->contains(name.value)) return;
    draft_->problems->Add(codes::kMissingColumn, name.place(),
                          "'" + name.value + "' is renamed and is none of the source's columns",
                          base::NearestHint(name.value, ColumnNames(*source_)));
  }

  // The user's names of renamed columns, where the reader gave the file's.
  void ApplyNames() {
    for (const auto& [ours, theirs] : definition_.rename) {
      if (FindColumn(*source_, ours.value) >= 0) continue;
      const int found = FindColumn(*source_, theirs.value);
      if (found >= 0) {
        source_->columns[static_cast<size_t>(found)].name = ours.value;
      } else if (theirs.value.find('.') == std::string::npos) {
        broken_->insert(ours.value);
        draft_->problems->Add(codes::kMissingColumn, theirs.place(),
                              "the files have no column '" + theirs.value + "'",
                              base::NearestHint(theirs.value, ColumnNames(*source_)));
      }
    }
  }

  // Declared types win over the files'.
  void ApplyTypes(const std::vector<Field>& declared) {
    for (const ColumnDefinition& column : definition_.columns) {
      const int found = FindColumn(*source_, column.name.value);
      const auto same = [&](const Field& f) { return f.name == column.name.value; };
      const auto typed = std::find_if(declared.begin(), declared.end(), same);
      if (found >= 0) {
        if (typed != declared.end())
          source_->columns[static_cast<size_t>(found)].type = typed->type;
        continue;
      }
      if (!column.path.empty() && typed != declared.end()) {
        source_->columns.push_back(*typed);  // a field of a struct is no column of the file
        continue;
      }
      broken_->insert(column.name.value);
      draft_->problems->Add(codes::kMissingColumn, column.name.place(),
                            "the files have no column '" + column.name.value + "'",
                            base::NearestHint(column.name.value, ColumnNames(*source_)));
    }
  }

  void BindTimestamp() {
    if (!definition_.timestamp || broken_->contains(definition_.timestamp->value)) return;
    const Text& name = *definition_.timestamp;
    const int column = FindColumn(*source_, name.value);
    if (column < 0) {
      draft_->problems->Add(codes::kMissingColumn, name.place(),
                            "the source has no column '" + name.value + "' for its event time",
                            base::NearestHint(name.value, ColumnNames(*source_)));
      return;
    }
    if (CheckTimeColumn(name, column)) source_->timestamp = column;
  }

  bool CheckTimeColumn(const Text& name, int column) {
    const Type& type = source_->columns[static_cast<size_t>(column)].type;
    const columns::Kind kind = type.kind();
    if (kind == columns::Kind::kTimestamp || kind == columns::Kind::kDate ||
        kind == columns::Kind::kString) {
      return true;
    }
    if (!type.is_integer()) {
      draft_->problems->Add(codes::kTypeMismatch, name.place(),
                            "column '" + name.value + "' is " + type.ToString() +
                                "; expected a timestamp, a date, ISO-8601 text, or an integer with "
                                "'timestamp_unit'");
      return false;
    }
    if (source_->timestamp_unit == TimestampUnit::kNone) {
      draft_->problems->Add(codes::kMissingField, name.place(),
                            "column '" + name.value + "' is " + type.ToString() +
                                " and 'timestamp_unit' is not given; expected s, ms, us or ns");
      return false;
    }
    return true;
  }

  void BindCreated() {
    if (!definition_.created) return;
    const Text& text = *definition_.created;
    const int column = FindColumn(*source_, text.value);
    DraftScope scope{SourceScope(*source_), *broken_};
    if (column >= 0) {
      if (!CheckTimeColumn(text, column)) return;
      Field& field = source_->columns[static_cast<size_t>(column)];
      if (field.type.is_integer()) {
        // The reader turns it into a timestamp by the unit, as it does the event time.
        field.type = columns::Kind::kTimestamp;
        scope.scope = SourceScope(*source_);
      } else if (field.type.kind() != columns::Kind::kTimestamp) {
        auto cast = expr::Expression::Make("cast(" + text.value + " as timestamp)", scope.scope);
        if (cast.ok()) source_->created = *cast;
        return;
      }
    }
    const auto bound = BindText(text, scope, draft_->problems);
    if (!bound) return;
    if (bound->type().kind() != columns::Kind::kTimestamp) {
      draft_->problems->Add(codes::kTypeMismatch, text.place(),
                            "'created' is " + bound->type().ToString() + "; expected a timestamp",
                            "such as a column, or event_time + 1d");
      return;
    }
    source_->created = *bound;
  }

  const SourceDefinition& definition_;
  Draft* draft_;
  Source* source_;
  std::set<std::string>* broken_;
};

}  // namespace

void CompileEntities(Draft* draft) {
  for (const EntityDefinition& definition : draft->definitions.entities) {
    Entity entity;
    entity.name = definition.name.value;
    Describe(definition, &entity);
    for (const ColumnDefinition& key : definition.keys) {
      if (key.type) entity.keys.push_back({key.name.value, *key.type});
    }
    draft->plan.entities.push_back(std::move(entity));
  }
}

void CompileSources(Draft* draft) {
  for (const SourceDefinition& definition : draft->definitions.sources) {
    Source source;
    std::set<std::string> broken;
    const bool usable = SourceCompiler(definition, draft, &source, &broken).Run();
    draft->plan.sources.push_back(std::move(source));
    draft->source_usable.push_back(usable);
    draft->broken_columns.push_back(std::move(broken));
  }
}

}  // namespace millrace::features
