// `millrace serve`: the feature server (serve/feature_server.h) until it is told to stop.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <memory>
#include <thread>

#include "cli/program.h"
#include "serve/feature_server.h"

namespace millrace::cli {
namespace {

struct ServeArguments {
  serve::ServeOptions options;
  std::string materialize_every;
  std::string log = "-";
  bool stream = false;
  std::string new_token;
  std::string role = "read";
  std::vector<std::string> views;
  double header_seconds = 10;
  double idle_seconds = 75;
  double deadline_seconds = 2;
};

std::chrono::milliseconds Millis(double seconds) {
  return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
}

// SIGTERM and SIGINT wait until somebody asks for them, in every thread that is started meanwhile.
class StopSignals {
 public:
  StopSignals() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGTERM);
    sigaddset(&signals_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals_, &before_);
  }
  ~StopSignals() { Release(); }

  void Wait() const {
    int signal = 0;
    sigwait(&signals_, &signal);
  }
  // From here on the next one ends the process.
  void Release() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t signals_;
  sigset_t before_;
};

base::Result<serve::ServeOptions> OptionsOf(const ServeArguments& arguments) {
  serve::ServeOptions options = arguments.options;
  if (arguments.stream) {
    return base::Error(base::codes::kReserved, "--stream is reserved, and not built yet");
  }
  if (options.certificate_file.empty() != options.key_file.empty()) {
    return base::Error(base::codes::kUsage, "--certificate and --key go together");
  }
  if (!arguments.materialize_every.empty()) {
    ARROW_ASSIGN_OR_RAISE(const base::Duration every,
                          base::ParseDuration(arguments.materialize_every));
    options.materialize_every = std::chrono::seconds(every.micros() / 1'000'000);
    if (options.materialize_every->count() == 0) {
      return base::Error(base::codes::kUsage, "--materialize-every: a second at least");
    }
  }
  options.request_log = arguments.log == "off" ? "" : arguments.log;
  options.http.header_time = Millis(arguments.header_seconds);
  options.http.idle_time = Millis(arguments.idle_seconds);
  options.limits.store_deadline = Millis(arguments.deadline_seconds);
  return options;
}

// Prints a token, once, and the entry of the tokens file that knows it.
base::Result<int> MakeToken(const ServeArguments& arguments, const Terminal& terminal) {
  const serve::Verb role = arguments.role == "admin"   ? serve::Verb::kAdmin
                           : arguments.role == "write" ? serve::Verb::kWrite
                                                       : serve::Verb::kRead;
  ARROW_ASSIGN_OR_RAISE(const serve::FreshToken token,
                        serve::NewToken(arguments.new_token, role, arguments.views));
  *terminal.out << token.text << '\n' << token.entry << '\n';
  return kExitDone;
}

base::Result<int> RunServe(const ServeArguments& arguments, const Terminal& terminal) {
  if (!arguments.new_token.empty()) return MakeToken(arguments, terminal);
  StopSignals signals;
  ARROW_ASSIGN_OR_RAISE(const serve::ServeOptions options, OptionsOf(arguments));
  ARROW_ASSIGN_OR_RAISE(const jobs::Repository repository,
                        jobs::OpenRepository(terminal.project_dir));
  ARROW_ASSIGN_OR_RAISE(const auto server,
                        serve::FeatureServer::Open(repository, options, *terminal.clock));
  for (const std::string& address : server->addresses()) {
    *terminal.out << "listening on " << address << '\n';
  }
  terminal.out->flush();
  signals.Wait();
  signals.Release();
  server->Stop();
  return kExitDone;
}

void AddLimits(CLI::App* command, ServeArguments* arguments) {
  serve::HttpLimits& http = arguments->options.http;
  serve::Limits& limits = arguments->options.limits;
  const auto number = [&](const char* name, auto& value, const char* says) {
    command->add_option(name, value, says)
        ->capture_default_str()
        ->check(CLI::PositiveNumber)
        ->type_name("N")
        ->group("Limits");
  };
  number("--body-bytes-max", http.body_bytes_max, "Of a request");
  number("--connections-max", http.connections_max, "Open at once");
  number("--entities-max", limits.entities_max, "Rows of a request");
  number("--features-max", limits.features_max, "Names of a request");
  number("--concurrency-max", limits.concurrency_max, "Requests that wait for the store");
  number("--header-time", arguments->header_seconds, "Seconds for a request's header");
  number("--idle-time", arguments->idle_seconds, "Seconds between requests of a connection");
  number("--store-deadline", arguments->deadline_seconds, "Seconds for Redis to answer");
}

}  // namespace

void AddServe(CLI::App& app, Program& program) {
  auto arguments = std::make_shared<ServeArguments>();
  serve::ServeOptions& options = arguments->options;
  CLI::App* command = app.add_subcommand("serve", "The feature server, until SIGTERM");
  command->add_option("--listen", options.listen, "Addresses; port 0 is any that is free")
      ->capture_default_str()
      ->type_name("HOST:PORT");
  command
      ->add_option("--materialize-every", arguments->materialize_every,
                   "Read new files from time to time, as 10m")
      ->type_name("D");
  command->add_flag("--stream", arguments->stream, "Reserved: live events from Kafka");
  command->add_option("--threads", options.threads, "That answer requests")
      ->capture_default_str()
      ->check(CLI::Range(1, 256))
      ->type_name("N");
  command->add_option("--tokens", options.tokens.file, "Who may do what (docs/serving.md)")
      ->type_name("FILE");
  command
      ->add_option("--new-token", arguments->new_token,
                   "Print a new token and its entry for the tokens file, and serve nothing")
      ->type_name("NAME");
  command->add_option("--role", arguments->role, "Of the new token")
      ->capture_default_str()
      ->check(CLI::IsMember({"read", "write", "admin"}))
      ->type_name("ROLE");
  command->add_option("--views", arguments->views, "Of the new token; default: all")
      ->delimiter(',')
      ->type_name("A,B");
  command->add_flag("--insecure", options.tokens.insecure,
                    "Everybody may do all, from other machines too");
  command->add_option("--certificate", options.certificate_file, "TLS: a chain, PEM")
      ->type_name("FILE");
  command->add_option("--key", options.key_file, "TLS: its key, PEM")->type_name("FILE");
  command->add_option("--log", arguments->log, "JSON lines; -: standard error, off: none")
      ->capture_default_str()
      ->type_name("FILE");
  command->add_option("--wait", options.wait_seconds, "Seconds to wait for the store")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber)
      ->type_name("S");
  AddLimits(command, arguments.get());
  command->callback([arguments, &program] {
    program.Choose([arguments, &program] { return RunServe(*arguments, program.terminal()); });
  });
}

}  // namespace millrace::cli
