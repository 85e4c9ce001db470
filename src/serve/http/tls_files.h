// TlsFiles: a server's certificate chain and key, read again when their files change.
#pragma once

#include <openssl/ssl.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/status.h"

namespace millrace::serve {

// For one thread; what `current` gives is for all.
class TlsFiles {
 public:
  // PEM files. Errors: file_not_found, permission_denied, bad_value.
  static base::Result<std::unique_ptr<TlsFiles>> Open(std::string certificate_file,
                                                      std::string key_file);

  // Reads the files when they are others than those in use. When they do not read, or do not fit
  // each other (one is replaced, the other not yet), those in use stay, and the next call tries
  // again.
  void Refresh();
  // TLS 1.2 and up. Connections keep what they began with.
  const std::shared_ptr<SSL_CTX>& current() const { return current_; }

 private:
  using Stamp = std::array<int64_t, 4>;  // inode, size, seconds and nanoseconds of the last change

  TlsFiles(std::string certificate_file, std::string key_file)
      : certificate_file_(std::move(certificate_file)), key_file_(std::move(key_file)) {}
  base::Result<std::pair<Stamp, Stamp>> Look() const;
  base::Result<std::shared_ptr<SSL_CTX>> Read() const;

  std::string certificate_file_;
  std::string key_file_;
  std::pair<Stamp, Stamp> stamps_;  // of `current_`
  std::shared_ptr<SSL_CTX> current_;
};

}  // namespace millrace::serve
