#include "serve/observe/request_log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "serve/observe/log_file.h"
#include "serve/observe/observe_testing.h"
#include "sources/folder_testing.h"

namespace millrace::serve {
namespace {

using base::EventTime;
using nlohmann::json;
using sources::CodeOf;
using sources::Folder;
using ::testing::EndsWith;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr EventTime kNow = EventTime::Micros(1'738'319'400'000'042);
constexpr std::chrono::seconds kLong{20};

// Each line, which has to be JSON.
std::vector<json> LinesOf(const std::string& text) {
  std::vector<json> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(json::parse(line));
  return lines;
}

bool Eventually(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + kLong;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

class RequestLogTest : public ::testing::Test {
 protected:
  std::unique_ptr<RequestLog> Open(const std::string& path) {
    auto log = RequestLog::Open(path, clock_);
    EXPECT_TRUE(log.ok()) << log.status();
    return log.ok() ? *std::move(log) : nullptr;
  }

  const Folder folder_;
  SetClock clock_{kNow};
  const std::string path_ = folder_ / "requests.log";
};

TEST_F(RequestLogTest, ARequestIsALine) {
  {
    const auto log = Open(path_);
    log->Request({.request_id = "r-1",
                  .principal = "loopback",
                  .peer = "127.0.0.1:5000",
                  .route = "features",
                  .verb = "read",
                  .names = "spend:sum_1h",
                  .entities = 3,
                  .status = 422,
                  .code = "unknown_name",
                  .took = std::chrono::nanoseconds(87'900)});
    EXPECT_EQ(log->dropped(), 0);
  }
  EXPECT_EQ(folder_.Read("requests.log"),
            R"({"time":"2025-01-31T10:30:00.000042Z","level":"warning","event":"request",)"
            R"("request_id":"r-1","principal":"loopback","peer":"127.0.0.1:5000",)"
            R"("route":"features","verb":"read","names":"spend:sum_1h","entities":3,)"
            R"("status":422,"code":"unknown_name","took_us":87})"
            "\n");
}

TEST_F(RequestLogTest, AnEventIsALineAtOnce) {
  const auto log = Open(path_);
  log->Event(LogLevel::kError, "materialize", "it failed");
  ASSERT_TRUE(Eventually([&] { return !folder_.Read("requests.log").empty(); }));
  EXPECT_EQ(folder_.Read("requests.log"),
            R"({"time":"2025-01-31T10:30:00.000042Z","level":"error","event":"materialize",)"
            R"("message":"it failed"})"
            "\n");
}

TEST_F(RequestLogTest, TimesAlwaysHaveSixDigitsAndTheirSecond) {
  {
    const auto log = Open(path_);
    for (const int64_t micros : {int64_t{0}, int64_t{999'999}, int64_t{1'000'000}, int64_t{-1}}) {
      clock_.Set(EventTime::Micros(micros));
      log->Event(LogLevel::kInfo, "e", "m");
    }
  }
  const auto lines = LinesOf(folder_.Read("requests.log"));
  ASSERT_THAT(lines, SizeIs(4));
  EXPECT_EQ(lines[0]["time"], "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(lines[1]["time"], "1970-01-01T00:00:00.999999Z");
  EXPECT_EQ(lines[2]["time"], "1970-01-01T00:00:01.000000Z");
  EXPECT_EQ(lines[3]["time"], "1969-12-31T23:59:59.999999Z");
}

TEST_F(RequestLogTest, WhatACallerSentIsOneLineOfUtf8) {
  {
    const auto log = Open(path_);
    log->Request({.request_id = "a\n\"b\\\x01", .names = "\xFFz", .status = 200});
    log->Request({.names = std::string(3'000, 'x'), .status = 500});
    // The 2000th byte is within a character.
    log->Request({.names = "x" + std::string("\xC3\xA9", 2) + std::string(1'996, 'y') + "\xC3\xA9",
                  .status = 200});
  }
  const auto lines = LinesOf(folder_.Read("requests.log"));
  ASSERT_THAT(lines, SizeIs(3));
  EXPECT_EQ(lines[0]["request_id"], "a\n\"b\\\x01");
  EXPECT_EQ(lines[0]["names"], "\xEF\xBF\xBDz");
  EXPECT_EQ(lines[0]["level"], "info");
  EXPECT_EQ(lines[1]["names"], std::string(2'000, 'x') + "…");
  EXPECT_EQ(lines[1]["level"], "error");
  EXPECT_THAT(lines[2]["names"].get<std::string>(), StartsWith("xé"));
  EXPECT_THAT(lines[2]["names"].get<std::string>(), EndsWith("yy…"));
}

TEST_F(RequestLogTest, AFileIsAppendedTo) {
  for (int i = 0; i < 2; ++i) Open(path_)->Event(LogLevel::kInfo, "started", "");
  EXPECT_THAT(LinesOf(folder_.Read("requests.log")), SizeIs(2));
}

TEST_F(RequestLogTest, ARotatedFileIsFollowed) {
  const auto log = Open(path_);
  log->Event(LogLevel::kInfo, "first", "");
  ASSERT_TRUE(Eventually([&] { return !folder_.Read("requests.log").empty(); }));
  std::filesystem::rename(path_, folder_ / "old.log");
  ASSERT_TRUE(Eventually([&] {
    log->Event(LogLevel::kInfo, "later", "");
    return std::filesystem::exists(path_);
  }));
  std::filesystem::remove(path_);
  ASSERT_TRUE(Eventually([&] {
    log->Event(LogLevel::kInfo, "latest", "");
    return !folder_.Read("requests.log").empty();
  }));
  EXPECT_EQ(LinesOf(folder_.Read("old.log"))[0]["event"], "first");
  EXPECT_EQ(LinesOf(folder_.Read("requests.log"))[0]["event"], "latest");
  EXPECT_EQ(log->dropped(), 0);
}

TEST_F(RequestLogTest, NoFileIsNoLog) {
  const auto log = Open("");
  log->Request({.status = 200});
  log->Event(LogLevel::kInfo, "started", "");
  EXPECT_EQ(log->dropped(), 0);
}

TEST_F(RequestLogTest, AFileThatCannotBeMadeIsAnError) {
  EXPECT_EQ(CodeOf(RequestLog::Open(folder_ / "none/requests.log", clock_).status()),
            "file_not_found");
  EXPECT_EQ(CodeOf(RequestLog::Open(folder_.path(), clock_).status()), "io_error");
}

TEST_F(RequestLogTest, AFullDiskLosesLinesAndCountsThem) {
  const auto log = Open("/dev/full");
  for (int i = 0; i < 10; ++i) log->Event(LogLevel::kInfo, "started", "");
  EXPECT_TRUE(Eventually([&] { return log->dropped() == 10; }));
}

// Both ends of a pipe by name.
class PipeLogTest : public RequestLogTest {
 protected:
  void SetUp() override {
    ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
    reader_ = ::open(path_.c_str(), O_RDONLY | O_NONBLOCK);
    ASSERT_GE(reader_, 0);
  }
  void TearDown() override { CloseReader(); }
  void CloseReader() {
    if (reader_ >= 0) ::close(reader_);
    reader_ = -1;
  }
  std::string ReadAll() const {
    std::string text;
    std::array<char, 4'096> buffer;
    for (ssize_t read = 0; (read = ::read(reader_, buffer.data(), buffer.size())) > 0;) {
      text.append(buffer.data(), static_cast<size_t>(read));
    }
    return text;
  }

  int reader_ = -1;
};

TEST_F(PipeLogTest, AReaderThatStopsReadingLosesLinesAndStopsNobody) {
  constexpr int kLines = 100'000;
  const auto start = std::chrono::steady_clock::now();
  int64_t dropped = 0;
  {
    const auto log = Open(path_);
    for (int i = 0; i < kLines; ++i) {
      log->Request({.request_id = std::to_string(i), .names = "spend:sum_1h", .status = 200});
    }
    // More than may wait: some are dropped before the writer gives up on the pipe.
    EXPECT_GT(log->dropped(), 0);
    EXPECT_LT(log->dropped(), kLines);
    ASSERT_TRUE(Eventually([&] { return log->dropped() > kLines / 2; }));
    log->Event(LogLevel::kInfo, "stopping", "");
    dropped = log->dropped();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, kLong);
  const auto lines = LinesOf(ReadAll());
  EXPECT_GT(lines.size(), 100);
  EXPECT_EQ(lines[0]["request_id"], "0");
  EXPECT_LE(static_cast<int64_t>(lines.size()), kLines - dropped + 1);
}

TEST_F(PipeLogTest, AReaderThatIsGoneLosesLinesAndKillsNobody) {
  const auto log = Open(path_);
  CloseReader();
  log->Event(LogLevel::kInfo, "started", "");
  EXPECT_TRUE(Eventually([&] { return log->dropped() == 1; }));
}

TEST_F(PipeLogTest, ASlowReaderGetsEveryLine) {
  constexpr int kLines = 3'000;  // over what a pipe holds
  std::string text;
  auto log = Open(path_);
  for (int i = 0; i < kLines; ++i) log->Request({.status = 200});
  std::thread closing([&] { log.reset(); });
  EXPECT_TRUE(Eventually([&] {
    text += ReadAll();
    return std::count(text.begin(), text.end(), '\n') == kLines;
  }));
  closing.join();
  EXPECT_THAT(LinesOf(text), SizeIs(kLines));
}

TEST(LogFile, WhatFollowsHalfALineBeginsALine) {
  const Folder folder;
  if (::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=64k") != 0) {
    GTEST_SKIP() << "needs the right to mount a small file system";
  }
  {
    const std::string path = folder / "a.log";
    const auto file = LogFile::Open(path).ValueOrDie();
    const std::string line(999, 'x');
    std::string lines;
    for (int i = 0; i < 100; ++i) lines += line + "\n";
    const int64_t lost = file->Write(lines);
    EXPECT_GT(lost, 30);
    EXPECT_LT(lost, 100);
    EXPECT_EQ(file->Write(lines), 100);
    const std::string before = folder.Read("a.log");
    EXPECT_NE(before.back(), '\n');
    std::filesystem::resize_file(path, before.size() - 8'192);
    EXPECT_EQ(file->Write("next\n"), 0);
    EXPECT_THAT(folder.Read("a.log"), EndsWith("x\nnext\n"));
  }
  ::umount(folder.path().c_str());
}

TEST_F(RequestLogTest, ThreadsLinesStayWhole) {
  constexpr int kThreads = 4;
  constexpr int kTimes = 2'000;
  {
    const auto log = Open(path_);
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        for (int n = 0; n < kTimes; ++n) log->Request({.entities = i, .status = n});
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  std::vector<int> next(kThreads);
  const auto lines = LinesOf(folder_.Read("requests.log"));
  ASSERT_THAT(lines, SizeIs(kThreads * kTimes));
  for (const json& line : lines) {
    EXPECT_EQ(line["status"].get<int>(), next[line["entities"].get<size_t>()]++);
  }
}

}  // namespace
}  // namespace millrace::serve
