#include "serve/http/response_head.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "base/civil.h"

namespace millrace::serve {
namespace {

constexpr int64_t kDayMicros = int64_t{86'400} * 1'000'000;

std::string_view StatusText(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Status";
  }
}

void AppendNumber(uint64_t number, std::string* out) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out->append(digits.data(), end);
}

}  // namespace

std::string DateLine(base::EventTime now) {
  static constexpr std::array<const char*, 7> kDays = {"Thu", "Fri", "Sat", "Sun",
                                                       "Mon", "Tue", "Wed"};  // day 0 first
  static constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const int64_t day = base::FloorDiv(now.micros(), kDayMicros);
  const int64_t second = base::FloorMod(now.micros(), kDayMicros) / 1'000'000;
  const base::CivilDay civil = base::CivilFromDays(day);
  return fmt::format("Date: {}, {:02} {} {:04} {:02}:{:02}:{:02} GMT\r\n",
                     kDays[static_cast<size_t>(base::FloorMod(day, 7))], civil.day,
                     kMonths[static_cast<size_t>(civil.month - 1)], civil.year, second / 3600,
                     second / 60 % 60, second % 60);
}

void WriteResponseHead(const HttpResponse& response, Persistence persistence, std::string_view date,
                       std::string* out) {
  out->assign("HTTP/1.1 ");
  AppendNumber(static_cast<uint64_t>(response.status), out);
  out->append(" ").append(StatusText(response.status)).append("\r\n");
  const bool bodiless = response.status == 204 || response.status == 304;
  if (!bodiless) {
    if (!response.content_type.empty()) {
      out->append("Content-Type: ").append(response.content_type).append("\r\n");
    }
    out->append("Content-Length: ");
    AppendNumber(response.body.size(), out);
    out->append("\r\n");
  }
  out->append(date);
  if (persistence == Persistence::kCloses) out->append("Connection: close\r\n");
  if (persistence == Persistence::kSaysStays) out->append("Connection: keep-alive\r\n");
  for (const auto& [name, value] : response.headers) {
    out->append(name).append(": ").append(value).append("\r\n");
  }
  out->append("\r\n");
}

}  // namespace millrace::serve
