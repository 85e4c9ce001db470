// Registry: the versions of one project's definitions in one SQLite file
// (docs/formats/registry.md). Versions are only ever added, one writer at a time, each on top of
// the version its author knew. Called by jobs alone; the one place that knows SOCI.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "registry/version.h"

namespace millrace::registry {

// What a new version is made under.
struct Append {
  int base = 0;  // the newest version its author knew; 0: none
  std::string author;
  base::EventTime time;
  std::string diff;
};

// Holds no connection and no lock between calls, so it may be shared by threads and processes.
class Registry {
 public:
  // `url` as in millrace.yaml: "sqlite:registry.db", relative to `root`. Touches no file. Errors:
  // reserved (postgresql://), bad_value (anything else).
  static base::Result<Registry> Make(const std::string& url, const std::string& root,
                                     std::string project);

  // The newest version; nothing when nothing was ever applied, whether or not the file is there.
  // Errors of all that read: corrupt (not a registry, or damaged), conflict (another project's, a
  // newer millrace's, or locked by another process for `lock_seconds`), permission_denied,
  // io_error.
  base::Result<std::optional<Version>> Newest() const;
  // Its number alone, which is cheap to ask every second; 0: nothing was ever applied.
  base::Result<int> NewestNumber() const;
  // Error besides: unknown_name, when there is no such version.
  base::Result<Version> Load(int number) const;
  // Newest first.
  base::Result<std::vector<VersionHeader>> History() const;

  // Adds the version base + 1, whole or not at all; makes the file where there is none. Errors
  // besides: conflict, when `append.base` is no longer the newest version; disk_full.
  base::Result<VersionHeader> Add(const Append& append, const VersionContent& content) const;

  const std::string& path() const { return path_; }
  // How long a call waits for another process that is writing.
  void set_lock_seconds(int seconds) { lock_seconds_ = seconds; }

 private:
  Registry(std::string path, std::string project)
      : path_(std::move(path)), project_(std::move(project)) {}

  std::string path_;
  std::string project_;
  int lock_seconds_ = 10;
};

}  // namespace millrace::registry
