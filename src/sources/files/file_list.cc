#include "sources/files/file_list.h"

#include <arrow/buffer.h>
#include <arrow/filesystem/filesystem.h>
#include <arrow/filesystem/localfs.h>
#include <arrow/io/interfaces.h>
#include <arrow/util/key_value_metadata.h>
#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/hash.h"
#include "sources/files/file_error.h"
#include "sources/files/s3_session.h"

namespace millrace::sources {
namespace {

constexpr int64_t kTagBlockBytes = 16 << 20;
constexpr std::string_view kS3 = "s3://";

constexpr std::array<std::pair<std::string_view, Format>, 8> kExtensions = {
    {{".parquet", Format::kParquet},
     {".csv", Format::kCsv},
     {".json", Format::kJson},
     {".jsonl", Format::kJson},
     {".ndjson", Format::kJson},
     {".arrow", Format::kArrow},
     {".feather", Format::kArrow},
     {".ipc", Format::kArrow}}};

std::optional<Format> ExtensionFormat(std::string_view path) {
  for (const auto& [extension, format] : kExtensions) {
    if (path.ends_with(extension)) return format;
  }
  return std::nullopt;
}

bool IsHidden(std::string_view name) {
  return name.starts_with('.') || name.starts_with('_');
}

// Whether a name between `folder` and the file is hidden; `path` begins with `folder`.
bool BelowHidden(std::string_view path, std::string_view folder) {
  path.remove_prefix(std::min(path.size(), folder.size()));
  while (!path.empty()) {
    const size_t slash = path.find('/');
    if (IsHidden(path.substr(0, slash))) return true;
    if (slash == std::string_view::npos) return false;
    path.remove_prefix(slash + 1);
  }
  return false;
}

// One name of a path and what follows it; no slash left: rest is nothing.
struct Step {
  std::string_view name;
  std::optional<std::string_view> rest;
};

Step FirstStep(std::string_view path) {
  const size_t slash = path.find('/');
  if (slash == std::string_view::npos) return {path, std::nullopt};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

// A pattern in its parts: the folder before the first name with a wildcard.
std::string FixedFolder(const std::string& pattern) {
  const size_t wildcard = pattern.find_first_of("*?[");
  const size_t slash = pattern.rfind('/', wildcard);
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : pattern.substr(0, slash);
}

// Where the user's path is for the filesystem, and back.
struct Location {
  std::string path;
  std::string prefix;       // what `path` begins with and the user did not write
  std::string_view scheme;  // what the user wrote and `path` does not have

  std::string Shown(const std::string& found) const {
    std::string_view rest = found;
    if (rest.starts_with(prefix)) rest.remove_prefix(prefix.size());
    if (rest.starts_with("./")) rest.remove_prefix(2);
    return fmt::format("{}{}", scheme, rest);
  }
};

Location Locate(const std::string& path, const std::string& root) {
  Location location{path, "", ""};
  if (path.starts_with(kS3)) {
    location.path = path.substr(kS3.size());
    location.scheme = kS3;
  } else if (!path.starts_with('/') && !root.empty()) {
    location.prefix = root.ends_with('/') ? root : root + "/";
    location.path = location.prefix + path;
  }
  while (location.path.size() > 1 && location.path.ends_with('/')) location.path.pop_back();
  return location;
}

arrow::Result<std::vector<arrow::fs::FileInfo>> Walk(arrow::fs::FileSystem* filesystem,
                                                     const std::string& folder, int32_t depth) {
  arrow::fs::FileSelector selector;
  selector.base_dir = folder;
  selector.recursive = true;
  selector.max_recursion = depth;
  return filesystem->GetFileInfo(selector);
}

using Infos = std::vector<arrow::fs::FileInfo>;

arrow::Result<Infos> FindGlob(arrow::fs::FileSystem* filesystem, const std::string& pattern) {
  const std::string folder = FixedFolder(pattern);
  std::string_view rest = pattern;
  if (rest.starts_with(folder)) rest.remove_prefix(folder.size());
  if (rest.starts_with('/')) rest.remove_prefix(1);
  const bool deep = rest.find("**") != std::string_view::npos;
  const auto levels = static_cast<int32_t>(std::count(rest.begin(), rest.end(), '/'));
  const int32_t depth = deep ? INT32_MAX : levels;
  ARROW_ASSIGN_OR_RAISE(const Infos infos, Walk(filesystem, folder, depth));
  Infos found;
  for (const auto& info : infos) {
    std::string_view path = info.path();
    if (folder == "." && path.starts_with("./")) path.remove_prefix(2);
    if (info.IsFile() && GlobMatches(pattern, path)) found.push_back(info);
  }
  return found;
}

arrow::Result<Infos> FindInFolder(arrow::fs::FileSystem* filesystem, const std::string& folder,
                                  std::optional<Format> format) {
  ARROW_ASSIGN_OR_RAISE(const Infos infos, Walk(filesystem, folder, INT32_MAX));
  Infos found;
  for (const auto& info : infos) {
    const std::optional<Format> extension = ExtensionFormat(info.path());
    if (!info.IsFile() || BelowHidden(info.path(), folder + "/") || !extension.has_value())
      continue;
    if (!format.has_value() || extension == format) found.push_back(info);
  }
  return found;
}

struct Found {
  Infos infos;
  base::Code code;  // when there is none: why
  std::string message;
};

Found Missing() {
  return {{}, base::codes::kNotFound, "no such file or folder"};
}

arrow::Result<Found> Find(arrow::fs::FileSystem* filesystem, const std::string& path,
                          std::optional<Format> format) {
  ARROW_ASSIGN_OR_RAISE(const arrow::fs::FileInfo info, filesystem->GetFileInfo(path));
  if (info.IsFile()) return Found{{info}, base::codes::kEmptySource, ""};
  if (info.IsDirectory()) {
    ARROW_ASSIGN_OR_RAISE(Infos infos, FindInFolder(filesystem, path, format));
    return Found{std::move(infos), base::codes::kEmptySource, "no data file is in this folder"};
  }
  if (path.find_first_of("*?[") == std::string::npos) return Missing();
  const std::string folder = FixedFolder(path);
  ARROW_ASSIGN_OR_RAISE(const arrow::fs::FileInfo base, filesystem->GetFileInfo(folder));
  if (!base.IsDirectory()) return Missing();
  ARROW_ASSIGN_OR_RAISE(Infos infos, FindGlob(filesystem, path));
  return Found{std::move(infos), base::codes::kEmptySource, "no file matches"};
}

base::Result<Format> OneFormat(const std::vector<ListedFile>& files) {
  ARROW_ASSIGN_OR_RAISE(const Format first, FormatOf(files.front().path));
  for (const ListedFile& file : files) {
    ARROW_ASSIGN_OR_RAISE(const Format format, FormatOf(file.path));
    if (format != first) {
      return base::Error({.code = base::codes::kBadValue,
                          .message = fmt::format("{} and {} are of different formats",
                                                 files.front().shown, file.shown),
                          .hint = "say `format:`, or a pattern that matches one of them"});
    }
  }
  return first;
}

}  // namespace

base::Result<Format> FormatOf(std::string_view path) {
  if (const auto format = ExtensionFormat(path); format.has_value()) return *format;
  return base::Error(
      base::codes::kUsage,
      fmt::format("{} has an extension that says no format; expected .parquet, .csv, .json, "
                  ".jsonl, .ndjson or .arrow",
                  path));
}

base::Result<Format> FormatNamed(std::string_view name) {
  if (name == "parquet") return Format::kParquet;
  if (name == "csv") return Format::kCsv;
  if (name == "json") return Format::kJson;
  if (name == "arrow") return Format::kArrow;
  if (name == "delta") {
    return base::Error(base::codes::kReserved, "format delta is reserved: it comes with the lake");
  }
  return base::Error(base::codes::kBadValue,
                     fmt::format("format '{}' is unknown; expected parquet, csv or json", name));
}

bool GlobMatches(std::string_view pattern, std::string_view path) {
  const Step step = FirstStep(pattern);
  const Step name = FirstStep(path);
  if (step.name == "**") {
    if (!step.rest.has_value()) return !BelowHidden(path, "");
    if (GlobMatches(*step.rest, path)) return true;
    return name.rest.has_value() && !IsHidden(name.name) && GlobMatches(pattern, *name.rest);
  }
  if (::fnmatch(std::string(step.name).c_str(), std::string(name.name).c_str(), FNM_PERIOD) != 0) {
    return false;
  }
  if (!step.rest.has_value() || !name.rest.has_value()) {
    return step.rest.has_value() == name.rest.has_value();
  }
  return GlobMatches(*step.rest, *name.rest);
}

base::Result<FileList> ListFiles(const std::string& path, const std::string& format,
                                 const std::string& root) {
  if (path.empty()) return base::Error(base::codes::kMissingField, "the source has no path");
  std::optional<Format> named;
  if (!format.empty()) {
    ARROW_ASSIGN_OR_RAISE(named, FormatNamed(format));
  }
  FileList list;
  const Location location = Locate(path, root);
  list.local = location.scheme.empty();
  if (list.local) {
    list.filesystem = std::make_shared<arrow::fs::LocalFileSystem>();
  } else {
    ARROW_ASSIGN_OR_RAISE(list.filesystem, OpenS3());
  }
  auto found = Find(list.filesystem.get(), location.path, named);
  if (!found.ok()) return FileError(found.status(), "read", path, base::codes::kIo);
  for (const arrow::fs::FileInfo& info : found->infos) {
    list.files.push_back({info.path(), location.Shown(info.path()), info.size(),
                          info.mtime().time_since_epoch().count()});
  }
  if (list.files.empty()) {
    return base::Error(found->code, fmt::format("{}: {}", path, found->message));
  }
  std::sort(list.files.begin(), list.files.end(),
            [](const ListedFile& a, const ListedFile& b) { return a.path < b.path; });
  if (named.has_value()) {
    list.format = *named;
  } else {
    ARROW_ASSIGN_OR_RAISE(list.format, OneFormat(list.files));
  }
  return list;
}

namespace {

arrow::Result<std::string> HashOfBlocks(const FileList& list, const ListedFile& file) {
  ARROW_ASSIGN_OR_RAISE(const auto stream, list.filesystem->OpenInputStream(file.path));
  std::string hashes;
  uint64_t last = base::Hash64("");
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const auto block, stream->Read(kTagBlockBytes));
    if (block->size() == 0) break;
    last = base::Hash64(std::string_view(*block));
    hashes += base::Hex(last);
  }
  return hashes.size() > 16 ? base::Hex(base::Hash64(hashes)) : base::Hex(last);
}

arrow::Result<std::string> ETag(const FileList& list, const ListedFile& file) {
  ARROW_ASSIGN_OR_RAISE(const auto input, list.filesystem->OpenInputFile(file.path));
  ARROW_ASSIGN_OR_RAISE(const auto metadata, input->ReadMetadata());
  if (metadata == nullptr || !metadata->Contains("ETag")) return std::string();
  ARROW_ASSIGN_OR_RAISE(std::string tag, metadata->Get("ETag"));
  std::erase(tag, '"');
  return tag;
}

}  // namespace

base::Result<std::string> ContentTag(const FileList& list, const ListedFile& file) {
  auto tag = list.local ? HashOfBlocks(list, file) : ETag(list, file);
  if (!tag.ok()) return FileError(tag.status(), "read", file.shown, base::codes::kIo);
  return tag;
}

}  // namespace millrace::sources
