#include "sources/push/push_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <random>
#include <system_error>
#include <tuple>

#include "base/hash.h"
#include "sources/files/file_error.h"
#include "sources/push/push_file.h"

namespace millrace::sources {
namespace {

constexpr std::string_view kOrigin = "push:";
constexpr std::string_view kSegmentEnd = ".log";
constexpr std::string_view kCompactedEnd = ".parquet";
constexpr size_t kDigits = 20;
constexpr size_t kWriterMax = 100;

bool IsWriter(std::string_view text) {
  return !text.empty() && text.size() <= kWriterMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

std::optional<int64_t> RowOf(std::string_view text) {
  int64_t row = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), row);
  if (error != std::errc() || end != text.data() + text.size() || row < 1) return std::nullopt;
  return row;
}

// Takes "-" and 20 digits from the end of the text.
std::optional<int64_t> TakeRow(std::string_view* text) {
  if (text->size() <= kDigits || (*text)[text->size() - kDigits - 1] != '-') return std::nullopt;
  const auto row = RowOf(text->substr(text->size() - kDigits));
  if (row.has_value()) text->remove_suffix(kDigits + 1);
  return row;
}

// Nothing: a name that no writer of ours gives.
std::optional<LogFile> FileOfName(std::string_view name) {
  LogFile file;
  if (name.ends_with(kCompactedEnd)) {
    name.remove_suffix(kCompactedEnd.size());
    file.last = TakeRow(&name);
    if (!file.last.has_value()) return std::nullopt;
  } else if (name.ends_with(kSegmentEnd)) {
    name.remove_suffix(kSegmentEnd.size());
  } else {
    return std::nullopt;
  }
  const auto first = TakeRow(&name);
  if (!first.has_value() || file.last.value_or(*first) < *first || !IsWriter(name)) {
    return std::nullopt;
  }
  file.first = *first;
  file.writer = name;
  return file;
}

base::Result<std::vector<LogFile>> FilesOf(const std::string& folder) {
  std::vector<LogFile> files;
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error);
  if (error == std::errc::no_such_file_or_directory) return files;
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    auto file = FileOfName(entry->path().filename().string());
    if (!file.has_value()) continue;
    file->path = entry->path().string();
    std::error_code gone;  // a writer may have removed it meanwhile: then another has its rows
    const auto bytes = entry->file_size(gone);
    file->bytes = gone ? 0 : static_cast<int64_t>(bytes);
    files.push_back(*std::move(file));
  }
  if (error) return ErrnoError(error.value(), "read", folder);
  return files;
}

base::Result<std::string> ReadWriter(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(std::string id, ReadSmallFile(path));
  while (id.ends_with('\n')) id.pop_back();
  if (IsWriter(id)) return id;
  return base::Error({.code = base::codes::kCorrupt,
                      .message = fmt::format("{} holds no writer's id", path),
                      .hint = "remove it for a new one"});
}

std::string NewWriter() {
  std::array<char, 256> host = {};
  static_cast<void>(::gethostname(host.data(), host.size() - 1));
  std::string id;
  for (const char c : std::string_view(host.data()).substr(0, 40)) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if ((lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9')) id += lower;
  }
  std::random_device random;
  const uint64_t high = random();
  return fmt::format("{}-{}", id.empty() ? "host" : id, base::Hex(high << 32 | random()));
}

}  // namespace

std::string PushLogFolder(const std::string& push, const std::string& source) {
  return push + "/" + source;
}

base::Result<std::string> PushWriter(const std::string& push) {
  const std::string path = push + "/writer";
  if (::access(path.c_str(), F_OK) == 0) return ReadWriter(path);
  std::error_code error;
  std::filesystem::create_directories(push, error);
  if (error) return ErrnoError(error.value(), "write", push);
  // Whole under a name of its own, then linked: of two processes that do so at once, one wins.
  const std::string mine = fmt::format("{}.{}", path, ::getpid());
  ARROW_RETURN_NOT_OK(WriteSmallFile(mine, NewWriter() + "\n"));
  const bool linked = ::link(mine.c_str(), path.c_str()) == 0;
  const int reason = errno;
  ::unlink(mine.c_str());
  if (!linked && reason != EEXIST) return ErrnoError(reason, "write", path);
  return ReadWriter(path);
}

std::string PushOrigin(std::string_view writer) {
  return fmt::format("{}{}", kOrigin, writer);
}

std::string ShowWriterRows(const WriterRows& rows) {
  return fmt::format("{}{}/{}-{}", kOrigin, rows.writer, rows.rows.first, rows.rows.last);
}

std::optional<WriterRows> ShownWriterRows(std::string_view path) {
  if (!path.starts_with(kOrigin)) return std::nullopt;
  path.remove_prefix(kOrigin.size());
  const size_t slash = path.find('/');
  if (slash == std::string_view::npos || !IsWriter(path.substr(0, slash))) return std::nullopt;
  const std::string_view rows = path.substr(slash + 1);
  const size_t to = rows.find('-');
  if (to == std::string_view::npos) return std::nullopt;
  const auto first = RowOf(rows.substr(0, to));
  const auto last = RowOf(rows.substr(to + 1));
  if (!first.has_value() || !last.has_value() || *last < *first) return std::nullopt;
  return WriterRows{std::string(path.substr(0, slash)), {*first, *last}};
}

std::string SegmentPath(const std::string& folder, const std::string& writer, int64_t first) {
  return fmt::format("{}/{}-{:020}{}", folder, writer, first, kSegmentEnd);
}

std::string CompactedPath(const std::string& folder, const WriterRows& rows) {
  return fmt::format("{}/{}-{:020}-{:020}{}", folder, rows.writer, rows.rows.first, rows.rows.last,
                     kCompactedEnd);
}

base::Result<LogFiles> ListLog(const std::string& folder) {
  ARROW_ASSIGN_OR_RAISE(std::vector<LogFile> all, FilesOf(folder));
  // Of files that begin with the same row the widest is first, segments are last.
  std::sort(all.begin(), all.end(), [](const LogFile& a, const LogFile& b) {
    return std::tuple(std::string_view(a.writer), a.first, -a.last.value_or(0)) <
           std::tuple(std::string_view(b.writer), b.first, -b.last.value_or(0));
  });
  LogFiles found;
  const LogFile* widest = nullptr;  // the last Parquet file that counts
  for (const LogFile& file : all) {
    const bool inside =
        widest != nullptr && widest->writer == file.writer && file.first <= *widest->last;
    if (!inside) {
      if (file.last.has_value()) widest = &file;
      found.files.push_back(file);
    } else if (!file.last.has_value() || *file.last <= *widest->last) {
      found.covered.push_back(file);
    } else {
      return base::Error(base::codes::kCorrupt, fmt::format("{} and {} share a part of their rows",
                                                            widest->path, file.path));
    }
  }
  return found;
}

}  // namespace millrace::sources
