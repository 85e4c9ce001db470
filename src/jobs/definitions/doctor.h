// Examine: whether a repository is fit to work with: its settings, definitions, registry and the
// files of its sources. Finds what is wrong without changing anything. Called by cli's `doctor`.
#pragma once

#include <string>
#include <vector>

namespace millrace::jobs {

struct Check {
  std::string name;  // "project", "definitions", "registry", "source purchases"
  bool ok = false;
  std::string text;  // what was found, or every problem, one per line
};

// As far as it gets: without a project there is one check, without a plan no sources.
std::vector<Check> Examine(const std::string& folder);

}  // namespace millrace::jobs
