#include "jobs/push/pushed_source.h"

#include <arrow/record_batch.h>
#include <fmt/format.h>

#include <map>
#include <utility>

#include "sources/cells/cell_text.h"

namespace millrace::jobs {

using base::Result;
using base::Status;

namespace {

constexpr int64_t kRowsMax = 100'000;  // of a call, and of calls that are taken together
constexpr size_t kRequestBytesMax = 255;

Status BadValue(std::string message) {
  return base::Error(base::codes::kBadValue, std::move(message));
}

Status CheckCall(const PushCall& call) {
  if (call.rows.size() > static_cast<size_t>(kRowsMax)) {
    return BadValue(fmt::format("{} rows in one push; at most {} are taken at once",
                                call.rows.size(), kRowsMax));
  }
  if (!call.request_id.has_value()) return Status::OK();
  if (call.request_id->empty() || call.request_id->size() > kRequestBytesMax ||
      !sources::IsUtf8(*call.request_id)) {
    return BadValue(fmt::format("a request_id is UTF-8 text of 1 to {} bytes", kRequestBytesMax));
  }
  return Status::OK();
}

bool IsBadValue(const Status& status) {
  return base::ProblemsOf(status)[0].code == base::codes::kBadValue;
}

bool HasRows(const sources::RowRange& rows) {
  return rows.first <= rows.last;
}

}  // namespace

struct PushedSource::Waiting : PushQueue::Call {
  const PushCall* call = nullptr;
  int version = 0;  // of the definitions that its rows were decoded by
  Result<std::shared_ptr<arrow::RecordBatch>> decoded;
  sources::RowRange logged{1, 0};  // the rows that it is in the log
  Waiting* same = nullptr;         // a call before it that has its request_id
  bool stale = false;              // not written: the definitions are others by now
  Status status;
  PushAnswer answer;
};

PushedSource::PushedSource(PushedSourceOptions options)
    : options_(std::move(options)), queue_(kRowsMax) {}

PushedSource::~PushedSource() = default;

Result<PushAnswer> PushedSource::Push(const PushCall& call) {
  ARROW_RETURN_NOT_OK(CheckCall(call));
  while (true) {
    const ServedPlan newest = options_.newest();
    Waiting waiting;
    waiting.call = &call;
    waiting.version = newest.version;
    waiting.decoded = Decode(newest, call);
    // A repetition was taken once, whatever its rows are now.
    if (!waiting.decoded.ok() && !call.request_id.has_value()) return waiting.decoded.status();
    if (waiting.decoded.ok()) waiting.rows = (*waiting.decoded)->num_rows();
    queue_.Run(&waiting, [this](std::span<PushQueue::Call* const> calls) { Write(calls); });
    if (waiting.stale) continue;
    ARROW_RETURN_NOT_OK(waiting.status);
    return std::move(waiting.answer);
  }
}

Result<std::shared_ptr<arrow::RecordBatch>> PushedSource::Decode(const ServedPlan& plan,
                                                                 const PushCall& call) {
  std::optional<PushedLines> lines;
  {
    const std::lock_guard lock(mutex_);
    if (decoders_version_ == plan.version && !decoders_.empty()) {
      lines.emplace(std::move(decoders_.back()));
      decoders_.pop_back();
    }
  }
  if (!lines.has_value()) {
    ARROW_ASSIGN_OR_RAISE(const features::Source* source,
                          FindSource(*plan.plan, options_.update.source));
    ARROW_ASSIGN_OR_RAISE(PushedLines made, PushedLines::Of(*source, "row"));
    lines.emplace(std::move(made));
  }
  int64_t number = call.first_row;
  for (const std::string_view row : call.rows) lines->Add(row, number++);
  auto rows = lines->Take();
  const std::lock_guard lock(mutex_);
  if (plan.version > decoders_version_) {
    decoders_.clear();
    decoders_version_ = plan.version;
  }
  if (plan.version == decoders_version_) decoders_.push_back(*std::move(lines));
  return rows;
}

void PushedSource::Write(std::span<PushQueue::Call* const> calls) {
  if (const Status ready = Ready(); !ready.ok()) {
    for (PushQueue::Call* call : calls) static_cast<Waiting*>(call)->status = ready;
    return;
  }
  const std::vector<Waiting*> fresh = ChooseFresh(calls, ReadRequests(calls));
  Log(fresh);
  Result<PushedBatch> batch = log_->Nothing();
  bool lacking = store_failed_;
  for (const Waiting* call : fresh) lacking = lacking || HasRows(call->logged);
  if (lacking) batch = Update();
  Answer(calls, batch);
  if (!log_failed_) return;
  // The rows of an append that failed may be there: whoever opens it anew finds out.
  log_.reset();
  requests_.reset();
  log_failed_ = false;
}

// The log, open for the definitions that count now.
Status PushedSource::Ready() {
  const ServedPlan newest = options_.newest();
  if (log_ != nullptr && version_ == newest.version) return Status::OK();
  const auto source = FindSource(*newest.plan, options_.update.source);
  if (!source.ok() || (log_ != nullptr && !log_->Takes(**source))) log_.reset();
  ARROW_RETURN_NOT_OK(source.status());
  version_ = newest.version;
  if (log_ != nullptr) return Status::OK();
  ARROW_RETURN_NOT_OK(SourceLog::Open(options_.update, **source, options_.log).Value(&log_));
  store_failed_ = false;
  updated_version_ = newest.version;
  return Status::OK();
}

Status PushedSource::ReadRequests(std::span<PushQueue::Call* const> calls) {
  bool named = false;
  for (const PushQueue::Call* call : calls) {
    named = named || static_cast<const Waiting*>(call)->call->request_id.has_value();
  }
  if (!named || requests_.has_value()) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(requests_,
                        sources::PushRequests::Read(options_.update.push, options_.update.source,
                                                    log_->writer(), options_.update.clock->Now()));
  return Status::OK();
}

// The calls whose rows are to be logged; of the others it is known what to answer. `requests`: of
// reading what was there.
std::vector<PushedSource::Waiting*> PushedSource::ChooseFresh(
    std::span<PushQueue::Call* const> calls, const Status& requests) {
  const base::EventTime now = options_.update.clock->Now();
  std::map<std::string_view, Waiting*> by_request;
  std::vector<Waiting*> fresh;
  for (PushQueue::Call* taken : calls) {
    auto* const call = static_cast<Waiting*>(taken);
    call->stale = call->version != version_;
    if (call->stale) continue;
    const std::optional<std::string>& id = call->call->request_id;
    if (id.has_value() && !requests.ok()) {
      call->status = requests;
      continue;
    }
    if (const auto rows = id.has_value() ? requests_->Find(*id, now) : std::nullopt) {
      call->logged = *rows;
      call->answer.repeated = true;
      continue;
    }
    if (!call->decoded.ok()) {
      call->status = call->decoded.status();
      continue;
    }
    if (id.has_value()) {
      const auto [first, is_first] = by_request.emplace(*id, call);
      if (!is_first) {
        call->same = first->second;
        continue;
      }
    }
    fresh.push_back(call);
  }
  return fresh;
}

void PushedSource::Log(const std::vector<Waiting*>& calls) {
  const Status logged = LogTogether(calls);
  if (calls.size() > 1 && !logged.ok() && IsBadValue(logged)) {
    // Together they are too much for one frame, or one of them is.
    for (Waiting* const call : calls) Log({call});
    return;
  }
  log_failed_ = log_failed_ || !(logged.ok() || IsBadValue(logged));
  for (Waiting* call : calls) call->status = logged;
}

Status PushedSource::LogTogether(std::span<Waiting* const> calls) {
  const base::EventTime now = options_.update.clock->Now();
  std::vector<sources::PushRows> batches;
  for (const Waiting* call : calls) {
    batches.push_back({.rows = *call->decoded,
                       .received = now,
                       .to = call->call->to,
                       .request_id = call->call->request_id});
  }
  ARROW_ASSIGN_OR_RAISE(const sources::RowRange rows, log_->Append(batches));
  int64_t next = rows.first;
  for (Waiting* call : calls) {
    call->logged = {next, next + call->rows - 1};
    next = call->logged.last + 1;
    if (HasRows(call->logged) && call->call->request_id.has_value()) {
      requests_->Add(*call->call->request_id, call->logged, now);
    }
  }
  return Status::OK();
}

Result<PushedBatch> PushedSource::Update() {
  const int version = options_.newest().version;
  Result<PushedBatch> batch = log_->Update();
  store_failed_ = !batch.ok();
  if (batch.ok()) updated_version_ = version;
  return batch;
}

void PushedSource::Answer(std::span<PushQueue::Call* const> calls,
                          const Result<PushedBatch>& batch) {
  for (PushQueue::Call* taken : calls) {
    auto* const call = static_cast<Waiting*>(taken);
    if (call->same != nullptr) {
      call->logged = call->same->logged;
      call->status = call->same->status;
      call->answer.repeated = true;
    }
    if (call->stale || !call->status.ok()) continue;
    call->answer.batch = log_->Nothing();
    if (!HasRows(call->logged)) continue;
    call->answer.batch.rows.rows = call->logged;
    if (!batch.ok()) {
      call->status = OnlyLogged(batch.status(), call->answer.batch.rows);
    } else if (!call->answer.repeated) {
      call->answer.batch.rejected = batch->rejected;
      call->answer.batch.waiting = batch->waiting;
    }
  }
}

Status PushedSource::Tend() {
  PushQueue::Call tending{.rows = 0, .alone = true};
  Status status;
  queue_.Run(&tending, [&](std::span<PushQueue::Call* const>) { status = TendNow(); });
  return status;
}

Status PushedSource::TendNow() {
  if (log_ == nullptr) return Status::OK();
  const ServedPlan newest = options_.newest();
  if (newest.plan->FindSource(options_.update.source) < 0) {
    log_.reset();
    return Status::OK();
  }
  ARROW_RETURN_NOT_OK(Ready());
  Status updated;
  if (store_failed_ || updated_version_ != newest.version) updated = Update().status();
  const Status compacted = log_->CompactIfDue();
  return updated.ok() ? compacted : updated;
}

}  // namespace millrace::jobs
