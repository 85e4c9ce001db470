// FileList: the files that a source's path names (a file, a glob, a folder; local or s3://), in
// order of their names, with what reading them needs. Nothing is opened but S3.
#pragma once

#include <arrow/filesystem/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace millrace::sources {

enum class Format { kParquet, kCsv, kJson, kArrow };

// By its extension: .parquet, .csv, .json .jsonl .ndjson, .arrow .feather .ipc. Error: usage.
base::Result<Format> FormatOf(std::string_view path);
// "parquet", "csv", "json", "arrow". Error: bad_value, reserved (delta).
base::Result<Format> FormatNamed(std::string_view name);

struct ListedFile {
  std::string path;   // for the filesystem
  std::string shown;  // as the user wrote it: relative to the root, or with s3://
  int64_t bytes = 0;
  int64_t modified = 0;  // nanoseconds; with bytes, whether it is still the same file
};

struct FileList {
  std::shared_ptr<arrow::fs::FileSystem> filesystem;
  bool local = true;
  Format format = Format::kParquet;
  std::vector<ListedFile> files;  // never empty; by byte order of the names
};

// `path` as in a source: a file; a glob with * ? [..] inside a name and ** for any folders between;
// or a folder, which is searched with all its folders for files of the format, hidden and
// _-prefixed names left out. A file of just that name comes before a glob. `format` "" : by
// extension, the same for all. Errors: file_not_found (a file or folder that is not there, a glob
// in a folder that is not there), empty_source (nothing matches), permission_denied, bad_value
// (files of several formats).
base::Result<FileList> ListFiles(const std::string& path, const std::string& format,
                                 const std::string& root);

// Whether the glob matches the whole path; / separates, and names with a leading dot match a
// pattern with one alone.
bool GlobMatches(std::string_view pattern, std::string_view path);

// A hexadecimal tag of the file's content: XXH3-64 for local files (over blocks of 16 MiB, and over
// their hashes when there are several), the store's ETag on S3.
base::Result<std::string> ContentTag(const FileList& list, const ListedFile& file);

}  // namespace millrace::sources
