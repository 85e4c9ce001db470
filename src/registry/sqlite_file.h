// SqliteFile: one open connection to a registry file: opens it, checks that it is ours, and turns
// what SQLite and SOCI throw into our problems. Called by registry.cc alone.
#pragma once

#include <soci/soci.h>

#include <functional>
#include <string>

#include "base/status.h"

namespace millrace::registry {

class SqliteFile {
 public:
  // Runs `work` on a connection to the file. Anything thrown inside becomes a Status. REQUIRES: the
  // file exists, or `work` is to make it.
  static base::Status Use(const std::string& path, int lock_seconds,
                          const std::function<base::Status(soci::session&)>& work);

  // Makes the tables in an empty file. REQUIRES: inside a transaction.
  static void CreateTables(soci::session& sql, const std::string& project);
  // Whether the file holds tables at all; an empty file (a first apply that did not get far) does
  // not.
  static bool HasTables(soci::session& sql);
  // Errors: corrupt, when it is not a registry; conflict, when it is of another project or schema.
  static base::Status CheckOurs(soci::session& sql, const std::string& path,
                                const std::string& project);
};

}  // namespace millrace::registry
