// FindUnreadFiles: which of a source's files an update has still to read, and that those which were
// read are as they were. Called by materialize.
#pragma once

#include <string>
#include <vector>

#include "features/plan.h"
#include "state/updater.h"

namespace millrace::jobs {

struct UnreadFile {
  std::string path;         // as a source's path names it
  std::vector<int> tables;  // that lack it: indices into Updater::live().tables
};

// A file that was read and says something else now.
struct ChangedFile {
  std::string path;
  std::string source;
  std::vector<std::string> views;  // that have its former rows
};

struct SourceFiles {
  std::vector<UnreadFile> unread;  // in order of their names
  std::vector<ChangedFile> changed;
};

// For `tables`, all of this source. Files that were read and are gone are no matter; nor is it that
// none is left. REQUIRES: the source's path is concrete; relative ones start at `root`. `threads`
// that hash files. Errors: as sources::ListFiles; the store's.
base::Result<SourceFiles> FindUnreadFiles(const features::Source& source, const std::string& root,
                                          const state::Updater& updater,
                                          const std::vector<int>& tables, int threads);

// Of all sources at once: nothing, or the error conflict, a problem per file, which names the views
// and how they are built anew.
base::Status RefuseChanged(const std::vector<ChangedFile>& changed);

}  // namespace millrace::jobs
