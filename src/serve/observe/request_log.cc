// Callers append finished lines to one text under a lock; the writer takes all of it at once, a few
// times a second, so that neither a line nor a wake-up costs a system call.
#include "serve/observe/request_log.h"

#include <pthread.h>

#include <array>
#include <atomic>
#include <charconv>
#include <condition_variable>
#include <csignal>
#include <limits>
#include <mutex>
#include <thread>
#include <utility>

#include "online/json_text.h"
#include "serve/observe/log_file.h"

namespace millrace::serve {
namespace {

using base::EventTime;

constexpr size_t kWaitingBytesMax = 8 << 20;
constexpr size_t kWakeBytes = 1 << 20;  // the writer does not wait for more
constexpr std::chrono::milliseconds kWriteEvery{200};
constexpr size_t kTextBytesMax = 2'000;
constexpr int64_t kMicrosPerSecond = 1'000'000;

std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "";
}

LogLevel LevelOf(int status) {
  if (status >= 500) return LogLevel::kError;
  return status >= 400 ? LogLevel::kWarning : LogLevel::kInfo;
}

void AppendInteger(int64_t value, std::string* out) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out->append(digits.data(), end);
}

// Always six digits of the second, so that lines sort by their times as text.
void AppendLineTime(EventTime time, std::string* out) {
  thread_local int64_t second = std::numeric_limits<int64_t>::min();
  thread_local std::string text;  // of the second, up to where its fraction begins
  const int64_t whole = base::FloorDiv(time.micros(), kMicrosPerSecond);
  if (whole != second) {
    text = base::FormatTime(EventTime::Micros(whole * kMicrosPerSecond));
    text.pop_back();
    second = whole;
  }
  std::array<char, 8> fraction = {'.', '0', '0', '0', '0', '0', '0', 'Z'};
  int64_t rest = base::FloorMod(time.micros(), kMicrosPerSecond);
  for (size_t digit = 6; digit > 0; --digit, rest /= 10) {
    fraction[digit] = static_cast<char>('0' + rest % 10);
  }
  *out += '"';
  *out += text;
  out->append(fraction.data(), fraction.size());
  *out += '"';
}

// `key` with its comma, quotes and colon.
void AppendField(std::string_view key, std::string_view text, std::string* out) {
  *out += key;
  if (text.size() <= kTextBytesMax) return online::AppendJsonText(text, out);
  // Not in the middle of a character.
  size_t end = kTextBytesMax;
  while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xC0) == 0x80) --end;
  online::AppendJsonText(std::string(text.substr(0, end)) + "…", out);
}

void AppendField(std::string_view key, int64_t number, std::string* out) {
  *out += key;
  AppendInteger(number, out);
}

void AppendStart(EventTime time, LogLevel level, std::string* out) {
  *out += R"({"time":)";
  AppendLineTime(time, out);
  *out += R"(,"level":")";
  *out += LevelName(level);
  *out += '"';
}

class FileLog : public RequestLog {
 public:
  FileLog(std::unique_ptr<LogFile> file, const base::Clock& clock)
      : clock_(clock), file_(std::move(file)), writer_([this] { Run(); }) {}

  ~FileLog() override {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    wake_.notify_one();
    writer_.join();
  }

  void Request(const RequestLine& line) override {
    thread_local std::string text;
    text.clear();
    AppendStart(clock_.Now(), LevelOf(line.status), &text);
    AppendField(R"(,"event":"request","request_id":)", line.request_id, &text);
    AppendField(R"(,"principal":)", line.principal, &text);
    AppendField(R"(,"peer":)", line.peer, &text);
    AppendField(R"(,"route":)", line.route, &text);
    AppendField(R"(,"verb":)", line.verb, &text);
    AppendField(R"(,"names":)", line.names, &text);
    AppendField(R"(,"entities":)", line.entities, &text);
    AppendField(R"(,"status":)", line.status, &text);
    AppendField(R"(,"code":)", line.code, &text);
    AppendField(R"(,"took_us":)",
                std::chrono::duration_cast<std::chrono::microseconds>(line.took).count(), &text);
    text += "}\n";
    Put(text, false);
  }

  void Event(LogLevel level, std::string_view event, std::string_view message) override {
    std::string text;
    AppendStart(clock_.Now(), level, &text);
    AppendField(R"(,"event":)", event, &text);
    AppendField(R"(,"message":)", message, &text);
    text += "}\n";
    Put(text, true);
  }

  int64_t dropped() const override { return dropped_.load(std::memory_order_relaxed); }

 private:
  void Put(const std::string& line, bool at_once) {
    bool wake = false;
    {
      const std::lock_guard lock(mutex_);
      const size_t before = waiting_.size();
      if (before + line.size() > kWaitingBytesMax) {
        dropped_.fetch_add(1, std::memory_order_relaxed);
        return;
      }
      waiting_ += line;
      at_once_ = at_once_ || at_once;
      wake = before == 0 || at_once || (before < kWakeBytes && waiting_.size() >= kWakeBytes);
    }
    if (wake) wake_.notify_one();
  }

  void Run() {
    // A closed pipe is an error of the write.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);

    std::string lines;
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [&] { return closing_ || !waiting_.empty(); });
      wake_.wait_for(lock, kWriteEvery,
                     [&] { return closing_ || at_once_ || waiting_.size() >= kWakeBytes; });
      if (waiting_.empty()) return;
      lines.clear();
      lines.swap(waiting_);
      at_once_ = false;
      lock.unlock();
      dropped_.fetch_add(file_->Write(lines), std::memory_order_relaxed);
      lock.lock();
    }
  }

  const base::Clock& clock_;
  const std::unique_ptr<LogFile> file_;
  std::atomic<int64_t> dropped_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::string waiting_;  // lines
  bool at_once_ = false;
  bool closing_ = false;
  std::thread writer_;  // last: what it works on is there
};

class NoLog : public RequestLog {
 public:
  void Request(const RequestLine&) override {}
  void Event(LogLevel, std::string_view, std::string_view) override {}
  int64_t dropped() const override { return 0; }
};

}  // namespace

base::Result<std::unique_ptr<RequestLog>> RequestLog::Open(const std::string& file,
                                                           const base::Clock& clock) {
  if (file.empty()) return std::make_unique<NoLog>();
  ARROW_ASSIGN_OR_RAISE(auto opened, LogFile::Open(file));
  return std::make_unique<FileLog>(std::move(opened), clock);
}

}  // namespace millrace::serve
