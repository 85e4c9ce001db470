// The order of things: the store first, then what reads and writes it, the HTTP server last; and
// the other way round at the end, so that nothing is called that is gone.
#include "serve/feature_server.h"

#include <fmt/format.h>

#include <utility>

#include "jobs/source_folders.h"
#include "jobs/update/served_plans.h"
#include "serve/backend.h"
#include "serve/http/tls_files.h"
#include "serve/owner_socket.h"
#include "serve/router.h"
#include "serve/ticker.h"

namespace millrace::serve {

using base::Result;
using base::Status;

namespace {

// That wait for a store behind a network: more of them read less together.
constexpr int kReadThreads = 2;
constexpr int kWriteThreads = 4;  // whose pushes are written together
constexpr int64_t kMaterializeMax = 8;

bool IsLoopback(std::string_view address) {
  return address.starts_with("127.") || address.starts_with("localhost:") ||
         address.starts_with("[::1]:") || address.starts_with("unix:");
}

Status CheckListen(const ServeOptions& options, const Tokens& tokens) {
  if (!tokens.empty() || options.tokens.insecure) return Status::OK();
  for (const std::string& address : options.listen) {
    if (IsLoopback(address)) continue;
    return base::Error({base::codes::kUsage,
                        fmt::format("{} is open to other machines, and there are no tokens that "
                                    "say who may do what",
                                    address),
                        {},
                        "--tokens FILE, or --insecure"});
  }
  return Status::OK();
}

class Server final : public FeatureServer {
 public:
  Server(const ServeOptions& options, OwnerSocket socket)
      : options_(options), socket_(std::move(socket)), loops_(MakeEventLoops(options.threads)) {}
  ~Server() override { Stop(); }

  Status Start(const jobs::Repository& repository, std::shared_ptr<kv::Store> store,
               std::unique_ptr<Tokens> tokens, const base::Clock& clock);
  std::vector<std::string> addresses() const override;
  void Stop() override;

 private:
  Status OpenReads();
  Status OpenHttp();

  const ServeOptions options_;
  const OwnerSocket socket_;
  const std::vector<EventLoop> loops_;
  std::shared_ptr<kv::Store> store_;
  Backend backend_;
  std::unique_ptr<Router> router_;
  std::unique_ptr<HttpServer> http_;
  std::unique_ptr<Ticker> ticker_;
};

Status Server::Start(const jobs::Repository& repository, std::shared_ptr<kv::Store> store,
                     std::unique_ptr<Tokens> tokens, const base::Clock& clock) {
  store_ = std::move(store);
  backend_.repository = &repository;
  backend_.clock = &clock;
  backend_.limits = options_.limits;
  backend_.threads = options_.threads;
  backend_.metrics = Metrics::Make();
  backend_.tokens = std::move(tokens);
  ARROW_ASSIGN_OR_RAISE(backend_.log, RequestLog::Open(options_.request_log, clock));
  ARROW_ASSIGN_OR_RAISE(const std::string lake, jobs::LakeFolder(repository.project));
  ARROW_ASSIGN_OR_RAISE(backend_.feature_log, FeatureLog::Open(lake, {}, clock));
  ARROW_ASSIGN_OR_RAISE(backend_.reads, jobs::OnlineReads::Open(repository, store_, clock));
  ARROW_ASSIGN_OR_RAISE(backend_.writes, jobs::OnlineWrites::Open(repository, store_, clock));
  ARROW_RETURN_NOT_OK(OpenReads());
  backend_.write_queue =
      std::make_unique<WorkQueue>(kWriteThreads, options_.limits.concurrency_max);
  backend_.materialize_queue = std::make_unique<WorkQueue>(1, kMaterializeMax);
  router_ = std::make_unique<Router>(&backend_);
  ARROW_RETURN_NOT_OK(OpenHttp());
  router_->set_http(http_.get());
  ticker_ = std::make_unique<Ticker>(&backend_, store_.get(), options_.materialize_every);
  backend_.log->Event(
      LogLevel::kInfo, "started",
      fmt::format("version {} of {}", backend_.reads->version(), repository.project.name));
  return Status::OK();
}

// Of a store behind a network: who answers a request does not wait for it.
Status Server::OpenReads() {
  for (const EventLoop& loop : loops_) {
    ARROW_ASSIGN_OR_RAISE(auto reader, store_->ReadOn(loop));
    if (reader == nullptr) return Status::OK();
    if (backend_.read_queue == nullptr) {
      const int64_t reads_max = options_.limits.concurrency_max;
      backend_.read_queue = std::make_unique<ReadQueue>(
          backend_.reads.get(),
          ReadQueueOptions{kReadThreads, reads_max, options_.limits.store_deadline});
      backend_.search_queue = std::make_unique<WorkQueue>(1, reads_max);
    }
    backend_.loop_reads.push_back(std::make_unique<LoopReads>(
        backend_.reads.get(), backend_.read_queue.get(), loop, std::move(reader)));
  }
  return Status::OK();
}

Status Server::OpenHttp() {
  HttpServerOptions http;
  http.listen = options_.listen;
  if (socket_.exists()) http.listen.push_back(socket_.address());
  http.certificate_file = options_.certificate_file;
  http.key_file = options_.key_file;
  http.loops = loops_;
  http.limits = options_.http;
  http.clock = backend_.clock;
  const HttpService service = [this](HttpRequest& request, HttpReply reply) {
    router_->Handle(request, std::move(reply));
  };
  return HttpServer::Open(http, service, &Router::ErrorBody).Value(&http_);
}

std::vector<std::string> Server::addresses() const {
  std::vector<std::string> addresses;
  const std::string scheme = options_.certificate_file.empty() ? "http://" : "https://";
  for (const std::string& address : http_->addresses()) {
    addresses.push_back(address.starts_with("unix:") ? "unix:" + socket_.path() : scheme + address);
  }
  return addresses;
}

void Server::Stop() {
  if (http_ == nullptr) return;
  backend_.log->Event(LogLevel::kInfo, "stopping", "no new requests are taken");
  ticker_.reset();
  http_->Stop(options_.stop_grace);
  http_.reset();
  backend_.search_queue.reset();
  backend_.loop_reads.clear();
  backend_.read_queue.reset();
  backend_.write_queue.reset();
  backend_.materialize_queue.reset();
  backend_.feature_log.reset();
  backend_.log->Event(LogLevel::kInfo, "stopped", "");
}

}  // namespace

Result<std::unique_ptr<FeatureServer>> FeatureServer::Open(const jobs::Repository& repository,
                                                           const ServeOptions& options,
                                                           const base::Clock& clock) {
  TokensOptions tokens_options = options.tokens;
  ARROW_ASSIGN_OR_RAISE(tokens_options.environment,
                        repository.project.Expand("${MILLRACE_TOKENS:-}"));
  ARROW_ASSIGN_OR_RAISE(auto tokens, Tokens::Open(tokens_options));
  ARROW_RETURN_NOT_OK(CheckListen(options, *tokens));
  if (!options.certificate_file.empty()) {
    ARROW_RETURN_NOT_OK(TlsFiles::Open(options.certificate_file, options.key_file).status());
  }
  // What was never applied is said before a store is made.
  ARROW_RETURN_NOT_OK(jobs::ServedPlans::Open(repository).status());
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<kv::Store> store,
                        jobs::OpenOnlineStore(repository.project, false, options.wait_seconds));
  ARROW_ASSIGN_OR_RAISE(OwnerSocket socket, OwnerSocket::Of(repository.project));
  auto server = std::make_unique<Server>(options, std::move(socket));
  ARROW_RETURN_NOT_OK(server->Start(repository, std::move(store), std::move(tokens), clock));
  return server;
}

}  // namespace millrace::serve
