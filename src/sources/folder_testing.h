// For tests: a folder of one's own, and statuses by their code.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/status.h"

namespace millrace::sources {

// A new folder under the system's temporary one; gone with the object.
class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "millrace-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  // Writes the file, and the folders it is in; its full path.
  std::string Write(const std::string& name, std::string_view text) const {
    const std::string path = *this / name;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  std::string Read(const std::string& name) const {
    std::ifstream in(*this / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      names.push_back(entry.path().filename().string());
    }
    return names;
  }

 private:
  std::string path_;
};

// The code of the first problem; "" when ok.
inline std::string CodeOf(const base::Status& status) {
  return status.ok() ? "" : std::string(base::ProblemsOf(status).front().code.name);
}
inline std::string TextOf(const base::Status& status) {
  return status.ok() ? "" : base::ProblemsOf(status).front().ToString();
}

}  // namespace millrace::sources

#define ASSERT_OK_AND_SET(lhs, expression)         \
  do {                                             \
    auto result_ = (expression);                   \
    ASSERT_TRUE(result_.ok()) << result_.status(); \
    lhs = *std::move(result_);                     \
  } while (false)
