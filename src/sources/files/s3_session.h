// S3Session: Arrow's S3 client, started by the first s3:// path and shut down before the program
// ends. Held by main; opened by FindFiles. Settings are AWS's usual environment variables,
// AWS_ENDPOINT_URL too.
#pragma once

#include <arrow/filesystem/type_fwd.h>

#include <memory>

#include "base/status.h"

namespace millrace::sources {

// Hold one in main, before anything that reads sources: its end waits for S3's threads. A program
// in which no s3:// path was opened pays nothing; one that opened some and holds no session crashes
// at its exit.
class S3Session {
 public:
  S3Session() = default;
  S3Session(const S3Session&) = delete;
  S3Session& operator=(const S3Session&) = delete;
  ~S3Session();
};

// A client for the buckets that the environment gives access to: AWS_ACCESS_KEY_ID,
// AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_PROFILE, AWS_REGION (AWS_DEFAULT_REGION),
// AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL.
base::Result<std::shared_ptr<arrow::fs::FileSystem>> OpenS3();

}  // namespace millrace::sources
