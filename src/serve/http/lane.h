// Lane: one thread of the server with its loop, its connections, and the answers that other
// threads give to them. Of http_server.cc; Connection is the other half.
#pragma once

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "serve/http/event_loop.h"
#include "serve/http/http_server.h"
#include "serve/http/listen_socket.h"
#include "serve/http/tls_files.h"

namespace millrace::serve {

class Connection;
class Lane;

// What all connections of a server share.
struct ServerState {
  HttpLimits limits;
  HttpService service;
  HttpErrorBody error_body;
  const base::Clock* clock = nullptr;

  std::atomic<bool> stopping = false;
  std::atomic<int64_t> connections = 0;
  std::atomic<int64_t> refusals = 0;  // connections that are told that they are too many
  std::atomic<int64_t> accepted = 0;
  std::atomic<int64_t> refused = 0;
  std::atomic<int64_t> malformed = 0;
  std::atomic<int64_t> timed_out = 0;

  // Told when `connections` becomes 0 or the server listens no more, while stopping.
  std::mutex mutex;
  std::condition_variable closed;
};

// Who has just connected.
struct Newcomer {
  OwnedDescriptor socket;
  Peer peer;
  std::shared_ptr<SSL_CTX> tls;  // nullptr: plain
  bool is_refused = false;       // gets 503 for his connection
};

// The way to a lane for answers of other threads. Outlives it, as replies do.
class Mailbox {
 public:
  explicit Mailbox(Lane* lane) : lane_(lane) {}
  // From any thread. Drops the answer when the lane is gone.
  void Put(std::shared_ptr<Connection> connection, HttpResponse response);
  void Close();

 private:
  friend class Lane;
  struct Letter {
    std::shared_ptr<Connection> connection;
    HttpResponse response;
  };
  std::mutex mutex_;
  Lane* lane_;  // nullptr: gone
  std::vector<Letter> letters_;
};

class Lane {
 public:
  // `state` outlives it.
  Lane(int number, EventLoop loop, ServerState* state);
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;
  // REQUIRES: joined, when it was started.
  ~Lane();

  void Start();
  void Halt() { loop_->stop(); }  // from any thread; what is open is closed by the destructor
  void Join();
  void Post(std::function<void()> act);  // from any thread: to the lane's
  void Adopt(Newcomer newcomer);         // likewise

  // For what runs on the lane's thread.

  // Closes connections that wait for a request; the others when they are answered.
  void Drain();
  void CloseAll();
  static Lane* current();  // the lane of this thread, or nullptr
  int number() const { return number_; }
  ServerState& state() { return *state_; }
  boost::asio::io_context& io() { return *loop_; }
  std::span<char> scratch() { return scratch_; }  // until the next wait
  std::string_view date() const { return date_; }
  const std::shared_ptr<Mailbox>& mailbox() const { return mailbox_; }
  void Forget(Connection* connection);

 private:
  friend class Mailbox;
  void Collect();
  void Tick();
  void ForEach(const std::function<void(Connection*)>& act);

  int number_;
  ServerState* state_;
  const EventLoop loop_;
  boost::asio::steady_timer timer_;
  std::shared_ptr<Mailbox> mailbox_;
  std::vector<Mailbox::Letter> letters_;
  std::vector<std::shared_ptr<Connection>> connections_;  // each knows its place
  std::string date_;
  int64_t date_second_ = -1;
  std::array<char, 64 << 10> scratch_;
  std::thread thread_;
};

}  // namespace millrace::serve
