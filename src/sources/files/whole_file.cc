#include "sources/files/whole_file.h"

#include <arrow/filesystem/filesystem.h>
#include <arrow/io/file.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "sources/files/file_error.h"
#include "sources/files/s3_session.h"

namespace millrace::sources {
namespace {

constexpr int kTriesMax = 100;
constexpr int64_t kMicrosPerSecond = 1'000'000;

constexpr std::string_view kS3 = "s3://";

base::Status LastError(const std::string& path) {
  return FileError(errno, "write", path);
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// A name beside `path` that no other writer has: hidden, so that a folder of data does not show it.
std::string NameBeside(const std::string& path) {
  static std::atomic<uint64_t> count{0};
  const size_t slash = path.rfind('/');
  const size_t name = slash == std::string::npos ? 0 : slash + 1;
  return fmt::format("{}.{}.{}-{}.tmp", path.substr(0, name), path.substr(name), ::getpid(),
                     count.fetch_add(1));
}

// Whether NameBeside gave this name: .NAME.PID-NUMBER.tmp
bool IsBeside(std::string_view name) {
  constexpr std::string_view kEnd = ".tmp";
  if (!name.starts_with('.') || !name.ends_with(kEnd)) return false;
  name.remove_suffix(kEnd.size());
  const size_t dot = name.rfind('.');
  const std::string_view who = name.substr(dot + 1);
  return dot > 1 && who.find('-') != std::string_view::npos &&
         who.find_first_not_of("0123456789-") == std::string_view::npos;
}

}  // namespace

base::Result<WholeFile> WholeFile::CreateOnS3(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(const auto s3, OpenS3());
  WholeFile file;
  file.path_ = path;
  auto stream = s3->OpenOutputStream(path.substr(kS3.size()));
  if (!stream.ok()) return FileError(stream.status(), "write", path, base::codes::kIo);
  file.stream_ = *std::move(stream);
  return file;
}

base::Result<WholeFile> WholeFile::Create(const std::string& path) {
  if (path.starts_with(kS3)) return CreateOnS3(path);
  struct stat existing = {};
  if (::stat(path.c_str(), &existing) == 0 && S_ISDIR(existing.st_mode)) {
    return base::Error(base::codes::kUsage, fmt::format("cannot write {}: it is a folder", path));
  }
  WholeFile file;
  file.path_ = path;
  for (int i = 0; file.descriptor_ < 0; ++i) {
    file.beside_ = NameBeside(path);
    file.descriptor_ = ::open(file.beside_.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
    if (file.descriptor_ >= 0) break;
    const int error = errno;
    file.beside_.clear();
    errno = error;
    if (error != EEXIST || i == kTriesMax) return LastError(path);
  }
  auto stream = arrow::io::FileOutputStream::Open(file.descriptor_);
  if (!stream.ok()) {
    ::close(file.descriptor_);
    return FileError(stream.status(), "write", path, base::codes::kIo);
  }
  file.stream_ = *std::move(stream);
  return file;
}

WholeFile::WholeFile(WholeFile&& other) noexcept
    : path_(std::move(other.path_)),
      beside_(std::exchange(other.beside_, "")),
      stream_(std::move(other.stream_)),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

WholeFile::~WholeFile() {
  // Nobody is left to tell what closing or removing said. On S3, closing would complete it.
  if (stream_ != nullptr) static_cast<void>(stream_->Abort());
  if (!beside_.empty()) ::unlink(beside_.c_str());
}

base::Status WholeFile::Commit() {
  if (descriptor_ < 0) {
    const arrow::Status completed = stream_->Close();
    if (!completed.ok()) return FileError(completed, "write", path_, base::codes::kIo);
    stream_.reset();
    return base::Status::OK();
  }
  arrow::Status written = stream_->Flush();
  if (!written.ok()) return FileError(written, "write", path_, base::codes::kIo);
  if (::fsync(descriptor_) != 0) return LastError(path_);
  written = stream_->Close();
  stream_.reset();
  if (!written.ok()) return FileError(written, "write", path_, base::codes::kIo);
  if (std::rename(beside_.c_str(), path_.c_str()) != 0) return LastError(path_);
  beside_.clear();
  // The name too is to outlive a loss of power; a file system that cannot is no failure of the
  // write.
  const int folder = ::open(FolderOf(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    static_cast<void>(::fsync(folder));
    ::close(folder);
  }
  return base::Status::OK();
}

int64_t RemoveUnfinished(const std::string& folder, base::EventTime before) {
  if (folder.starts_with(kS3)) return 0;
  int64_t removed = 0;
  std::error_code failed;
  std::filesystem::recursive_directory_iterator entry(
      folder, std::filesystem::directory_options::skip_permission_denied, failed);
  for (; !failed && entry != std::filesystem::recursive_directory_iterator();
       entry.increment(failed)) {
    struct stat file = {};
    if (!IsBeside(entry->path().filename().string()) ||
        ::lstat(entry->path().c_str(), &file) != 0 || !S_ISREG(file.st_mode)) {
      continue;
    }
    const int64_t changed = file.st_mtim.tv_sec * kMicrosPerSecond + file.st_mtim.tv_nsec / 1'000;
    if (changed < before.micros() && ::unlink(entry->path().c_str()) == 0) ++removed;
  }
  return removed;
}

base::Status WriteText(const std::string& path, std::string_view text) {
  ARROW_ASSIGN_OR_RAISE(WholeFile file, WholeFile::Create(path));
  const arrow::Status written =
      file.stream()->Write(text.data(), static_cast<int64_t>(text.size()));
  if (!written.ok()) return FileError(written, "write", path, base::codes::kIo);
  return file.Commit();
}

}  // namespace millrace::sources
