#include "serve/routes/feast_error.h"

#include <nlohmann/json.hpp>
#include <string_view>

#include "serve/routes/http_status.h"

namespace millrace::serve {

using base::Problem;

namespace {

namespace codes = base::codes;
using Json = nlohmann::ordered_json;

std::string_view UnknownClass(FeastNamed named) {
  switch (named) {
    case FeastNamed::kFeatures:
    case FeastNamed::kView:
      return "FeatureViewNotFoundException";
    case FeastNamed::kService:
      return "FeatureServiceNotFoundException";
    case FeastNamed::kPushSource:
      return "PushSourceNotFoundException";
    case FeastNamed::kNothing:
      return "FeastObjectNotFoundException";
  }
  return "FeastError";
}

std::string_view ClassOf(const Problem& problem, FeastNamed named) {
  const base::Code& code = problem.code;
  if (code == codes::kUnknownName || code == codes::kNotReady) return UnknownClass(named);
  // A join key or a field that only the caller knows: both are columns of Feast's entity rows.
  if (code == codes::kMissingColumn) return "RequestDataNotFoundInEntityRowsException";
  if (code == codes::kDuplicate) return "FeatureNameCollisionError";
  if (code == codes::kUnauthorized || code == codes::kForbidden) return "FeastPermissionError";
  return "FeastError";
}

}  // namespace

FeastError MakeFeastError(const Problem& problem, FeastNamed named) {
  const Json error = {{"module", "feast.errors"},
                      {"class", ClassOf(problem, named)},
                      {"message", DetailOf(problem)},
                      {"code", problem.code.name}};
  const auto text = [](const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
  };
  return {StatusOf(problem), text(Json(text(error)))};
}

}  // namespace millrace::serve
