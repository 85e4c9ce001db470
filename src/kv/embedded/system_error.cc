#include "kv/embedded/system_error.h"

#include <fmt/format.h>
#include <lmdb.h>

#include <cerrno>

namespace millrace::kv {
namespace {

namespace codes = base::codes;

base::Code CodeOf(int error) {
  switch (error) {
    case MDB_MAP_FULL:
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return codes::kDiskFull;
    case EACCES:
    case EPERM:
    case EROFS:
      return codes::kPermission;
    case ENOENT:
      return codes::kNotFound;
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
      return codes::kStoreFormat;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_PANIC:
    case MDB_BAD_DBI:
      return codes::kCorrupt;
    default:
      // LMDB's other codes say that it was called wrongly.
      return error > 0 ? codes::kIo : codes::kInternal;
  }
}

}  // namespace

base::Status StoreError(int error, std::string_view doing, std::string_view path) {
  return base::Error(CodeOf(error),
                     fmt::format("store {}: cannot {} it: {}", path, doing, mdb_strerror(error)));
}

}  // namespace millrace::kv
