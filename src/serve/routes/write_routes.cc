// Bodies are read where they arrive, so that what is wrong in them is said at once; what they ask
// for is done by the queues.
#include "serve/routes/write_routes.h"

#include <fmt/format.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "offline/rejected_json.h"
#include "serve/json/rows_body.h"

namespace millrace::serve {

namespace dom = simdjson::dom;
using base::Result;
using base::Status;
using Json = nlohmann::ordered_json;

namespace {

constexpr int64_t kRowsMax = 100'000;  // of a push

Result<std::string> Needed(const BodyFields& fields, std::string_view name) {
  ARROW_ASSIGN_OR_RAISE(auto text, fields.Text(name));
  if (text.has_value() && !text->empty()) return *std::move(text);
  return base::Error(base::codes::kMissingField, fmt::format("'{}' is missing: a name", name));
}

Result<sources::PushTo> ReadTo(const BodyFields& fields) {
  ARROW_ASSIGN_OR_RAISE(const auto to, fields.Text("to"));
  if (!to.has_value() || *to == "online") return sources::PushTo::kOnline;
  if (*to == "offline") return sources::PushTo::kOffline;
  if (*to == "online_and_offline") return sources::PushTo::kBoth;
  return base::Error(
      base::codes::kBadValue,
      fmt::format("'to': expected online, offline or online_and_offline, found '{}'", *to));
}

// A push that waits for its turn.
struct QueuedPush {
  explicit QueuedPush(Call with) : call(std::move(with)) {}
  Call call;
  jobs::PushCall push;
  std::vector<std::string> rows;  // what push.rows views
};

void Acknowledge(jobs::OnlineWrites* writes, QueuedPush* queued) {
  queued->push.rows.assign(queued->rows.begin(), queued->rows.end());
  Result<jobs::PushAnswer> answer = writes->Push(queued->push);
  if (!answer.ok()) return queued->call.Refuse(answer.status());
  const jobs::PushedBatch& batch = answer->batch;
  Json json = {{"writer", batch.rows.writer},      {"first_row", batch.rows.rows.first},
               {"last_row", batch.rows.rows.last}, {"commit", batch.commit},
               {"repeated", answer->repeated},     {"waiting", batch.waiting}};
  json["rejected"] = offline::RejectedJson(batch.rejected);
  queued->call.Answer(json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void Add(WorkQueue* queue, Call* call, std::function<void()> work) {
  if (queue->Add(std::move(work))) return;
  call->Refuse(base::Error(base::codes::kOverloaded, "as many writes wait for their turn as may"));
}

Status ReadPush(HttpRequest& request, QueuedPush* queued) {
  dom::parser parser;
  ARROW_ASSIGN_OR_RAISE(const BodyFields fields, BodyFields::Parse(&parser, &request.body));
  ARROW_ASSIGN_OR_RAISE(queued->push.source, Needed(fields, "push_source_name"));
  queued->call.set_names(queued->push.source);
  ARROW_RETURN_NOT_OK(queued->call.Check(queued->push.source));
  ARROW_ASSIGN_OR_RAISE(queued->push.to, ReadTo(fields));
  ARROW_ASSIGN_OR_RAISE(queued->push.request_id, fields.Text("request_id"));
  if (fields.Find("lines") != nullptr) {
    // As commands send them: the texts of a file's lines, so that nobody reads them twice.
    ARROW_ASSIGN_OR_RAISE(queued->rows, fields.Texts("lines"));
    ARROW_ASSIGN_OR_RAISE(const auto first, fields.Integer("first_line"));
    queued->push.first_row = first.value_or(1);
  } else {
    const auto same = [](std::string_view column) { return RowField{std::string(column)}; };
    ARROW_ASSIGN_OR_RAISE(queued->rows, RowsOf(fields, same, kRowsMax));
  }
  queued->call.set_entities(static_cast<int64_t>(queued->rows.size()));
  return Status::OK();
}

bool IsTime(const columns::Type& type) {
  const bool is_list = type.kind() == columns::Kind::kList;
  return type.kind() == columns::Kind::kTimestamp || (is_list && IsTime(type.element()));
}

// Keys and features of the view that are times.
std::set<std::string, std::less<>> TimesOf(const features::FeaturePlan& plan,
                                           const std::string& view) {
  std::set<std::string, std::less<>> times;
  const int index = plan.FindView(view);
  if (index < 0) return times;
  const features::View& of = plan.views[static_cast<size_t>(index)];
  for (const features::Feature& feature : of.features) {
    if (IsTime(feature.type)) times.insert(feature.name);
  }
  for (const features::Field& key : of.keys) {
    if (IsTime(key.type)) times.insert(key.name);
  }
  return times;
}

Status ReadWrite(HttpRequest& request, Backend* backend, QueuedPush* queued) {
  dom::parser parser;
  ARROW_ASSIGN_OR_RAISE(const BodyFields fields, BodyFields::Parse(&parser, &request.body));
  ARROW_ASSIGN_OR_RAISE(const std::string view, Needed(fields, "feature_view_name"));
  queued->call.set_names(view);
  ARROW_RETURN_NOT_OK(queued->call.Check(view));
  ARROW_ASSIGN_OR_RAISE(const jobs::WritableView to, backend->writes->FindWritable(view));
  queued->push.source = to.source;
  queued->push.to = sources::PushTo::kOnline;
  const auto times = TimesOf(*backend->reads->plan(), view);
  const auto field_of = [&](std::string_view column) -> RowField {
    if (column == "event_timestamp") return {to.timestamp, true, to.timestamp_unit};
    if (column == "created") return {to.created, true};
    for (const auto& [name, field] : to.columns) {
      if (name == column) return {field, times.contains(column)};
    }
    return {};
  };
  ARROW_ASSIGN_OR_RAISE(queued->rows, RowsOf(fields, field_of, kRowsMax));
  queued->call.set_entities(static_cast<int64_t>(queued->rows.size()));
  return Status::OK();
}

Result<jobs::MaterializeOptions> ReadMaterialize(HttpRequest& request, bool incremental) {
  dom::parser parser;
  ARROW_ASSIGN_OR_RAISE(const BodyFields fields, BodyFields::Parse(&parser, &request.body));
  jobs::MaterializeOptions options;
  ARROW_ASSIGN_OR_RAISE(options.views, fields.Texts("feature_views"));
  ARROW_ASSIGN_OR_RAISE(const auto rebuild, fields.Boolean("rebuild"));
  options.rebuild = rebuild.value_or(false);
  ARROW_ASSIGN_OR_RAISE(options.memory_bytes, fields.Integer("memory_bytes"));
  // What has not been read yet is read, whatever its time: these are checked, and decide nothing.
  ARROW_ASSIGN_OR_RAISE(const auto start, fields.Time("start_ts"));
  ARROW_ASSIGN_OR_RAISE(const auto end, fields.Time("end_ts"));
  if (!incremental && start.has_value() && end.has_value() && *start > *end) {
    return base::Error(base::codes::kBadValue, "'start_ts' is after 'end_ts'");
  }
  return options;
}

}  // namespace

void WriteRoutes::Push(HttpRequest& request, Call call) {
  auto queued = std::make_shared<QueuedPush>(std::move(call));
  queued->call.set_named(FeastNamed::kPushSource);
  if (const Status status = ReadPush(request, queued.get()); !status.ok()) {
    return queued->call.Refuse(status);
  }
  Add(backend_->write_queue.get(), &queued->call,
      [queued, writes = backend_->writes.get()] { Acknowledge(writes, queued.get()); });
}

void WriteRoutes::Write(HttpRequest& request, Call call) {
  auto queued = std::make_shared<QueuedPush>(std::move(call));
  queued->call.set_named(FeastNamed::kView);
  if (const Status status = ReadWrite(request, backend_, queued.get()); !status.ok()) {
    return queued->call.Refuse(status);
  }
  Add(backend_->write_queue.get(), &queued->call,
      [queued, writes = backend_->writes.get()] { Acknowledge(writes, queued.get()); });
}

void WriteRoutes::Materialize(HttpRequest& request, Call call, bool incremental) {
  const auto shared = std::make_shared<Call>(std::move(call));
  shared->set_named(FeastNamed::kView);
  if (const Status status = shared->Check(""); !status.ok()) return shared->Refuse(status);
  const auto options = ReadMaterialize(request, incremental);
  if (!options.ok()) return shared->Refuse(options.status());
  std::string names;
  for (const std::string& view : options->views) names += (names.empty() ? "" : ",") + view;
  shared->set_names(std::move(names));
  Add(backend_->materialize_queue.get(), shared.get(),
      [shared, options = *options, writes = backend_->writes.get()] {
        const auto report = writes->Materialize(options);
        if (!report.ok()) return shared->Refuse(report.status());
        Json json = {{"report", Json::parse(jobs::ToJson(*report))},
                     {"text", jobs::ToText(*report)}};
        shared->Answer(json.dump());
      });
}

}  // namespace millrace::serve
