// WriteRoutes: what changes the store: rows pushed into a source, rows written to a snapshot view,
// and the run of materialize. Each call is acknowledged when it is done.
#pragma once

#include "serve/backend.h"
#include "serve/call.h"

namespace millrace::serve {

class WriteRoutes {
 public:
  // REQUIRES: the backend outlives it.
  explicit WriteRoutes(Backend* backend) : backend_(backend) {}

  void Push(HttpRequest& request, Call call);
  void Write(HttpRequest& request, Call call);
  // `incremental`: Feast's body without start_ts.
  void Materialize(HttpRequest& request, Call call, bool incremental);

 private:
  Backend* const backend_;
};

}  // namespace millrace::serve
