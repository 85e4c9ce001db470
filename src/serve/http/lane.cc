#include "serve/http/lane.h"

#include <pthread.h>
#include <signal.h>

#include <boost/asio/post.hpp>

#include "serve/http/connection.h"

namespace millrace::serve {
namespace {

namespace asio = boost::asio;

// How often a lane looks at the deadlines of its connections, which need no timers so.
constexpr std::chrono::milliseconds kTick{50};

thread_local Lane* lane_of_thread = nullptr;

}  // namespace

void Mailbox::Put(std::shared_ptr<Connection> connection, HttpResponse response) {
  const std::lock_guard lock(mutex_);
  if (lane_ == nullptr) return;
  letters_.push_back({std::move(connection), std::move(response)});
  if (letters_.size() == 1) asio::post(lane_->io(), [lane = lane_] { lane->Collect(); });
}

void Mailbox::Close() {
  std::vector<Letter> unread;  // which end outside of the lock
  const std::lock_guard lock(mutex_);
  lane_ = nullptr;
  unread.swap(letters_);
}

std::vector<EventLoop> MakeEventLoops(int count) {
  std::vector<EventLoop> loops;
  for (int i = 0; i < count; ++i) {
    loops.push_back(std::make_shared<asio::io_context>(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO));
  }
  return loops;
}

Lane::Lane(int number, EventLoop loop, ServerState* state)
    : number_(number),
      state_(state),
      loop_(std::move(loop)),
      timer_(*loop_),
      mailbox_(std::make_shared<Mailbox>(this)) {}

Lane::~Lane() {
  CloseAll();
  mailbox_->Close();
}

Lane* Lane::current() {
  return lane_of_thread;
}

// No signal is for a lane: those to the process go to threads that expect them, and SIGPIPE, which
// OpenSSL can cause, would end it.
void Lane::Start() {
  Tick();
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] {
    lane_of_thread = this;
    loop_->run();
  });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void Lane::Join() {
  if (thread_.joinable()) thread_.join();
}

void Lane::Post(std::function<void()> act) {
  asio::post(*loop_, std::move(act));
}

void Lane::Adopt(Newcomer newcomer) {
  asio::post(*loop_, [this, newcomer = std::move(newcomer)]() mutable {
    auto connection = std::make_shared<Connection>(this, std::move(newcomer));
    connection->place = connections_.size();
    connections_.push_back(connection);
    connection->Start();
  });
}

void Lane::Drain() {
  ForEach([](Connection* connection) { connection->Drain(); });
}

void Lane::CloseAll() {
  ForEach([](Connection* connection) { connection->Close(); });
}

// Backwards: one that is closed by it gives its place to the last.
void Lane::ForEach(const std::function<void(Connection*)>& act) {
  for (size_t i = connections_.size(); i-- > 0;) {
    if (i >= connections_.size()) continue;
    const std::shared_ptr<Connection> connection = connections_[i];
    act(connection.get());
  }
}

void Lane::Forget(Connection* connection) {
  const size_t place = connection->place;
  const std::shared_ptr<Connection> last = std::move(connections_.back());
  connections_.pop_back();
  if (last.get() != connection) {
    last->place = place;
    connections_[place] = last;
  }
}

void Lane::Collect() {
  {
    const std::lock_guard lock(mailbox_->mutex_);
    letters_.swap(mailbox_->letters_);
  }
  for (Mailbox::Letter& letter : letters_) letter.connection->Deliver(std::move(letter.response));
  letters_.clear();
}

void Lane::Tick() {
  if (state_->clock != nullptr) {
    const base::EventTime now = state_->clock->Now();
    const int64_t second = base::FloorDiv(now.micros(), 1'000'000);
    if (second != date_second_) date_ = DateLine(now);
    date_second_ = second;
  }
  const auto now = Connection::Clock::now();
  ForEach([now](Connection* connection) { connection->Check(now); });
  timer_.expires_after(kTick);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) Tick();
  });
}

}  // namespace millrace::serve
