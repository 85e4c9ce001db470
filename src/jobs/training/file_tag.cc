// By the same listing and tag as the files of sources.
#include "jobs/training/file_tag.h"

#include <fmt/format.h>

#include "sources/files/file_list.h"

namespace millrace::jobs {

namespace {

base::Result<sources::FileList> ListOne(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(sources::FileList list, sources::ListFiles(path, "", ""));
  if (list.files.size() != 1 || list.files[0].path != path) {
    return base::Error(base::codes::kUsage, fmt::format("{} is not one file", path));
  }
  return list;
}

}  // namespace

base::Result<FileStamp> StampFile(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(const sources::FileList list, ListOne(path));
  return FileStamp{list.files[0].bytes, list.files[0].modified};
}

base::Result<sources::InputFile> TagFile(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(const sources::FileList list, ListOne(path));
  ARROW_ASSIGN_OR_RAISE(std::string tag, sources::ContentTag(list, list.files[0]));
  return sources::InputFile{path, list.files[0].bytes, std::move(tag)};
}

}  // namespace millrace::jobs
