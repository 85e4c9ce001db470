#include "registry/registry.h"

#include <fmt/format.h>

#include <filesystem>
#include <string_view>

#include "features/plan_codec.h"
#include "registry/sqlite_file.h"

namespace millrace::registry {
namespace {

namespace codes = base::codes;

std::string ReadBlob(soci::blob& blob) {
  std::string bytes(blob.get_len(), '\0');
  if (!bytes.empty()) blob.read(0, bytes.data(), bytes.size());
  return bytes;
}

// All headers that `where` leaves, newest first. Typed by what they are read into: SOCI's rows
// guess types from the words of `create table`.
std::vector<VersionHeader> ReadHeaders(soci::session& sql, const std::string& where) {
  VersionHeader header;
  long long time_us = 0;
  std::vector<VersionHeader> headers;
  soci::statement statement =
      (sql.prepare << fmt::format(
           "select number, author, time_us, diff from versions {} order by number desc", where),
       soci::into(header.number), soci::into(header.author), soci::into(time_us),
       soci::into(header.diff));
  statement.execute();
  while (statement.fetch()) {
    header.time = base::EventTime::Micros(time_us);
    headers.push_back(header);
  }
  return headers;
}

int ReadNewestNumber(soci::session& sql) {
  int number = 0;
  sql << "select coalesce(max(number), 0) from versions", soci::into(number);
  return number;
}

base::Result<Version> ReadVersion(soci::session& sql, const std::string& path, int number) {
  std::vector<VersionHeader> headers = ReadHeaders(sql, fmt::format("where number = {}", number));
  if (headers.empty()) {
    return base::Error(codes::kUnknownName, fmt::format("there is no version {}; the newest is {}",
                                                        number, ReadNewestNumber(sql)));
  }
  Version version{.header = std::move(headers[0]), .content = {}};
  soci::blob plan(sql);
  sql << "select plan from versions where number = :number", soci::use(number), soci::into(plan);
  const auto decoded = features::DecodePlan(ReadBlob(plan));
  if (!decoded.ok()) {
    return base::Error(codes::kCorrupt, fmt::format("registry {}: version {}: {}", path, number,
                                                    decoded.status().message()));
  }
  version.content.plan = *decoded;

  std::string file;
  soci::blob text(sql);
  soci::statement statement =
      (sql.prepare
           << "select file, text from definitions where version = :number order by position",
       soci::use(number), soci::into(file), soci::into(text));
  statement.execute();
  while (statement.fetch()) version.content.texts.push_back({file, ReadBlob(text)});
  return version;
}

void InsertVersion(soci::session& sql, const VersionHeader& header, const VersionContent& content) {
  const long long time_us = header.time.micros();
  const std::string bytes = features::EncodePlan(*content.plan);
  soci::blob plan(sql);
  plan.write(0, bytes.data(), bytes.size());
  sql << "insert into versions (number, author, time_us, diff, plan) "
         "values (:number, :author, :time, :diff, :plan)",
      soci::use(header.number), soci::use(header.author), soci::use(time_us),
      soci::use(header.diff), soci::use(plan);
  int position = 0;
  for (const features::DefinitionText& definition : content.texts) {
    soci::blob text(sql);
    text.write(0, definition.text.data(), definition.text.size());
    sql << "insert into definitions (version, position, file, text) "
           "values (:version, :position, :file, :text)",
        soci::use(header.number), soci::use(position), soci::use(definition.file), soci::use(text);
    ++position;
  }
}

// Ends the transaction that it was given, unless it was committed. SOCI's own starts a deferred
// one, in which two writers both read before one of them fails.
class ImmediateTransaction {
 public:
  explicit ImmediateTransaction(soci::session& sql) : sql_(sql) { sql_ << "begin immediate"; }
  ~ImmediateTransaction() {
    if (committed_) return;
    try {
      sql_ << "rollback";
    } catch (const std::exception&) {
      // SQLite has rolled back by itself (disk full, I/O error); the first error is the one to
      // tell.
    }
  }
  void Commit() {
    sql_ << "commit";
    committed_ = true;
  }

 private:
  soci::session& sql_;
  bool committed_ = false;
};

// Reads inside one transaction, so that a version and its definitions belong together.
base::Status ReadOurs(const Registry& registry, const std::string& project, int lock_seconds,
                      const std::function<base::Status(soci::session&)>& work) {
  std::error_code ignored;
  if (!std::filesystem::exists(registry.path(), ignored)) return base::Status::OK();
  return SqliteFile::Use(registry.path(), lock_seconds, [&](soci::session& sql) {
    soci::transaction reading(sql);
    if (!SqliteFile::HasTables(sql)) return base::Status::OK();
    ARROW_RETURN_NOT_OK(SqliteFile::CheckOurs(sql, registry.path(), project));
    return work(sql);
  });
}

}  // namespace

base::Result<Registry> Registry::Make(const std::string& url, const std::string& root,
                                      std::string project) {
  constexpr std::string_view kSqlite = "sqlite:";
  if (url.starts_with("postgresql:") || url.starts_with("postgres:")) {
    return base::Error({.code = codes::kReserved,
                        .message = "`registry: postgresql://…` is reserved, and not built yet",
                        .hint = "use sqlite:registry.db"});
  }
  if (!url.starts_with(kSqlite) || url.size() == kSqlite.size()) {
    return base::Error({.code = codes::kBadValue,
                        .message = fmt::format("`registry: {}`: expected sqlite:FILE", url),
                        .hint = "for example sqlite:registry.db"});
  }
  const std::filesystem::path file(url.substr(kSqlite.size()));
  return Registry((std::filesystem::path(root) / file).lexically_normal().string(),
                  std::move(project));
}

base::Result<std::optional<Version>> Registry::Newest() const {
  std::optional<Version> newest;
  ARROW_RETURN_NOT_OK(ReadOurs(*this, project_, lock_seconds_, [&](soci::session& sql) {
    const int number = ReadNewestNumber(sql);
    if (number == 0) return base::Status::OK();
    ARROW_ASSIGN_OR_RAISE(newest, ReadVersion(sql, path_, number));
    return base::Status::OK();
  }));
  return newest;
}

base::Result<int> Registry::NewestNumber() const {
  int number = 0;
  ARROW_RETURN_NOT_OK(ReadOurs(*this, project_, lock_seconds_, [&](soci::session& sql) {
    number = ReadNewestNumber(sql);
    return base::Status::OK();
  }));
  return number;
}

base::Result<Version> Registry::Load(int number) const {
  std::optional<Version> version;
  ARROW_RETURN_NOT_OK(ReadOurs(*this, project_, lock_seconds_, [&](soci::session& sql) {
    ARROW_ASSIGN_OR_RAISE(version, ReadVersion(sql, path_, number));
    return base::Status::OK();
  }));
  if (!version) {
    return base::Error(codes::kUnknownName,
                       fmt::format("there is no version {}: nothing has been applied", number));
  }
  return *std::move(version);
}

base::Result<std::vector<VersionHeader>> Registry::History() const {
  std::vector<VersionHeader> history;
  ARROW_RETURN_NOT_OK(ReadOurs(*this, project_, lock_seconds_, [&](soci::session& sql) {
    history = ReadHeaders(sql, "");
    return base::Status::OK();
  }));
  return history;
}

base::Result<VersionHeader> Registry::Add(const Append& append,
                                          const VersionContent& content) const {
  const VersionHeader header{
      .number = append.base + 1, .author = append.author, .time = append.time, .diff = append.diff};
  ARROW_RETURN_NOT_OK(SqliteFile::Use(path_, lock_seconds_, [&](soci::session& sql) {
    ImmediateTransaction writing(sql);
    if (!SqliteFile::HasTables(sql)) {
      SqliteFile::CreateTables(sql, project_);
    } else {
      ARROW_RETURN_NOT_OK(SqliteFile::CheckOurs(sql, path_, project_));
    }
    if (const int newest = ReadNewestNumber(sql); newest != append.base) {
      return base::Error(
          {.code = codes::kConflict,
           .message = fmt::format("somebody applied version {} after version {}, on which this "
                                  "change was planned; nothing was changed",
                                  newest, append.base),
           .hint = "look at `millrace plan` again, then apply"});
    }
    InsertVersion(sql, header, content);
    writing.Commit();
    return base::Status::OK();
  }));
  return header;
}

}  // namespace millrace::registry
