// StatusRoutes: what the server says of itself: whether it is ready, the metrics page, the
// registry; and what became of a request, told to it.
#pragma once

#include "serve/backend.h"
#include "serve/call.h"

namespace millrace::serve {

class StatusRoutes {
 public:
  // REQUIRES: both outlive it. `http`: set before the first call.
  explicit StatusRoutes(Backend* backend) : backend_(backend) {}
  void set_http(const HttpServer* http) { http_ = http; }

  void Health(Call call) const;
  static void Live(Call call);
  void Metrics(Call call) const;
  void Registry(std::string_view path, Call call) const;
  void Log(HttpRequest& request, Call call) const;

 private:
  Backend* const backend_;
  const HttpServer* http_ = nullptr;
};

}  // namespace millrace::serve
