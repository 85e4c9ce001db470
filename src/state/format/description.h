// What describes a store, besides the rows of its tables: whose it is, its newest commit, its
// catalogue, which files and log rows its tables have. Read by everybody, written by the updater.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "kv/store.h"
#include "state/format/table.h"

namespace millrace::state {

// The newest change of a store. Number 0: there was none.
struct CommitRecord {
  int64_t number = 0;
  base::EventTime wall_time = base::EventTime::Min();
  // Of the catalogue. While it stays the same, views that are bound as of this commit (NextCommit)
  // stay bound to the same tables, and nobody has to look at the catalogue.
  uint64_t catalog_version = 0;

  std::string Encode() const;
  // Errors: corrupt; store_format, when an earlier millrace wrote it.
  static base::Result<CommitRecord> Decode(std::string_view bytes);
};

struct Description {
  std::string project;  // "" when nothing was ever written
  CommitRecord commit;
  std::optional<std::string> commit_bytes;  // as stored, for the guard of the next commit
  Catalog catalog;

  // Where it lies, and what is found there: for who reads other rows at the same moment.
  static constexpr size_t kKeys = 3;
  static constexpr size_t kCommit = 1;  // the commit record's, which every read needs
  static const std::array<std::string, kKeys>& Keys();
  // Errors: conflict, when the store is another project's; corrupt.
  static base::Result<Description> Decode(
      std::span<const std::optional<std::string_view>, kKeys> found, const std::string& project);
  static base::Result<Description> Read(const kv::Snapshot& snapshot, const std::string& project);
  // The commit after this one, at `now`, which leaves this catalogue. Its version is the old one if
  // the tables are the same ones and none of them is complete for a shorter time before the present
  // than it was: a view that a table had all of at commit.wall_time then still has it all.
  CommitRecord NextCommit(const Catalog& next, base::EventTime now) const;
  struct Next {
    const std::string& project;
    const Catalog& catalog;
    base::EventTime now;
  };
  // Puts it into the transaction, with all that describes the store then. Errors: the store's.
  base::Result<CommitRecord> PutNext(const Next& next, kv::Transaction* transaction) const;
  // The present of a reader whose clock may be behind the writer's.
  base::EventTime Now(base::EventTime clock) const { return std::max(clock, commit.wall_time); }
};

// A file whose rows a table has.
struct FilePlace {
  std::string path;
  int64_t bytes = 0;
  std::string tag;  // of its content (sources::InputFile)
  int64_t rows = 0;

  std::string Encode() const;
  // Error: corrupt.
  static base::Result<FilePlace> Decode(std::string_view bytes);
};

// What of a table's sources is applied: its files; the next row of an origin, 0 when there was
// none. Errors: the store's; corrupt.
base::Result<std::vector<FilePlace>> ReadFiles(const kv::Snapshot& snapshot, uint32_t table);
base::Result<int64_t> ReadOffset(const kv::Snapshot& snapshot, uint32_t table,
                                 std::string_view origin);

}  // namespace millrace::state
