// Entities and sources as written.
#include <algorithm>
#include <array>
#include <utility>

#include "features/definition/reader.h"

namespace millrace::features {

namespace codes = base::codes;
using yaml::Node;

namespace {

constexpr std::array<std::string_view, 4> kFormats = {"parquet", "csv", "json", "delta"};

// What the extension of a path says: "" when it says nothing.
std::string FormatOf(const std::string& path) {
  const size_t dot = path.rfind('.');
  if (dot == std::string::npos || path.find('/', dot) != std::string::npos) return "";
  const std::string extension = path.substr(dot + 1);
  if (extension == "parquet" || extension == "csv" || extension == "json") return extension;
  if (extension == "jsonl" || extension == "ndjson") return "json";
  return "";
}

void ReadUnit(yaml::MapReader* fields, SourceDefinition* source, ProblemList* problems) {
  const auto text = fields->FindScalar("timestamp_unit", "s, ms, us or ns");
  if (!text) return;
  if (text->value == "s") {
    source->timestamp_unit = TimestampUnit::kSeconds;
  } else if (text->value == "ms") {
    source->timestamp_unit = TimestampUnit::kMillis;
  } else if (text->value == "us") {
    source->timestamp_unit = TimestampUnit::kMicros;
  } else if (text->value == "ns") {
    source->timestamp_unit = TimestampUnit::kNanos;
  } else {
    problems->Add(codes::kBadValue, *text->node,
                  "'timestamp_unit' is '" + text->value + "'; expected s, ms, us or ns");
  }
}

void ReadKafka(const Node& node, const std::string& what, SourceDefinition* source,
               ProblemList* problems) {
  yaml::MapReader fields(node, "'kafka' of " + what, problems);
  for (const std::string_view field : {"brokers", "topic"}) {
    if (fields.Require(field, "text") == nullptr) continue;
    source->kafka.emplace(field, fields.FindPlainText(field));
  }
  const std::string group = fields.FindPlainText("group");
  if (!group.empty()) source->kafka.emplace("group", group);
  if (const auto format = fields.FindText("format")) {
    if (format->value != "json") {
      problems->Add(codes::kBadValue, *format->node,
                    "'format' of 'kafka' is '" + format->value + "'; expected json");
    }
    source->kafka.emplace("format", format->value);
  }
  if (const auto watermark = fields.FindDuration("watermark", codes::kBadValue)) {
    source->kafka.emplace("watermark", base::FormatDuration(*watermark));
  }
  fields.Finish();
}

void ReadRename(const Node& node, const std::string& what, SourceDefinition* source,
                ProblemList* problems) {
  if (!node.is_map()) {
    problems->Add(
        codes::kBadValue, node,
        "'rename' of " + what + " is " + node.Found() + "; expected {our name: their name}");
    return;
  }
  for (size_t i = 0; i < node.keys.size(); ++i) {
    const Node& key = node.keys[i];
    const auto ours = yaml::ReadScalar(key, "a name in 'rename'", "a column's name", problems);
    const auto theirs = yaml::ReadText(node.values[i], "a name in 'rename'", problems);
    if (!ours || !theirs) continue;
    const auto same = [&](const auto& pair) { return pair.first.value == ours->value; };
    if (std::any_of(source->rename.begin(), source->rename.end(), same)) {
      problems->Add(codes::kDuplicate, key, "'" + ours->value + "' stands twice in 'rename'");
      continue;
    }
    source->rename.emplace_back(*ours, *theirs);
  }
}

void ReadFrom(yaml::MapReader* fields, const std::string& what, SourceDefinition* source,
              ProblemList* problems) {
  const auto from = fields->FindScalar("from", "an instant such as 2025-01-01T00:00:00Z");
  if (from) {
    const auto time = base::ParseTime(from->value);
    if (time.ok()) {
      source->from = *time;
    } else {
      problems->Add(codes::kBadValue, *from->node,
                    "'from' of " + what + " is '" + from->value +
                        "'; expected an instant such as 2025-01-01T00:00:00Z");
    }
  } else if (source->path && !source->kafka.empty() && fields->ok()) {
    problems->Add(codes::kMissingField, *source->node,
                  what +
                      " has both 'path' and 'kafka' and no 'from'; expected the instant before "
                      "which the files own the events and from which the topic does");
  }
}

void ReadFormat(yaml::MapReader* fields, const std::string& what, SourceDefinition* source,
                ProblemList* problems) {
  const auto format = fields->FindText("format");
  if (!format) {
    if (source->path) source->format = FormatOf(source->path->value);
    return;
  }
  if (std::find(kFormats.begin(), kFormats.end(), format->value) == kFormats.end()) {
    problems->Add(
        codes::kBadValue, *format->node,
        "'format' of " + what + " is '" + format->value + "'; expected parquet, csv, json or delta",
        base::NearestHint(format->value, {kFormats.begin(), kFormats.end()}));
    return;
  }
  source->format = format->value;
}

}  // namespace

EntityDefinition ReadEntity(const yaml::NamedNode& named, ProblemList* problems) {
  EntityDefinition entity;
  const std::string what = "entity '" + named.name.value + "'";
  yaml::MapReader fields(*named.value, what, problems);
  ReadDescription(named, &fields, &entity);
  const Node* keys = fields.Require("keys", "its join keys, such as {user_id: string}");
  if (keys != nullptr) {
    entity.keys = ReadColumns(*keys, "'keys' of " + what, false, problems);
    if (entity.keys.empty() && keys->is_map()) {
      problems->Add(codes::kBadValue, *keys, what + " has no key; expected at least one",
                    "a view without an entity has one global key");
    }
  }
  for (const ColumnDefinition& key : entity.keys) {
    CheckName(key.name, "key", problems);
    if (!key.type) continue;
    const columns::Kind kind = key.type->kind();
    if (key.type->is_float() || kind == columns::Kind::kList || kind == columns::Kind::kVector ||
        kind == columns::Kind::kMap) {
      problems->Add(codes::kTypeMismatch, *key.name.node,
                    "key '" + key.name.value + "' is " + key.type->ToString() +
                        "; expected an integer, string, bytes, bool, date or timestamp");
    }
  }
  fields.Finish();
  return entity;
}

SourceDefinition ReadSource(const yaml::NamedNode& named, ProblemList* problems) {
  SourceDefinition source;
  const std::string what = "source '" + named.name.value + "'";
  yaml::MapReader fields(*named.value, what, problems);
  ReadDescription(named, &fields, &source);
  fields.Reserve("id", "versions of one event");
  fields.Reserve("deleted", "tombstones of events");
  source.path = fields.FindText("path");
  ReadFormat(&fields, what, &source, problems);
  if (fields.Require("timestamp", "the column of the event time") != nullptr) {
    source.timestamp = fields.FindText("timestamp");
  }
  ReadUnit(&fields, &source, problems);
  source.created =
      fields.FindScalar("created", "a column or an expression such as event_time + 1d");
  if (const Node* rename = fields.Find("rename")) ReadRename(*rename, what, &source, problems);
  if (const Node* columns = fields.Find("columns")) {
    source.columns = ReadColumns(*columns, "'columns' of " + what, true, problems);
    source.has_columns = true;
  }
  if (const Node* kafka = fields.Find("kafka")) ReadKafka(*kafka, what, &source, problems);
  ReadFrom(&fields, what, &source, problems);
  fields.Finish();
  if (fields.ok() && !source.has_columns) {
    const bool text_file = source.format == "csv" || source.format == "json";
    if (text_file || !source.kafka.empty() || !source.path) {
      const std::string why = text_file     ? "its format is " + source.format
                              : source.path ? "it reads a topic"
                                            : "it has no 'path' to read them from";
      problems->Add(codes::kMissingField, *source.node,
                    what + " has no 'columns'; expected {name: type, …}, as " + why);
    }
  }
  return source;
}

}  // namespace millrace::features
