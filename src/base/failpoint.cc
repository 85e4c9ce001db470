#include "base/failpoint.h"

#include <fmt/format.h>

#include <charconv>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <string>

namespace millrace::base {
namespace {

enum class Action { kError, kFull, kKill };

struct Point {
  std::string name;
  Action action = Action::kError;
  int64_t at = 0;  // the pass that acts, from 1; 0: every one
  std::atomic<int64_t> passes{0};
};

struct Chosen {
  std::deque<Point> points;
  Status text;  // what is wrong with the environment's; every pass gives it
};

Status BadText(std::string_view item) {
  return Error(codes::kUsage,
               fmt::format("failpoint '{}': expected NAME=error, NAME=full or NAME=kill, @N after "
                           "it for the Nth pass alone",
                           item));
}

Status Add(std::string_view item, std::deque<Point>* points) {
  const size_t equals = item.find('=');
  if (equals == 0 || equals == std::string_view::npos) return BadText(item);
  std::string_view action = item.substr(equals + 1);
  Point& point = points->emplace_back();
  point.name = item.substr(0, equals);
  if (const size_t at = action.find('@'); at != std::string_view::npos) {
    const std::string_view number = action.substr(at + 1);
    const auto [end, error] =
        std::from_chars(number.data(), number.data() + number.size(), point.at);
    if (error != std::errc() || end != number.data() + number.size() || point.at < 1) {
      return BadText(item);
    }
    action = action.substr(0, at);
  }
  if (action == "error") {
    point.action = Action::kError;
  } else if (action == "full") {
    point.action = Action::kFull;
  } else if (action == "kill") {
    point.action = Action::kKill;
  } else {
    return BadText(item);
  }
  return Status::OK();
}

Status Parse(std::string_view text, std::deque<Point>* points) {
  while (!text.empty()) {
    const size_t comma = text.find(',');
    std::string_view item = text.substr(0, comma);
    text = comma == std::string_view::npos ? "" : text.substr(comma + 1);
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    if (!item.empty()) ARROW_RETURN_NOT_OK(Add(item, points));
  }
  return Status::OK();
}

Chosen& TheChosen() {
  static Chosen chosen;
  return chosen;
}

// A text that cannot be read fails every pass: a test that misspelt it must not pass unnoticed.
bool ReadEnvironment() {
  const char* text = std::getenv("MILLRACE_FAILPOINTS");
  if (text == nullptr || *text == '\0') return false;
  Chosen& chosen = TheChosen();
  chosen.text = Parse(text, &chosen.points);
  return true;
}

}  // namespace

namespace failpoint_internal {

std::atomic<bool> any{ReadEnvironment()};

Status Pass(std::string_view name) {
  Chosen& chosen = TheChosen();
  ARROW_RETURN_NOT_OK(chosen.text);
  Status status;
  for (Point& point : chosen.points) {
    if (point.name != name) continue;
    const int64_t pass = point.passes.fetch_add(1, std::memory_order_relaxed) + 1;
    if (!status.ok() || (point.at != 0 && point.at != pass)) continue;
    if (point.action == Action::kKill) std::raise(SIGKILL);
    const bool full = point.action == Action::kFull;
    status = Error(full ? codes::kDiskFull : codes::kIo, fmt::format("failpoint {}", name));
  }
  return status;
}

}  // namespace failpoint_internal

Status SetFailpoints(std::string_view text) {
  std::deque<Point> points;
  ARROW_RETURN_NOT_OK(Parse(text, &points));
  Chosen& chosen = TheChosen();
  chosen.text = Status::OK();
  chosen.points.swap(points);
  failpoint_internal::any.store(!chosen.points.empty(), std::memory_order_relaxed);
  return Status::OK();
}

}  // namespace millrace::base
