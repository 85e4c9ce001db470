#include "jobs/update/unread_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "offline/threads.h"
#include "sources/files/file_list.h"

namespace millrace::jobs {

using base::Result;
using base::Status;

namespace {

// What the tables say of one path.
struct ReadBefore {
  std::vector<std::pair<int, state::FilePlace>> places;  // by table

  const state::FilePlace* Find(int table) const {
    for (const auto& [of, place] : places) {
      if (of == table) return &place;
    }
    return nullptr;
  }
};

using ReadFiles = std::map<std::string, ReadBefore>;

Result<ReadFiles> FilesOf(const state::Updater& updater, const std::vector<int>& tables) {
  ReadFiles files;
  for (const int table : tables) {
    ARROW_ASSIGN_OR_RAISE(std::vector<state::FilePlace> places, updater.Files(table));
    for (state::FilePlace& place : places) {
      std::string path = place.path;
      files[path].places.emplace_back(table, std::move(place));
    }
  }
  return files;
}

Result<sources::FileList> ListNow(const features::Source& source, const std::string& root,
                                  bool any_read) {
  auto list = sources::ListFiles(source.location.path, source.location.format, root);
  if (list.ok() || !any_read) return list;
  const base::Code code = base::ProblemsOf(list.status())[0].code;
  const bool gone = code == base::codes::kEmptySource || code == base::codes::kNotFound;
  return gone ? sources::FileList() : list;
}

// The tags of those files that were read and have as many bytes as then: by index into list.files,
// else "".
Result<std::vector<std::string>> TagsOf(const sources::FileList& list, const ReadFiles& read,
                                        int threads) {
  std::vector<size_t> to_tag;
  for (size_t i = 0; i < list.files.size(); ++i) {
    const auto before = read.find(list.files[i].shown);
    if (before == read.end()) continue;
    const auto& places = before->second.places;
    const bool as_many = std::any_of(places.begin(), places.end(), [&](const auto& place) {
      return place.second.bytes == list.files[i].bytes;
    });
    if (as_many) to_tag.push_back(i);
  }
  std::vector<std::string> tags(list.files.size());
  const auto tag_one = [&](int64_t n) -> Status {
    const size_t i = to_tag[static_cast<size_t>(n)];
    ARROW_ASSIGN_OR_RAISE(tags[i], sources::ContentTag(list, list.files[i]));
    return Status::OK();
  };
  const offline::RunTasks run = offline::OnThreads(threads);
  ARROW_RETURN_NOT_OK(run(static_cast<int64_t>(to_tag.size()), tag_one));
  return tags;
}

void AddViews(const state::LiveTable& table, std::set<std::string>* views) {
  for (const state::LiveView& live : table.views) views->insert(live.of().name);
}

}  // namespace

Result<SourceFiles> FindUnreadFiles(const features::Source& source, const std::string& root,
                                    const state::Updater& updater, const std::vector<int>& tables,
                                    int threads) {
  SourceFiles found;
  if (source.location.path.empty()) return found;
  ARROW_ASSIGN_OR_RAISE(const ReadFiles read, FilesOf(updater, tables));
  ARROW_ASSIGN_OR_RAISE(const sources::FileList list, ListNow(source, root, !read.empty()));
  ARROW_ASSIGN_OR_RAISE(const std::vector<std::string> tags, TagsOf(list, read, threads));
  for (size_t i = 0; i < list.files.size(); ++i) {
    const sources::ListedFile& file = list.files[i];
    const auto before = read.find(file.shown);
    UnreadFile unread{.path = file.shown, .tables = {}};
    std::set<std::string> changed;
    for (const int table : tables) {
      const state::FilePlace* place = before == read.end() ? nullptr : before->second.Find(table);
      if (place == nullptr) {
        unread.tables.push_back(table);
      } else if (place->bytes != file.bytes || place->tag != tags[i]) {
        AddViews(*updater.live().tables[table], &changed);
      }
    }
    if (!unread.tables.empty()) found.unread.push_back(std::move(unread));
    if (!changed.empty()) {
      found.changed.push_back({file.shown, source.name, {changed.begin(), changed.end()}});
    }
  }
  return found;
}

Status RefuseChanged(const std::vector<ChangedFile>& changed) {
  if (changed.empty()) return Status::OK();
  std::set<std::string> all;
  for (const ChangedFile& file : changed) all.insert(file.views.begin(), file.views.end());
  std::vector<base::Problem> problems;
  for (const ChangedFile& file : changed) {
    problems.push_back(
        {.code = base::codes::kConflict,
         .message = fmt::format("{} (source '{}') is not what it was when view{} {} read it",
                                file.path, file.source, file.views.size() == 1 ? "" : "s",
                                fmt::join(file.views, ", ")),
         .hint = fmt::format("`millrace materialize --rebuild {}` reads everything again, and the "
                             "former values are served until that is done",
                             fmt::join(all, " "))});
  }
  return base::Errors(std::move(problems));
}

}  // namespace millrace::jobs
