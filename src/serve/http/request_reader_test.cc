// However its bytes are cut, a request is the same; errors stay errors.
#include "serve/http/request_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace millrace::serve {
namespace {

using Phase = RequestReader::Phase;

// What is read of `bytes` when they come in pieces of `size`.
std::vector<std::string> ReadPieces(std::string_view bytes, size_t size,
                                    const HttpLimits& limits = {}) {
  RequestReader reader(&limits);
  std::vector<std::string> read;
  std::string pending;
  while (!bytes.empty() && reader.phase() != Phase::kFailed) {
    pending += bytes.substr(0, size);
    bytes.remove_prefix(std::min(size, bytes.size()));
    for (;;) {
      pending.erase(0, reader.Feed(pending));
      if (reader.phase() != Phase::kDone) break;
      const HttpRequest& request = reader.request();
      read.push_back(std::string(request.method_text) + " " + std::string(request.target) + " " +
                     std::string(request.authorization) + "|" + std::string(request.content_type) +
                     "|" + std::string(request.request_id) + "|" + request.body + "|" +
                     (reader.keep_alive() ? "stays" : "closes"));
      reader.Next();
    }
  }
  if (reader.phase() == Phase::kFailed) read.push_back(std::to_string(reader.error_status()));
  if (reader.phase() == Phase::kHead) read.push_back("head");
  if (reader.phase() == Phase::kBody) read.push_back("body");
  return read;
}

void ExpectRead(std::string_view bytes, const std::vector<std::string>& expected) {
  for (size_t size = 1; size <= bytes.size(); ++size) {
    ASSERT_EQ(ReadPieces(bytes, size), expected) << "in pieces of " << size;
  }
}

TEST(RequestReader, RequestsInPieces) {
  ExpectRead("GET /a HTTP/1.1\r\nHost: x\r\n\r\n", {"GET /a |||"
                                                    "|stays"});
  ExpectRead(
      "\r\n\r\nPOST /b HTTP/1.1\r\nHost: x\r\nAuthorization: a\r\nContent-Type: t\r\n"
      "X-REQUEST-ID: i\r\nContent-Length: 3\r\n\r\nabc"
      "GET /c HTTP/1.0\r\n\r\n"
      "PUT /d HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\nConnection: close\r\n\r\n"
      "2\r\nde\r\n01 ;x=\"y\"\r\nf\r\n000\r\n\r\n"
      "POST /e HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT: 1\r\nU: 2\r\n\r\n",
      {"POST /b a|t|i|abc|stays",
       "GET /c |||"
       "|closes",
       "PUT /d |||def|closes",
       "POST /e |||"
       "|stays"});
}

TEST(RequestReader, UnfinishedRequests) {
  ExpectRead("GET / HTTP/1.1\r\nHost: x\r\n", {"head"});
  ExpectRead("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nab", {"body"});
  ExpectRead("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", {"body"});
}

TEST(RequestReader, Failures) {
  ExpectRead("GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/3.0\r\n\r\n", {"GET / |||"
                                                                         "|stays",
                                                                         "505"});
  ExpectRead("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\na\r\n",
             {"400"});
}

// The limit is of the bytes of one head, whole: lines that were taken count.
TEST(RequestReader, HeadLimitIsExact) {
  HttpLimits limits;
  const std::string request = "POST / HTTP/1.1\r\nHost: x\r\nA: b\r\nContent-Length: 2\r\n\r\nab";
  const auto head = static_cast<int64_t>(request.size() - 2);
  for (size_t size = 1; size <= request.size(); ++size) {
    limits.header_bytes_max = head;
    EXPECT_EQ(ReadPieces(request, size, limits).back(), "POST / |||ab|stays");
    for (int64_t less = 1; less < head; ++less) {
      limits.header_bytes_max = head - less;
      ASSERT_EQ(ReadPieces(request, size, limits).back(), "431") << size << " " << less;
    }
  }
}

TEST(RequestReader, LargeBodiesGiveTheirRoomBack) {
  const HttpLimits limits;
  RequestReader reader(&limits);
  const std::string body(1 << 20, 'b');
  const std::string request =
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n" + body;
  ASSERT_EQ(reader.Feed(request), request.size());
  ASSERT_EQ(reader.phase(), Phase::kDone);
  EXPECT_EQ(reader.request().body, body);
  reader.Next();
  EXPECT_LT(reader.request().body.capacity(), body.size() / 2);
}

// A length that is only promised takes no memory.
TEST(RequestReader, PromisedBodiesTakeNoRoom) {
  const HttpLimits limits;
  RequestReader reader(&limits);
  reader.Feed("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8000000\r\n\r\na");
  ASSERT_EQ(reader.phase(), Phase::kBody);
  EXPECT_LT(reader.request().body.capacity(), size_t{1} << 20);
}

TEST(RequestReader, ExpectsContinueUntilTheBodyComes) {
  const HttpLimits limits;
  RequestReader reader(&limits);
  reader.Feed("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_TRUE(reader.expects_continue());
  reader.Feed("a");
  EXPECT_FALSE(reader.expects_continue());
  RequestReader old(&limits);
  old.Feed("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_FALSE(old.expects_continue());
}

}  // namespace
}  // namespace millrace::serve
