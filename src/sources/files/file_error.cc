#include "sources/files/file_error.h"

#include <arrow/util/io_util.h>
#include <fmt/format.h>

#include <cerrno>
#include <optional>
#include <string>

namespace millrace::sources {
namespace {

bool Contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

base::Code CodeOfErrno(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return base::codes::kNotFound;
    case EACCES:
    case EPERM:
    case EROFS:
      return base::codes::kPermission;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return base::codes::kDiskFull;
    default:
      return base::codes::kIo;
  }
}

// Arrow gives S3's answer as text alone.
std::optional<base::Code> CodeOfS3(const std::string& message) {
  if (!Contains(message, "AWS Error") && !Contains(message, "When ")) return std::nullopt;
  if (Contains(message, "ACCESS_DENIED") || Contains(message, "HTTP status 403") ||
      Contains(message, "INVALID_ACCESS_KEY") || Contains(message, "SIGNATURE_DOES_NOT_MATCH")) {
    return base::codes::kPermission;
  }
  if (Contains(message, "NO_SUCH_KEY") || Contains(message, "NO_SUCH_BUCKET") ||
      Contains(message, "RESOURCE_NOT_FOUND")) {
    return base::codes::kNotFound;
  }
  if (Contains(message, "AWS Error")) return base::codes::kIo;
  return std::nullopt;
}

}  // namespace

base::Status FileError(const base::Status& status, std::string_view doing, std::string_view path,
                       const base::Code& otherwise) {
  const auto& detail = status.detail();
  const std::optional<int> error =
      detail == nullptr ? std::nullopt : arrow::internal::ErrnoFromStatusDetail(*detail);
  if (detail != nullptr && std::string_view(detail->type_id()).starts_with("millrace::")) {
    return status;
  }
  if (error.has_value()) {
    return base::Error(CodeOfErrno(*error), fmt::format("cannot {} {}: {}", doing, path,
                                                        arrow::internal::ErrnoMessage(*error)));
  }
  std::string message = status.message();
  const base::Code code =
      CodeOfS3(message).value_or(status.IsOutOfMemory() ? base::codes::kInternal : otherwise);
  if (const size_t line = message.find('\n'); line != std::string::npos) message.resize(line);
  if (code == base::codes::kCorrupt) {
    return base::Error(code, fmt::format("{} is damaged: {}", path, message));
  }
  return base::Error(code, fmt::format("cannot {} {}: {}", doing, path, message));
}

base::Status FileError(int error, std::string_view doing, std::string_view path) {
  const base::Status status =
      arrow::Status::IOError("").WithDetail(arrow::internal::StatusDetailFromErrno(error));
  return FileError(status, doing, path, base::codes::kIo);
}

}  // namespace millrace::sources
