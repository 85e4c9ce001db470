#include "state/format/description.h"

#include <utility>

#include "base/bytes.h"
#include "base/hash.h"
#include "state/format/store_keys.h"

namespace millrace::state {

using base::ByteReader;
using base::ByteWriter;
using base::EventTime;
using base::Result;

namespace {

// What does not change as time goes by.
std::string Timeless(Catalog catalog) {
  for (Table& table : catalog.tables) {
    table.complete_since = EventTime::Min();
    table.looked_up_until = EventTime::Min();
  }
  return catalog.Encode();
}

}  // namespace

std::string CommitRecord::Encode() const {
  ByteWriter out;
  out.Varint(static_cast<uint64_t>(number));
  out.Fixed64(static_cast<uint64_t>(wall_time.micros()));
  out.Fixed64(catalog_version);
  return out.Take();
}

Result<CommitRecord> CommitRecord::Decode(std::string_view bytes) {
  ByteReader in(bytes);
  CommitRecord commit;
  ARROW_ASSIGN_OR_RAISE(const uint64_t number, in.Varint());
  ARROW_ASSIGN_OR_RAISE(const uint64_t micros, in.Fixed64());
  if (in.AtEnd()) {
    return base::Error({base::codes::kStoreFormat,
                        "the online store was made by an earlier millrace",
                        {},
                        "`millrace materialize` fills a new one"});
  }
  ARROW_ASSIGN_OR_RAISE(commit.catalog_version, in.Fixed64());
  ARROW_RETURN_NOT_OK(in.ExpectEnd());
  commit.number = static_cast<int64_t>(number);
  commit.wall_time = EventTime::Micros(static_cast<int64_t>(micros));
  return commit;
}

const std::array<std::string, Description::kKeys>& Description::Keys() {
  static const std::array<std::string, kKeys> kAll = {ProjectKey(), CommitKey(), CatalogKey()};
  return kAll;
}

Result<Description> Description::Decode(
    std::span<const std::optional<std::string_view>, kKeys> found, const std::string& project) {
  Description description;
  if (found[0].has_value()) description.project = *found[0];
  if (!description.project.empty() && description.project != project) {
    return base::Error(base::codes::kConflict, "the online store belongs to project '" +
                                                   description.project + "', not to '" + project +
                                                   "'");
  }
  if (found[1].has_value()) {
    description.commit_bytes = std::string(*found[1]);
    ARROW_ASSIGN_OR_RAISE(description.commit, CommitRecord::Decode(*found[1]));
  }
  if (found[2].has_value()) {
    ARROW_ASSIGN_OR_RAISE(description.catalog, Catalog::Decode(*found[2]));
  }
  return description;
}

Result<Description> Description::Read(const kv::Snapshot& snapshot, const std::string& project) {
  const std::vector<std::string_view> keys(Keys().begin(), Keys().end());
  ARROW_ASSIGN_OR_RAISE(const kv::Found found, snapshot.GetMany(keys));
  return Decode(std::span(found.values).first<kKeys>(), project);
}

CommitRecord Description::NextCommit(const Catalog& next, EventTime now) const {
  CommitRecord commit{this->commit.number + 1, now, this->commit.catalog_version};
  const bool keeps = commit_bytes.has_value() && Timeless(catalog) == Timeless(next) &&
                     std::equal(catalog.tables.begin(), catalog.tables.end(), next.tables.begin(),
                                [&](const Table& before, const Table& after) {
                                  return before.complete_since == after.complete_since ||
                                         (after.complete_since != EventTime::Max() &&
                                          this->commit.wall_time - before.complete_since <=
                                              now - after.complete_since);
                                });
  if (!keeps) commit.catalog_version = base::Hash64(next.Encode());
  return commit;
}

Result<CommitRecord> Description::PutNext(const Next& next, kv::Transaction* transaction) const {
  const CommitRecord commit = NextCommit(next.catalog, next.now);
  ARROW_RETURN_NOT_OK(transaction->Put(ProjectKey(), next.project));
  ARROW_RETURN_NOT_OK(transaction->Put(CatalogKey(), next.catalog.Encode()));
  ARROW_RETURN_NOT_OK(transaction->Put(CommitKey(), commit.Encode()));
  return commit;
}

std::string FilePlace::Encode() const {
  ByteWriter out;
  out.Varint(static_cast<uint64_t>(bytes));
  out.String(tag);
  out.Varint(static_cast<uint64_t>(rows));
  out.String(path);  // whole, where its key is cut
  return out.Take();
}

Result<FilePlace> FilePlace::Decode(std::string_view bytes) {
  ByteReader in(bytes);
  FilePlace place;
  ARROW_ASSIGN_OR_RAISE(const uint64_t size, in.Varint());
  ARROW_ASSIGN_OR_RAISE(const std::string_view tag, in.String());
  ARROW_ASSIGN_OR_RAISE(const uint64_t rows, in.Varint());
  ARROW_ASSIGN_OR_RAISE(const std::string_view path, in.String());
  ARROW_RETURN_NOT_OK(in.ExpectEnd());
  place.bytes = static_cast<int64_t>(size);
  place.tag = tag;
  place.rows = static_cast<int64_t>(rows);
  place.path = path;
  return place;
}

Result<std::vector<FilePlace>> ReadFiles(const kv::Snapshot& snapshot, uint32_t table) {
  std::vector<FilePlace> files;
  ARROW_ASSIGN_OR_RAISE(const auto rows, snapshot.Range(FilesPrefix(table)));
  kv::Row row;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const bool more, rows->Next(&row));
    if (!more) return files;
    ARROW_ASSIGN_OR_RAISE(FilePlace file, FilePlace::Decode(row.value));
    files.push_back(std::move(file));
  }
}

Result<int64_t> ReadOffset(const kv::Snapshot& snapshot, uint32_t table, std::string_view origin) {
  const std::string key = OffsetKey(table, origin);
  const std::string_view asked = key;
  ARROW_ASSIGN_OR_RAISE(const kv::Found found, snapshot.GetMany(std::span(&asked, 1)));
  if (!found.values[0].has_value()) return 0;
  ByteReader in(*found.values[0]);
  ARROW_ASSIGN_OR_RAISE(const uint64_t next, in.Varint());
  return static_cast<int64_t>(next);
}

}  // namespace millrace::state
