#include "registry/sqlite_file.h"

#include <fmt/format.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <exception>

namespace millrace::registry {
namespace {

namespace codes = base::codes;

// Marks the file in SQLite's header ("Mlrc"), so that no other database is taken for a registry.
constexpr int kApplicationId = 0x4d6c7263;
constexpr int kSchema = 1;

base::Status FromSqlite(const std::string& path, int result, const std::string& message) {
  const auto problem = [&](base::Code code, const std::string& what, std::string hint = {}) {
    return base::Error({.code = code,
                        .message = fmt::format("registry {}: {}", path, what),
                        .hint = std::move(hint)});
  };
  switch (result & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return problem(codes::kConflict, "locked by another process", "try again when it is done");
    case SQLITE_FULL:
      return problem(codes::kDiskFull, "no space left on the device");
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_AUTH:
      return problem(codes::kPermission, message, "can this user write the file and its folder?");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return problem(codes::kCorrupt, message);
    default:
      return problem(codes::kIo, message);
  }
}

int ReadPragma(soci::session& sql, const std::string& name) {
  int value = 0;
  sql << "pragma " + name, soci::into(value);
  return value;
}

}  // namespace

base::Status SqliteFile::Use(const std::string& path, int lock_seconds,
                             const std::function<base::Status(soci::session&)>& work) {
  // SOCI's connection string cannot express these.
  if (path.find_first_of("\"\n") != std::string::npos) {
    return base::Error(
        codes::kBadValue,
        fmt::format("registry {}: quotes and line ends cannot be in its path", path));
  }
  try {
    soci::session sql(soci::sqlite3, fmt::format("db=\"{}\" timeout={}", path, lock_seconds));
    // Not in the connection string: SOCI would run it before the timeout is set.
    sql << "pragma synchronous = full";
    return work(sql);
  } catch (const soci::sqlite3_soci_error& error) {
    return FromSqlite(path, error.result(), error.what());
  } catch (const soci::soci_error& error) {
    return FromSqlite(path, SQLITE_ERROR, error.what());
  } catch (const std::exception& error) {
    return base::Error(codes::kInternal, fmt::format("registry {}: {}", path, error.what()));
  }
}

void SqliteFile::CreateTables(soci::session& sql, const std::string& project) {
  sql << fmt::format("pragma application_id = {}", kApplicationId);
  sql << fmt::format("pragma user_version = {}", kSchema);
  sql << "create table project (name text not null)";
  sql << "insert into project (name) values (:name)", soci::use(project);
  sql << "create table versions ("
         "number integer primary key, author text not null, time_us integer not null, "
         "diff text not null, plan blob not null)";
  sql << "create table definitions ("
         "version integer not null references versions (number), position integer not null, "
         "file text not null, text blob not null, primary key (version, position))";
  for (const char* table : {"versions", "definitions"}) {
    for (const char* verb : {"update", "delete"}) {
      sql << fmt::format(
          "create trigger {0}_{1} before {1} on {0} begin "
          "select raise(abort, 'versions are immutable'); end",
          table, verb);
    }
  }
}

bool SqliteFile::HasTables(soci::session& sql) {
  int tables = 0;
  sql << "select count(*) from sqlite_master", soci::into(tables);
  return tables > 0;
}

base::Status SqliteFile::CheckOurs(soci::session& sql, const std::string& path,
                                   const std::string& project) {
  if (ReadPragma(sql, "application_id") != kApplicationId) {
    return base::Error(codes::kCorrupt,
                       fmt::format("registry {}: a database, but not a millrace registry", path));
  }
  if (const int schema = ReadPragma(sql, "user_version"); schema != kSchema) {
    return base::Error(
        {.code = codes::kConflict,
         .message = fmt::format("registry {}: its schema is {}, this millrace reads {}", path,
                                schema, kSchema),
         .hint = "use the millrace that wrote it"});
  }
  std::string owner;
  sql << "select name from project", soci::into(owner);
  if (owner != project) {
    return base::Error({.code = codes::kConflict,
                        .message = fmt::format("registry {}: belongs to project '{}', not to '{}'",
                                               path, owner, project),
                        .hint = "set `project` or `registry` in millrace.yaml"});
  }
  return base::Status::OK();
}

}  // namespace millrace::registry
