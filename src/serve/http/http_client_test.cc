#include "serve/http/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>
#include <vector>

#include "serve/http/http_testing.h"
#include "serve/http/listen_socket.h"

namespace millrace::serve {
namespace {

using testing::HasSubstr;

constexpr milliseconds kTime{kPatienceMillis};

std::string_view CodeOf(const base::Status& status) {
  return base::ProblemsOf(status)[0].code.name;
}

// Takes one connection after the other, reads once from it, and sends one of `answers`.
class Script {
 public:
  explicit Script(const std::vector<std::string>& answers)
      : socket_(*ListenSocket::Open(*ParseHttpAddress("127.0.0.1:0"))), thread_([this, answers] {
          for (const std::string& answer : answers) {
            pollfd waited = {.fd = socket_->descriptor(), .events = POLLIN, .revents = 0};
            if (poll(&waited, 1, kPatienceMillis) != 1) return;
            const Accepted accepted = socket_->Accept();
            waited.fd = accepted.socket.get();
            poll(&waited, 1, kPatienceMillis);
            char request[4096];
            (void)!read(accepted.socket.get(), request, sizeof(request));
            (void)!write(accepted.socket.get(), answer.data(), answer.size());
          }
        }) {}
  ~Script() { thread_.join(); }
  std::string address() const { return socket_->address().ToString(); }

 private:
  std::unique_ptr<ListenSocket> socket_;
  std::thread thread_;
};

TEST(HttpClient, SpeaksWithTheServer) {
  const auto server = OpenServer([](HttpRequest& request, HttpReply reply) {
    EXPECT_EQ(request.content_type, request.method == HttpMethod::kPost ? "application/json" : "");
    Echo(request, std::move(reply));
  });
  const auto client = *HttpClient::Connect(server->addresses()[0]);
  for (int i = 0; i < 3; ++i) {
    const ClientResponse post = *client->Call("POST", "/p", "{}", kTime);
    EXPECT_EQ(post.status, 200);
    EXPECT_EQ(post.content_type, "text/plain");
    EXPECT_EQ(post.body, "POST /p [{}]");
    EXPECT_EQ(client->Call("GET", "/g", "", kTime)->body, "GET /g []");
    EXPECT_EQ(client->Call("HEAD", "/h", "", kTime)->body, "");
  }
  EXPECT_EQ(server->counts().accepted, 1);
}

TEST(HttpClient, LargeBodiesBothWays) {
  const auto server = OpenServer(
      [](HttpRequest& request, HttpReply reply) { reply.Send({.body = std::move(request.body)}); });
  const auto client = *HttpClient::Connect(server->addresses()[0]);
  const std::string body(8 << 20, 'b');
  EXPECT_EQ(client->Call("POST", "/", body, kTime)->body, body);
  // Refused before all of it is sent.
  EXPECT_EQ(client->Call("POST", "/", body + "b", kTime)->status, 413);
  EXPECT_EQ(client->Call("POST", "/", "small", kTime)->body, "small");
}

TEST(HttpClient, OverAUnixSocket) {
  std::string folder = (std::filesystem::temp_directory_path() / "http-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  HttpServerOptions options;
  options.listen = {"unix:" + folder + "/s"};
  auto server = OpenServer(options);
  const auto client = *HttpClient::Connect(options.listen[0]);
  EXPECT_EQ(client->Call("GET", "/g", "", kTime)->body, "GET /g []");
  server.reset();
  EXPECT_EQ(CodeOf(client->Call("GET", "/g", "", kTime).status()), "store_unavailable");
  EXPECT_EQ(CodeOf(HttpClient::Connect(options.listen[0]).status()), "store_unavailable");
  std::filesystem::remove_all(folder);
}

TEST(HttpClient, NobodyListens) {
  EXPECT_EQ(CodeOf(HttpClient::Connect("127.0.0.1:1").status()), "store_unavailable");
  EXPECT_EQ(CodeOf(HttpClient::Connect("nonsense").status()), "usage");
}

TEST(HttpClient, ConnectsAgainWhenTheServerHasClosed) {
  HttpServerOptions options;
  options.limits.idle_time = milliseconds(50);
  const auto server = OpenServer(options);
  const auto client = *HttpClient::Connect(server->addresses()[0]);
  EXPECT_EQ(client->Call("GET", "/", "", kTime)->status, 200);
  ASSERT_TRUE(Eventually([&] { return server->counts().connections == 0; }));
  EXPECT_EQ(client->Call("GET", "/", "", kTime)->status, 200);
  EXPECT_EQ(server->counts().accepted, 2);
}

TEST(HttpClient, GivesUpWhenItsTimeIsOver) {
  HeldReplies held;
  const auto server = OpenServer([&held](HttpRequest& request, HttpReply reply) {
    if (request.path() == "/never") return held.Hold(std::move(reply));
    reply.Send({.body = "now"});
  });
  const auto client = *HttpClient::Connect(server->addresses()[0]);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(CodeOf(client->Call("GET", "/never", "", milliseconds(100)).status()),
            "store_unavailable");
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(100));
  // What comes late is not taken for the answer to the next call.
  held.Take().Send({.body = "late"});
  EXPECT_EQ(client->Call("GET", "/", "", kTime)->body, "now");
}

TEST(HttpClient, ChunkedAndUnboundedAnswers) {
  const Script script(
      {"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: "
       "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n"
       "0\r\n\r\n",
       "HTTP/1.0 201 Made\r\nContent-Type: a/b\r\n\r\nto the end"});
  const auto client = *HttpClient::Connect(script.address());
  EXPECT_EQ(client->Call("GET", "/", "", kTime)->body, "abcde");
  const auto unbounded = client->Call("GET", "/", "", kTime);
  ASSERT_TRUE(unbounded.ok()) << unbounded.status().ToString();
  EXPECT_EQ(unbounded->status, 201);
  EXPECT_EQ(unbounded->content_type, "a/b");
  EXPECT_EQ(unbounded->body, "to the end");
}

TEST(HttpClient, AnswersThatAreNone) {
  const Script script(
      {"", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "SSH-2.0-x\r\n\r\n"});
  const auto client = *HttpClient::Connect(script.address());
  const auto call = [&] { return client->Call("POST", "/", "", kTime).status(); };
  EXPECT_EQ(CodeOf(call()), "store_unavailable");
  const base::Status half = call();
  EXPECT_EQ(CodeOf(half), "store_unavailable");
  EXPECT_THAT(half.message(), HasSubstr("within an answer"));
  EXPECT_EQ(CodeOf(call()), "io_error");
}

}  // namespace
}  // namespace millrace::serve
