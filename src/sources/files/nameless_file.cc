#include "sources/files/nameless_file.h"

#include <arrow/util/io_util.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "sources/files/file_error.h"

namespace millrace::sources {

base::Status NamelessFileError(std::string_view doing, const std::string& folder, int error) {
  const base::Status status = FileError(
      arrow::Status::IOError("").WithDetail(arrow::internal::StatusDetailFromErrno(error)), doing,
      "a spill file in " + folder, base::codes::kIo);
  base::Problem problem = base::ProblemsOf(status)[0];
  problem.hint = "TMPDIR says where such files go, --memory how much need not";
  return base::Error(std::move(problem));
}

base::Result<int> OpenNamelessFile(const std::string& folder) {
  int file = open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
    // The file system has none: one whose name is taken at once.
    std::string name = folder + "/.millrace-spill-XXXXXX";
    file = mkostemp(name.data(), O_CLOEXEC);
    if (file >= 0) unlink(name.c_str());
  }
  if (file < 0) return NamelessFileError("write", folder, errno);
  return file;
}

std::string NamelessFileFolder(const std::string& folder) {
  const char* temporary = std::getenv("TMPDIR");
  if (temporary != nullptr && *temporary != '\0') return temporary;
  return folder.empty() ? "." : folder;
}

}  // namespace millrace::sources
