// OwnerSocket: where the process that owns an embedded store is spoken to by the commands beside
// it: <store>/owner.sock.
#pragma once

#include <string>

#include "base/status.h"
#include "project/project.h"

namespace millrace::serve {

class OwnerSocket {
 public:
  // Of the project's store. Errors: missing_variable; file_not_found (the store's folder is not
  // there).
  static base::Result<OwnerSocket> Of(const project::Project& project);
  OwnerSocket(OwnerSocket&& other) noexcept;
  OwnerSocket& operator=(OwnerSocket&& other) noexcept;
  ~OwnerSocket();

  bool exists() const { return !path_.empty(); }  // false: the store is behind a network
  const std::string& path() const { return path_; }
  // For HttpServer and HttpClient: "unix:…", as short as a socket's address has to be, while this
  // lives.
  std::string address() const;

 private:
  OwnerSocket(std::string path, int folder) : path_(std::move(path)), folder_(folder) {}
  std::string path_;
  int folder_ = -1;  // the store's, opened
};

}  // namespace millrace::serve
