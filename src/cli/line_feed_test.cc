#include "cli/line_feed.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

namespace millrace::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// A pipe with a name, so that a test is its producer.
class LineFeedTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "line_feed_XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  void TearDown() override {
    if (writer_ >= 0) ::close(writer_);
    std::filesystem::remove_all(folder_);
  }

  LineFeed OpenPipe() {
    const std::string path = folder_ + "/pipe";
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
    std::thread opener([&] { writer_ = ::open(path.c_str(), O_WRONLY | O_CLOEXEC); });
    auto feed = LineFeed::Open(path);
    opener.join();
    return *std::move(feed);
  }
  void Send(std::string_view text) const {
    ASSERT_EQ(::write(writer_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void CloseWriter() {
    ::close(writer_);
    writer_ = -1;
  }
  LineFeed OpenFile(const std::string& text) const {
    std::ofstream(folder_ + "/file") << text;
    return *LineFeed::Open(folder_ + "/file");
  }

  std::string folder_;
  int writer_ = -1;
};

TEST_F(LineFeedTest, ABatchIsWhatHasCome) {
  LineFeed feed = OpenPipe();
  Send("a\nb\r\nc");
  LineBatch batch = *feed.Next(10);
  EXPECT_THAT(batch.lines, ElementsAre("a", "b"));
  EXPECT_EQ(batch.first_line, 1);
  Send("c\n\n");
  batch = *feed.Next(10);
  EXPECT_THAT(batch.lines, ElementsAre("cc", ""));
  EXPECT_EQ(batch.first_line, 3);
  Send("last");
  CloseWriter();
  batch = *feed.Next(10);
  EXPECT_THAT(batch.lines, ElementsAre("last"));
  EXPECT_EQ(batch.first_line, 5);
  EXPECT_THAT(feed.Next(10)->lines, IsEmpty());
}

TEST_F(LineFeedTest, AtMostSoManyLines) {
  LineFeed feed = OpenFile("1\n2\n3\n4\n5\n");
  EXPECT_THAT(feed.Next(2)->lines, ElementsAre("1", "2"));
  EXPECT_THAT(feed.Next(2)->lines, ElementsAre("3", "4"));
  const LineBatch last = *feed.Next(2);
  EXPECT_THAT(last.lines, ElementsAre("5"));
  EXPECT_EQ(last.first_line, 5);
  EXPECT_THAT(feed.Next(2)->lines, IsEmpty());
}

TEST_F(LineFeedTest, LinesLongerThanARead) {
  const std::string line(3'000'000, 'x');
  LineFeed feed = OpenFile(line + "\n" + line + "\n");
  const LineBatch batch = *feed.Next(10);
  EXPECT_THAT(batch.lines, ElementsAre(line, line));
}

TEST_F(LineFeedTest, ABatchOfManyBytesEnds) {
  const std::string line(1 << 20, 'x');
  std::string text;
  for (int i = 0; i < 40; ++i) text += line + "\n";
  LineFeed feed = OpenFile(text);
  size_t lines = 0;
  size_t largest = 0;
  while (true) {
    const size_t size = feed.Next(10'000)->lines.size();
    if (size == 0) break;
    lines += size;
    largest = std::max(largest, size);
  }
  EXPECT_EQ(lines, 40U);
  EXPECT_LE(largest, 17U);
}

TEST_F(LineFeedTest, ASignalEndsWaiting) {
  LineFeed feed = OpenPipe();
  std::thread somebody([] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    std::raise(SIGINT);
  });
  EXPECT_THAT(feed.Next(10)->lines, IsEmpty());
  somebody.join();
  EXPECT_TRUE(LineFeed::Stopped());
}

TEST_F(LineFeedTest, WhatCannotBeOpened) {
  const auto feed = LineFeed::Open(folder_ + "/none");
  EXPECT_EQ(base::ProblemsOf(feed.status())[0].code.name, "file_not_found");
  LineFeed folder = *LineFeed::Open(folder_);
  EXPECT_EQ(base::ProblemsOf(folder.Next(1).status())[0].code.name, "io_error");
}

}  // namespace
}  // namespace millrace::cli
