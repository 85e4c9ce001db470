// A server that answers every request with the same body and does nothing else: the ceiling for
// what `millrace serve` can reach on a machine. Ends at SIGINT or SIGTERM.
#include <fmt/format.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <string>
#include <utility>

#include "serve/http/http_server.h"

namespace serve = millrace::serve;

int main(int argc, char** argv) {
  serve::HttpServerOptions options;
  options.listen = {"127.0.0.1:6566"};
  size_t bytes = 1024;
  int threads = 2;
  CLI::App app("Answers every request with the same body");
  app.add_option("--listen", options.listen, "127.0.0.1:6566 or unix:/path; again for more");
  app.add_option("--threads", threads, "that answer");
  app.add_option("--bytes", bytes, "of the body");
  app.add_option("--certificate", options.certificate_file, "PEM chain, for TLS");
  app.add_option("--key", options.key_file, "PEM key, for TLS");
  CLI11_PARSE(app, argc, argv);
  options.loops = serve::MakeEventLoops(threads);

  // Before there are threads, which inherit it.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);

  const std::string body(bytes, 'x');
  auto server = serve::HttpServer::Open(
      options, [&body](serve::HttpRequest&, serve::HttpReply reply) { reply.Send({.body = body}); },
      [](int, std::string_view what) { return std::string(what); });
  if (!server.ok()) {
    fmt::print(stderr, "{}\n", server.status().ToString());
    return 1;
  }
  for (const std::string& address : (*server)->addresses()) fmt::print("listens on {}\n", address);
  std::fflush(stdout);
  int signal = 0;
  sigwait(&ends, &signal);
  (*server)->Stop(std::chrono::seconds(1));
  return 0;
}
