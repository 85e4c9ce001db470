// Tokens: what a file and the environment may say, who is behind a connection, and that a token
// ends with the line of the file that knows it.
#include "serve/access/tokens.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "serve/access/token_list.h"

namespace millrace::serve {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const Peer kUnix{.kind = Peer::Kind::kUnixSocket, .address = "unix"};
const Peer kLoopback{.kind = Peer::Kind::kLoopback, .address = "127.0.0.1:1"};
const Peer kRemote{.kind = Peer::Kind::kRemote, .address = "10.0.0.7:1"};

// An entry of the list; `views` as JSON.
std::string Entry(const std::string& name, const std::string& token, const std::string& role,
                  const std::string& views = "") {
  return fmt::format(R"({{"name": "{}", "sha256": "{}", "role": "{}"{}{}}})", name,
                     ToHex(HashOf(token)), role, views.empty() ? "" : R"(, "views": )", views);
}

std::string List(const std::vector<std::string>& entries) {
  return fmt::format("{{\"tokens\": [\n{}\n]}}\n", fmt::join(entries, ",\n"));
}

std::vector<std::string> CodesOf(const base::Status& status) {
  std::vector<std::string> codes;
  for (const auto& problem : base::ProblemsOf(status)) codes.emplace_back(problem.code.name);
  return codes;
}

class TokensTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "tokens_XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    file_ = folder_ / "tokens.json";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& text) const {
    std::ofstream(file_) << text;
    ::chmod(file_.c_str(), 0600);
  }
  // Beside it, then in its place, as careful writers do.
  void Replace(const std::string& text) const {
    const std::filesystem::path beside = folder_ / "new";
    std::ofstream(beside) << text;
    ::chmod(beside.c_str(), 0600);
    std::filesystem::rename(beside, file_);
  }

  // Looks at the file with every call.
  TokensOptions Options() {
    return {.file = file_, .environment = {}, .insecure = false, .check_time = milliseconds(0)};
  }
  std::unique_ptr<Tokens> Open(const TokensOptions& options) {
    auto tokens = Tokens::Open(options);
    EXPECT_TRUE(tokens.ok()) << tokens.status().ToString();
    return std::move(*tokens);
  }
  std::unique_ptr<Tokens> Open() { return Open(Options()); }
  base::Status Refused() { return Tokens::Open(Options()).status(); }
  std::string RefusedText(const std::string& text) {
    Write(text);
    const base::Status status = Refused();
    EXPECT_FALSE(status.ok());
    return status.message();
  }

  std::filesystem::path folder_;
  std::filesystem::path file_;
};

TEST_F(TokensTest, WithoutATokenNearIsAllAndFarIsNobody) {
  const auto tokens = Open({});
  EXPECT_TRUE(tokens->empty());
  for (const Peer& peer : {kUnix, kLoopback}) {
    const Principal near = tokens->Find(peer, "");
    EXPECT_EQ(near.name, "loopback");
    EXPECT_TRUE(Allow(near, Verb::kAdmin, ""));
  }
  const Principal far = tokens->Find(kRemote, "");
  EXPECT_EQ(far.name, "anonymous");
  EXPECT_FALSE(far.known);
  EXPECT_FALSE(Allow(far, Verb::kRead, "user_spend"));
}

TEST_F(TokensTest, InsecureIsForWhoSendsNoToken) {
  const auto tokens = Open({.insecure = true});
  const Principal far = tokens->Find(kRemote, "");
  EXPECT_EQ(far.name, "anonymous");
  EXPECT_TRUE(Allow(far, Verb::kAdmin, ""));
  EXPECT_FALSE(tokens->Find(kRemote, "Bearer x").known);
}

TEST_F(TokensTest, ATokenDecidesAloneWhereverItComesFrom) {
  Write(List({Entry("ranking", "s3cret", "read", R"(["user_spend", "item_*"])"),
              Entry("loader", "other", "write"), Entry("ops", "third", "admin", R"(["*"])")}));
  const auto tokens = Open();
  EXPECT_FALSE(tokens->empty());
  for (const Peer& peer : {kUnix, kLoopback, kRemote}) {
    const Principal ranking = tokens->Find(peer, "Bearer s3cret");
    EXPECT_EQ(ranking.name, "ranking");
    EXPECT_TRUE(Allow(ranking, Verb::kRead, "user_spend"));
    EXPECT_TRUE(Allow(ranking, Verb::kRead, "item_profile"));
    EXPECT_FALSE(Allow(ranking, Verb::kRead, "user_profile"));
    EXPECT_FALSE(Allow(ranking, Verb::kWrite, "user_spend"));
    EXPECT_TRUE(ranking.known);
    const Principal loader = tokens->Find(peer, "Bearer other");
    EXPECT_TRUE(Allow(loader, Verb::kWrite, "purchases"));
    EXPECT_FALSE(Allow(loader, Verb::kAdmin, ""));
    EXPECT_TRUE(Allow(tokens->Find(peer, "Bearer third"), Verb::kAdmin, ""));
    EXPECT_FALSE(tokens->Find(peer, "Bearer wrong").known);
  }
}

TEST_F(TokensTest, HeadersThatAreNoBearerTokenAreNobodys) {
  Write(List({Entry("a", "s3cret", "admin")}));
  const auto tokens = Open();
  for (const char* header : {"bearer s3cret", "BEARER   s3cret"}) {
    EXPECT_TRUE(tokens->Find(kRemote, header).known) << header;
  }
  for (const char* header :
       {"Basic czNjcmV0", "Bearer", "Bearer ", "Bearer    ", "s3cret", "Bearers3cret",
        " Bearer s3cret", "Bearer s3cret, Bearer s3cret", "Bearer s3cret x", "Bearer \"s3cret\"",
        "Bearer s3cre", "Bearer", " ", "Bearer s3cret\x01"}) {
    const Principal principal = tokens->Find(kLoopback, header);
    EXPECT_FALSE(principal.known) << header;
    EXPECT_EQ(principal.name, "anonymous");
    EXPECT_FALSE(Allow(principal, Verb::kRead, "")) << header;
  }
}

TEST_F(TokensTest, HashesAreSha256) {
  EXPECT_EQ(ToHex(HashOf("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(ToHex(HashOf("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Write(R"({"tokens": [{"name": "a", "role": "read",
    "sha256": "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"}]})");
  const auto tokens = Open();
  EXPECT_TRUE(tokens->Find(kRemote, "Bearer abc").known);
  // What stands in the file opens nothing.
  EXPECT_FALSE(
      tokens
          ->Find(kRemote, "Bearer ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
          .known);
}

TEST_F(TokensTest, TheEnvironmentAndTheFileHoldTogether) {
  Write(List({Entry("a", "one", "read")}));
  TokensOptions options = Options();
  options.environment = List({Entry("b", "two", "write")});
  const auto tokens = Open(options);
  EXPECT_EQ(tokens->Find(kRemote, "Bearer one").name, "a");
  EXPECT_EQ(tokens->Find(kRemote, "Bearer two").name, "b");
  options.environment = List({Entry("a", "two", "write")});
  const base::Status refused = Tokens::Open(options).status();
  EXPECT_THAT(CodesOf(refused), ElementsAre("duplicate_name"));
  EXPECT_THAT(refused.message(), HasSubstr("'a'"));
  EXPECT_THAT(refused.message(), HasSubstr("MILLRACE_TOKENS"));
  options.environment = "{";
  EXPECT_THAT(Tokens::Open(options).status().message(), HasSubstr("MILLRACE_TOKENS:1:"));
}

TEST_F(TokensTest, AFileThatOthersMayReadIsRefused) {
  Write(List({Entry("a", "one", "read")}));
  for (const mode_t mode : {0644, 0640, 0604, 0620, 0602, 0660}) {
    ::chmod(file_.c_str(), mode);
    const base::Status refused = Refused();
    EXPECT_THAT(CodesOf(refused), ElementsAre("bad_value"));
    EXPECT_THAT(refused.message(), HasSubstr(fmt::format("{:04o}", mode)));
    EXPECT_THAT(refused.message(), HasSubstr("chmod 600 " + file_.string()));
  }
  for (const mode_t mode : {0600, 0400}) {
    ::chmod(file_.c_str(), mode);
    EXPECT_TRUE(Refused().ok()) << mode;
  }
}

TEST_F(TokensTest, AFileThatIsNotThereOrNoFileIsNamed) {
  EXPECT_THAT(CodesOf(Refused()), ElementsAre("file_not_found"));
  EXPECT_THAT(Refused().message(), HasSubstr(file_.string()));
  std::filesystem::create_directory(file_);
  EXPECT_THAT(CodesOf(Refused()), ElementsAre("io_error"));
  std::filesystem::remove(file_);
  Write(std::string((1 << 20) + 1, ' '));
  EXPECT_THAT(CodesOf(Refused()), ElementsAre("bad_value"));
}

TEST_F(TokensTest, TextThatIsNoJsonHasALine) {
  EXPECT_THAT(RefusedText("{\"tokens\": [\n  s3cret\n]}"), HasSubstr(file_.string() + ":2:3: "));
  EXPECT_THAT(RefusedText("{\"tokens\": [\n  s3cret\n]}"), Not(HasSubstr("s3cret")));
  EXPECT_THAT(RefusedText(""), HasSubstr("[syntax_error]"));
  EXPECT_THAT(RefusedText(R"({"tokens": []} x)"), HasSubstr("[syntax_error]"));
}

TEST_F(TokensTest, TextThatIsNoListIsRefused) {
  for (const char* text : {"[]", "{}", "null", R"({"tokens": {}})", R"({"tokens": [], "x": 1})",
                           R"({"tokens": null})"}) {
    EXPECT_THAT(RefusedText(text), HasSubstr("[bad_value]")) << text;
  }
  Write(R"({"tokens": []})");
  EXPECT_TRUE(Open()->empty());
}

TEST_F(TokensTest, WhatIsWrongInEntriesIsToldAllAtOnce) {
  const std::string hash(64, 'a');
  const struct {
    std::string entry;
    const char* code;
    const char* says;
  } cases[] = {
      {"3", "bad_value", "token 1 is no object"},
      {R"({"sha256": ")" + hash + R"(", "role": "read"})", "missing_field", "no 'name'"},
      {R"({"name": "a", "role": "read"})", "missing_field", "no 'sha256'"},
      {R"({"name": "a", "sha256": ")" + hash + R"("})", "missing_field",
       "token 1 'a' has no 'role'"},
      {R"({"name": 1, "sha256": ")" + hash + R"(", "role": "read"})", "bad_value", "no text"},
      {R"({"name": "", "sha256": ")" + hash + R"(", "role": "read"})", "bad_value", "bad name"},
      {R"({"name": "a\nb", "sha256": ")" + hash + R"(", "role": "read"})", "bad_value", "bad name"},
      {Entry("loopback", "x", "read"), "bad_value", "'loopback'"},
      {Entry("a", "x", "wrte"), "bad_value", "did you mean 'write'?"},
      {R"({"name": "a", "sha256": "s3cret", "role": "read"})", "bad_value",
       "64 hexadecimal digits"},
      {R"({"name": "a", "sha256": ")" + std::string(64, 'g') + R"(", "role": "read"})", "bad_value",
       "64 hexadecimal digits"},
      // A mistyped word would otherwise give all views.
      {R"({"name": "a", "sha256": ")" + hash + R"(", "role": "read", "view": ["v"]})",
       "unknown_field", "did you mean 'views'?"},
      {R"({"name": "a", "sha256": ")" + hash + R"(", "role": "read", "token": "s3cret"})",
       "unknown_field", "only the SHA-256"},
      {Entry("a", "x", "read", "[]"), "bad_value", "'views'"},
      {Entry("a", "x", "read", "\"v\""), "bad_value", "'views'"},
      {Entry("a", "x", "read", "null"), "bad_value", "'views'"},
      {Entry("a", "x", "read", "[1]"), "bad_value", "'views'"},
      {Entry("a", "x", "read", R"(["a*b"])"), "bad_value", "'views'"},
      {Entry("a", "x", "read", R"([""])"), "bad_value", "'views'"},
  };
  for (const auto& one : cases) {
    const std::string message = RefusedText(List({one.entry}));
    EXPECT_THAT(message, HasSubstr(fmt::format("[{}]", one.code))) << one.entry;
    EXPECT_THAT(message, HasSubstr(one.says)) << one.entry;
    EXPECT_THAT(message, HasSubstr(file_.string())) << one.entry;
    EXPECT_THAT(message, Not(HasSubstr("s3cret"))) << one.entry;
  }
  Write(List({Entry("a", "x", "wrte"), Entry("", "y", "read")}));
  EXPECT_THAT(CodesOf(Refused()), ElementsAre("bad_value", "bad_value"));
}

TEST_F(TokensTest, OneNameAndOneTokenOnce) {
  EXPECT_THAT(RefusedText(List({Entry("a", "x", "read"), Entry("a", "y", "read")})),
              HasSubstr("two tokens are called 'a' [duplicate_name]"));
  EXPECT_THAT(RefusedText(List({Entry("a", "x", "read"), Entry("b", "x", "admin")})),
              HasSubstr("'a' and 'b' are the same token [duplicate_name]"));
}

TEST_F(TokensTest, ATokenEndsWithItsLine) {
  Write(List({Entry("a", "one", "admin"), Entry("b", "two", "read")}));
  const auto tokens = Open();
  EXPECT_TRUE(tokens->Find(kRemote, "Bearer one").known);
  Replace(List({Entry("b", "two", "write"), Entry("c", "three", "read")}));
  EXPECT_FALSE(tokens->Find(kRemote, "Bearer one").known);
  EXPECT_FALSE(tokens->Find(kLoopback, "Bearer one").known);
  EXPECT_EQ(tokens->Find(kRemote, "Bearer two").role, Verb::kWrite);
  EXPECT_EQ(tokens->Find(kRemote, "Bearer three").name, "c");
  EXPECT_TRUE(tokens->problem().ok());
}

TEST_F(TokensTest, WhenTheFileWasWrittenSaysNothing) {
  Write(List({Entry("a", "one", "read")}));
  const auto tokens = Open();
  const auto written = std::filesystem::last_write_time(file_);
  Write(List({Entry("a", "two", "read")}));
  std::filesystem::last_write_time(file_, written);
  EXPECT_FALSE(tokens->Find(kRemote, "Bearer one").known);
  EXPECT_TRUE(tokens->Find(kRemote, "Bearer two").known);
}

TEST_F(TokensTest, ABadNewFileKeepsTheTokensAndIsAProblem) {
  Write(List({Entry("a", "one", "read")}));
  TokensOptions options = Options();
  options.environment = List({Entry("b", "two", "write")});
  const auto tokens = Open(options);
  const auto holds = [&] {
    return tokens->Find(kRemote, "Bearer one").known && tokens->Find(kRemote, "Bearer two").known;
  };
  Write("{\"tokens\": [");
  EXPECT_TRUE(holds() && holds());
  EXPECT_THAT(CodesOf(tokens->problem()), ElementsAre("syntax_error"));

  Replace(List({Entry("b", "three", "read")}));
  EXPECT_TRUE(holds() && holds());
  EXPECT_THAT(CodesOf(tokens->problem()), ElementsAre("duplicate_name"));

  std::filesystem::remove(file_);
  EXPECT_TRUE(holds() && holds());
  EXPECT_THAT(CodesOf(tokens->problem()), ElementsAre("file_not_found"));

  Write(List({Entry("a", "one", "read")}));
  ::chmod(file_.c_str(), 0644);
  EXPECT_TRUE(holds() && holds());
  EXPECT_THAT(CodesOf(tokens->problem()), ElementsAre("bad_value"));

  // As it was, and fit again.
  ::chmod(file_.c_str(), 0600);
  EXPECT_TRUE(holds() && holds());
  EXPECT_TRUE(tokens->problem().ok());
  Write(List({}));
  EXPECT_FALSE(tokens->Find(kRemote, "Bearer one").known);
  EXPECT_TRUE(tokens->Find(kRemote, "Bearer two").known);
}

TEST_F(TokensTest, TheFileIsLookedAtNoMoreOftenThanAsked) {
  Write(List({Entry("a", "one", "read")}));
  TokensOptions options = Options();
  options.check_time = std::chrono::hours(1);
  const auto seldom = Open(options);
  options.check_time = milliseconds(20);
  const auto often = Open(options);
  Replace(List({}));
  EXPECT_TRUE(seldom->Find(kRemote, "Bearer one").known);
  std::this_thread::sleep_for(milliseconds(40));
  EXPECT_FALSE(often->Find(kRemote, "Bearer one").known);
  EXPECT_TRUE(often->empty());
  EXPECT_TRUE(seldom->Find(kRemote, "Bearer one").known);
}

TEST_F(TokensTest, ManyThreadsAskWhileTheFileChanges) {
  Write(List({Entry("a", "one", "read"), Entry("b", "two", "read")}));
  const auto tokens = Open();
  std::atomic<bool> stop = false;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      while (!stop) {
        if (tokens->Find(kRemote, "Bearer one").name != "a") ++wrong;
        tokens->Find(kRemote, "Bearer two");
      }
    });
  }
  for (int i = 0; i < 50; ++i) {
    Replace(List({Entry("a", "one", "read"), Entry("b", fmt::format("two{}", i), "read")}));
    std::this_thread::sleep_for(milliseconds(2));
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_FALSE(tokens->Find(kRemote, "Bearer two").known);
  EXPECT_TRUE(tokens->Find(kRemote, "Bearer two49").known);
}

TEST_F(TokensTest, ANewTokenIsKnownByItsEntry) {
  const FreshToken fresh = *NewToken("ranking", Verb::kRead, {"user_spend", "item_*"});
  EXPECT_EQ(fresh.text.size(), std::string("millrace_").size() + 43);
  const auto entry = nlohmann::json::parse(fresh.entry);
  EXPECT_EQ(entry["sha256"], ToHex(HashOf(fresh.text)));
  EXPECT_THAT(fresh.entry, Not(HasSubstr(fresh.text)));
  EXPECT_THAT(fresh.entry, Not(HasSubstr("\n")));
  Write(List({fresh.entry, NewToken("all", Verb::kAdmin, {})->entry}));
  const auto tokens = Open();
  const Principal found = tokens->Find(kRemote, "Bearer " + fresh.text);
  EXPECT_EQ(found.name, "ranking");
  EXPECT_EQ(found.role, Verb::kRead);
  EXPECT_FALSE(found.all_views);
  EXPECT_THAT(found.views, ElementsAre("item_*", "user_spend"));
  EXPECT_NE(NewToken("a", Verb::kRead, {})->text, NewToken("a", Verb::kRead, {})->text);
}

TEST_F(TokensTest, ANewTokenThatAFileWouldRefuseIsRefused) {
  EXPECT_THAT(CodesOf(NewToken("", Verb::kRead, {}).status()), ElementsAre("bad_value"));
  EXPECT_THAT(CodesOf(NewToken("a b", Verb::kRead, {}).status()), ElementsAre("bad_value"));
  EXPECT_THAT(CodesOf(NewToken("a", Verb::kRead, {"v*w"}).status()), ElementsAre("bad_value"));
  EXPECT_THAT(CodesOf(NewToken("\xFF", Verb::kRead, {}).status()), ElementsAre("bad_value"));
}

}  // namespace
}  // namespace millrace::serve
