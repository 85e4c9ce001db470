// What is left of a log when its writer dies, its disk fills, or its bytes are damaged.
#include <arrow/buffer.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "base/failpoint.h"
#include "sources/push/push_log_testing.h"
#include "sources/push/push_segment.h"

namespace millrace::sources {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kAnn = "push:w:1 2025-01-01T12:00:00Z ann|1.0\n";
constexpr const char* kBob = "push:w:2 2025-01-01T12:00:00Z bob|2.0\n";
constexpr const char* kCid = "push:w:3 2025-01-01T12:00:00Z cid|3.0\n";

class PushRecovery : public PushLogTest {
 protected:
  // A log of two frames: ann and bob, then cid; where each ends.
  void SetUp() override {
    const auto writer = Open(source_);
    name_ = "push/s/" + writer->writer() + "-00000000000000000001.log";
    Append(writer.get(), {{"ann", 1}, {"bob", 2}});
    first_ = std::filesystem::file_size(folder_ / name_);
    Append(writer.get(), {{"cid", 3}});
    bytes_ = folder_.Read(name_);
    const auto segment = Segment::Read(folder_ / name_).ValueOrDie();
    ASSERT_EQ(segment->frames(), 2);
    header_ = EncodeSegmentHeader(segment->header()).ValueOrDie().size();
  }
  void TearDown() override { ASSERT_TRUE(base::SetFailpoints("").ok()); }

  void Write(std::string_view bytes) const { folder_.Write(name_, bytes); }
  static base::Result<std::shared_ptr<const Segment>> Decode(std::string bytes) {
    return Segment::Decode(arrow::Buffer::FromString(std::move(bytes)), "a.log");
  }
  std::string Read() const { return ReadLog(source_, push_); }

  const features::Source source_ = PushedSource();
  std::string name_;
  std::string bytes_;
  size_t header_ = 0;  // bytes up to the first frame
  size_t first_ = 0;   // up to the second
};

TEST_F(PushRecovery, EveryLengthOfALogIsTheFramesThatAreWhole) {
  for (size_t length = 0; length < bytes_.size(); ++length) {
    const auto segment = Decode(bytes_.substr(0, length));
    if (length < header_) {
      EXPECT_EQ(CodeOf(segment.status()), "corrupt") << length;
      continue;
    }
    ASSERT_TRUE(segment.ok()) << length << segment.status();
    EXPECT_EQ((*segment)->rows(), length < first_ ? 0 : 2) << length;
    const size_t whole = length < first_ ? header_ : first_;
    EXPECT_EQ((*segment)->torn_bytes(), static_cast<int64_t>(length - whole)) << length;
  }
}

TEST_F(PushRecovery, ATornLogGoesOnWhereItIsWhole) {
  for (const size_t length : {header_, header_ + 1, header_ + 24, header_ + 25, first_ - 1, first_,
                              first_ + 23, first_ + 24, first_ + 200, bytes_.size() - 1}) {
    Write(std::string_view(bytes_).substr(0, length));
    const std::string whole = length < first_ ? "" : std::string(kAnn) + kBob;
    ASSERT_EQ(Read(), whole) << length;
    const auto writer = Open(source_);
    ASSERT_NE(writer, nullptr);
    const int64_t next = length < first_ ? 1 : 3;
    ASSERT_EQ(Append(writer.get(), {{"zoe", 9}}), next);
    ASSERT_EQ(Read(), whole + "push:w:" + std::to_string(next) + " 2025-01-01T12:00:00Z zoe|9.0\n");
  }
  Write(std::string_view(bytes_).substr(0, header_ - 1));
  EXPECT_EQ(CodeOf(PushLogWriter::Open(push_, source_, {}).status()), "corrupt");
}

TEST_F(PushRecovery, EveryBitThatTurnsIsCorrupt) {
  for (size_t at = 0; at < bytes_.size(); ++at) {
    std::string damaged = bytes_;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << at % 8));
    const std::string text = TextOf(Decode(damaged).status());
    ASSERT_THAT(text, HasSubstr("[corrupt]")) << at;
    const size_t frame = at < first_ ? header_ : first_;
    if (at < header_) continue;
    ASSERT_THAT(text, HasSubstr("damaged at byte " + std::to_string(frame))) << at;
    if (at % 100 != 0) continue;
    Write(damaged);
    EXPECT_THAT(Read(), AllOf(HasSubstr("[corrupt]"), HasSubstr(name_))) << at;
    EXPECT_EQ(CodeOf(PushLogWriter::Open(push_, source_, {}).status()), "corrupt") << at;
    EXPECT_EQ(folder_.Read(name_), damaged);
  }
}

TEST_F(PushRecovery, WhatALossOfPowerLeavesIsCutOff) {
  const std::string whole = std::string(kAnn) + kBob + kCid;
  Write(bytes_ + std::string(10'000, '\0'));
  EXPECT_EQ(Read(), whole);
  EXPECT_EQ(Open(source_)->next_row(), 4);
  EXPECT_EQ(std::filesystem::file_size(folder_ / name_), bytes_.size());
  // The head of the last frame came to the disk, its rows did not.
  std::string lost = bytes_;
  std::fill(lost.begin() + static_cast<std::ptrdiff_t>(first_) + 24, lost.end(), '\0');
  Write(lost);
  EXPECT_EQ(Read(), std::string(kAnn) + kBob);
  EXPECT_EQ(Open(source_)->next_row(), 3);
}

TEST_F(PushRecovery, AFrameAtAnotherPlaceIsNone) {
  const std::string head = bytes_.substr(0, header_);
  Write(head + bytes_.substr(first_));
  EXPECT_THAT(Read(), HasSubstr("[corrupt]"));
  Write(bytes_ + bytes_.substr(first_));
  EXPECT_THAT(Read(), AllOf(HasSubstr("[corrupt]"), HasSubstr("the 3 rows before it are whole")));
}

TEST_F(PushRecovery, ASegmentOfAnotherLogIsCorrupt) {
  const auto moved = folder_ / "push/s/w-00000000000000000001.log";
  std::filesystem::rename(folder_ / name_, moved);
  EXPECT_THAT(Read(), HasSubstr("[corrupt]"));
}

TEST_F(PushRecovery, RowsThatNoFileHasAreNamed) {
  {
    const auto writer = Open(PushedSource({{"note", "string"}}));
    Append(writer.get(), {{"dan", 4}});
  }
  std::filesystem::remove(folder_ / name_);
  EXPECT_THAT(Read(), AllOf(HasSubstr("[corrupt]"), HasSubstr("no file has the rows 1 to 3")));
  EXPECT_EQ(CodeOf(PushLogWriter::Open(push_, source_, {}).status()), "corrupt");
}

TEST_F(PushRecovery, AnAppendThatFailsLeavesNothing) {
  const auto writer = Open(source_);
  const PushRows batch{RowsOf(writer->schema(), {{"dan", 4}}), After(0)};
  ASSERT_TRUE(base::SetFailpoints("log.append.write=full").ok());
  EXPECT_EQ(CodeOf(writer->Append({&batch, 1}).status()), "disk_full");
  EXPECT_EQ(folder_.Read(name_), bytes_);
  ASSERT_TRUE(base::SetFailpoints("").ok());
  EXPECT_EQ(*writer->Append({&batch, 1}), 4);
  EXPECT_EQ(Read(), std::string(kAnn) + kBob + kCid + "push:w:4 2025-01-01T12:00:00Z dan|4.0\n");
}

TEST_F(PushRecovery, AFileThatMayNotGrowTakesHalfAFrameBack) {
  const auto writer = Open(source_);
  const PushRows batch{RowsOf(writer->schema(), {{"dan", 4}}), After(0)};
  rlimit before = {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto ignored = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = bytes_.size() + 100;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto failed = writer->Append({&batch, 1});
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, ignored);
  EXPECT_EQ(CodeOf(failed.status()), "disk_full");
  EXPECT_EQ(folder_.Read(name_), bytes_);
  EXPECT_EQ(*writer->Append({&batch, 1}), 4);
}

TEST_F(PushRecovery, AfterADiskThatDoesNotTakeRowsTheLogIsOpenedAnew) {
  const PushLogOptions options{.durability = Durability::kPower};
  auto writer = Open(source_, "push", options);
  const PushRows batch{RowsOf(writer->schema(), {{"dan", 4}}), After(0)};
  ASSERT_TRUE(base::SetFailpoints("log.append.sync=error@1").ok());
  EXPECT_EQ(CodeOf(writer->Append({&batch, 1}).status()), "io_error");
  EXPECT_EQ(CodeOf(writer->Append({&batch, 1}).status()), "io_error");
  EXPECT_EQ(CodeOf(writer->Compact()), "io_error");
  EXPECT_EQ(folder_.Read(name_), bytes_);
  writer.reset();
  writer = Open(source_, "push", options);
  EXPECT_EQ(*writer->Append({&batch, 1}), 4);
}

// What a killed process told its parent of is in the log, under the numbers that it told.
TEST_F(PushRecovery, AcknowledgedRowsSurviveKill) {
  for (int round = 0; round < 5; ++round) {
    int told[2] = {};
    ASSERT_EQ(::pipe(told), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const auto opened = PushLogWriter::Open(push_, source_, {});
      for (int i = 0; opened.ok(); ++i) {
        const PushRows batch{RowsOf((*opened)->schema(), {{"eva", 5}, {"fay", 6}}), After(i)};
        const auto first = (*opened)->Append({&batch, 1});
        if (!first.ok() || ::write(told[1], &*first, sizeof *first) != sizeof *first) break;
        if (i % 20 == 19) static_cast<void>((*opened)->Compact());
      }
      ::_exit(1);
    }
    ::close(told[1]);
    int64_t last = 0;
    int64_t row = 0;
    for (int i = 0; i < 37 + 10 * round && ::read(told[0], &row, sizeof row) == sizeof row; ++i) {
      last = row;
    }
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    while (::read(told[0], &row, sizeof row) == sizeof row) last = row;
    ::close(told[0]);
    ASSERT_GT(last, 3);
    const auto writer = Open(source_);
    ASSERT_NE(writer, nullptr);
    EXPECT_GE(writer->next_row(), last + 2);
    const std::string read = Read();
    const auto rows = std::count(read.begin(), read.end(), '\n');
    EXPECT_EQ(rows, writer->next_row() - 1);
    EXPECT_THAT(
        read, HasSubstr("push:w:" + std::to_string(last + 1) + " 2025-01-01T12:00:00Z fay|6.0\n"));
  }
}

TEST_F(PushRecovery, AnotherProcessIsRefusedAndTold) {
  const auto writer = Open(source_);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto second = PushLogWriter::Open(push_, source_, {});
    const std::string text = TextOf(second.status());
    const std::string owner = "process " + std::to_string(::getppid());
    ::_exit(text.find("[conflict]") != std::string::npos && text.find(owner) != std::string::npos
                ? 0
                : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace millrace::sources
