#include "serve/router.h"

#include <fmt/format.h>

#include <utility>

#include "serve/routes/http_status.h"
#include "serve/routes/openapi.h"

namespace millrace::serve {

namespace {

base::Status NoRoute(const HttpRequest& request, const RouteFound& found) {
  if (found.wrong_method) {
    return base::Error(base::codes::kMethod, fmt::format("{} is not asked by {}", found.route->path,
                                                         request.method_text));
  }
  return base::Error(
      base::codes::kUnknownName,
      fmt::format("there is no {}; /openapi.json says what there is", request.path()));
}

base::Code CodeOf(int status) {
  switch (status) {
    case 408:
      return base::codes::kDeadline;
    case 413:
    case 431:
      return base::codes::kTooLarge;
    case 500:
      return base::codes::kInternal;
    case 503:
      return base::codes::kOverloaded;
    default:
      return base::codes::kSyntax;
  }
}

}  // namespace

Router::Router(Backend* backend)
    : backend_(backend),
      feast_features_(backend, true),
      features_(backend, false),
      writes_(backend),
      status_(backend) {}

std::string Router::ErrorBody(int status, std::string_view what) {
  return serve::ErrorBody({CodeOf(status), std::string(what)});
}

void Router::Handle(HttpRequest& request, HttpReply reply) {
  const RouteFound found = FindRoute(request.method, request.path());
  Call call(request, std::move(reply), found.route, backend_->metrics.get(), backend_->log.get());
  if (found.route == nullptr || found.wrong_method) return call.Refuse(NoRoute(request, found));
  // That a browser runs on this machine does not make its pages this machine's.
  if (!request.origin.empty() && request.authorization.empty() && !found.route->open) {
    return call.Refuse(base::Error(base::codes::kForbidden, "a web page needs a token here"));
  }
  call.set_principal(backend_->tokens->Find(*request.peer, request.authorization));
  // Whom nobody knows no body is read for, and no name is looked up.
  if (!found.route->open && !call.principal().known) return call.Refuse(call.Check(""));
  switch (found.route->id) {
    case RouteId::kFeastFeatures:
      return feast_features_.Handle(request, std::move(call));
    case RouteId::kFeatures:
      return features_.Handle(request, std::move(call));
    case RouteId::kPush:
      return writes_.Push(request, std::move(call));
    case RouteId::kWrite:
      return writes_.Write(request, std::move(call));
    case RouteId::kMaterialize:
      return writes_.Materialize(request, std::move(call), false);
    case RouteId::kMaterializeIncremental:
      return writes_.Materialize(request, std::move(call), true);
    case RouteId::kLog:
      return status_.Log(request, std::move(call));
    case RouteId::kHealth:
      return status_.Health(std::move(call));
    case RouteId::kLive:
      return StatusRoutes::Live(std::move(call));
    case RouteId::kMetrics:
      return status_.Metrics(std::move(call));
    case RouteId::kRegistry:
      return status_.Registry(request.path(), std::move(call));
    case RouteId::kOpenApi:
      return call.Answer(std::string(OpenApi()));
  }
}

}  // namespace millrace::serve
