// Compaction: the same rows whatever it is stopped at, when it is due, and what it leaves to
// readers.
#include "sources/push/push_compaction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "base/failpoint.h"
#include "sources/push/push_log_testing.h"

namespace millrace::sources {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class PushCompaction : public PushLogTest {
 protected:
  void TearDown() override { ASSERT_TRUE(base::SetFailpoints("").ok()); }

  std::string Tag() const { return TagPushedRows(push_, "s", {}).ValueOrDie()[0].tag; }
  void ExpectSame(const std::string& rows, const std::string& tag) const {
    EXPECT_EQ(ReadLog(source_, push_), rows);
    EXPECT_EQ(Tag(), tag);
  }

  const features::Source source_ =
      PushedSource({{"tags", "list<string>"}, {"point", "vector<float32, 2>"}, {"day", "date"}});
};

TEST_F(PushCompaction, KeepsRowsAndTheirTag) {
  const auto writer = Open(source_);
  Append(writer.get(), {{"ann", 1}, {"bob", -0.0}});
  Append(writer.get(), {{"", 1e300}});
  const std::string rows = ReadLog(source_, push_);
  const std::string tag = Tag();
  EXPECT_THAT(rows, HasSubstr("bob|0.0|"));
  ASSERT_TRUE(writer->Compact().ok());
  EXPECT_THAT(LogNames(), ElementsAre("w-1-3.parquet"));
  ExpectSame(rows, tag);
  ASSERT_TRUE(writer->Compact().ok());
  EXPECT_THAT(LogNames(), ElementsAre("w-1-3.parquet"));
  EXPECT_EQ(Append(writer.get(), {{"cid", 3}}), 4);
  EXPECT_THAT(LogNames(), ElementsAre("w-1-3.parquet", "w-4.log"));
}

TEST_F(PushCompaction, IsDueBySizeAndByAge) {
  const auto writer = Open(source_, "push", {.segment_bytes_max = 5'000});
  EXPECT_FALSE(*writer->CompactIfDue(After(1'000)));
  Append(writer.get(), {{"ann", 1}});  // received After(60)
  EXPECT_FALSE(*writer->CompactIfDue(After(119)));
  EXPECT_TRUE(*writer->CompactIfDue(After(120)));
  EXPECT_FALSE(*writer->CompactIfDue(After(1'000)));
  Append(writer.get(), {{"bob", 2}});
  EXPECT_FALSE(*writer->CompactIfDue(After(60)));
  while (!*writer->CompactIfDue(After(60))) Append(writer.get(), {{"cid", 3}});
  EXPECT_GT(writer->next_row(), 4);
  EXPECT_LT(writer->next_row(), 20);
}

TEST_F(PushCompaction, AgeIsThatOfTheFirstRowAfterReopeningToo) {
  Append(Open(source_).get(), {{"ann", 1}});
  const auto writer = Open(source_);
  EXPECT_FALSE(*writer->CompactIfDue(After(119)));
  EXPECT_TRUE(*writer->CompactIfDue(After(120)));
}

TEST_F(PushCompaction, WhatCoversASegmentCountsAloneUntilItIsRemoved) {
  std::string rows;
  std::string tag;
  std::string segment;
  std::string name;
  {
    const auto writer = Open(source_);
    Append(writer.get(), {{"ann", 1}, {"bob", 2}});
    name = "push/s/" + writer->writer() + "-00000000000000000001.log";
    segment = folder_.Read(name);
    rows = ReadLog(source_, push_);
    tag = Tag();
    ASSERT_TRUE(writer->Compact().ok());
  }
  folder_.Write(name, segment);
  EXPECT_THAT(LogNames(), ElementsAre("w-1-2.parquet", "w-1.log"));
  ExpectSame(rows, tag);
  const auto writer = Open(source_);
  EXPECT_THAT(LogNames(), ElementsAre("w-1-2.parquet"));
  EXPECT_EQ(writer->next_row(), 3);
  ExpectSame(rows, tag);
}

// Killed at each of its steps, and then again while what was left is done.
TEST_F(PushCompaction, SurvivesKill) {
  const std::vector<std::string> points = {"log.compact.write=kill", "log.compact.remove=kill"};
  for (const std::string& point : points) {
    {
      const auto writer = Open(source_);
      Append(writer.get(), {{"ann", 1}, {"bob", 2}});
    }
    const std::string rows = ReadLog(source_, push_);
    const std::string tag = Tag();
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const auto writer = PushLogWriter::Open(push_, source_, {});
      if (writer.ok() && base::SetFailpoints(point).ok()) {
        static_cast<void>((*writer)->Compact());
      }
      ::_exit(1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << point;
    ExpectSame(rows, tag);
    const auto writer = Open(source_);
    ExpectSame(rows, tag);
    ASSERT_TRUE(writer->Compact().ok());
    ExpectSame(rows, tag);
    for (const std::string& name : LogNames()) EXPECT_THAT(name, HasSubstr(".parquet"));
  }
}

TEST_F(PushCompaction, ThatFailsIsDoneByTheNextCall) {
  const auto writer = Open(source_);
  Append(writer.get(), {{"ann", 1}});
  const std::string rows = ReadLog(source_, push_);
  for (const char* point : {"log.compact.write=full", "log.compact.remove=error"}) {
    ASSERT_TRUE(base::SetFailpoints(point).ok());
    EXPECT_FALSE(writer->CompactIfDue(After(1'000)).ok()) << point;
    EXPECT_EQ(ReadLog(source_, push_), rows);
  }
  ASSERT_TRUE(base::SetFailpoints("log.compact.write=full").ok());
  // Rows are still taken meanwhile, in a segment of their own.
  EXPECT_EQ(Append(writer.get(), {{"bob", 2}}), 2);
  ASSERT_TRUE(base::SetFailpoints("").ok());
  EXPECT_TRUE(*writer->CompactIfDue(After(0)));
  EXPECT_FALSE(*writer->CompactIfDue(After(0)));
  EXPECT_THAT(LogNames(), ElementsAre("w-1-1.parquet", "w-2-2.parquet"));
}

TEST_F(PushCompaction, SmallFilesAreMergedAndRowsWrittenAnewSeldom) {
  const auto writer = Open(source_);
  std::string rows;
  size_t most = 0;
  for (int i = 1; i <= 40; ++i) {
    Append(writer.get(), {{"ann", i}});
    ASSERT_TRUE(writer->Compact().ok());
    most = std::max(most, LogNames().size());
  }
  EXPECT_LE(most, 16);
  const std::string read = ReadLog(source_, push_);
  EXPECT_EQ(std::count(read.begin(), read.end(), '\n'), 40);
  EXPECT_THAT(read, HasSubstr("push:w:17 2025-01-01T12:00:00Z ann|17.0|"));
}

TEST_F(PushCompaction, FilesOfOtherTypesStayApartAndOfOtherColumnsDoNot) {
  const std::vector<features::Source> sources = {
      PushedSource({{"note", "string"}}), PushedSource({{"note", "int64"}}),
      PushedSource({{"note", "int64"}, {"day", "date"}}), PushedSource({{"day", "date"}})};
  for (const features::Source& source : sources) {
    const auto writer = Open(source, "push", {.files_max = 1'000});
    Append(writer.get(), {{"ann", 1}});
    ASSERT_TRUE(writer->Compact().ok());
  }
  ASSERT_THAT(LogNames(), SizeIs(4));
  const features::Source source = PushedSource({{"note", "string"}, {"day", "date"}});
  const std::string rows = ReadLog(source, push_);
  const std::string tag = Tag();
  const auto writer = Open(sources.back(), "push", {.files_max = 1});
  ASSERT_TRUE(writer->Compact().ok());
  EXPECT_THAT(LogNames(), ElementsAre("w-1-1.parquet", "w-2-4.parquet"));
  EXPECT_EQ(ReadLog(source, push_), rows);
  EXPECT_EQ(Tag(), tag);
}

TEST_F(PushCompaction, RemovesNothingUnderAReader) {
  const auto writer = Open(source_);
  Append(writer.get(), {{"ann", 1}, {"bob", 2}});
  ASSERT_TRUE(writer->Compact().ok());
  Append(writer.get(), {{"cid", 3}});
  const std::string rows = ReadLog(source_, push_);
  auto reader = OpenPushLog(source_, push_, AllColumns(source_, "", 9), {}).ValueOrDie();
  Append(writer.get(), {{"dan", 4}});
  for (int i = 0; i < 20; ++i) {
    Append(writer.get(), {{"eva", 5}});
    ASSERT_TRUE(writer->Compact().ok());
  }
  // Files that others cover stay as long as somebody may read them.
  EXPECT_GT(LogNames().size(), 20);
  std::string read;
  ASSERT_EQ(reader->parts(), 2);
  auto last = reader->OpenPart(0).ValueOrDie();
  read += ReadPartText(reader.get(), source_, 0).rows;
  read += ReadPartText(reader.get(), source_, 1).rows;
  EXPECT_EQ(WithoutId(read, push_), rows);
  reader.reset();
  ASSERT_TRUE(writer->Compact().ok());
  EXPECT_GT(LogNames().size(), 20) << "a part is still open";
  last.reset();
  ASSERT_TRUE(writer->Compact().ok());
  EXPECT_LE(LogNames().size(), 16);
}

}  // namespace
}  // namespace millrace::sources
