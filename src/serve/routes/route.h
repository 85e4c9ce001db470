// Route: the table of what the server answers: method and path, the name in logs and metrics, the
// verb that it takes, and whose error bodies it has.
#pragma once

#include <optional>
#include <string_view>

#include "serve/access/allow.h"
#include "serve/http/http_server.h"

namespace millrace::serve {

enum class RouteId {
  kFeastFeatures,
  kFeatures,
  kPush,
  kWrite,
  kMaterialize,
  kMaterializeIncremental,
  kLog,
  kHealth,
  kLive,
  kMetrics,
  kRegistry,
  kOpenApi,
};

struct Route {
  RouteId id;
  HttpMethod method;
  std::string_view path;  // also the name; one that ends with '/' has more behind it
  Verb verb;
  bool feast = false;  // error bodies as Feast's clients read them
  bool open = false;   // for everybody: no token is asked
};

struct RouteFound {
  const Route* route = nullptr;  // nullptr: none has this path
  bool wrong_method = false;     // one has, by another method
  std::string_view rest = {};    // behind the route's path
};

RouteFound FindRoute(HttpMethod method, std::string_view path);

}  // namespace millrace::serve
