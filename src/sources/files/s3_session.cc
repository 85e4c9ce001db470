#include "sources/files/s3_session.h"

#include <arrow/filesystem/s3fs.h>
#include <arrow/util/io_util.h>

#include <mutex>
#include <string>
#include <string_view>

#include "sources/files/file_error.h"

namespace millrace::sources {
namespace {

std::mutex session_mutex;
bool started = false;

void ShutDown() {
  const std::lock_guard lock(session_mutex);
  if (!started) return;
  started = false;
  // What it could not close is the operating system's to close: the program is ending.
  static_cast<void>(arrow::fs::EnsureS3Finalized());
}

base::Status Start() {
  const std::lock_guard lock(session_mutex);
  if (started) return base::Status::OK();
  ARROW_RETURN_NOT_OK(arrow::fs::EnsureS3Initialized());
  started = true;
  return base::Status::OK();
}

std::string Environment(const char* name) {
  return arrow::internal::GetEnvVar(name).ValueOr("");
}

// "http://127.0.0.1:5000/" -> scheme http, host and port.
void SetEndpoint(std::string_view url, arrow::fs::S3Options* options) {
  if (const size_t scheme = url.find("://"); scheme != std::string_view::npos) {
    options->scheme = url.substr(0, scheme);
    url.remove_prefix(scheme + 3);
  }
  while (url.ends_with('/')) url.remove_suffix(1);
  options->endpoint_override = url;
}

}  // namespace

S3Session::~S3Session() {
  ShutDown();
}

base::Result<std::shared_ptr<arrow::fs::FileSystem>> OpenS3() {
  const base::Status start = Start();
  if (!start.ok()) return FileError(start, "open", "s3://", base::codes::kIo);
  arrow::fs::S3Options options = arrow::fs::S3Options::Defaults();
  std::string endpoint = Environment("AWS_ENDPOINT_URL_S3");
  if (endpoint.empty()) endpoint = Environment("AWS_ENDPOINT_URL");
  if (!endpoint.empty()) SetEndpoint(endpoint, &options);
  options.region = Environment("AWS_REGION");
  if (options.region.empty()) options.region = Environment("AWS_DEFAULT_REGION");
  // A store of one's own has no regions, but its requests are signed for one.
  if (options.region.empty() && !endpoint.empty()) options.region = "us-east-1";
  auto made = arrow::fs::S3FileSystem::Make(options);
  if (!made.ok()) return FileError(made.status(), "open", "s3://", base::codes::kIo);
  return std::shared_ptr<arrow::fs::FileSystem>(*std::move(made));
}

}  // namespace millrace::sources
