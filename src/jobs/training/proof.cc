// The text: one JSON object whose fields always stand in the same order.
#include "jobs/training/proof.h"

#include <nlohmann/json.hpp>

#include "base/hash.h"

namespace millrace::jobs {

using Json = nlohmann::ordered_json;

namespace {

Json FileJson(const sources::InputFile& file) {
  return {{"path", file.path}, {"bytes", file.bytes}, {"tag", file.tag}};
}

Json DurationJson(const std::optional<base::Duration>& duration) {
  return duration.has_value() ? Json(duration->micros()) : Json(nullptr);
}

Json TimeJson(const std::optional<base::EventTime>& time) {
  return time.has_value() ? Json(base::FormatTime(*time)) : Json(nullptr);
}

Json OptionsJson(const ProofOptions& options) {
  return {{"features", options.features},     {"service", options.service},
          {"labels", options.labels},         {"timestamp", options.timestamp},
          {"full_names", options.full_names}, {"ignore_created", options.ignore_created},
          {"strict", options.strict},         {"every_us", DurationJson(options.every)},
          {"from", TimeJson(options.from)},   {"to", TimeJson(options.to)}};
}

Json SourcesJson(const std::vector<ProofSource>& sources) {
  Json json = Json::array();
  for (const ProofSource& source : sources) {
    Json files = Json::array();
    for (const sources::InputFile& file : source.files) files.push_back(FileJson(file));
    json.push_back({{"source", source.source},
                    {"has_created", source.has_created},
                    {"rows_pruned", source.rows_pruned},
                    {"events", source.events},
                    {"files", files}});
  }
  return json;
}

Json WithoutDigest(const Proof& proof) {
  Json json = {{"format", "millrace training set proof"},
               {"format_version", 1},
               {"project", proof.project},
               {"registry_version", proof.registry_version}};
  json["columns"] = Json::array();
  for (const ProofColumn& column : proof.columns) {
    json["columns"].push_back(
        {{"column", column.column}, {"feature", column.feature}, {"hash", column.hash}});
  }
  json["options"] = OptionsJson(proof.options);
  json["spine"] = proof.spine.has_value() ? FileJson(*proof.spine) : Json(nullptr);
  json["sources"] = SourcesJson(proof.sources);
  json["rows"] = {{"in", proof.rows_in},
                  {"out", proof.rows_out},
                  {"null_key", proof.rows_null_key},
                  {"null_time", proof.rows_null_time}};
  json["rejected"] = Json::array();
  for (const ProofRejected& reason : proof.rejected) {
    json["rejected"].push_back(
        {{"where", reason.where}, {"code", reason.code}, {"count", reason.count}});
  }
  json["null_cells"] = Json::array();
  for (const offline::NullCells& cells : proof.null_cells) {
    json["null_cells"].push_back(
        {{"column", cells.column}, {"reason", cells.reason}, {"count", cells.count}});
  }
  json["gaps"] = Json::array();
  for (const offline::UsedGap& gap : proof.gaps) {
    json["gaps"].push_back({{"view", gap.view},
                            {"event_us", DurationJson(gap.event)},
                            {"created_us", DurationJson(gap.created)}});
  }
  json["assumptions"] = proof.assumptions;
  json["output"] = {{"bytes", proof.output.bytes},
                    {"tag", proof.output.tag},
                    {"rows", proof.output.rows},
                    {"columns", proof.output.columns}};
  return json;
}

// Paths may hold bytes that are not UTF-8; they must not stop a proof.
std::string TextOf(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string DigestOf(const Proof& proof) {
  return base::Hex(base::Hash64(TextOf(WithoutDigest(proof))));
}

std::string ToJson(const Proof& proof) {
  Json json = WithoutDigest(proof);
  json["digest"] = base::Hex(base::Hash64(TextOf(json)));
  return TextOf(json);
}

std::string ProofPath(const std::string& output) {
  return output + ".proof.json";
}

}  // namespace millrace::jobs
