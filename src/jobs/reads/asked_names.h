// AskedNames: the features that somebody asks for, by name. Called by whoever asks or answers.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace millrace::jobs {

struct AskedNames {
  std::vector<std::string> features;  // "view:feature", "view:*"; or
  std::string service;                // "ranking_v1", "ranking_v1@7"
  bool full_names = false;

  bool operator==(const AskedNames& other) const = default;
};

struct AskedNamesHash {
  size_t operator()(const AskedNames& names) const;
};

}  // namespace millrace::jobs
