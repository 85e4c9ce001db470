#include "serve/owner_client.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

namespace millrace::serve {

using base::Result;
using base::Status;
using nlohmann::json;

namespace {

// A run of materialize takes as long as it takes.
constexpr std::chrono::hours kCallTime{24};

// The problem behind either kind of error body.
Status ErrorOf(const ClientResponse& response) {
  json body = json::parse(response.body, nullptr, false);
  if (body.is_string()) body = json::parse(body.get<std::string>(), nullptr, false);
  if (body.is_object()) {
    const auto code = base::FindCode(body.value("code", ""));
    if (code.has_value())
      return base::Error(*code, body.value("detail", body.value("message", "")));
  }
  return base::Error(base::codes::kInternal,
                     fmt::format("the server answers {}: {}", response.status, response.body));
}

}  // namespace

Result<std::optional<OwnerClient>> OwnerClient::Find(const project::Project& project) {
  auto socket = OwnerSocket::Of(project);
  if (!socket.ok()) {
    const bool none = base::ProblemsOf(socket.status())[0].code == base::codes::kNotFound;
    return none ? Result<std::optional<OwnerClient>>(std::nullopt) : socket.status();
  }
  if (!socket->exists()) return std::optional<OwnerClient>();
  auto client = HttpClient::Connect(socket->address());
  if (!client.ok()) return std::optional<OwnerClient>();
  return std::optional<OwnerClient>(OwnerClient(*std::move(socket), *std::move(client)));
}

Result<std::string> OwnerClient::Post(std::string_view path, std::string_view body) {
  ARROW_ASSIGN_OR_RAISE(ClientResponse response, client_->Call("POST", path, body, kCallTime));
  return response.status == 200 ? Result<std::string>(std::move(response.body)) : ErrorOf(response);
}

}  // namespace millrace::serve
