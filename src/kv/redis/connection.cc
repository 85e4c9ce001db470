#include "kv/redis/connection.h"

#include <fmt/format.h>

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <optional>
#include <thread>

namespace millrace::kv {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
namespace codes = base::codes;

using Error = boost::system::error_code;
using Socket = asio::generic::stream_protocol::socket;
using Endpoints = std::vector<asio::generic::stream_protocol::endpoint>;
using Steady = std::chrono::steady_clock;

constexpr size_t kWriteBytes = 256 << 10;  // of the calls that are written together, about
constexpr size_t kReadBytes = 64 << 10;
constexpr auto kWatchEvery = std::chrono::milliseconds(250);

struct Exchange {
  RedisCommands commands;
  RedisConnection::Then then;
  std::vector<RedisReply> replies;
};
using Calls = std::deque<std::unique_ptr<Exchange>>;

// One socket from its opening to its end. Handlers keep it alive; those that come after its end are
// told from others by that it is no longer the connection's.
struct Link {
  Link(asio::io_context& io, ssl::context& trust) : socket(io), tls(socket, trust) {}

  Socket socket;
  ssl::stream<Socket&> tls;  // of use where the address says so
  RedisReplyReader reader;
  std::array<char, kReadBytes> in;
  std::string out;
  size_t written = 0;  // of `out`
  bool writing = false;
};

// Everything runs on the one thread of io_, but Send of a connection that has its own.
class SharedConnection final : public RedisConnection {
 public:
  SharedConnection(RedisAddress address, ssl::context trust, std::shared_ptr<asio::io_context> loop)
      : address_(std::move(address)),
        trust_(std::move(trust)),
        is_own_(loop == nullptr),
        loop_(is_own_ ? std::make_shared<asio::io_context>(1) : std::move(loop)) {
    Connect();
    if (is_own_) thread_ = std::thread([this] { io_.run(); });
  }
  SharedConnection(const SharedConnection&) = delete;
  SharedConnection& operator=(const SharedConnection&) = delete;

  ~SharedConnection() override {
    if (is_own_) {
      io_.stop();
      thread_.join();
    } else if (link_ != nullptr) {
      Error ignored;
      link_->socket.close(ignored);
    }
    Fail(&awaited_, "the store was closed", /*sent=*/true);
    Fail(&queue_, "the store was closed", /*sent=*/false);
  }

  void Send(RedisCommands commands, Then then) override {
    auto call = std::make_unique<Exchange>();
    call->commands = std::move(commands);
    call->then = std::move(then);
    if (!is_own_) return Queue(std::move(call));
    asio::post(io_, [this, call = std::move(call)]() mutable { Queue(std::move(call)); });
  }

  const RedisAddress& address() const override { return address_; }

 private:
  enum class State { kConnecting, kUp, kPausing };
  using LinkPointer = std::shared_ptr<Link>;

  // A handler that does nothing after the end of this, which a loop of others outlives.
  template <typename Handler>
  auto WhileAlive(Handler handler) {
    return [alive = std::weak_ptr<const bool>(alive_),
            handler = std::move(handler)](const auto&... given) {
      if (!alive.expired()) handler(given...);
    };
  }

  void Queue(std::unique_ptr<Exchange> call) {
    queue_.push_back(std::move(call));
    if (state_ == State::kUp) Write();
    if (state_ == State::kPausing) FailQueue();
  }

  bool tls() const { return address_.way == RedisAddress::Way::kTls; }

  base::Status Unavailable(std::string_view why, bool sent) const {
    return base::Error(codes::kStoreUnavailable,
                       sent ? fmt::format("store {}: the connection was lost before its answer: {}",
                                          address_.shown, why)
                            : fmt::format("store {} cannot be reached: {}", address_.shown, why));
  }

  void Fail(Calls* calls, std::string_view why, bool sent) {
    FailWith(Unavailable(why, sent), sent, calls);
  }
  void FailQueue() { FailWith(failure_, /*sent=*/false, &queue_); }

  static void FailWith(const base::Status& status, bool sent, Calls* calls) {
    const Calls failed = std::exchange(*calls, {});  // as who is called may send again
    for (const auto& call : failed) call->then({.status = status, .replies = {}, .sent = sent});
  }

  // Runs `next` after `wait`, unless something else was to be waited for meanwhile.
  template <typename Next>
  void After(Steady::duration wait, Next next) {
    timer_.expires_after(wait);
    timer_.async_wait(WhileAlive([this, next, number = ++waits_](Error error) {
      if (!error && number == waits_) next();
    }));
  }

  void Connect() {
    state_ = State::kConnecting;
    link_ = std::make_shared<Link>(io_, trust_);
    After(kRedisConnectTimeout, [this, link = link_] { Lose(link, "it does not answer"); });
    if (address_.way == RedisAddress::Way::kUnix) {
      Reach(link_, {asio::local::stream_protocol::endpoint(address_.path)});
      return;
    }
    resolver_.async_resolve(address_.host, std::to_string(address_.port),
                            WhileAlive([this, link = link_](Error error, const auto& found) {
                              if (error) return Lose(link, error.message());
                              Endpoints endpoints;
                              for (const auto& entry : found) endpoints.push_back(entry.endpoint());
                              Reach(link, std::move(endpoints));
                            }));
  }

  void Reach(LinkPointer link, Endpoints endpoints) {
    if (link != link_) return;
    auto all = std::make_shared<Endpoints>(std::move(endpoints));
    const auto then = [this, link, all](Error error, const auto&) {
      if (error || link != link_) return Lose(link, error.message());
      Error ignored;  // a unix socket has no such option
      link->socket.set_option(asio::ip::tcp::no_delay(true), ignored);
      if (!tls()) return Greet(link);
      Error named;  // no number: a server of several names chooses its certificate by it
      asio::ip::make_address(address_.host, named);
      if (named) SSL_set_tlsext_host_name(link->tls.native_handle(), address_.host.c_str());
      link->tls.set_verify_callback(ssl::host_name_verification(address_.host), ignored);
      link->tls.async_handshake(ssl::stream_base::client, WhileAlive([this, link](Error failed) {
                                  if (failed) return Lose(link, "TLS: " + failed.message());
                                  Greet(link);
                                }));
    };
    asio::async_connect(link->socket, *all, WhileAlive(then));
  }

  // Logs in and chooses the database, before all calls that wait.
  void Greet(const LinkPointer& link) {
    if (link != link_) return;
    auto greeting = std::make_unique<Exchange>();
    greeting->then = [](const RedisAnswer&) {};  // Greeted looks at it, or the link is lost
    RedisCommands& commands = greeting->commands;
    if (!address_.user.empty()) {
      commands.Add({"AUTH", address_.user, address_.password});
    } else if (!address_.password.empty()) {
      commands.Add({"AUTH", address_.password});
    }
    if (address_.database != 0) commands.Add({"SELECT", std::to_string(address_.database)});
    commands.Add({"PING"});
    link->out = commands.TakeBytes();
    awaited_.push_back(std::move(greeting));
    WriteRest(link);
    Read(link);
  }

  void Greeted(const LinkPointer& link, const std::vector<RedisReply>& replies) {
    for (const RedisReply& reply : replies) {
      if (const base::Status status = StatusOf(*reply, address_.shown); !status.ok()) {
        return Lose(link, status);
      }
    }
    state_ = State::kUp;
    pause_ = kRedisPauseMin;
    Watch(link);
    Write();
  }

  // Looks from time to time whether the server has become silent.
  void Watch(const LinkPointer& link) {
    After(kWatchEvery, [this, link] {
      if (!awaited_.empty() && Steady::now() - progress_ > kRedisSilenceTimeout) {
        return Lose(link, "it has become silent");
      }
      Watch(link);
    });
  }

  // Writes what is queued, in one piece, when nothing is being written.
  void Write() {
    if (link_->writing) return;
    link_->out.clear();
    link_->written = 0;
    while (!queue_.empty() && link_->out.size() < kWriteBytes) {
      if (awaited_.empty()) progress_ = Steady::now();
      link_->out += queue_.front()->commands.TakeBytes();
      awaited_.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
    if (!link_->out.empty()) WriteRest(link_);
  }

  void WriteRest(const LinkPointer& link) {
    link->writing = true;
    const auto rest = asio::buffer(link->out) + link->written;
    const auto then = WhileAlive([this, link](Error error, size_t size) {
      if (error || link != link_) return Lose(link, error.message());
      progress_ = Steady::now();
      link->written += size;
      if (link->written < link->out.size()) return WriteRest(link);
      link->writing = false;
      if (state_ == State::kUp) Write();
    });
    tls() ? link->tls.async_write_some(rest, then) : link->socket.async_write_some(rest, then);
  }

  void Read(const LinkPointer& link) {
    const auto then = WhileAlive([this, link](Error error, size_t size) {
      if (error || link != link_) return Lose(link, error.message());
      progress_ = Steady::now();
      link->reader.Feed({link->in.data(), size});
      if (TakeReplies(link)) Read(link);
    });
    const auto space = asio::buffer(link->in);
    tls() ? link->tls.async_read_some(space, then) : link->socket.async_read_some(space, then);
  }

  // False when the link was lost by it.
  bool TakeReplies(const LinkPointer& link) {
    while (link == link_) {
      base::Result<RedisReply> reply = link->reader.Next();
      if (!reply.ok() || (*reply != nullptr && awaited_.empty())) {
        Lose(link, reply.ok() ? "a reply to no command" : reply.status().message());
        return false;
      }
      if (*reply == nullptr) return true;
      Exchange& call = *awaited_.front();
      call.replies.push_back(*std::move(reply));
      if (call.replies.size() < call.commands.count()) continue;
      const std::unique_ptr<Exchange> done = std::move(awaited_.front());
      awaited_.pop_front();
      if (state_ == State::kConnecting) {
        Greeted(link, done->replies);
      } else {
        done->then(
            {.status = base::Status::OK(), .replies = std::move(done->replies), .sent = true});
      }
    }
    return false;
  }

  void Lose(const LinkPointer& link, const std::string& why) {
    Lose(link, Unavailable(why, /*sent=*/false), why);
  }
  void Lose(const LinkPointer& link, const base::Status& failure) {
    Lose(link, failure, failure.message());
  }

  // The end of a link, whatever found it first. From a working one straight to the next; after an
  // attempt that failed those who wait are told, and there is a pause.
  void Lose(const LinkPointer& link, const base::Status& failure, const std::string& why) {
    if (link != link_) return;
    Error ignored;
    link->socket.close(ignored);
    link_ = nullptr;
    Fail(&awaited_, why, /*sent=*/true);
    if (state_ == State::kUp) return Connect();
    failure_ = failure;
    state_ = State::kPausing;
    FailQueue();
    After(pause_, [this] { Connect(); });
    pause_ = std::min(pause_ * 2, kRedisPauseMax);
  }

  const std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
  RedisAddress address_;
  ssl::context trust_;
  const bool is_own_;  // the loop
  const std::shared_ptr<asio::io_context> loop_;
  asio::io_context& io_ = *loop_;
  asio::ip::tcp::resolver resolver_{io_};
  asio::steady_timer timer_{io_};  // to connect, to watch or to pause
  int64_t waits_ = 0;              // of the timer; the last one counts
  State state_ = State::kConnecting;
  LinkPointer link_;
  Calls awaited_;  // written; their replies come in this order
  Calls queue_;    // not yet written
  Steady::time_point progress_;
  std::chrono::milliseconds pause_ = kRedisPauseMin;
  base::Status failure_;  // of the last attempt
  std::thread thread_;
};

}  // namespace

base::Result<std::shared_ptr<RedisConnection>> RedisConnection::Open(RedisAddress address) {
  return OpenOn(nullptr, std::move(address));
}

base::Result<std::shared_ptr<RedisConnection>> RedisConnection::OpenOn(
    std::shared_ptr<asio::io_context> loop, RedisAddress address) {
  try {
    ssl::context trust(ssl::context::tls_client);
    trust.set_verify_mode(ssl::verify_peer);
    if (!address.ca_file.empty()) {
      Error error;
      trust.load_verify_file(address.ca_file, error);
      if (error) {
        return base::Error(codes::kBadValue,
                           fmt::format("store {}: certificates in {}: {}", address.shown,
                                       address.ca_file, error.message()));
      }
    } else if (address.way == RedisAddress::Way::kTls) {
      trust.set_default_verify_paths();
    }
    return std::make_shared<SharedConnection>(std::move(address), std::move(trust),
                                              std::move(loop));
  } catch (const std::exception& error) {  // Asio's and OpenSSL's; no more threads
    return base::Error(codes::kIo, fmt::format("store: no connection: {}", error.what()));
  }
}

std::future<RedisAnswer> RedisConnection::Send(RedisCommands commands) {
  std::promise<RedisAnswer> promise;
  std::future<RedisAnswer> answer = promise.get_future();
  Send(std::move(commands), [promise = std::move(promise)](RedisAnswer given) mutable {
    promise.set_value(std::move(given));
  });
  return answer;
}

base::Result<std::vector<RedisReply>> RedisConnection::Call(RedisCommands commands) {
  return RepliesOf(Send(std::move(commands)).get(), address().shown);
}

base::Result<std::vector<RedisReply>> RepliesOf(RedisAnswer answer, std::string_view store) {
  ARROW_RETURN_NOT_OK(answer.status);
  for (const RedisReply& reply : answer.replies) {
    ARROW_RETURN_NOT_OK(StatusOf(*reply, store));
  }
  return std::move(answer.replies);
}

}  // namespace millrace::kv
