#include "serve/http/request_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <limits>
#include <optional>

namespace millrace::serve {
namespace {

namespace http = boost::beast::http;
using BeastError = boost::beast::error_code;
using BeastText = boost::beast::string_view;

// A body is given this much room before its bytes are there; more only as they come.
constexpr uint64_t kBodyReserve = 64 << 10;
// A body's room beyond this is given back when its request is over.
constexpr size_t kBodyKept = 64 << 10;
// No chunked body has fewer bytes to come where a chunk begins: "0", and two ends of lines.
constexpr size_t kChunkedRest = 5;

std::string_view Text(BeastText text) {
  return {text.data(), text.size()};
}

bool SameName(std::string_view a, std::string_view b) {
  return boost::beast::iequals({a.data(), a.size()}, {b.data(), b.size()});
}

// Of a request line that Beast finds no good version in.
bool IsOtherVersion(std::string_view line) {
  constexpr std::string_view kMark = " HTTP/";
  const size_t mark = line.rfind(kMark);
  if (mark == line.npos) return false;
  const std::string_view version = line.substr(mark + kMark.size());
  return !version.empty() && version[0] >= '0' && version[0] <= '9' && version != "1.0" &&
         version != "1.1";
}

HttpMethod MethodOf(http::verb verb) {
  switch (verb) {
    case http::verb::get:
      return HttpMethod::kGet;
    case http::verb::head:
      return HttpMethod::kHead;
    case http::verb::post:
      return HttpMethod::kPost;
    case http::verb::put:
      return HttpMethod::kPut;
    case http::verb::delete_:
      return HttpMethod::kDelete;
    case http::verb::options:
      return HttpMethod::kOptions;
    default:
      return HttpMethod::kOther;
  }
}

}  // namespace

// Keeps the few fields that a request has room for. An error that a callback raises is the one that
// the reader has already noted.
class RequestReader::Parser {
 public:
  class Message final : public http::basic_parser<true> {
   public:
    explicit Message(RequestReader* reader) : reader_(*reader) {
      header_limit(std::numeric_limits<uint32_t>::max());  // the reader counts, over all calls
      body_limit(static_cast<uint64_t>(reader->limits_->body_bytes_max));
    }

    bool chunk_began = false;  // in the last call
    bool body_has_bytes = false;

   private:
    void Refuse(BeastError& error, int status, std::string why) {
      reader_.Fail(status, std::move(why));
      error = http::error::bad_value;
    }

    void on_request_impl(http::verb verb, BeastText method, BeastText target, int version,
                         BeastError&) override {
      HttpRequest& request = reader_.request_;
      request.method = MethodOf(verb);
      reader_.SetField(&request.method_text, &reader_.method_, Text(method));
      reader_.SetField(&request.target, &reader_.target_, Text(target));
      reader_.is_http_1_0_ = version == 10;
    }

    void on_field_impl(http::field field, BeastText name, BeastText text,
                       BeastError& error) override {
      if (reader_.phase_ != Phase::kHead) return;  // trailers say nothing that counts
      HttpRequest& request = reader_.request_;
      const std::string_view value = Text(text);
      switch (field) {
        case http::field::host:
          if (reader_.has_host_) return Refuse(error, 400, "two Host fields");
          reader_.has_host_ = true;
          return;
        case http::field::authorization:
          if (!request.authorization.empty()) {
            return Refuse(error, 400, "two Authorization fields");
          }
          return reader_.SetField(&request.authorization, &reader_.authorization_, value);
        case http::field::content_type:
          return reader_.SetField(&request.content_type, &reader_.content_type_, value);
        case http::field::origin:
          return reader_.SetField(&request.origin, &reader_.origin_, value);
        case http::field::content_encoding:
          if (value.empty() || SameName(value, "identity")) return;
          return Refuse(error, 415, fmt::format("Content-Encoding '{}' is not taken", value));
        case http::field::transfer_encoding:
          // What others understand by anything else would end elsewhere than what is read here.
          if (reader_.is_http_1_0_ || !SameName(value, "chunked")) {
            return Refuse(error, 400, fmt::format("Transfer-Encoding '{}' is not taken", value));
          }
          reader_.chunked_ = true;
          return;
        case http::field::expect:
          if (!SameName(value, "100-continue")) {
            return Refuse(error, 417, fmt::format("Expect '{}' is not known", value));
          }
          reader_.expects_continue_ = !reader_.is_http_1_0_;
          return;
        default:
          if (SameName(Text(name), "X-Request-Id")) {
            reader_.SetField(&request.request_id, &reader_.request_id_, value);
          }
      }
    }

    void on_header_impl(BeastError& error) override {
      if (!reader_.has_host_ && !reader_.is_http_1_0_) Refuse(error, 400, "no Host field");
    }

    void on_body_init_impl(const boost::optional<uint64_t>& size, BeastError&) override {
      reader_.request_.body.reserve(std::min(size.value_or(0), kBodyReserve));
    }

    size_t on_body_impl(BeastText bytes, BeastError&) override {
      body_has_bytes = true;
      reader_.request_.body.append(bytes.data(), bytes.size());
      return bytes.size();
    }

    void on_chunk_header_impl(uint64_t, BeastText, BeastError&) override { chunk_began = true; }

    size_t on_chunk_body_impl(uint64_t, BeastText bytes, BeastError& error) override {
      return on_body_impl(bytes, error);
    }

    void on_response_impl(int, BeastText, int, BeastError&) override {}
    void on_finish_impl(BeastError&) override {}

    RequestReader& reader_;
  };

  std::optional<Message> message;  // a parser is of one message
};

RequestReader::RequestReader(const HttpLimits* limits)
    : limits_(limits), parser_(std::make_unique<Parser>()) {}

RequestReader::~RequestReader() = default;

void RequestReader::SetField(std::string_view* field, std::string* text, std::string_view value) {
  text->assign(value);
  *field = *text;
}

void RequestReader::Next() {
  parser_->message.reset();
  phase_ = Phase::kIdle;
  std::string body = std::move(request_.body);
  if (body.capacity() > kBodyKept) std::string().swap(body);  // an assignment would keep it
  body.clear();
  request_ = HttpRequest();
  request_.body = std::move(body);
  head_bytes_ = 0;
  has_host_ = keep_alive_ = is_http_1_0_ = expects_continue_ = chunked_ = false;
}

size_t RequestReader::Feed(std::string_view bytes) {
  size_t taken = 0;
  if (phase_ == Phase::kIdle) {
    // Some clients end a body with an end of line that they do not count.
    while (taken < bytes.size() && (bytes[taken] == '\r' || bytes[taken] == '\n')) ++taken;
    if (taken == bytes.size()) return taken;
    parser_->message.emplace(this);
    phase_ = Phase::kHead;
  }
  while (phase_ == Phase::kHead || phase_ == Phase::kBody) {
    const Phase before = phase_;
    const size_t more = Parse(bytes.substr(taken));
    taken += more;
    if (more == 0 && phase_ == before) break;
  }
  return taken;
}

size_t RequestReader::Parse(std::string_view bytes) {
  Parser::Message& message = *parser_->message;
  const bool in_head = phase_ == Phase::kHead;
  const auto head_left = static_cast<size_t>(limits_->header_bytes_max - head_bytes_);
  if (bytes.empty() || (chunked_ && !in_head && bytes.size() < kChunkedRest)) return 0;
  // One byte over the limit is enough to see that there is one.
  const std::string_view given = in_head ? bytes.substr(0, head_left + 1) : bytes;
  message.chunk_began = false;
  BeastError error;
  const size_t taken = message.put({given.data(), given.size()}, error);
  if (phase_ == Phase::kFailed) return taken;  // a callback has said why

  const bool waits = error == http::error::need_more;
  const size_t over = in_head ? head_left : static_cast<size_t>(limits_->header_bytes_max);
  const bool too_long = message.is_header_done() && in_head ? taken > over
                        : waits                             ? given.size() > over
                                                            : message.chunk_began && taken > over;
  if (too_long) {
    Fail(431, fmt::format("a header of over {} bytes", limits_->header_bytes_max));
  } else if (error == http::error::body_limit) {
    Fail(413, fmt::format("a body of over {} bytes", limits_->body_bytes_max));
  } else if (error == http::error::bad_version) {
    const bool other = IsOtherVersion(given.substr(0, given.find_first_of("\r\n")));
    Fail(other ? 505 : 400, other ? "only HTTP/1.0 and HTTP/1.1 are spoken" : "bad version");
  } else if (error && !waits) {
    Fail(400, fmt::format("malformed request: {}", error.message()));
  } else if (in_head) {
    head_bytes_ += static_cast<int64_t>(taken);
    if (message.is_header_done()) {
      keep_alive_ = message.keep_alive();
      phase_ = Phase::kBody;
    }
  }
  if (phase_ != Phase::kFailed && message.is_header_done()) {
    if (message.body_has_bytes) expects_continue_ = false;
    if (message.is_done()) phase_ = Phase::kDone;
  }
  return taken;
}

void RequestReader::Fail(int status, std::string error) {
  phase_ = Phase::kFailed;
  error_status_ = status;
  error_ = std::move(error);
}

}  // namespace millrace::serve
