#include "jobs/update/unread_rows.h"

#include <algorithm>
#include <utility>

#include "sources/push/push_log_reader.h"

namespace millrace::jobs {

using base::Result;
using sources::WriterRows;

Result<std::vector<WriterRows>> ListLogRows(const std::string& push, const std::string& source) {
  ARROW_ASSIGN_OR_RAISE(const std::vector<sources::InputFile> writers,
                        sources::TagPushedRows(push, source, {.tagged = false}));
  std::vector<WriterRows> rows;
  for (const sources::InputFile& writer : writers) {
    rows.push_back(*sources::ShownWriterRows(writer.path));
  }
  return rows;
}

Result<std::vector<UnreadRows>> FindUnreadRows(const std::vector<WriterRows>& there,
                                               const std::vector<int>& tables,
                                               state::Updater* updater) {
  std::vector<UnreadRows> unread;
  for (const int table : tables) {
    std::map<std::string, sources::RowRange> rows;
    for (const WriterRows& writer : there) {
      ARROW_ASSIGN_OR_RAISE(const int64_t next,
                            updater->Offset(table, sources::PushOrigin(writer.writer)));
      const sources::RowRange range{std::max(next, writer.rows.first), writer.rows.last};
      if (range.first <= range.last) rows.emplace(writer.writer, range);
    }
    if (rows.empty()) continue;
    auto same = std::find_if(unread.begin(), unread.end(),
                             [&](const UnreadRows& other) { return other.rows == rows; });
    if (same == unread.end()) same = unread.insert(unread.end(), {std::move(rows), {}});
    same->tables.push_back(table);
  }
  return unread;
}

}  // namespace millrace::jobs
