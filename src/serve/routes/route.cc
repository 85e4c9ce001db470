#include "serve/routes/route.h"

#include <array>

namespace millrace::serve {
namespace {

constexpr std::array kRoutes = {
    Route{RouteId::kFeastFeatures, HttpMethod::kPost, "/get-online-features", Verb::kRead, true},
    Route{RouteId::kFeatures, HttpMethod::kPost, "/features", Verb::kRead},
    Route{RouteId::kPush, HttpMethod::kPost, "/push", Verb::kWrite, true},
    Route{RouteId::kWrite, HttpMethod::kPost, "/write-to-online-store", Verb::kWrite, true},
    Route{RouteId::kMaterialize, HttpMethod::kPost, "/materialize", Verb::kAdmin, true},
    Route{RouteId::kMaterializeIncremental, HttpMethod::kPost, "/materialize-incremental",
          Verb::kAdmin, true},
    Route{RouteId::kLog, HttpMethod::kPost, "/log", Verb::kWrite},
    Route{RouteId::kHealth, HttpMethod::kGet, "/health", Verb::kRead, false, true},
    Route{RouteId::kLive, HttpMethod::kGet, "/health/live", Verb::kRead, false, true},
    Route{RouteId::kMetrics, HttpMethod::kGet, "/metrics", Verb::kRead},
    Route{RouteId::kOpenApi, HttpMethod::kGet, "/openapi.json", Verb::kRead, false, true},
    Route{RouteId::kRegistry, HttpMethod::kGet, "/registry", Verb::kRead},
    Route{RouteId::kRegistry, HttpMethod::kGet, "/registry/", Verb::kRead},
};

}  // namespace

RouteFound FindRoute(HttpMethod method, std::string_view path) {
  RouteFound found;
  for (const Route& route : kRoutes) {
    const bool more = route.path.back() == '/';
    if (more ? !path.starts_with(route.path) : path != route.path) continue;
    const bool head = method == HttpMethod::kHead && route.method == HttpMethod::kGet;
    if (route.method != method && !head) {
      found.wrong_method = true;
      found.route = &route;
      continue;
    }
    return {&route, false, path.substr(route.path.size())};
  }
  return found;
}

}  // namespace millrace::serve
