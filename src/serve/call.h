// Call: one request on its way through the server: who asks for what, and the one place where its
// answer is counted, logged and sent.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/status.h"
#include "serve/access/allow.h"
#include "serve/http/http_server.h"
#include "serve/observe/metrics.h"
#include "serve/observe/request_log.h"
#include "serve/routes/feast_error.h"
#include "serve/routes/route.h"

namespace millrace::serve {

// Movable; answered once, from any thread.
class Call {
 public:
  // `route`: nullptr, when the path has none. REQUIRES: metrics and log outlive it.
  Call(const HttpRequest& request, HttpReply reply, const Route* route, Metrics* metrics,
       RequestLog* log);

  const std::string& id() const { return id_; }
  bool is_feast() const { return route_ != nullptr && route_->feast; }
  const Principal& principal() const { return principal_; }
  void set_principal(Principal principal) { principal_ = std::move(principal); }
  // What the log says that was asked for.
  void set_names(std::string names) { names_ = std::move(names); }
  void set_entities(int64_t entities) { entities_ = entities; }
  // What an unknown name would be one of.
  void set_named(FeastNamed named) { named_ = named; }

  // Error: unauthorized or forbidden.
  base::Status Check(std::string_view view) const;

  void Answer(HttpResponse response);
  void Answer(std::string json) { Answer(HttpResponse{.body = std::move(json)}); }
  // The error's status and body as the route's callers read them.
  void Refuse(const base::Status& status);

 private:
  void Send(HttpResponse response, std::string_view code);

  std::string id_;
  std::string peer_;
  HttpReply reply_;
  const Route* route_;
  Metrics* metrics_;
  RequestLog* log_;
  Principal principal_;
  std::string names_;
  int64_t entities_ = 0;
  FeastNamed named_ = FeastNamed::kNothing;
  std::chrono::steady_clock::time_point received_;
};

}  // namespace millrace::serve
