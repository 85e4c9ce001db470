#include "jobs/source_folders.h"

#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

#include "sources/joined_reader.h"
#include "sources/push/push_log_reader.h"

namespace millrace::jobs {

using base::Result;

namespace {

Result<std::unique_ptr<sources::EventReader>> OpenSource(
    const features::Source& source, const SourceFolders& folders, sources::ReadOptions options,
    const std::map<std::string, sources::RowRange>& rows) {
  options.root = folders.root;
  std::vector<std::unique_ptr<sources::EventReader>> readers;
  if (!source.location.path.empty()) {
    ARROW_ASSIGN_OR_RAISE(readers.emplace_back(), sources::OpenFiles(source, options));
  }
  if (!rows.empty()) {
    const sources::PushSelection selection{.writers = rows, .others = false};
    ARROW_ASSIGN_OR_RAISE(readers.emplace_back(),
                          sources::OpenPushLog(source, folders.push, options, selection));
  }
  if (!readers.empty()) return sources::JoinReaders(std::move(readers));
  return base::Error({.code = base::codes::kEmptySource,
                      .message = "source '" + source.name + "' has no `path`, and no pushed rows",
                      .hint = "give it a `path`, or push rows into it"});
}

Result<std::map<std::string, sources::RowRange>> RowsNow(const std::string& push,
                                                         const std::string& source) {
  std::map<std::string, sources::RowRange> rows;
  if (push.empty()) return rows;
  ARROW_ASSIGN_OR_RAISE(const std::vector<sources::InputFile> writers,
                        sources::TagPushedRows(push, source, {.tagged = false}));
  for (const sources::InputFile& writer : writers) {
    const auto shown = sources::ShownWriterRows(writer.path);
    rows.emplace(shown->writer, shown->rows);
  }
  return rows;
}

}  // namespace

Result<std::string> LakeFolder(const project::Project& project) {
  ARROW_ASSIGN_OR_RAISE(std::string lake, project.Expand(project.lake));
  if (lake.starts_with("s3://")) return lake;
  return (std::filesystem::path(project.folder) / lake).lexically_normal().string();
}

Result<SourceFolders> FoldersOf(const project::Project& project) {
  ARROW_ASSIGN_OR_RAISE(const std::string lake, LakeFolder(project));
  const std::filesystem::path folder = lake.starts_with("s3://")
                                           ? std::filesystem::path(project.folder) / ".millrace"
                                           : std::filesystem::path(lake);
  return SourceFolders{project.folder, (folder / "push").lexically_normal().string()};
}

offline::SourceOpener SourcesIn(const SourceFolders& folders) {
  auto first = std::make_shared<PushedRows>();
  return [folders, first](
             const features::Source& source,
             sources::ReadOptions options) -> Result<std::unique_ptr<sources::EventReader>> {
    if (!first->contains(source.name)) {
      ARROW_ASSIGN_OR_RAISE((*first)[source.name], RowsNow(folders.push, source.name));
    }
    return OpenSource(source, folders, std::move(options), first->at(source.name));
  };
}

offline::SourceOpener SourcesIn(const SourceFolders& folders, PushedRows rows) {
  return [folders, rows = std::move(rows)](const features::Source& source,
                                           sources::ReadOptions options) {
    const auto found = rows.find(source.name);
    return OpenSource(source, folders, std::move(options),
                      found == rows.end() ? PushedRows::mapped_type() : found->second);
  };
}

}  // namespace millrace::jobs
