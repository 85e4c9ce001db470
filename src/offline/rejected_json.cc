#include "offline/rejected_json.h"

namespace millrace::offline {

nlohmann::ordered_json RejectedJson(const columns::RejectedRows& rejected) {
  auto json = nlohmann::ordered_json::array();
  for (const auto& reason : rejected.reasons) {
    json.push_back({{"where", reason.where},
                    {"code", reason.code},
                    {"count", reason.count},
                    {"examples", reason.examples}});
  }
  return json;
}

}  // namespace millrace::offline
