// OwnerClient: how commands ask the process that owns the embedded store, through its socket and
// the routes of everybody. Called by get, push and materialize.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "project/project.h"
#include "serve/http/http_client.h"
#include "serve/owner_socket.h"

namespace millrace::serve {

class OwnerClient {
 public:
  // Nothing: nobody serves the project's store, or it is behind a network. Errors:
  // missing_variable.
  static base::Result<std::optional<OwnerClient>> Find(const project::Project& project);

  // What the route answers. Errors: the server's, by their codes; store_unavailable (it went away:
  // what was asked may be done).
  base::Result<std::string> Post(std::string_view path, std::string_view body);

 private:
  OwnerClient(OwnerSocket socket, std::unique_ptr<HttpClient> client)
      : socket_(std::move(socket)), client_(std::move(client)) {}
  OwnerSocket socket_;
  std::unique_ptr<HttpClient> client_;
};

}  // namespace millrace::serve
