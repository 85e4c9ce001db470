#include "serve/http/connection.h"

#include <algorithm>
#include <exception>
#include <utility>

namespace millrace::serve {
namespace {

using Phase = RequestReader::Phase;

// How long a client, who was refused while it was sending, has to read why.
constexpr std::chrono::seconds kLingerTime{2};
// How long a server that stops waits for the rest of a request.
constexpr std::chrono::seconds kHalfSentTime{2};
// Room for bytes beyond this is given back when nothing is in it.
constexpr size_t kRestKept = 4 << 10;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

void Count(std::atomic<int64_t>* counter) {
  counter->fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

Connection::Connection(Lane* lane, Newcomer newcomer)
    : lane_(lane),
      mailbox_(lane->mailbox()),
      peer_(std::move(newcomer.peer)),
      tls_(std::move(newcomer.tls)),
      reader_(&lane->state().limits),
      is_refused_(newcomer.is_refused) {
  descriptor_.emplace(lane->io().get_executor());
  stream_.emplace(newcomer.socket.get(), tls_.get());
  boost::system::error_code error;
  error = descriptor_->assign(newcomer.socket.get(), error);
  if (!error) newcomer.socket.Release();
}

void Connection::Start() {
  const HttpLimits& limits = lane_->state().limits;
  if (!descriptor_->is_open()) return Close();
  if (is_refused_) {
    Refuse(503, "too many connections");
  } else if (stream_->is_tls()) {
    state_ = State::kHandshake;
    deadline_ = Clock::now() + limits.header_time;
  } else {
    deadline_ = Clock::now() + limits.idle_time;
    timed_ = Phase::kIdle;
  }
  Run();
}

void Connection::Check(Clock::time_point now) {
  const bool reads = state_ == State::kReading;
  const bool is_stopped = reads && now >= reads_until_;
  if (now < deadline_ && !is_stopped) return;
  if ((reads && reader_.phase() == Phase::kIdle) || state_ == State::kLingering) return Close();
  Count(&lane_->state().timed_out);
  if (reads) {
    StopWaiting();
    if (is_stopped) {
      Refuse(503, "the server is stopping");
    } else {
      Refuse(408, reader_.phase() == Phase::kHead ? "the header came too slowly"
                                                  : "the body came too slowly");
    }
    return Run();
  }
  stream_->ResetOnClose();
  Close();
}

void Connection::Drain() {
  if (state_ != State::kReading) return;
  StopWaiting();
  reads_until_ = Clock::now() + kHalfSentTime;
  may_read_ = true;
  Run();
}

void Connection::Close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  ++wait_;
  stream_.reset();
  descriptor_.reset();
  ServerState& state = lane_->state();
  if (is_refused_) {
    --state.refusals;
  } else if (--state.connections == 0 && state.stopping) {
    const std::lock_guard lock(state.mutex);
    state.closed.notify_all();
  }
  lane_->Forget(this);
}

// Of its own thread there is no need to go round.
void Connection::Answer(HttpResponse response) {
  if (Lane::current() == lane_ && in_call_) {
    answer_ = std::move(response);
  } else {
    mailbox_->Put(shared_from_this(), std::move(response));
  }
}

void Connection::Deliver(HttpResponse response) {
  if (state_ != State::kAnswering) return;
  Compose(std::move(response));
  Run();
}

void Connection::Run() {
  while (Step()) {
  }
}

bool Connection::Step() {
  switch (state_) {
    case State::kHandshake:
      return Handshake();
    case State::kReading:
      return Read();
    case State::kAnswering:
      SaveInput();
      return false;
    case State::kWriting:
      return Write();
    case State::kLingering:
      return Linger();
    case State::kClosed:
      return false;
  }
  return false;
}

bool Connection::Handshake() {
  const StreamOutcome outcome = stream_->Handshake();
  switch (outcome) {
    case StreamOutcome::kDone:
      state_ = State::kReading;
      deadline_ = Clock::now() + lane_->state().limits.idle_time;
      timed_ = Phase::kIdle;
      return true;
    case StreamOutcome::kWantsRead:
    case StreamOutcome::kWantsWrite:
      Wait(outcome);
      return false;
    default:
      Close();
      return false;
  }
}

bool Connection::Read() {
  if (!in_.empty()) in_.remove_prefix(reader_.Feed(in_));
  const HttpLimits& limits = lane_->state().limits;
  switch (reader_.phase()) {
    case Phase::kDone:
      Call();
      return true;
    case Phase::kFailed:
      Count(&lane_->state().malformed);
      Refuse(reader_.error_status(), reader_.error());
      return true;
    case Phase::kBody:
      if (reader_.expects_continue() && then_ != Then::kBody) {
        head_ = kContinue;
        then_ = Then::kBody;
        state_ = State::kWriting;
        return true;
      }
      if (timed_ != Phase::kBody) deadline_ = read_at_ + limits.body_time;
      break;
    case Phase::kHead:
      if (timed_ != Phase::kHead) deadline_ = read_at_ + limits.header_time;
      break;
    case Phase::kIdle:
      if (!may_read_ && lane_->state().stopping) {
        Close();
        return false;
      }
      break;
  }
  timed_ = reader_.phase();
  if (may_read_) return Fill();
  SaveInput();
  Wait(StreamOutcome::kWantsRead);
  return false;
}

bool Connection::Fill() {
  SaveInput();
  size_t count = 0;
  const std::span<char> scratch = lane_->scratch();
  const StreamOutcome outcome = stream_->Read(scratch, &count);
  may_read_ = false;
  switch (outcome) {
    case StreamOutcome::kDone:
      read_at_ = Clock::now();
      if (rest_.empty()) {
        in_ = {scratch.data(), count};
      } else {
        rest_.append(scratch.data(), count);
        in_ = rest_;
      }
      // Of a plain socket what is still there says so by itself, and others have their turn.
      may_read_ = stream_->Holds();
      return true;
    case StreamOutcome::kWantsRead:
      return true;  // to Read, which knows how to wait
    case StreamOutcome::kWantsWrite:
      Wait(outcome);
      return false;
    default:
      Close();  // a request that ends in the middle has nobody to answer to
      return false;
  }
}

void Connection::SaveInput() {
  if (in_.empty()) {
    if (rest_.capacity() > kRestKept) std::string().swap(rest_);
    rest_.clear();
  } else if (in_.data() >= rest_.data() && in_.data() < rest_.data() + rest_.size()) {
    rest_.erase(0, static_cast<size_t>(in_.data() - rest_.data()));
  } else {
    rest_.assign(in_);
  }
  in_ = rest_;
}

void Connection::Call() {
  state_ = State::kAnswering;
  deadline_ = Clock::time_point::max();
  HttpRequest& request = reader_.request();
  request.peer = &peer_;
  request.thread = lane_->number();
  request.received = read_at_;
  in_call_ = true;
  try {
    lane_->state().service(request, HttpReply(shared_from_this()));
  } catch (const std::exception&) {
    // Its reply was destroyed on the way, which has answered.
  }
  in_call_ = false;
  if (answer_) Compose(*std::exchange(answer_, std::nullopt));
}

void Connection::Refuse(int status, std::string_view what) {
  HttpResponse response{.status = status, .body = lane_->state().error_body(status, what)};
  if (status == 503) response.headers.emplace_back("Retry-After", "1");
  then_ = Then::kWaitingLinger;
  Compose(std::move(response));
}

void Connection::Compose(HttpResponse response) {
  if (response.status == 0) {
    response = {.status = 500, .body = lane_->state().error_body(500, "no answer was given")};
  }
  if (then_ != Then::kWaitingLinger) {
    const bool stays = reader_.keep_alive() && !lane_->state().stopping;
    then_ = stays ? Then::kNextRequest : Then::kLinger;
  }
  const Persistence persistence = then_ != Then::kNextRequest ? Persistence::kCloses
                                  : reader_.is_http_1_0()     ? Persistence::kSaysStays
                                                              : Persistence::kStays;
  WriteResponseHead(response, persistence, lane_->date(), &head_);
  const bool bodiless = reader_.is_head() || response.status == 204 || response.status == 304;
  body_ = bodiless ? std::string() : std::move(response.body);
  state_ = State::kWriting;
  deadline_ = Clock::time_point::max();
}

bool Connection::Write() {
  const size_t size = head_.size() + body_.size();
  while (written_ < size) {
    const std::string_view head = std::string_view(head_).substr(std::min(written_, head_.size()));
    const std::string_view body =
        std::string_view(body_).substr(written_ - (head_.size() - head.size()));
    size_t count = 0;
    const StreamOutcome outcome = stream_->Write(head, body, &count);
    written_ += count;
    if (outcome == StreamOutcome::kWantsWrite || outcome == StreamOutcome::kWantsRead) {
      if (deadline_ == Clock::time_point::max()) {
        deadline_ = Clock::now() + lane_->state().limits.write_time;
      }
      SaveInput();
      Wait(outcome);
      return false;
    }
    if (outcome != StreamOutcome::kDone) {
      Close();
      return false;
    }
  }
  FinishWriting();
  return state_ != State::kClosed;
}

void Connection::FinishWriting() {
  written_ = 0;
  std::string().swap(body_);  // its room too
  head_.clear();
  switch (then_) {
    case Then::kNextRequest:
      reader_.Next();
      state_ = State::kReading;
      deadline_ = Clock::now() + lane_->state().limits.idle_time;
      timed_ = Phase::kIdle;
      return;
    case Then::kBody:
      state_ = State::kReading;
      timed_ = Phase::kDone;  // its time begins now
      read_at_ = Clock::now();
      return;
    case Then::kLinger:
    case Then::kWaitingLinger:
      stream_->EndWrites();
      state_ = State::kLingering;
      deadline_ = Clock::now() + kLingerTime;
      in_ = {};
      return;
  }
}

// A socket that is closed with bytes unread tells the other end to drop the answer.
bool Connection::Linger() {
  const StreamOutcome outcome = stream_->Discard(lane_->scratch());
  if (outcome == StreamOutcome::kDone) {
    then_ = Then::kWaitingLinger;
    Wait(StreamOutcome::kWantsRead);
  } else if (outcome == StreamOutcome::kWantsRead && then_ == Then::kWaitingLinger) {
    Wait(outcome);
  } else {
    Close();
  }
  return false;
}

void Connection::Wait(StreamOutcome what) {
  using Descriptor = boost::asio::posix::descriptor_base;
  const auto kind =
      what == StreamOutcome::kWantsWrite ? Descriptor::wait_write : Descriptor::wait_read;
  descriptor_->async_wait(
      kind, [self = shared_from_this(), wait = ++wait_](const boost::system::error_code& error) {
        if (wait != self->wait_) return;
        if (error) return self->Close();
        self->may_read_ = true;
        self->Run();
      });
}

void Connection::StopWaiting() {
  ++wait_;
  boost::system::error_code ignored;
  ignored = descriptor_->cancel(ignored);
}

}  // namespace millrace::serve
