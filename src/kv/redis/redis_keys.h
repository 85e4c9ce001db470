// The names of a store's rows in Redis: "project:" + key. What kv keeps for itself begins with
// "project" and a zero byte, so that no row has such a name.
#pragma once

#include <string>
#include <string_view>

namespace millrace::kv {

class RedisKeys {
 public:
  explicit RedisKeys(const std::string& project)
      : rows_(project + ":"), own_(project + std::string(1, '\0')) {}

  std::string Row(std::string_view key) const { return rows_ + std::string(key); }
  std::string_view KeyOf(std::string_view name) const { return name.substr(rows_.size()); }
  std::string Format() const { return own_ + "format"; }
  std::string Stage(std::string_view random) const {
    return own_ + "stage:" + std::string(random) + ":";
  }

 private:
  std::string rows_;
  std::string own_;
};

}  // namespace millrace::kv
