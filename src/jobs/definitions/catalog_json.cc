#include "jobs/definitions/catalog_json.h"

namespace millrace::jobs {

using Json = nlohmann::ordered_json;

Json ItemsJson(int version, const std::vector<registry::Item>& items) {
  Json list = Json::array();
  for (const registry::Item& item : items) {
    list.push_back({{"kind", item.kind}, {"name", item.name}, {"properties", item.properties}});
  }
  return {{"version", version}, {"items", std::move(list)}};
}

Json ItemJson(int version, const registry::Item& item) {
  return {{"version", version},
          {"kind", item.kind},
          {"name", item.name},
          {"properties", item.properties}};
}

Json VersionJson(const registry::VersionHeader& version) {
  return {{"version", version.number},
          {"author", version.author},
          {"time", base::FormatTime(version.time)},
          {"diff", version.diff}};
}

std::string JsonText(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace millrace::jobs
