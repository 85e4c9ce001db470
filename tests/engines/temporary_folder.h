// TemporaryFolder: a folder that is gone with its owner, in memory where there is such a folder:
// files that are synced to a disk take most of a case's time.
#pragma once

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <string>

namespace millrace::engines {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    static std::atomic<int> next{0};
    std::error_code missing;
    const bool memory = std::filesystem::is_directory("/dev/shm", missing);
    path_ = (memory ? "/dev/shm" : std::filesystem::temp_directory_path()) /
            std::filesystem::path("millrace-cases-" + std::to_string(getpid()) + "-" +
                                  std::to_string(next++));
    std::filesystem::create_directories(path_);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace millrace::engines
