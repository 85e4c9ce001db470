// A request is prepared where it arrives. Its read is done there too, at once or, when the store is
// behind a network, later; names that have to be searched there are searched by a thread that may
// wait. Finish is the same for all.
#include "serve/routes/features_route.h"

#include <algorithm>
#include <utility>

#include "online/answer_json.h"

namespace millrace::serve {

using base::Result;
using base::Status;

namespace {

Status Overloaded() {
  return base::Error(base::codes::kOverloaded, "as many requests wait for the online store as may");
}

}  // namespace

struct FeaturesRoute::Read final : QueuedRead {
  Read(Backend* of, bool is_feast, Call with)
      : backend(of), feast(is_feast), call(std::move(with)) {}

  std::shared_ptr<const jobs::PreparedRead> read() const override { return served->prepared; }
  const online::Asked& asked() const override { return rows.asked; }
  void Finish(std::shared_ptr<const jobs::PreparedRead> by,
              Result<online::Answer> answer) override {
    if (by != served->prepared) {
      served = std::make_shared<const ServedRead>(std::move(by), served->service, served->names,
                                                  backend->metrics.get());
    }
    FeaturesRoute::Finish(backend, this, std::move(answer));
  }

  Backend* const backend;
  const bool feast;
  Call call;
  std::shared_ptr<const ServedRead> served;
  FeaturesBody::Rows rows;
};

FeaturesRoute::FeaturesRoute(Backend* backend, bool feast) : backend_(backend), feast_(feast) {
  for (int i = 0; i < backend->threads; ++i) {
    scratch_.push_back(std::make_unique<Scratch>(*backend, feast));
  }
}

void FeaturesRoute::Handle(HttpRequest& request, Call call) {
  Scratch& scratch = *scratch_[static_cast<size_t>(request.thread)];
  if (backend_->read_queue != nullptr) return HandleLater(request, &scratch, std::move(call));
  Read read(backend_, feast_, std::move(call));
  const Status status = [&] {
    ARROW_RETURN_NOT_OK(Parse(&scratch.body, &request.body, &read));
    ARROW_ASSIGN_OR_RAISE(auto prepared, backend_->reads->Prepare(scratch.body.names()));
    return ReadRows(scratch.served.Of(prepared, scratch.body.names()), &scratch.body, &read);
  }();
  if (!status.ok()) return read.call.Refuse(status);
  jobs::ReadTogether alone{read.served->prepared, &read.rows.asked};
  backend_->reads->Read(std::span(&alone, 1));
  read.Finish(std::move(alone.read), std::move(alone.answer));
}

void FeaturesRoute::HandleLater(HttpRequest& request, Scratch* scratch, Call call) {
  auto read = std::make_shared<Read>(backend_, feast_, std::move(call));
  const jobs::AskedNames& names = scratch->body.names();
  Status status = Parse(&scratch->body, &request.body, read.get());
  if (!status.ok()) return read->call.Refuse(status);
  const auto known = backend_->reads->Known(names);
  if (known == nullptr) {
    const auto search = [this, read,
                         body = std::make_shared<std::string>(std::move(request.body))] {
      Search(read, body.get());
    };
    if (!backend_->search_queue->Add(search)) read->call.Refuse(Overloaded());
    return;
  }
  status = ReadRows(scratch->served.Of(known, names), &scratch->body, read.get());
  if (!status.ok()) return read->call.Refuse(status);
  if (!backend_->read_queue->Admit(read)) return read->call.Refuse(Overloaded());
  backend_->loop_reads[static_cast<size_t>(request.thread)]->Add(std::move(read));
}

void FeaturesRoute::Search(const std::shared_ptr<Read>& read, std::string* text) {
  FeaturesBody body(backend_->limits, !feast_);
  const Status status = [&] {
    ARROW_RETURN_NOT_OK(Parse(&body, text, read.get()));
    const jobs::AskedNames& names = body.names();
    ARROW_ASSIGN_OR_RAISE(auto prepared, backend_->reads->Prepare(names));
    return ReadRows(ServedRead::Make(std::move(prepared), names, backend_->metrics.get()), &body,
                    read.get());
  }();
  if (!status.ok()) return read->call.Refuse(status);
  if (!backend_->read_queue->Admit(read)) return read->call.Refuse(Overloaded());
  backend_->read_queue->Add(read);
}

Status FeaturesRoute::Parse(FeaturesBody* body, std::string* text, Read* read) {
  ARROW_RETURN_NOT_OK(body->Parse(text));
  read->call.set_named(body->names().service.empty() ? FeastNamed::kFeatures
                                                     : FeastNamed::kService);
  return Status::OK();
}

Status FeaturesRoute::ReadRows(std::shared_ptr<const ServedRead> served, FeaturesBody* body,
                               Read* read) {
  read->served = std::move(served);
  read->call.set_names(read->served->names);
  const jobs::PreparedRead& prepared = *read->served->prepared;
  for (const std::string& view : prepared.views()) {
    ARROW_RETURN_NOT_OK(read->call.Check(view));
  }
  ARROW_ASSIGN_OR_RAISE(read->rows, body->Read(prepared));
  read->call.set_entities(read->rows.asked.rows);
  return Status::OK();
}

void FeaturesRoute::Finish(Backend* backend, Read* read, Result<online::Answer> answer) {
  if (!answer.ok()) {
    const base::Code code = base::ProblemsOf(answer.status())[0].code;
    if (code == base::codes::kStoreUnavailable) backend->store.reachable = false;
    return read->call.Refuse(answer.status());
  }
  const jobs::PreparedRead& prepared = *read->served->prepared;
  online::AnswerEnvelope envelope;
  for (const columns::Field& key : prepared.keys()) {
    envelope.keys.push_back({key.name, read->rows.asked.columns.at(key.name).view});
  }
  envelope.request_id = read->call.id();
  envelope.registry_version = prepared.version();
  envelope.empty_list_is_null = read->feast;
  if (read->rows.own_times) {
    envelope.as_of_rows = read->rows.as_of.view;
  } else if (!read->rows.as_of.view.type.is_null() && read->rows.asked.rows > 0) {
    envelope.as_of = base::EventTime::Micros(read->rows.as_of.view.ints[0]);
  } else {
    envelope.as_of = answer->now;
  }
  read->call.Answer(online::ToJson(*answer, envelope));
  read->served->Count(*answer);
  Keep(*backend, read, *std::move(answer));
}

// Into the feature log, if it is one of the share that the service keeps.
void FeaturesRoute::Keep(const Backend& backend, Read* read, online::Answer answer) {
  const jobs::PreparedRead& prepared = *read->served->prepared;
  if (prepared.log_share() <= 0 || !IsKept(read->call.id(), prepared.log_share())) return;
  ServedAnswer kept;
  kept.request_id = read->call.id();
  kept.service = read->served->service;
  kept.version = prepared.version();
  kept.as_of = answer.now;
  kept.as_of_rows = read->rows.as_of;
  kept.received = answer.now;
  for (const columns::Field& key : prepared.keys()) {
    kept.keys.emplace(key.name, std::move(read->rows.asked.columns.at(key.name)));
  }
  for (const columns::Field& field : prepared.request_fields()) {
    if (kept.keys.contains(field.name)) continue;
    kept.request.emplace(field.name, std::move(read->rows.asked.columns.at(field.name)));
  }
  kept.answer = std::make_shared<const online::Answer>(std::move(answer));
  backend.feature_log->Add(std::move(kept));
}

}  // namespace millrace::serve
