// Connection: one client, from its socket's opening to its end: requests are read, given to the
// service and answered, one at a time and in order. Lives on its lane's thread.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "serve/http/byte_stream.h"
#include "serve/http/lane.h"
#include "serve/http/request_reader.h"
#include "serve/http/response_head.h"

namespace millrace::serve {

class Connection final : public HttpReply::Exchange,
                         public std::enable_shared_from_this<Connection> {
 public:
  using Clock = std::chrono::steady_clock;

  Connection(Lane* lane, Newcomer newcomer);

  void Start();
  // Looks whether its time is over.
  void Check(Clock::time_point now);
  // Of a server that stops: takes what has arrived, waits a little for the rest of a request that
  // has begun, and closes when there is none.
  void Drain();
  void Close();
  void Deliver(HttpResponse response);

  void Answer(HttpResponse response) override;  // from any thread

  size_t place = 0;  // in the lane's list

 private:
  using Descriptor =
      boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type>;
  enum class State { kHandshake, kReading, kAnswering, kWriting, kLingering, kClosed };
  enum class Then { kNextRequest, kBody, kLinger, kWaitingLinger };  // when all is written

  // Goes on until it must wait or is over. A step says whether there is another.
  void Run();
  bool Step();
  bool Handshake();
  bool Read();
  bool Fill();
  bool Write();
  bool Linger();

  void Wait(StreamOutcome what);
  void StopWaiting();
  void Call();
  // An answer of the server's own, which is its last.
  void Refuse(int status, std::string_view what);
  void Compose(HttpResponse response);
  void FinishWriting();
  void SaveInput();

  // Until the server is gone, or the connection is closed.
  Lane* lane_;
  std::shared_ptr<Mailbox> mailbox_;
  Peer peer_;
  std::shared_ptr<SSL_CTX> tls_;
  std::optional<Descriptor> descriptor_;
  std::optional<ByteStream> stream_;
  RequestReader reader_;
  State state_ = State::kReading;
  Then then_ = Then::kNextRequest;
  bool is_refused_;
  bool may_read_ = true;  // the socket has, or may have, bytes
  uint32_t wait_ = 0;     // the one that counts
  Clock::time_point deadline_ = Clock::time_point::max();
  Clock::time_point reads_until_ = Clock::time_point::max();  // of a server that stops
  Clock::time_point read_at_;
  RequestReader::Phase timed_ = RequestReader::Phase::kDone;  // what deadline_ is for, reading

  std::string rest_;                    // bytes that are kept while it waits
  std::string_view in_;                 // bytes not yet taken: of rest_, or of the lane's scratch
  bool in_call_ = false;                // of the service
  std::optional<HttpResponse> answer_;  // given within the call

  std::string head_;  // what is written
  std::string body_;
  size_t written_ = 0;  // of both
};

}  // namespace millrace::serve
