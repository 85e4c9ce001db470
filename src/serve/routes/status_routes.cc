#include "serve/routes/status_routes.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "serve/json/body_fields.h"
#include "serve/routes/registry_json.h"

namespace millrace::serve {

namespace dom = simdjson::dom;
using base::Result;
using base::Status;
using Json = nlohmann::ordered_json;

namespace {

Result<Outcome> ReadOutcome(std::string* body, base::EventTime now) {
  dom::parser parser;
  ARROW_ASSIGN_OR_RAISE(const BodyFields fields, BodyFields::Parse(&parser, body));
  Outcome outcome;
  ARROW_ASSIGN_OR_RAISE(const auto id, fields.Text("request_id"));
  if (!id.has_value() || id->empty()) {
    return base::Error(base::codes::kMissingField,
                       "'request_id' is missing: that of the answer this belongs to");
  }
  outcome.request_id = *id;
  const dom::element* prediction = fields.Find("prediction");
  const dom::element* result = fields.Find("outcome");
  if ((prediction == nullptr) == (result == nullptr)) {
    return base::Error(base::codes::kBadValue, "expected one of 'prediction' and 'outcome'");
  }
  outcome.kind = prediction != nullptr ? "prediction" : "outcome";
  outcome.value = simdjson::minify(prediction != nullptr ? *prediction : *result);
  ARROW_ASSIGN_OR_RAISE(const auto time, fields.Time("time"));
  outcome.time = time.value_or(now);
  return outcome;
}

}  // namespace

void StatusRoutes::Live(Call call) {
  call.Answer(R"({"status":"alive"})");
}

void StatusRoutes::Health(Call call) const {
  const bool ready = backend_->store.reachable;
  const Json json = {{"status", ready ? "ready" : "unavailable"},
                     {"project", backend_->repository->project.name},
                     {"registry_version", backend_->reads->version()},
                     {"commit", backend_->store.commit.load()}};
  HttpResponse response{.status = ready ? 200 : 503, .body = json.dump()};
  if (!ready) response.headers.emplace_back("Retry-After", "1");
  call.Answer(std::move(response));
}

void StatusRoutes::Metrics(Call call) const {
  if (const Status status = call.Check(""); !status.ok()) return call.Refuse(status);
  serve::Metrics& metrics = *backend_->metrics;
  const HttpCounts http = http_->counts();
  const auto number = [](int64_t value) { return static_cast<double>(value); };
  metrics.Gauge("millrace_connections", "Open connections", number(http.connections));
  metrics.Counter("millrace_connections_refused_total", "Beyond the limit of connections",
                  number(http.refused));
  metrics.Counter("millrace_malformed_requests_total", "Answered before a route saw them",
                  number(http.malformed));
  metrics.Counter("millrace_timed_out_total", "Connections whose client was too slow",
                  number(http.timed_out));
  metrics.Gauge("millrace_registry_version", "Version of the definitions",
                backend_->reads->version());
  metrics.Gauge("millrace_store_commit", "Newest commit that was seen",
                number(backend_->store.commit));
  metrics.Gauge("millrace_store_reachable", "1: the online store answers",
                backend_->store.reachable ? 1 : 0);
  if (backend_->read_queue != nullptr) {
    metrics.Gauge("millrace_reads_unfinished", "Reads that wait for the online store",
                  number(backend_->read_queue->unfinished()));
  }
  metrics.Gauge("millrace_writes_unfinished", "Pushes and writes that wait",
                number(backend_->write_queue->unfinished()));
  const FeatureLogCounts log = backend_->feature_log->counts();
  metrics.Counter("millrace_feature_log_rows_total", "Rows of the feature log", number(log.logged));
  metrics.Gauge("millrace_feature_log_queued_rows", "Rows that wait to be written",
                number(log.queued));
  metrics.Counter("millrace_feature_log_lost_rows_total", "Rows that had no place in the queue",
                  number(log.lost));
  metrics.Counter("millrace_request_log_dropped_total", "Lines that were not written",
                  number(backend_->log->dropped()));
  call.Answer({.content_type = "text/plain; version=0.0.4; charset=utf-8",
               .body = metrics.Text(backend_->clock->Now())});
}

void StatusRoutes::Registry(std::string_view path, Call call) const {
  if (const Status status = call.Check(""); !status.ok()) return call.Refuse(status);
  const auto read = [&]() -> Result<std::string> {
    const registry::Registry& registry = backend_->repository->registry;
    ARROW_ASSIGN_OR_RAISE(const auto newest, registry.Newest());
    if (!newest.has_value()) {
      return base::Error(base::codes::kNotReady, "nothing was ever applied");
    }
    ARROW_ASSIGN_OR_RAISE(const auto history, registry.History());
    return RegistryJson(*newest, history, path,
                        [&](std::string_view name) { return call.Check(name).ok(); });
  };
  auto json = read();
  if (!json.ok()) return call.Refuse(json.status());
  call.Answer(*std::move(json));
}

void StatusRoutes::Log(HttpRequest& request, Call call) const {
  if (const Status status = call.Check(""); !status.ok()) return call.Refuse(status);
  auto outcome = ReadOutcome(&request.body, backend_->clock->Now());
  if (!outcome.ok()) return call.Refuse(outcome.status());
  call.set_names(outcome->request_id);
  if (!backend_->feature_log->Add(*std::move(outcome))) {
    return call.Refuse(
        base::Error(base::codes::kOverloaded, "the feature log has as much to write as it takes"));
  }
  call.Answer(HttpResponse{.status = 202, .body = R"({"logged":true})"});
}

}  // namespace millrace::serve
