// RequestLog: who asked for what, and what the server says of itself: one JSON object a line,
// written by a thread of its own. Lines that it cannot keep up with are dropped and counted.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"

namespace millrace::serve {

// A request that was answered.
struct RequestLine {
  std::string_view request_id = {};
  std::string_view principal = {};  // "loopback", a token's name, "anonymous"
  std::string_view peer = {};
  std::string_view route = {};
  std::string_view verb = {};   // read, write, admin
  std::string_view names = {};  // features or service, source, view
  int64_t entities = 0;
  int status = 0;
  std::string_view code = {};  // of the error; "" when there is none
  std::chrono::steady_clock::duration took = {};
};

enum class LogLevel { kInfo, kWarning, kError };

// A line is in the file within a fifth of a second, an Event's at once. {"time" (RFC 3339, always
// with microseconds), "level", "event", …}: a request has the fields of RequestLine and "took_us",
// an event its "message". Texts over 2,000 bytes are cut. Safe from every thread; nobody waits for
// the file.
class RequestLog {
 public:
  // `file`: "-" is standard error, "" nothing. A file is appended to, and made anew when it was
  // renamed or removed. `clock` outlives this. Errors: file_not_found (the folder),
  // permission_denied, io_error.
  static base::Result<std::unique_ptr<RequestLog>> Open(const std::string& file,
                                                        const base::Clock& clock);
  virtual ~RequestLog() = default;  // after everything is written
  virtual void Request(const RequestLine& line) = 0;
  // Of the server itself: started, a new version, a run of materialize, an error.
  virtual void Event(LogLevel level, std::string_view event, std::string_view message) = 0;
  // Lines that did not fit into 8 MiB of waiting ones, or that the file did not take.
  virtual int64_t dropped() const = 0;
};

}  // namespace millrace::serve
