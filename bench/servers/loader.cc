// loader: asks an HTTP server for as long as it is told, the next request of a connection as soon
// as the answer to the one before is there (a closed loop), and prints what it saw as one line of
// JSON. One thread, requests made before the run, no more looking at answers than it takes to find
// their end: it shares the processors with what it measures. Called by bench/serve.py and
// bench/soak.py.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "latencies.h"

namespace millrace::bench {
namespace {

constexpr const char* kUsage =
    R"(usage: loader --address HOST:PORT|unix:/PATH --bodies FILE [OPTIONS]
  --bodies FILE     one request body a line; they are asked in turn, over and over
  --path PATH       POST to this path (/get-online-features)
  --connections N   this many requests are under way at all times (1)
  --seconds S       of measuring (5)
  --warmup S        before it (0.5)
  --sample FILE     writes answers as JSON lines: {"body": the body's number from 0, "answer": ...}
  --every N         one answer of so many (997)
  --kinds K         the first K bodies are of different kinds, and so are the next K, and so on: says
                    the median of each kind, too
)";

constexpr int kPatienceSeconds = 30;  // without any answer, or without a listener
constexpr size_t kSamplesMax = 100'000;

[[noreturn]] void Fail(const std::string& why) {
  std::fprintf(stderr, "loader: %s\n", why.c_str());
  std::exit(1);
}

[[noreturn]] void FailWithErrno(const std::string& what) {
  Fail(what + ": " + std::strerror(errno));
}

int64_t Now() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

struct Options {
  std::string address;
  std::string bodies;
  std::string path = "/get-online-features";
  std::string sample;
  int connections = 1;
  int every = 997;
  int kinds = 1;
  double seconds = 5;
  double warmup = 0.5;
};

double Number(const std::string& text) {
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  if (end == text.c_str() || *end != '\0') Fail("no number: " + text);
  return number;
}

Options ReadOptions(int argc, char** argv) {
  std::map<std::string, std::string> given;
  for (int i = 1; i + 1 < argc; i += 2) given[argv[i]] = argv[i + 1];
  Options options;
  const auto take = [&given](const char* name, auto read) {
    if (const auto found = given.extract(name)) read(found.mapped());
  };
  take("--address", [&](const std::string& text) { options.address = text; });
  take("--bodies", [&](const std::string& text) { options.bodies = text; });
  take("--path", [&](const std::string& text) { options.path = text; });
  take("--sample", [&](const std::string& text) { options.sample = text; });
  take("--connections",
       [&](const std::string& text) { options.connections = static_cast<int>(Number(text)); });
  take("--every", [&](const std::string& text) { options.every = static_cast<int>(Number(text)); });
  take("--kinds", [&](const std::string& text) { options.kinds = static_cast<int>(Number(text)); });
  take("--seconds", [&](const std::string& text) { options.seconds = Number(text); });
  take("--warmup", [&](const std::string& text) { options.warmup = Number(text); });
  if (argc % 2 == 0 || !given.empty() || options.address.empty() || options.bodies.empty() ||
      options.connections < 1 || options.every < 1 || options.kinds < 1) {
    std::fputs(kUsage, stderr);
    std::exit(2);
  }
  return options;
}

// Whole requests, as they go over the wire.
std::vector<std::string> MakeRequests(const Options& options) {
  std::ifstream file(options.bodies);
  if (!file) Fail("cannot read " + options.bodies);
  std::vector<std::string> requests;
  for (std::string body; std::getline(file, body);) {
    requests.push_back("POST " + options.path + " HTTP/1.1\r\nHost: " +
                       (options.address.starts_with("unix:") ? "localhost" : options.address) +
                       "\r\nContent-Type: application/json\r\nContent-Length: " +
                       std::to_string(body.size()) + "\r\n\r\n" + body);
  }
  if (requests.empty()) Fail(options.bodies + " is empty");
  return requests;
}

// A connected socket; -1 when nobody listens.
int Dial(const std::string& address) {
  sockaddr_storage storage = {};
  socklen_t length = 0;
  if (address.starts_with("unix:")) {
    auto& unix_address = reinterpret_cast<sockaddr_un&>(storage);
    const std::string path = address.substr(5);
    if (path.size() >= sizeof(unix_address.sun_path)) Fail(path + " is too long for a socket");
    unix_address.sun_family = AF_UNIX;
    std::memcpy(unix_address.sun_path, path.data(), path.size());
    length = sizeof(unix_address);
  } else {
    auto& inet_address = reinterpret_cast<sockaddr_in&>(storage);
    const size_t colon = address.rfind(':');
    if (colon == std::string::npos) Fail("no port in " + address);
    inet_address.sin_family = AF_INET;
    inet_address.sin_port = htons(static_cast<uint16_t>(Number(address.substr(colon + 1))));
    if (inet_pton(AF_INET, address.substr(0, colon).c_str(), &inet_address.sin_addr) != 1) {
      Fail("no IPv4 address: " + address);
    }
    length = sizeof(inet_address);
  }
  const int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) FailWithErrno("socket");
  if (connect(fd, reinterpret_cast<sockaddr*>(&storage), length) != 0) {
    close(fd);
    return -1;
  }
  const int one = 1;  // fails on a unix socket, which has no delay
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
  const timeval patience = {.tv_sec = kPatienceSeconds, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  return fd;
}

int DialPatiently(const std::string& address) {
  const int64_t end = Now() + kPatienceSeconds * int64_t{1'000'000'000};
  for (int fd = -1;; usleep(20'000)) {
    if ((fd = Dial(address)) >= 0) return fd;
    if (Now() > end) FailWithErrno("nobody listens at " + address);
  }
}

// What is said of an answer before its body.
struct Head {
  size_t bytes = 0;  // with the empty line; 0: not whole yet
  int status = 0;
  int64_t length = -1;  // of the body; -1: not said
};

Head ReadHead(std::string_view text) {
  Head head;
  const size_t end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) return head;
  head.bytes = end + 4;
  if (end > 12) std::from_chars(text.data() + 9, text.data() + 12, head.status);
  constexpr std::string_view kLength = "content-length:";
  for (size_t line = text.find("\r\n"); line < end; line = text.find("\r\n", line + 2)) {
    const char* name = text.data() + line + 2;
    if (strncasecmp(name, kLength.data(), kLength.size()) == 0) {
      name += kLength.size();
      while (*name == ' ') ++name;
      std::from_chars(name, text.data() + end, head.length);
    }
  }
  return head;
}

struct Connection {
  int fd = -1;
  size_t request = 0;    // under way
  int64_t sent = 0;      // when
  std::string head;      // what came of a head that is not whole
  bool in_body = false;  // the head is read
  int64_t missing = 0;   // bytes of the body
  bool keeps = false;    // the body is wanted
  std::string body;
  int status = 0;
};

class Run {
 public:
  explicit Run(const Options& options)
      : options_(options),
        requests_(MakeRequests(options)),
        connections_(static_cast<size_t>(options.connections)),
        events_(connections_.size()),
        kinds_(static_cast<size_t>(options.kinds)),
        scratch_(256 << 10),
        epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

  void Go() {
    now_ = Now();
    begin_ = now_ + static_cast<int64_t>(options_.warmup * 1e9);
    end_ = begin_ + static_cast<int64_t>(options_.seconds * 1e9);
    for (Connection& connection : connections_) {
      Connect(connection);
      SendNext(connection);
    }
    while (now_ < end_) Receive();
    stopped_ = now_;
    // Or the server would still work when the next one is measured.
    while (under_way_ > 0) Receive();
  }

  void Print() const {
    const double seconds = static_cast<double>(stopped_ - begin_) / 1e9;
    std::printf(
        "{\"requests\": %lu, \"seconds\": %.6f, \"rps\": %.1f, \"p50\": %.2f, \"p99\": %.2f, "
        "\"p99.9\": %.2f, \"max\": %.2f, \"errors\": %ld, \"reconnects\": %ld, \"bytes\": %ld, "
        "\"p50_of_kinds\": [",
        latencies_.count(), seconds, static_cast<double>(latencies_.count()) / seconds,
        latencies_.Quantile(0.5), latencies_.Quantile(0.99), latencies_.Quantile(0.999),
        latencies_.Largest(), errors_, reconnects_, bytes_);
    for (const Latencies& kind : kinds_) {
      std::printf(&kind == &kinds_[0] ? "%.2f" : ", %.2f", kind.Quantile(0.5));
    }
    std::printf("]}\n");
  }

  void WriteSamples() const {
    if (options_.sample.empty()) return;
    std::ofstream file(options_.sample);
    for (const std::string& line : samples_) file << line << '\n';
    if (!file.flush()) Fail("cannot write " + options_.sample);
  }

 private:
  void Connect(Connection& connection) {
    connection.fd = DialPatiently(options_.address);
    epoll_event event = {.events = EPOLLIN, .data = {.ptr = &connection}};
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event) != 0) FailWithErrno("epoll_ctl");
  }

  void SendNext(Connection& connection) {
    ++under_way_;
    connection.request = next_;
    next_ = next_ + 1 == requests_.size() ? 0 : next_ + 1;
    connection.sent = now_;
    Send(connection);
  }

  // The socket blocks, and takes what a server that answers one request at a time has room for.
  void Send(Connection& connection) {
    const std::string& request = requests_[connection.request];
    connection.in_body = false;
    connection.head.clear();
    connection.body.clear();
    if (send(connection.fd, request.data(), request.size(), MSG_NOSIGNAL) < 0) Again(connection);
  }

  // A server may close a connection between two requests. Whether it had begun with this one is not
  // known, and no matter for reads; the time goes on.
  void Again(Connection& connection) {
    close(connection.fd);
    if (stopped_ != 0) {
      --under_way_;
      return;
    }
    ++reconnects_;
    now_ = Now();
    Connect(connection);
    Send(connection);
  }

  // What has come, or comes next.
  void Receive() {
    if (connections_.size() == 1) return Receive(connections_[0]);
    const int ready = epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()),
                                 kPatienceSeconds * 1000);
    if (ready == 0) Fail("no answer for too long");
    for (int i = 0; i < ready; ++i) Receive(*static_cast<Connection*>(events_[i].data.ptr));
  }

  void Receive(Connection& connection) {
    const ssize_t count = recv(connection.fd, scratch_.data(), scratch_.size(), 0);
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) Fail("no answer for too long");
    if (count <= 0) return Again(connection);
    std::string_view text(scratch_.data(), static_cast<size_t>(count));
    if (measures()) bytes_ += count;
    if (!connection.in_body) {
      if (!connection.head.empty()) text = connection.head.append(text);
      const Head head = ReadHead(text);
      if (head.bytes == 0) {
        if (connection.head.empty()) connection.head = text;
        return;
      }
      if (head.length < 0) Fail("an answer without Content-Length:\n" + std::string(text));
      connection.in_body = true;
      connection.status = head.status;
      connection.missing = head.length;
      connection.keeps = Wanted(head.status);
      text.remove_prefix(head.bytes);
    }
    connection.missing -= static_cast<int64_t>(text.size());
    if (connection.keeps) connection.body.append(text);
    if (connection.missing < 0) Fail("more came than one answer");
    if (connection.missing == 0) Finish(connection);
  }

  bool measures() const { return now_ >= begin_ && stopped_ == 0; }

  bool Wanted(int status) {
    if (status != 200) return errors_ == 0;
    return !options_.sample.empty() && measures() && ++answers_ % options_.every == 0 &&
           samples_.size() < kSamplesMax;
  }

  void Finish(Connection& connection) {
    now_ = Now();
    --under_way_;
    if (measures()) {
      latencies_.Add(now_ - connection.sent);
      kinds_[connection.request % kinds_.size()].Add(now_ - connection.sent);
      if (connection.status != 200 && errors_++ == 0) {
        std::fprintf(stderr, "loader: the first error: %d %s\n", connection.status,
                     connection.body.c_str());
      }
    }
    if (connection.keeps && connection.status == 200) {
      samples_.push_back("{\"body\": " + std::to_string(connection.request) +
                         ", \"answer\": " + connection.body + "}");
    }
    if (stopped_ == 0) return SendNext(connection);
    close(connection.fd);
  }

  const Options& options_;
  const std::vector<std::string> requests_;
  std::vector<Connection> connections_;
  std::vector<epoll_event> events_;
  std::vector<Latencies> kinds_;
  std::vector<char> scratch_;
  const int epoll_;
  int64_t now_ = 0;  // of the last answer
  int64_t begin_ = 0;
  int64_t end_ = 0;
  int64_t stopped_ = 0;  // 0: not yet
  int under_way_ = 0;    // requests
  size_t next_ = 0;
  Latencies latencies_;
  long answers_ = 0;
  long errors_ = 0;
  long reconnects_ = 0;
  long bytes_ = 0;
  std::vector<std::string> samples_;
};

}  // namespace
}  // namespace millrace::bench

int main(int argc, char** argv) {
  using millrace::bench::Run;
  const millrace::bench::Options options = millrace::bench::ReadOptions(argc, argv);
  static Run run(options);  // its connections are pointed at
  run.Go();
  run.Print();
  run.WriteSamples();
}
