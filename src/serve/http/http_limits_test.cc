// Clients that send too much, too slowly or what is no HTTP, and clients that take no answer: what
// they hear, that they are gone afterwards, and that others are served meanwhile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <thread>
#include <vector>

#include "serve/http/http_server.h"
#include "serve/http/http_testing.h"
#include "serve/http/listen_socket.h"

namespace millrace::serve {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
constexpr std::string_view kPost = "POST / HTTP/1.1\r\nHost: x\r\n";

constexpr milliseconds kTime{500};

// Waits are short, so that they pass; other limits too, so that they are met.
class HttpLimitsTest : public testing::Test {
 protected:
  explicit HttpLimitsTest(int connections_max = 1000) {
    HttpServerOptions options;
    options.limits = {.body_bytes_max = 1000,
                      .header_bytes_max = 500,
                      .connections_max = connections_max,
                      .header_time = kTime,
                      .body_time = kTime,
                      .idle_time = kTime,
                      .write_time = kTime};
    server_ = OpenServer(options, [this](HttpRequest& request, HttpReply reply) {
      ++calls_;
      if (request.path() == "/large") return reply.Send({.body = std::string(32 << 20, 'l')});
      reply.Send({.body = std::to_string(request.body.size())});
    });
  }

  // Sends, and expects this status, Connection: close, and the end; the service hears nothing.
  void ExpectRefused(std::string_view request, int status) {
    const int calls = calls_;
    RawClient client(server_);
    client.Send(request);
    const std::string response = client.ReadAll();
    EXPECT_EQ(StatusOf(response), status) << request.substr(0, 200) << "\n" << response;
    EXPECT_THAT(response, HasSubstr("Connection: close\r\n"));
    EXPECT_THAT(std::string(BodyOf(response)), StartsWith(std::to_string(status)));
    EXPECT_EQ(calls_, calls);
  }
  void ExpectAllGone(int64_t of) {
    EXPECT_TRUE(Eventually([this, of] {
      return server_->counts().accepted == of && server_->counts().connections == 0;
    }));
  }

  std::atomic<int> calls_ = 0;
  std::unique_ptr<HttpServer> server_;
};

// ---- size

TEST_F(HttpLimitsTest, BodyTooLargeByItsLength) {
  const std::string head = std::string(kPost) + "Content-Length: ";
  EXPECT_EQ(BodyOf(RawClient(server_).Ask(head + "1000\r\n\r\n" + std::string(1000, 'b'))), "1000");
  ExpectRefused(head + "1001\r\n\r\n", 413);
  ExpectRefused(head + "18446744073709551615\r\n\r\n", 413);
  EXPECT_EQ(server_->counts().malformed, 2);
}

// The client has all sent before it reads, and yet sees the answer rather than a reset.
TEST_F(HttpLimitsTest, BodyTooLargeWhileItIsSent) {
  ExpectRefused(
      std::string(kPost) + "Content-Length: 1500000\r\n\r\n" + std::string(1'500'000, 'b'), 413);
  ExpectAllGone(1);
}

TEST_F(HttpLimitsTest, BodyTooLargeByItsChunks) {
  std::string chunks = std::string(kPost) + "Transfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 10; ++i) chunks += "64\r\n" + std::string(100, 'c') + "\r\n";
  EXPECT_EQ(BodyOf(RawClient(server_).Ask(chunks + "0\r\n\r\n")), "1000");
  ExpectRefused(chunks + "1\r\nc\r\n0\r\n\r\n", 413);
  ExpectRefused(std::string(kPost) + "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n", 413);
}

TEST_F(HttpLimitsTest, HeaderTooLarge) {
  const std::string head = "GET / HTTP/1.1\r\nHost: x\r\nA: ";
  const std::string end = "\r\n\r\n";
  const size_t most = 500 - head.size() - end.size();
  EXPECT_EQ(StatusOf(RawClient(server_).Ask(head + std::string(most, 'a') + end)), 200);
  ExpectRefused(head + std::string(most + 1, 'a') + end, 431);
  ExpectRefused(head + std::string(100'000, 'a'), 431);
  ExpectRefused("GET /" + std::string(600, 't') + " HTTP/1.1\r\nHost: x\r\n\r\n", 431);
  ExpectRefused(std::string(600, 'M'), 431);
  std::string many = "GET / HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 300; ++i) many += "A: b\r\n";
  ExpectRefused(many + "\r\n", 431);
}

// However little comes at once, and though each line is short.
TEST_F(HttpLimitsTest, HeaderTooLargeInPieces) {
  RawClient client(server_);
  client.Send("GET / HTTP/1.1\r\nHost: x\r\n");
  for (int i = 0; i < 100 && client.Send("Name: 0123456789\r\n"); ++i) usleep(1'000);
  EXPECT_EQ(StatusOf(client.ReadAll()), 431);
  EXPECT_EQ(calls_, 0);
}

TEST_F(HttpLimitsTest, TrailersAndExtensionsOfChunksTooLarge) {
  const std::string head = std::string(kPost) + "Transfer-Encoding: chunked\r\n\r\n";
  ExpectRefused(head + "1;" + std::string(600, 'e') + "\r\na\r\n0\r\n\r\n", 431);
  ExpectRefused(head + "1;" + std::string(600, 'e'), 431);
  ExpectRefused(head + "0\r\nT: " + std::string(600, 't') + "\r\n\r\n", 431);
}

// ---- time

TEST_F(HttpLimitsTest, HeaderTooSlow) {
  RawClient client(server_);
  client.Send("GET / HT");
  const std::string response = client.ReadAll();
  EXPECT_EQ(StatusOf(response), 408);
  EXPECT_THAT(response, HasSubstr("Connection: close\r\n"));
  EXPECT_EQ(server_->counts().timed_out, 1);
  EXPECT_EQ(server_->counts().malformed, 0);
  ExpectAllGone(1);
}

// A byte at a time buys no time.
TEST_F(HttpLimitsTest, SlowLorisHasNoMoreTimeThanOthers) {
  RawClient client(server_);
  const auto begin = std::chrono::steady_clock::now();
  client.Send("GET / HTTP/1.1\r\nHost: x\r\nA: ");
  std::string response;
  while (response.empty() && std::chrono::steady_clock::now() - begin < 10 * kTime) {
    client.Send("a");
    response = client.ReadAll(20);
    if (response == "…") response.clear();
  }
  EXPECT_EQ(StatusOf(response), 408);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, kTime - milliseconds(20));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5 * kTime);
}

TEST_F(HttpLimitsTest, BodyTooSlow) {
  for (const std::string head : {"Content-Length: 10\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n",
                                 "Expect: 100-continue\r\nContent-Length: 10\r\n\r\n"}) {
    RawClient client(server_);
    client.Send(std::string(kPost) + head);
    std::string response = client.ReadAll();
    if (response.starts_with("HTTP/1.1 100")) response = BodyOf(response);
    EXPECT_EQ(StatusOf(response), 408) << head;
  }
  EXPECT_EQ(server_->counts().timed_out, 3);
}

TEST_F(HttpLimitsTest, IdleConnectionsAreClosedWithoutAWord) {
  RawClient fresh(server_);
  RawClient used(server_);
  used.Ask(kGet);
  EXPECT_TRUE(fresh.IsClosed());
  EXPECT_TRUE(used.IsClosed());
  EXPECT_EQ(server_->counts().timed_out, 0);
}

TEST_F(HttpLimitsTest, BusyConnectionsAreNotIdle) {
  RawClient client(server_);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(StatusOf(client.Ask(kGet)), 200);
    usleep(100'000);
  }
}

TEST_F(HttpLimitsTest, ServiceMayTakeItsTime) {
  HttpServerOptions options;
  options.limits.header_time = options.limits.body_time = options.limits.idle_time =
      options.limits.write_time = milliseconds(50);
  std::vector<std::thread> threads;
  const auto server = OpenServer(options, [&threads](HttpRequest&, HttpReply reply) {
    threads.emplace_back([reply = std::move(reply)]() mutable {
      usleep(400'000);
      reply.Send({.body = "at last"});
    });
  });
  EXPECT_EQ(BodyOf(RawClient(server).Ask(kGet)), "at last");
  threads[0].join();
}

TEST_F(HttpLimitsTest, WhoTakesNoAnswerIsLetGo) {
  RawClient client(server_);
  client.Send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
  ExpectAllGone(1);
  EXPECT_EQ(server_->counts().timed_out, 1);
  EXPECT_LT(client.ReadAll().size(), size_t{32} << 20);
}

// ---- connections

class HttpConnectionsTest : public HttpLimitsTest {
 protected:
  HttpConnectionsTest() : HttpLimitsTest(4) {}
};

TEST_F(HttpConnectionsTest, OneConnectionTooMany) {
  std::vector<RawClient> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back(server_);
    EXPECT_EQ(StatusOf(clients.back().Ask(kGet)), 200);
  }
  RawClient refused(server_);
  refused.Send(kGet);
  const std::string response = refused.ReadAll();
  EXPECT_EQ(StatusOf(response), 503);
  EXPECT_THAT(response, HasSubstr("Retry-After: 1\r\n"));
  EXPECT_THAT(response, HasSubstr("Connection: close\r\n"));
  EXPECT_EQ(BodyOf(response), "503 too many connections");
  EXPECT_EQ(server_->counts().refused, 1);
  EXPECT_EQ(server_->counts().accepted, 5);
  clients.clear();
  ExpectAllGone(5);
  EXPECT_EQ(StatusOf(RawClient(server_).Ask(kGet)), 200);
}

TEST_F(HttpConnectionsTest, ManyTooManyDoNotDisturbThoseThatAreServed) {
  RawClient served(server_);
  std::vector<RawClient> clients;
  for (int i = 0; i < 300; ++i) clients.emplace_back(server_);
  EXPECT_EQ(StatusOf(served.Ask(kGet)), 200);
  EXPECT_TRUE(Eventually([this] { return server_->counts().refused == 297; }));
  clients.clear();
  EXPECT_EQ(StatusOf(served.Ask(kGet)), 200);
}

// A process without descriptors takes connections again when it has some.
TEST_F(HttpLimitsTest, NoDescriptorsLeft) {
  rlimit before = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit few = {.rlim_cur = 256, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  std::vector<OwnedDescriptor> all;
  for (int one = 0; (one = dup(STDERR_FILENO)) >= 0;) all.emplace_back(one);
  all.pop_back();
  RawClient client(server_);  // with the last one
  client.Send(kGet);
  const std::string nothing = client.ReadAll(300);
  all.clear();
  const std::string response = client.ReadResponse();
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(nothing, "…");
  EXPECT_EQ(StatusOf(response), 200);
}

// ---- no HTTP

TEST_F(HttpLimitsTest, Malformed) {
  for (const std::string request : {
           "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  // TLS
           "GET\r\n\r\n",
           "GET /\r\n\r\n",
           "GET / HTTP/1.1\n\n",
           "GET / FTP/1.1\r\n\r\n",
           "GET  HTTP/1.1\r\n\r\n",
           "G(T / HTTP/1.1\r\n\r\n",
           "GET /a b HTTP/1.1\r\n\r\n",
           "GET / HTTP/1.1\r\n\r\n",                        // no Host
           "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",  // two
           "GET / HTTP/1.1\r\nHost : x\r\n\r\n",            // a space before the colon
           "GET / HTTP/1.1\r\nHost: x\r\nNo colon\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: x\r\nA: b\nC: d\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: x\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n",
       }) {
    ExpectRefused(request, 400);
  }
  ExpectRefused(std::string("GET / HTTP/1.1\r\nHost: x\r\nA: ") + '\0' + "\r\n\r\n", 400);
  EXPECT_EQ(server_->counts().malformed, 17);
}

TEST_F(HttpLimitsTest, OtherVersions) {
  ExpectRefused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505);
  ExpectRefused("GET / HTTP/0.9\r\n\r\n", 505);
  ExpectRefused("GET / HTTP/1.2\r\nHost: x\r\n\r\n", 505);
}

// Requests that two servers in a row might find to end at different places.
TEST_F(HttpLimitsTest, LengthsThatAreInDoubt) {
  for (const std::string fields : {
           "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
           "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
           "Content-Length: 5\r\nContent-Length: 6\r\n",
           "Content-Length: 5, 6\r\n",
           "Content-Length: +5\r\n",
           "Content-Length: -5\r\n",
           "Content-Length: 0x5\r\n",
           "Content-Length: 5 5\r\n",
           "Content-Length:\r\n",
           "Content-Length: 18446744073709551616\r\n",
           "Transfer-Encoding: identity\r\n",
           "Transfer-Encoding: gzip, chunked\r\n",
           "Transfer-Encoding: chunked, gzip\r\n",
           "Transfer-Encoding: chunked, chunked\r\n",
           "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
           "Transfer-Encoding: xchunked\r\n",
           "Transfer-Encoding: \"chunked\"\r\n",
           "Transfer-Encoding : chunked\r\n",
           "Transfer-Encoding:\r\n",
       }) {
    ExpectRefused(std::string(kPost) + fields + "\r\n0\r\n\r\n", 400);
  }
  ExpectRefused("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400);
  for (const std::string chunks : {"xyz\r\n", "\r\n\r\n\r\n", "1\r\nabc\r\n0\r\n\r\n",
                                   "-1\r\nabc\r\n", "1\na\r\n0\r\n\r\n", "1 1\r\na\r\n0\r\n\r\n"}) {
    ExpectRefused(std::string(kPost) + "Transfer-Encoding: chunked\r\n\r\n" + chunks, 400);
  }
}

TEST_F(HttpLimitsTest, EncodedBodies) {
  ExpectRefused(std::string(kPost) + "Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", 415);
  RawClient client(server_);
  EXPECT_EQ(StatusOf(client.Ask(std::string(kPost) +
                                "Content-Encoding: identity\r\nContent-Length: 3\r\n\r\nabc")),
            200);
}

TEST_F(HttpLimitsTest, WhatWasGoodBeforeIsAnsweredFirst) {
  RawClient client(server_);
  client.Send(std::string(kGet) + std::string(kGet) + "nonsense\r\n\r\n" + std::string(kGet));
  EXPECT_EQ(StatusOf(client.ReadResponse()), 200);
  EXPECT_EQ(StatusOf(client.ReadResponse()), 200);
  EXPECT_EQ(StatusOf(client.ReadAll()), 400);
  EXPECT_EQ(calls_, 2);
}

TEST_F(HttpLimitsTest, WhoEndsOrResetsInTheMiddleIsForgotten) {
  const std::string request = std::string(kPost) + "Content-Length: 10\r\n\r\n012345678";
  int clients = 1;
  for (size_t size = 1; size <= request.size(); size += 7) {
    clients += 2;
    RawClient ends(server_);
    ends.Send(request.substr(0, size));
    ends.EndWrites();
    EXPECT_TRUE(ends.IsClosed());
    RawClient resets(server_);
    resets.Send(request.substr(0, size));
    resets.Reset();
  }
  RawClient(server_).Close();
  ExpectAllGone(clients);
  EXPECT_EQ(calls_, 0);
  EXPECT_EQ(server_->counts().timed_out, 0);
  EXPECT_EQ(StatusOf(RawClient(server_).Ask(kGet)), 200);
}

TEST_F(HttpLimitsTest, WhoResetsWithinAnAnswerIsForgotten) {
  for (int i = 0; i < 5; ++i) {
    RawClient client(server_);
    client.Send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
    usleep(20'000);
    client.Reset();
  }
  ExpectAllGone(5);
}

}  // namespace
}  // namespace millrace::serve
