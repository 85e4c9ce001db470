// RequestReader: bytes as they come into HTTP/1.x requests, one after the other. It holds to the
// limits of size and refuses what two readers might understand differently; it knows no sockets and
// no time. Boost.Beast is in its .cc alone, which compiles slowly.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "serve/http/http_server.h"

namespace millrace::serve {

class RequestReader {
 public:
  enum class Phase {
    kIdle,  // no byte of a request yet
    kHead,
    kBody,
    kDone,    // request() is whole, until Next
    kFailed,  // for good
  };

  // `limits` outlives it.
  explicit RequestReader(const HttpLimits* limits);
  ~RequestReader();
  RequestReader(const RequestReader&) = delete;
  RequestReader& operator=(const RequestReader&) = delete;

  // Takes what it understands from the front of `bytes`, at most to the end of one request, and
  // returns how much that was. What is left over when the phase is kIdle to kBody is given again,
  // with more behind it.
  size_t Feed(std::string_view bytes);
  // Forgets the request.
  void Next();

  Phase phase() const { return phase_; }
  // REQUIRES: kDone. Valid until Next or Feed.
  HttpRequest& request() { return request_; }
  // From the end of the head on.
  bool keep_alive() const { return keep_alive_; }
  bool is_http_1_0() const { return is_http_1_0_; }
  bool is_head() const { return phase_ != Phase::kHead && request_.method == HttpMethod::kHead; }
  // The client waits for "100 Continue" before it sends the body.
  bool expects_continue() const { return expects_continue_; }

  // REQUIRES: kFailed. The status to answer with, and why.
  int error_status() const { return error_status_; }
  const std::string& error() const { return error_; }

 private:
  class Parser;

  // Of one call of Beast's parser: what Feed is to go on with.
  size_t Parse(std::string_view bytes);
  void Fail(int status, std::string error);
  void SetField(std::string_view* field, std::string* text, std::string_view value);

  const HttpLimits* limits_;
  std::unique_ptr<Parser> parser_;
  Phase phase_ = Phase::kIdle;
  HttpRequest request_;
  std::string method_;  // and so on: what the views of request_ point to
  std::string target_;
  std::string authorization_;
  std::string content_type_;
  std::string request_id_;
  std::string origin_;
  int64_t head_bytes_ = 0;  // that were taken
  bool has_host_ = false;
  bool keep_alive_ = false;
  bool is_http_1_0_ = false;
  bool expects_continue_ = false;
  bool chunked_ = false;
  int error_status_ = 0;
  std::string error_;
};

}  // namespace millrace::serve
