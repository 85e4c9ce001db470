#include "serve/call.h"

#include <fmt/format.h>

#include <utility>

#include "serve/request_id.h"
#include "serve/routes/http_status.h"

namespace millrace::serve {

using base::Status;

namespace {

constexpr std::string_view kNoRoute = "none";

}  // namespace

Call::Call(const HttpRequest& request, HttpReply reply, const Route* route, Metrics* metrics,
           RequestLog* log)
    : id_(RequestId(request.request_id)),
      peer_(request.peer->address),
      reply_(std::move(reply)),
      route_(route),
      metrics_(metrics),
      log_(log),
      received_(request.received) {}

Status Call::Check(std::string_view view) const {
  if (Allow(principal_, route_->verb, view)) return Status::OK();
  if (!principal_.known) {
    return base::Error(base::codes::kUnauthorized,
                       "a token is needed: Authorization: Bearer …, one that this server knows");
  }
  const std::string of = view.empty() ? std::string() : fmt::format(" of '{}'", view);
  return base::Error(base::codes::kForbidden,
                     fmt::format("'{}' may not {}{}", principal_.name, VerbName(route_->verb), of));
}

void Call::Answer(HttpResponse response) {
  Send(std::move(response), "");
}

void Call::Refuse(const Status& status) {
  const base::Problem problem = ProblemOf(status);
  HttpResponse response;
  if (is_feast()) {
    FeastError error = MakeFeastError(problem, named_);
    response.status = error.status;
    response.body = std::move(error.body);
  } else {
    response.status = StatusOf(problem);
    response.body = ErrorBody(problem);
  }
  if (response.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (response.status == 405) {
    response.headers.emplace_back("Allow",
                                  route_->method == HttpMethod::kGet ? "GET, HEAD" : "POST");
  }
  if (const int seconds = RetryAfterSeconds(response.status); seconds > 0) {
    response.headers.emplace_back("Retry-After", std::to_string(seconds));
  }
  Send(std::move(response), problem.code.name);
}

void Call::Send(HttpResponse response, std::string_view code) {
  response.headers.emplace_back("X-Request-Id", id_);
  const int status = response.status;
  reply_.Send(std::move(response));
  const auto took = std::chrono::steady_clock::now() - received_;
  const std::string_view route = route_ == nullptr ? kNoRoute : route_->path;
  metrics_->Request(route, status, took);
  log_->Request({.request_id = id_,
                 .principal = principal_.name,
                 .peer = peer_,
                 .route = route,
                 .verb = route_ == nullptr ? std::string_view() : VerbName(route_->verb),
                 .names = names_,
                 .entities = entities_,
                 .status = status,
                 .code = code,
                 .took = took});
}

}  // namespace millrace::serve
