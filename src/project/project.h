// Project: millrace.yaml and the definition files of a feature repository, as text. Opens nothing
// else: no registry, no source. Loaded by jobs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "features/compile.h"
#include "project/environment.h"

namespace millrace::project {

// What an acknowledged write to the online store and the push logs survives.
enum class Durability {
  kProcess,  // the end of the process, by kill -9 too
  kSync,     // also a power cut
};

struct Project {
  std::string folder;  // of millrace.yaml, absolute: where relative paths start
  std::string name;
  // As written, ${VAR} unexpanded.
  std::string registry = "sqlite:registry.db";
  std::string lake = "./lake";
  std::string online = "lmdb:./online";
  int64_t memory_bytes_max = int64_t{4} << 30;
  Durability durability = Durability::kProcess;
  Environment environment;

  // Reads millrace.yaml in `folder`. Errors: file_not_found (with what to do), permission_denied,
  // and everything wrong in the file at once, missing variables included.
  static base::Result<Project> Load(const std::string& folder, Environment environment);

  // What a string of the project or of a definition stands for here and now.
  base::Result<std::string> Expand(std::string_view text) const;

  // features/**/*.yaml and *.yml in order of their paths, which are relative to the folder. Files
  // whose name begins with '.' are left out. Errors: permission_denied, io_error, all at once.
  base::Result<std::vector<features::DefinitionText>> ReadDefinitions() const;
};

}  // namespace millrace::project
