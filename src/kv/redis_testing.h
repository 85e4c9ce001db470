// For tests: a Redis server of the process's own (tests/servers/redis.sh), with TLS and a unix
// socket. It ends with the process, however that ends.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <map>
#include <string>

namespace millrace::kv {

class RedisServer {
 public:
  // The one that tests share: started at first use. A test has a project of its own there.
  static RedisServer& Shared() {
    static RedisServer server;
    return server;
  }

  // Clients are asked for the password, unless it is empty.
  explicit RedisServer(std::string password = "") : password_(std::move(password)) {
    std::string pattern = (std::filesystem::temp_directory_path() / "millrace-redis-XXXXXX");
    folder_ = ::mkdtemp(pattern.data());
    Start();
  }
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;
  ~RedisServer() {
    Stop();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  // Waits until it answers. After a Stop it is back at the same URLs, empty.
  void Start() {
    const std::string output = Run("start", std::to_string(::getpid()));
    for (size_t begin = 0; begin < output.size();) {
      const size_t end = output.find('\n', begin);
      const std::string line = output.substr(begin, end - begin);
      const size_t equals = line.find('=');
      urls_[line.substr(0, equals)] = line.substr(equals + 1);
      begin = end == std::string::npos ? output.size() : end + 1;
    }
    EXPECT_EQ(urls_.size(), 3u) << output;
  }
  void Stop() { Run("stop", ""); }
  // Stops it in the middle, so that it is there and answers nothing; and lets it go on.
  void Freeze() { Run("freeze", ""); }
  void Thaw() { Run("thaw", ""); }

  const std::string& url() { return urls_["MILLRACE_REDIS_URL"]; }
  const std::string& tls_url() { return urls_["MILLRACE_REDIS_TLS_URL"]; }
  const std::string& unix_url() { return urls_["MILLRACE_REDIS_UNIX_URL"]; }
  const std::string& folder() const { return folder_; }

 private:
  // What the script prints.
  std::string Run(const std::string& verb, const std::string& owner) {
    const std::string command = "MILLRACE_REDIS_PASSWORD='" + password_ + "' '" +
                                MILLRACE_SOURCE_DIR "/tests/servers/redis.sh' " + verb + " '" +
                                folder_ + "' " + owner;
    std::FILE* const pipe = ::popen(command.c_str(), "r");
    std::string output;
    if (pipe == nullptr) return output;
    char piece[512];
    while (const size_t size = std::fread(piece, 1, sizeof piece, pipe)) output.append(piece, size);
    EXPECT_EQ(::pclose(pipe), 0) << command;
    return output;
  }

  std::string password_;
  std::string folder_;
  std::map<std::string, std::string> urls_;
};

}  // namespace millrace::kv
