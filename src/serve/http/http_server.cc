#include "serve/http/http_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <optional>
#include <utility>

#include "serve/http/http_address.h"
#include "serve/http/lane.h"
#include "serve/http/listen_socket.h"
#include "serve/http/tls_files.h"

namespace millrace::serve {
namespace {

namespace asio = boost::asio;
namespace codes = base::codes;
using Error = boost::system::error_code;
using Descriptor = asio::posix::basic_stream_descriptor<asio::io_context::executor_type>;

constexpr int kAcceptsAtOnce = 64;  // before the lane's other work has its turn
constexpr int64_t kRefusalsAtOnce = 64;
constexpr std::chrono::milliseconds kWatchEvery{250};  // the certificate, and paused listening

struct Listening {
  Listening(asio::io_context* io, std::unique_ptr<ListenSocket> opened)
      : socket(std::move(opened)), descriptor(io->get_executor(), socket->descriptor()) {}
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;
  ~Listening() { descriptor.release(); }  // the socket's to close

  std::unique_ptr<ListenSocket> socket;
  Descriptor descriptor;
  bool pauses = false;  // when the process has no descriptors left
};

// Connections are accepted on the thread of the first lane and given to all in turn.
class LaneServer final : public HttpServer {
 public:
  explicit LaneServer(HttpService service, HttpErrorBody error_body) {
    state_.service = std::move(service);
    state_.error_body = std::move(error_body);
  }
  LaneServer(const LaneServer&) = delete;
  LaneServer& operator=(const LaneServer&) = delete;

  ~LaneServer() override {
    for (const auto& lane : lanes_) lane->Halt();
    for (const auto& lane : lanes_) lane->Join();
  }

  base::Status Start(const HttpServerOptions& options) {
    state_.limits = options.limits;
    state_.clock = options.clock;
    if (!options.certificate_file.empty()) {
      ARROW_ASSIGN_OR_RAISE(tls_, TlsFiles::Open(options.certificate_file, options.key_file));
    }
    for (const EventLoop& loop : options.loops.empty() ? MakeEventLoops(2) : options.loops) {
      lanes_.push_back(std::make_unique<Lane>(static_cast<int>(lanes_.size()), loop, &state_));
    }
    asio::io_context* io = &lanes_.front()->io();
    for (const std::string& text : options.listen) {
      ARROW_ASSIGN_OR_RAISE(HttpAddress address, ParseHttpAddress(text));
      ARROW_ASSIGN_OR_RAISE(auto socket, ListenSocket::Open(std::move(address)));
      addresses_.push_back(socket->address().ToString());
      listening_.push_back(std::make_unique<Listening>(io, std::move(socket)));
    }
    timer_.emplace(*io);
    Watch();
    for (const auto& listening : listening_) WaitForClients(listening.get());
    for (const auto& lane : lanes_) lane->Start();
    return base::Status::OK();
  }

  const std::vector<std::string>& addresses() const override { return addresses_; }

  HttpCounts counts() const override {
    return {.connections = state_.connections,
            .accepted = state_.accepted,
            .refused = state_.refused,
            .malformed = state_.malformed,
            .timed_out = state_.timed_out};
  }

  void Stop(std::chrono::milliseconds grace) override {
    const auto end = std::chrono::steady_clock::now() + grace;
    state_.stopping = true;
    lanes_.front()->Post([this] {
      listening_.clear();
      const std::lock_guard lock(state_.mutex);
      listens_ = false;
      state_.closed.notify_all();
    });
    for (const auto& lane : lanes_) lane->Post([&lane = *lane] { lane.Drain(); });
    std::unique_lock lock(state_.mutex);
    const auto done = [this] { return !listens_ && state_.connections == 0; };
    if (state_.closed.wait_until(lock, end, done)) return;
    for (const auto& lane : lanes_) lane->Post([&lane = *lane] { lane.CloseAll(); });
  }

 private:
  void WaitForClients(Listening* listening) {
    listening->descriptor.async_wait(Descriptor::wait_read, [this, listening](Error error) {
      if (!error && !state_.stopping) AcceptSome(listening);
    });
  }

  void AcceptSome(Listening* listening) {
    for (int i = 0; i < kAcceptsAtOnce; ++i) {
      Accepted accepted = listening->socket->Accept();
      if (accepted.socket.get() >= 0) {
        Place(std::move(accepted), *listening->socket);
        continue;
      }
      // Those of one connection, which is gone, are not worth a word.
      listening->pauses = accepted.error == EMFILE || accepted.error == ENFILE ||
                          accepted.error == ENOBUFS || accepted.error == ENOMEM;
      if (listening->pauses) return;
      if (accepted.error == 0) break;
    }
    WaitForClients(listening);
  }

  void Place(Accepted accepted, const ListenSocket& socket) {
    const bool is_tls = tls_ != nullptr && !socket.address().is_unix();
    Newcomer newcomer{.socket = std::move(accepted.socket),
                      .peer = std::move(accepted.peer),
                      .tls = is_tls ? tls_->current() : nullptr,
                      .is_refused = state_.connections >= state_.limits.connections_max};
    ++state_.accepted;
    if (newcomer.is_refused) {
      ++state_.refused;
      // To say why takes time, with TLS much: who comes in masses is not told.
      if (is_tls || state_.refusals >= kRefusalsAtOnce) return;
      ++state_.refusals;
    } else {
      ++state_.connections;
    }
    lanes_[next_lane_++ % lanes_.size()]->Adopt(std::move(newcomer));
  }

  void Watch() {
    for (const auto& listening : listening_) {
      if (std::exchange(listening->pauses, false)) WaitForClients(listening.get());
    }
    if (tls_ != nullptr) tls_->Refresh();
    timer_->expires_after(kWatchEvery);
    timer_->async_wait([this](Error error) {
      if (!error) Watch();
    });
  }

  ServerState state_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::vector<std::string> addresses_;

  // Of the first lane's thread.
  std::vector<std::unique_ptr<Listening>> listening_;
  std::unique_ptr<TlsFiles> tls_;
  std::optional<asio::steady_timer> timer_;
  size_t next_lane_ = 0;

  bool listens_ = true;  // under state_.mutex
};

}  // namespace

std::string_view HttpRequest::query() const {
  const size_t mark = target.find('?');
  return mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
}

HttpReply& HttpReply::operator=(HttpReply&& other) noexcept {
  const HttpReply old(std::exchange(exchange_, std::move(other.exchange_)));
  return *this;
}

HttpReply::~HttpReply() {
  if (exchange_ != nullptr) exchange_->Answer({.status = 0});
}

void HttpReply::Send(HttpResponse response) {
  const std::shared_ptr<Exchange> exchange = std::exchange(exchange_, nullptr);
  if (exchange != nullptr) exchange->Answer(std::move(response));
}

base::Result<std::unique_ptr<HttpServer>> HttpServer::Open(const HttpServerOptions& options,
                                                           HttpService service,
                                                           HttpErrorBody error_body) {
  try {
    auto server = std::make_unique<LaneServer>(std::move(service), std::move(error_body));
    ARROW_RETURN_NOT_OK(server->Start(options));
    return server;
  } catch (const std::exception& error) {  // Asio's; no more threads
    return base::Error(codes::kIo, fmt::format("no server: {}", error.what()));
  }
}

}  // namespace millrace::serve
