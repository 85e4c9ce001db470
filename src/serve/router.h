// Router: from a request to the route that answers it, past the question who asks.
#pragma once

#include <string>
#include <string_view>

#include "serve/backend.h"
#include "serve/routes/features_route.h"
#include "serve/routes/status_routes.h"
#include "serve/routes/write_routes.h"

namespace millrace::serve {

class Router {
 public:
  // REQUIRES: the backend outlives it.
  explicit Router(Backend* backend);
  void set_http(const HttpServer* http) { status_.set_http(http); }

  void Handle(HttpRequest& request, HttpReply reply);

  // What HttpServer answers by itself.
  static std::string ErrorBody(int status, std::string_view what);

 private:
  Backend* const backend_;
  FeaturesRoute feast_features_;
  FeaturesRoute features_;
  WriteRoutes writes_;
  StatusRoutes status_;
};

}  // namespace millrace::serve
