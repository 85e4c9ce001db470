// TLS with real handshakes: certificates from files, and files that change.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <filesystem>
#include <fstream>

#include "serve/http/http_server.h"
#include "serve/http/http_testing.h"

namespace millrace::serve {
namespace {

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

// A key and a certificate of its own, as PEM.
struct Pair {
  std::string certificate;
  std::string key;
};

template <typename Write>
std::string Pem(Write write) {
  BIO* memory = BIO_new(BIO_s_mem());
  write(memory);
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory, &text);
  std::string pem(text, static_cast<size_t>(size));
  BIO_free(memory);
  return pem;
}

Pair MakePair(const std::string& name) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate, subject);
  X509_sign(certificate, key, EVP_sha256());

  const Pair pair = {Pem([&](BIO* memory) { PEM_write_bio_X509(memory, certificate); }),
                     Pem([&](BIO* memory) {
                       PEM_write_bio_PrivateKey(memory, key, nullptr, nullptr, 0, nullptr, nullptr);
                     })};
  X509_free(certificate);
  EVP_PKEY_free(key);
  return pair;
}

class TlsClient {
 public:
  explicit TlsClient(const std::unique_ptr<HttpServer>& server, int version_max = TLS1_3_VERSION)
      : raw_(server),
        settings_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free),
        tls_(nullptr, SSL_free) {
    SSL_CTX_set_max_proto_version(settings_.get(), version_max);
    SSL_CTX_set_security_level(settings_.get(), 0);  // to be allowed to ask for what is old
    tls_.reset(SSL_new(settings_.get()));
    SSL_set_fd(tls_.get(), raw_.descriptor());
    connected_ = SSL_connect(tls_.get()) == 1;
    ERR_clear_error();
  }

  bool connected() const { return connected_; }
  std::string version() const { return SSL_get_version(tls_.get()); }

  // Whose certificate the server has shown.
  std::string name() const {
    X509* shown = SSL_get1_peer_certificate(tls_.get());
    char text[64] = {};
    X509_NAME_get_text_by_NID(X509_get_subject_name(shown), NID_commonName, text, sizeof(text));
    X509_free(shown);
    return text;
  }

  std::string Ask(std::string_view request, size_t body_bytes) {
    SSL_write(tls_.get(), request.data(), static_cast<int>(request.size()));
    std::string response;
    char buffer[16384];
    for (;;) {
      const size_t end = response.find("\r\n\r\n");
      if (end != std::string::npos && response.size() >= end + 4 + body_bytes) return response;
      const int got = SSL_read(tls_.get(), buffer, sizeof(buffer));
      if (got <= 0) return response + "…";
      response.append(buffer, static_cast<size_t>(got));
    }
  }

  // Whether the server says goodbye as TLS has it, rather than cut the connection.
  bool EndsProperly() {
    char byte = 0;
    const int got = SSL_read(tls_.get(), &byte, 1);
    return got == 0 && SSL_get_error(tls_.get(), got) == SSL_ERROR_ZERO_RETURN;
  }

 private:
  RawClient raw_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> settings_;
  std::unique_ptr<SSL, decltype(&SSL_free)> tls_;
  bool connected_ = false;
};

class HttpTlsTest : public testing::Test {
 protected:
  HttpTlsTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tls-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    options_.listen = {"127.0.0.1:0"};
    options_.certificate_file = folder_ + "/certificate.pem";
    options_.key_file = folder_ + "/key.pem";
    const Pair pair = MakePair("first");
    Write(options_.certificate_file, pair.certificate);
    Write(options_.key_file, pair.key);
  }
  ~HttpTlsTest() override { std::filesystem::remove_all(folder_); }

  // As tools that renew certificates do: a new file in the old one's place.
  static void Write(const std::string& path, const std::string& text) {
    std::ofstream(path + ".new") << text;
    std::filesystem::rename(path + ".new", path);
  }

  std::string_view CodeOfOpening() {
    const auto server = HttpServer::Open(options_, Echo, TextError);
    return base::ProblemsOf(server.status())[0].code.name;
  }

  std::string folder_;
  HttpServerOptions options_;
};

TEST_F(HttpTlsTest, RequestsAndAnswersOfAllSizes) {
  const auto server = OpenServer(options_, [](HttpRequest& request, HttpReply reply) {
    reply.Send({.body = std::move(request.body)});
  });
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient client(server, version);
    ASSERT_TRUE(client.connected());
    EXPECT_EQ(client.version(), version == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3");
    for (const size_t size : {0, 1, 1000, 16'384, 16'385, 100'000, 8 << 20}) {
      const std::string body(size, 's');
      const std::string response =
          client.Ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(size) +
                         "\r\n\r\n" + body,
                     size);
      ASSERT_EQ(BodyOf(response), body) << size;
    }
  }
}

TEST_F(HttpTlsTest, PipelinedRequestsInOneRecord) {
  const auto server = OpenServer(options_);
  TlsClient client(server);
  std::string requests;
  for (int i = 0; i < 500; ++i) requests += kGet;
  std::string all = client.Ask(requests, 8);
  size_t answers = 0;
  for (;;) {
    for (size_t at = 0; (at = all.find("GET / []", at)) != std::string::npos; at += 8) ++answers;
    if (answers >= 500) break;
    all = client.Ask("", 8);
    ASSERT_FALSE(all.ends_with("…"));
  }
  EXPECT_EQ(answers, 500U);
}

TEST_F(HttpTlsTest, EndsAsTlsEnds) {
  const auto server = OpenServer(options_);
  TlsClient client(server);
  client.Ask("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 8);
  EXPECT_TRUE(client.EndsProperly());
  EXPECT_TRUE(Eventually([&] { return server->counts().connections == 0; }));
}

TEST_F(HttpTlsTest, OldVersionsAreRefused) {
  const auto server = OpenServer(options_);
  EXPECT_FALSE(TlsClient(server, TLS1_1_VERSION).connected());
}

TEST_F(HttpTlsTest, WhoSpeaksPlainHttpIsCutOff) {
  const auto server = OpenServer(options_);
  RawClient client(server);
  client.Send(kGet);
  EXPECT_EQ(StatusOf(client.ReadAll()), 0);
  EXPECT_TRUE(Eventually([&] { return server->counts().connections == 0; }));
}

TEST_F(HttpTlsTest, WhoDoesNotShakeHandsIsCutOff) {
  options_.limits.header_time = milliseconds(100);
  const auto server = OpenServer(options_);
  RawClient silent(server);
  RawClient slow(server);
  slow.Send("\x16\x03\x01");
  EXPECT_TRUE(silent.IsClosed());
  EXPECT_TRUE(slow.IsClosed());
  EXPECT_EQ(server->counts().timed_out, 2);
}

TEST_F(HttpTlsTest, WhoResetsWithinAnAnswerDoesNotEndTheProcess) {
  const std::string body(32 << 20, 'l');
  const auto server =
      OpenServer(options_, [&](HttpRequest&, HttpReply reply) { reply.Send({.body = body}); });
  for (int i = 0; i < 5; ++i) TlsClient(server).Ask(kGet, 0);
  EXPECT_TRUE(Eventually([&] { return server->counts().connections == 0; }));
}

TEST_F(HttpTlsTest, UnixSocketsStayPlain) {
  options_.listen = {"unix:" + folder_ + "/s", "127.0.0.1:0"};
  const auto server = OpenServer(options_);
  EXPECT_EQ(StatusOf(RawClient(server).Ask(kGet)), 200);
}

TEST_F(HttpTlsTest, StopsWithOpenConnections) {
  const auto server = OpenServer(options_);
  TlsClient client(server);
  client.Ask(kGet, 8);
  RawClient silent(server);
  const auto begin = std::chrono::steady_clock::now();
  silent.Close();
  server->Stop(milliseconds(kPatienceMillis));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, milliseconds(kPatienceMillis / 2));
  EXPECT_EQ(server->counts().connections, 0);
}

// ---- files

TEST_F(HttpTlsTest, ChangedFilesAreReadAgain) {
  const auto server = OpenServer(options_);
  TlsClient before(server);
  EXPECT_EQ(before.name(), "first");
  const Pair pair = MakePair("second");
  Write(options_.certificate_file, pair.certificate);
  Write(options_.key_file, pair.key);
  EXPECT_TRUE(Eventually([&] { return TlsClient(server).name() == "second"; }));
  EXPECT_EQ(BodyOf(before.Ask(kGet, 8)), "GET / []");  // what is open stays
}

TEST_F(HttpTlsTest, FilesThatDoNotFitEachOtherChangeNothing) {
  const auto server = OpenServer(options_);
  const Pair pair = MakePair("second");
  Write(options_.certificate_file, pair.certificate);
  usleep(700'000);  // more than the server needs to look
  EXPECT_EQ(TlsClient(server).name(), "first");
  Write(options_.key_file, "-----BEGIN");
  usleep(700'000);
  EXPECT_EQ(TlsClient(server).name(), "first");
  std::filesystem::remove(options_.key_file);
  usleep(700'000);
  EXPECT_EQ(TlsClient(server).name(), "first");
  Write(options_.key_file, pair.key);
  EXPECT_TRUE(Eventually([&] { return TlsClient(server).name() == "second"; }));
}

TEST_F(HttpTlsTest, FilesThatCannotBeUsed) {
  const std::string key = options_.key_file;
  options_.key_file = folder_ + "/none";
  EXPECT_EQ(CodeOfOpening(), "file_not_found");
  options_.key_file = key;
  Write(key, MakePair("other").key);
  EXPECT_EQ(CodeOfOpening(), "bad_value");
  Write(key, "no key");
  EXPECT_EQ(CodeOfOpening(), "bad_value");
  Write(options_.certificate_file, "no certificate");
  EXPECT_EQ(CodeOfOpening(), "bad_value");
}

}  // namespace
}  // namespace millrace::serve
