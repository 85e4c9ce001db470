// SourceFolders: where a project's sources are: their files under its folder, their push logs in
// its lake; and both opened as one. Called by every job that reads sources.
#pragma once

#include <map>
#include <string>

#include "offline/training_set.h"
#include "project/project.h"
#include "sources/push/push_log.h"

namespace millrace::jobs {

struct SourceFolders {
  std::string root;  // the project's: where the sources' relative paths start
  std::string push;  // of the push logs; "": there are none
};

// The project's lake: a folder, absolute, or s3://. Error: missing_variable.
base::Result<std::string> LakeFolder(const project::Project& project);

// The push logs are in `push` of the lake. A lake on S3 is not where a writer can append: then they
// are in .millrace/push beside the project. Error: missing_variable.
base::Result<SourceFolders> FoldersOf(const project::Project& project);

// Rows of push logs, by source and writer.
using PushedRows = std::map<std::string, std::map<std::string, sources::RowRange>>;

// Opens a source's files, if it has a path, and the rows of its push log that training sets read.
// What the push log has when its source is opened first is what it has whenever it is opened again.
// Errors: as sources::OpenFiles and OpenPushLog; empty_source, neither path nor pushed rows.
offline::SourceOpener SourcesIn(const SourceFolders& folders);

// The same with these rows of push logs and no others.
offline::SourceOpener SourcesIn(const SourceFolders& folders, PushedRows rows);

}  // namespace millrace::jobs
