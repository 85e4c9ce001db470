#include "serve/http/tls_files.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <sys/stat.h>

#include <cerrno>
#include <system_error>

namespace millrace::serve {
namespace {

namespace codes = base::codes;

// What OpenSSL says last, and nothing of it left behind.
std::string Reason() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return reason == nullptr ? "it does not read" : reason;
}

// Instead of a question at the terminal.
int NoPassphrase(char*, int, int, void*) {
  return 0;
}

}  // namespace

base::Result<std::unique_ptr<TlsFiles>> TlsFiles::Open(std::string certificate_file,
                                                       std::string key_file) {
  std::unique_ptr<TlsFiles> files(new TlsFiles(std::move(certificate_file), std::move(key_file)));
  ARROW_ASSIGN_OR_RAISE(files->stamps_, files->Look());
  ARROW_ASSIGN_OR_RAISE(files->current_, files->Read());
  return files;
}

void TlsFiles::Refresh() {
  // The stamps are those of before the files are read, so that no change goes unseen.
  const auto stamps = Look();
  if (!stamps.ok() || *stamps == stamps_) return;
  auto read = Read();
  if (!read.ok()) return;
  current_ = *std::move(read);
  stamps_ = *stamps;
}

base::Result<std::pair<TlsFiles::Stamp, TlsFiles::Stamp>> TlsFiles::Look() const {
  std::pair<Stamp, Stamp> stamps;
  for (const auto& [file, stamp] :
       {std::pair(&certificate_file_, &stamps.first), std::pair(&key_file_, &stamps.second)}) {
    struct stat found = {};
    if (stat(file->c_str(), &found) != 0) {
      const base::Code code = errno == EACCES ? codes::kPermission : codes::kNotFound;
      return base::Error(code,
                         fmt::format("{}: {}", *file, std::generic_category().message(errno)));
    }
    *stamp = {static_cast<int64_t>(found.st_ino), found.st_size, found.st_mtim.tv_sec,
              found.st_mtim.tv_nsec};
  }
  return stamps;
}

base::Result<std::shared_ptr<SSL_CTX>> TlsFiles::Read() const {
  ERR_clear_error();
  const std::shared_ptr<SSL_CTX> made(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (made == nullptr) return base::Error(codes::kIo, fmt::format("TLS: {}", Reason()));
  SSL_CTX* tls = made.get();
  SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
  SSL_CTX_set_options(
      tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                            SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_default_passwd_cb(tls, NoPassphrase);
  if (SSL_CTX_use_certificate_chain_file(tls, certificate_file_.c_str()) != 1) {
    return base::Error(codes::kBadValue,
                       fmt::format("certificate {}: {}", certificate_file_, Reason()));
  }
  if (SSL_CTX_use_PrivateKey_file(tls, key_file_.c_str(), SSL_FILETYPE_PEM) != 1) {
    return base::Error(codes::kBadValue, fmt::format("key {}: {}", key_file_, Reason()));
  }
  if (SSL_CTX_check_private_key(tls) != 1) {
    return base::Error(codes::kBadValue, fmt::format("key {} is not that of certificate {}",
                                                     key_file_, certificate_file_));
  }
  return made;
}

}  // namespace millrace::serve
