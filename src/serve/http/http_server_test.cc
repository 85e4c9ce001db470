// What clients see of the server when nothing is over a limit (http_limits_test.cc has those), and
// what its owner sees: addresses, counts, stopping.
#include "serve/http/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include "serve/http/http_testing.h"

namespace millrace::serve {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kGet = "GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n";

struct FixedClock final : base::Clock {
  base::EventTime Now() const override { return *base::ParseTime("1994-11-15T08:12:31Z"); }
};

class FolderTest : public testing::Test {
 protected:
  FolderTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "http-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~FolderTest() override { std::filesystem::remove_all(folder_); }
  std::string path(const std::string& name) const { return folder_ + "/" + name; }

 private:
  std::string folder_;
};

// ---- requests and answers

TEST(HttpServer, AnswersWithHeadAndBody) {
  const FixedClock clock;
  HttpServerOptions options;
  options.clock = &clock;
  const auto server = OpenServer(options, [](HttpRequest&, HttpReply reply) {
    HttpResponse response{.status = 404, .content_type = "text/plain", .body = "none"};
    response.headers.emplace_back("X-Request-Id", "7");
    reply.Send(std::move(response));
  });
  EXPECT_EQ(RawClient(server).Ask(kGet),
            "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n"
            "Date: Tue, 15 Nov 1994 08:12:31 GMT\r\nX-Request-Id: 7\r\n\r\nnone");
}

TEST(HttpServer, WithoutAClockThereIsNoDate) {
  EXPECT_THAT(RawClient(OpenServer()).Ask(kGet), Not(HasSubstr("Date")));
}

TEST(HttpServer, GivesTheServiceWhatWasSent) {
  std::string seen;
  const auto server = OpenServer([&seen](HttpRequest& request, HttpReply reply) {
    EXPECT_EQ(request.method, HttpMethod::kPost);
    EXPECT_EQ(request.path(), "/features");
    EXPECT_EQ(request.query(), "x=1?");
    EXPECT_EQ(request.authorization, "Bearer abc");
    EXPECT_EQ(request.content_type, "application/json");
    EXPECT_EQ(request.request_id, "id-1");
    EXPECT_EQ(request.peer->kind, Peer::Kind::kLoopback);
    EXPECT_THAT(request.peer->address, StartsWith("127.0.0.1:"));
    EXPECT_LT(std::chrono::steady_clock::now() - request.received, std::chrono::seconds(10));
    seen = std::move(request.body);
    reply.Send({});
  });
  RawClient client(server);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(StatusOf(client.Ask("POST /features?x=1? HTTP/1.1\r\nhost: x\r\n"
                                  "authorization:Bearer abc\r\nCONTENT-TYPE: application/json \r\n"
                                  "x-request-id: id-1\r\nContent-Length: 5\r\n\r\nhello")),
              200);
    EXPECT_EQ(seen, "hello");
  }
}

TEST(HttpServer, FieldsOfOneRequestAreNotThoseOfTheNext) {
  const auto server = OpenServer([](HttpRequest& request, HttpReply reply) {
    reply.Send({.body = std::string(request.authorization) + std::string(request.content_type) +
                        std::string(request.request_id) + request.body});
  });
  RawClient client(server);
  EXPECT_EQ(BodyOf(client.Ask("POST / HTTP/1.1\r\nHost: x\r\nAuthorization: a\r\n"
                              "Content-Type: b\r\nX-Request-Id: c\r\nContent-Length: 1\r\n\r\nd")),
            "abcd");
  EXPECT_EQ(BodyOf(client.Ask(kGet)), "");
}

TEST(HttpServer, UnknownMethodsAreTheServicesAffair) {
  const auto server = OpenServer([](HttpRequest& request, HttpReply reply) {
    EXPECT_EQ(request.method, HttpMethod::kOther);
    reply.Send({.body = std::string(request.method_text)});
  });
  EXPECT_EQ(BodyOf(RawClient(server).Ask("BREW / HTTP/1.1\r\nHost: x\r\n\r\n")), "BREW");
}

TEST(HttpServer, HeadHasNoBodyButItsLength) {
  const auto server = OpenServer();
  RawClient client(server);
  client.Send("HEAD /h HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string head = client.ReadResponse(/*head=*/true);
  EXPECT_THAT(head, HasSubstr("Content-Length: 10\r\n"));
  EXPECT_THAT(head, EndsWith("\r\n\r\n"));
  EXPECT_EQ(BodyOf(client.Ask(kGet)), "GET /a?b=c []");
}

TEST(HttpServer, NoContentHasNoLength) {
  const auto server = OpenServer(
      [](HttpRequest&, HttpReply reply) { reply.Send({.status = 204, .body = "dropped"}); });
  RawClient client(server);
  EXPECT_EQ(client.Ask(kGet), "HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(client.Ask(kGet), "HTTP/1.1 204 No Content\r\n\r\n");
}

TEST(HttpServer, ChunkedBodiesComeWhole) {
  const auto server = OpenServer();
  RawClient client(server);
  const std::string request =
      "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\nA;ext=1\r\n0123456789\r\n0\r\nTrailer: t\r\nAuthorization: no\r\n\r\n";
  EXPECT_EQ(BodyOf(client.Ask(request)), "POST /c [abc0123456789]");
  for (const char byte : request) client.Send({&byte, 1});
  EXPECT_EQ(BodyOf(client.ReadResponse()), "POST /c [abc0123456789]");
}

TEST(HttpServer, TrailersAreNoHeaders) {
  const auto server = OpenServer([](HttpRequest& request, HttpReply reply) {
    reply.Send({.body = std::string(request.authorization) + std::string(request.content_type)});
  });
  EXPECT_EQ(BodyOf(RawClient(server).Ask(
                "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                "1\r\na\r\n0\r\nAuthorization: Bearer x\r\nContent-Type: y\r\n\r\n")),
            "");
}

TEST(HttpServer, PipelinedRequestsAreAnsweredInOrder) {
  // Later answers are ready first.
  std::mutex mutex;
  std::vector<std::thread> threads;
  const auto server = OpenServer([&](HttpRequest& request, HttpReply reply) {
    const std::string target(request.target);
    if (target.size() % 2 == 0) return reply.Send({.body = target});
    const std::lock_guard lock(mutex);
    threads.emplace_back([target, reply = std::move(reply)]() mutable {
      usleep(20'000);
      reply.Send({.body = target});
    });
  });
  RawClient client(server);
  std::string requests;
  std::string target = "/";
  for (int i = 0; i < 6; ++i, target += "x") {
    requests += "GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n";
  }
  client.Send(requests);
  target = "/";
  for (int i = 0; i < 6; ++i, target += "x") EXPECT_EQ(BodyOf(client.ReadResponse()), target);
  for (std::thread& thread : threads) thread.join();
}

TEST(HttpServer, ManyPipelinedRequestsWithBodies) {
  const auto server = OpenServer();
  RawClient client(server);
  std::string requests;
  for (int i = 0; i < 2000; ++i) {
    const std::string body(static_cast<size_t>(i % 301), 'b');
    requests += "\r\nPOST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) +
                "\r\n\r\n" + body;
  }
  std::thread sends([&] { client.Send(requests); });
  for (int i = 0; i < 2000; ++i) {
    ASSERT_EQ(BodyOf(client.ReadResponse()),
              "POST / [" + std::string(static_cast<size_t>(i % 301), 'b') + "]");
  }
  sends.join();
}

TEST(HttpServer, ConnectionsStayUnlessTheyAreToClose) {
  const auto server = OpenServer();
  RawClient client(server);
  EXPECT_THAT(client.Ask(kGet), Not(HasSubstr("Connection")));
  EXPECT_THAT(client.Ask("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
              HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(client.IsClosed());

  RawClient old(server);
  EXPECT_THAT(old.Ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
              HasSubstr("Connection: keep-alive\r\n"));
  EXPECT_THAT(old.Ask("GET / HTTP/1.0\r\n\r\n"), HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(old.IsClosed());
  EXPECT_TRUE(Eventually([&] { return server->counts().connections == 0; }));
  EXPECT_EQ(server->counts().accepted, 2);
}

TEST(HttpServer, AsksForABodyThatIsExpected) {
  const auto server = OpenServer();
  const std::string head =
      "POST /e HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 4\r\n\r\n";
  RawClient client(server);
  EXPECT_EQ(client.Ask(head), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("bo");
  usleep(20'000);
  EXPECT_EQ(BodyOf(client.Ask("dy")), "POST /e [body]");  // and is not asked for again
  EXPECT_EQ(client.Ask(head), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(BodyOf(client.Ask("body")), "POST /e [body]");
  EXPECT_EQ(BodyOf(client.Ask(head + "body")), "POST /e [body]");  // did not wait
  EXPECT_EQ(StatusOf(client.Ask("GET / HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n\r\n")), 417);
}

TEST(HttpServer, AnswersAreWholeHoweverLarge) {
  const std::string body(20 << 20, 'y');
  const auto server =
      OpenServer([&body](HttpRequest&, HttpReply reply) { reply.Send({.body = body}); });
  RawClient client(server);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(BodyOf(client.Ask(kGet)), body);
}

TEST(HttpServer, HalfClosedClientsGetTheirAnswer) {
  std::vector<std::thread> threads;
  const auto server = OpenServer([&](HttpRequest&, HttpReply reply) {
    threads.emplace_back([reply = std::move(reply)]() mutable {
      usleep(50'000);
      reply.Send({.body = "late"});
    });
  });
  RawClient client(server);
  client.Send(kGet);
  client.EndWrites();
  EXPECT_EQ(BodyOf(client.ReadAll()), "late");
  threads.front().join();
}

// ---- replies

TEST(HttpReply, FromAnotherThreadEvenDuringTheCall) {
  const auto server = OpenServer([](HttpRequest&, HttpReply reply) {
    std::thread([&] { reply.Send({.body = "other"}); }).join();
  });
  RawClient client(server);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(BodyOf(client.Ask(kGet)), "other");
}

TEST(HttpReply, DestroyedIs500) {
  const auto server = OpenServer([](HttpRequest& request, HttpReply reply) {
    if (request.path() == "/throw") throw std::runtime_error("no");
    if (request.path() == "/thread") std::thread([gone = std::move(reply)] {}).join();
  });
  RawClient client(server);
  for (const std::string path : {"/drop", "/throw", "/thread"}) {
    const std::string response = client.Ask("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(StatusOf(response), 500) << path;
    EXPECT_EQ(BodyOf(response), "500 no answer was given");
  }
}

TEST(HttpReply, CountsOnlyOnce) {
  const auto server = OpenServer([](HttpRequest&, HttpReply reply) {
    reply.Send({.body = "first"});
    reply.Send({.body = "second"});
  });
  RawClient client(server);
  EXPECT_EQ(BodyOf(client.Ask(kGet)), "first");
  EXPECT_EQ(BodyOf(client.Ask(kGet)), "first");
}

TEST(HttpReply, AssignedOverIsAnswered) {
  struct Recorder final : HttpReply::Exchange {
    void Answer(HttpResponse response) override { statuses.push_back(response.status); }
    std::vector<int> statuses;
  };
  const auto first = std::make_shared<Recorder>();
  const auto second = std::make_shared<Recorder>();
  {
    HttpReply reply(first);
    reply = HttpReply(second);
    EXPECT_EQ(first->statuses, std::vector<int>{0});
    EXPECT_TRUE(second->statuses.empty());
  }
  EXPECT_EQ(second->statuses, std::vector<int>{0});
}

// The client leaves, or the server does, while the answer is on its way.
TEST(HttpReply, OutlivesConnectionAndServer) {
  HeldReplies held;
  auto server = OpenServer([&](HttpRequest&, HttpReply reply) { held.Hold(std::move(reply)); });
  RawClient leaves(server);
  leaves.Send(kGet);
  ASSERT_TRUE(held.WaitFor(1));
  leaves.Reset();
  RawClient stays(server);
  stays.Send(kGet);
  ASSERT_TRUE(held.WaitFor(2));
  held.Take().Send({.body = "to nobody"});
  EXPECT_TRUE(Eventually([&] { return server->counts().connections == 1; }));
  RawClient other(server);
  other.Send(kGet);
  ASSERT_TRUE(held.WaitFor(2));
  server.reset();
  held.Take().Send({.body = "to nobody"});
  {
    const HttpReply dropped = held.Take();
  }
  EXPECT_TRUE(stays.IsClosed());
}

// ---- threads

TEST(HttpServer, SharesConnectionsAmongItsThreads) {
  HttpServerOptions options;
  options.loops = MakeEventLoops(3);
  const auto server = OpenServer(options, [](HttpRequest& request, HttpReply reply) {
    reply.Send({.body = std::to_string(request.thread)});
  });
  std::vector<RawClient> clients;
  std::string threads;
  for (int i = 0; i < 6; ++i) {
    clients.emplace_back(server);
    threads += BodyOf(clients.back().Ask(kGet));
  }
  EXPECT_EQ(threads, "012012");
}

TEST(HttpServer, ManyClientsAtOnceOfWhomSomeLeave) {
  const auto server = OpenServer([](HttpRequest& request, HttpReply reply) {
    if (request.body.size() % 3 != 0) return reply.Send({.body = std::move(request.body)});
    std::thread([body = std::move(request.body), reply = std::move(reply)]() mutable {
      reply.Send({.body = std::move(body)});
    }).detach();
  });
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int round = 0; round < 10; ++round) {
        RawClient client(server);
        for (int i = 0; i < 30; ++i) {
          const std::string body(static_cast<size_t>(t * 100 + i), 'z');
          const std::string request =
              "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) +
              "\r\n\r\n" + body;
          if (round % 5 == 4 && i == 29) {
            client.Send(request);
            client.Reset();
          } else if (BodyOf(client.Ask(request)) != body) {
            ++wrong;
          }
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_TRUE(Eventually([&] { return server->counts().connections == 0; }));
}

// ---- addresses

TEST(HttpServer, ListensOnAllAddressesWithThePortsItGot) {
  HttpServerOptions options;
  options.listen = {"127.0.0.1:0", "[::1]:0", "localhost:0"};
  Peer peer;
  const auto server = OpenServer(options, [&peer](HttpRequest& request, HttpReply reply) {
    peer = *request.peer;
    reply.Send({});
  });
  ASSERT_EQ(server->addresses().size(), 3U);
  for (const std::string& address : server->addresses()) {
    EXPECT_THAT(address, Not(EndsWith(":0")));
    if (address.starts_with("localhost")) continue;
    EXPECT_EQ(StatusOf(RawClient(address).Ask(kGet)), 200) << address;
    EXPECT_EQ(peer.kind, Peer::Kind::kLoopback);
    EXPECT_THAT(peer.address, StartsWith(address.substr(0, address.rfind(':') + 1)));
  }
}

TEST(HttpServer, MappedLoopbackIsLoopback) {
  HttpServerOptions options;
  options.listen = {"[::]:0"};
  Peer peer;
  const auto server = OpenServer(options, [&peer](HttpRequest& request, HttpReply reply) {
    peer = *request.peer;
    reply.Send({});
  });
  const std::string address = server->addresses()[0];
  RawClient client("127.0.0.2" + address.substr(address.rfind(':')));
  EXPECT_EQ(StatusOf(client.Ask(kGet)), 200);
  EXPECT_EQ(peer.kind, Peer::Kind::kLoopback);
  EXPECT_THAT(peer.address, StartsWith("127."));
}

TEST(HttpServer, AddressesThatDoNotReadOrAreTaken) {
  const auto code = [](std::string address) {
    HttpServerOptions options;
    options.listen = {std::move(address)};
    return base::ProblemsOf(HttpServer::Open(options, Echo, TextError).status())[0].code.name;
  };
  for (const char* address : {"", "6566", "127.0.0.1", ":6566", "127.0.0.1:", "127.0.0.1:70000",
                              "127.0.0.1:-1", "::1:80", "example.org:80", "unix:", "[::1]"}) {
    EXPECT_EQ(code(address), "usage") << address;
  }
  EXPECT_EQ(code("unix:/" + std::string(200, 'a')), "usage");
  EXPECT_EQ(code("unix:/no-such-folder/socket"), "io_error");
  const auto server = OpenServer();
  EXPECT_EQ(code(server->addresses()[0]), "conflict");
}

using HttpUnixSocket = FolderTest;

TEST_F(HttpUnixSocket, IsItsOwnersAloneAndGoesWithTheServer) {
  HttpServerOptions options;
  options.listen = {"unix:" + path("s")};
  auto server = OpenServer(options, [](HttpRequest& request, HttpReply reply) {
    EXPECT_EQ(request.peer->kind, Peer::Kind::kUnixSocket);
    reply.Send({.body = request.peer->address});
  });
  EXPECT_EQ(server->addresses()[0], options.listen[0]);
  struct stat file = {};
  ASSERT_EQ(stat(path("s").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600U);
  EXPECT_EQ(BodyOf(RawClient(server).Ask(kGet)), "unix");

  const auto second = HttpServer::Open(options, Echo, TextError);
  EXPECT_EQ(base::ProblemsOf(second.status())[0].code, base::codes::kConflict);
  EXPECT_EQ(BodyOf(RawClient(server).Ask(kGet)), "unix");

  server->Stop(milliseconds(1000));
  EXPECT_FALSE(std::filesystem::exists(path("s")));
}

TEST_F(HttpUnixSocket, TakesThePlaceOfADeadServers) {
  sockaddr_un name = {};
  name.sun_family = AF_UNIX;
  std::strncpy(name.sun_path, path("s").c_str(), sizeof(name.sun_path) - 1);
  const int dead = socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_GE(dead, 0);
  ASSERT_EQ(bind(dead, reinterpret_cast<sockaddr*>(&name), sizeof(name)), 0);
  close(dead);
  ASSERT_TRUE(std::filesystem::exists(path("s")));
  HttpServerOptions options;
  options.listen = {"unix:" + path("s")};
  EXPECT_EQ(StatusOf(RawClient(OpenServer(options)).Ask(kGet)), 200);
}

TEST_F(HttpUnixSocket, LeavesOtherFilesAlone) {
  HttpServerOptions options;
  options.listen = {"unix:" + path("s")};
  std::ofstream(path("s")) << "file";
  const auto refused = HttpServer::Open(options, Echo, TextError);
  EXPECT_EQ(base::ProblemsOf(refused.status())[0].code, base::codes::kConflict);
  EXPECT_TRUE(std::filesystem::is_regular_file(path("s")));

  std::filesystem::remove(path("s"));
  auto server = OpenServer(options);
  std::filesystem::remove(path("s"));
  std::ofstream(path("s")) << "file";
  server.reset();
  EXPECT_TRUE(std::filesystem::is_regular_file(path("s")));
}

// ---- the end

TEST(HttpServerStop, ClosesIdleConnectionsAtOnce) {
  const auto server = OpenServer();
  RawClient used(server);
  used.Ask(kGet);
  RawClient fresh(server);
  ASSERT_TRUE(Eventually([&] { return server->counts().connections == 2; }));
  const auto begin = std::chrono::steady_clock::now();
  server->Stop(milliseconds(kPatienceMillis));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, milliseconds(kPatienceMillis / 2));
  EXPECT_TRUE(used.IsClosed());
  EXPECT_TRUE(fresh.IsClosed());
  EXPECT_EQ(server->counts().connections, 0);
}

TEST(HttpServerStop, AnswersWhatHasArrived) {
  std::promise<HttpReply> promise;
  const auto server = OpenServer([&promise](HttpRequest& request, HttpReply reply) {
    if (request.path() == "/slow") return promise.set_value(std::move(reply));
    reply.Send({.body = "quick"});
  });
  RawClient slow(server);
  slow.Send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
  HttpReply reply = promise.get_future().get();
  RawClient partial(server);
  partial.Send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na");
  RawClient idle(server);
  ASSERT_TRUE(Eventually([&] { return server->counts().connections == 3; }));
  std::thread stops([&] { server->Stop(milliseconds(kPatienceMillis)); });
  EXPECT_TRUE(idle.IsClosed());
  partial.Send("bc");
  const std::string quick = partial.ReadAll();
  EXPECT_EQ(BodyOf(quick), "quick");
  EXPECT_THAT(quick, HasSubstr("Connection: close\r\n"));
  reply.Send({.body = "slow"});
  const std::string late = slow.ReadAll();
  EXPECT_EQ(BodyOf(late), "slow");
  EXPECT_THAT(late, HasSubstr("Connection: close\r\n"));
  stops.join();
  EXPECT_EQ(server->counts().connections, 0);
}

TEST(HttpServerStop, DoesNotWaitLongForTheRestOfARequest) {
  const auto server = OpenServer();
  RawClient partial(server);
  partial.Send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na");
  ASSERT_TRUE(Eventually([&] { return server->counts().connections == 1; }));
  server->Stop(milliseconds(kPatienceMillis));
  const std::string refused = partial.ReadAll();
  EXPECT_EQ(StatusOf(refused), 503);
  EXPECT_THAT(refused, HasSubstr("stopping"));
}

TEST(HttpServerStop, DoesNotWaitBeyondItsGrace) {
  std::promise<HttpReply> promise;
  auto server = OpenServer(
      [&promise](HttpRequest&, HttpReply reply) { promise.set_value(std::move(reply)); });
  RawClient client(server);
  client.Send(kGet);
  HttpReply reply = promise.get_future().get();
  server->Stop(milliseconds(100));
  EXPECT_TRUE(client.IsClosed());
  server->Stop(milliseconds(100));  // again does no harm
  reply.Send({});
}

TEST(HttpServerStop, RefusesNewConnections) {
  const auto server = OpenServer();
  const std::string address = server->addresses()[0];
  server->Stop(milliseconds(0));
  // The same port can be had again at once.
  EXPECT_TRUE(Eventually([&] {
    HttpServerOptions options;
    options.listen = {address};
    return HttpServer::Open(options, Echo, TextError).ok();
  }));
}

TEST(HttpServerStop, UnderLoadNoAcceptedRequestIsLost) {
  for (int round = 0; round < 5; ++round) {
    std::atomic<int> called = 0;
    std::atomic<int> answered = 0;
    std::atomic<bool> broken = false;
    const auto server = OpenServer([&called](HttpRequest&, HttpReply reply) {
      ++called;
      reply.Send({.body = "ok"});
    });
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
      // Connected here: a thread may not have begun when listening ends.
      threads.emplace_back([&, client = std::make_shared<RawClient>(server)] {
        while (client->Send(kGet)) {
          const std::string response = client->ReadResponse();
          if (BodyOf(response) != "ok") {
            // A keep-alive connection may be closed as the next request is sent, but never within
            // an answer.
            if (response != "…") broken = true;
            break;
          }
          ++answered;
        }
      });
    }
    usleep(30'000);
    server->Stop(milliseconds(kPatienceMillis));
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(called, answered);
    EXPECT_FALSE(broken);
  }
}

}  // namespace
}  // namespace millrace::serve
