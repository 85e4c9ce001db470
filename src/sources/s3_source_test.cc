// Sources on S3. Run by tests/integration/s3_test.py, which starts a server and fills a bucket;
// skipped elsewhere.
#include <arrow/api.h>
#include <arrow/io/interfaces.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <utility>

#include "sources/files/s3_session.h"
#include "sources/files/whole_file.h"
#include "sources/folder_testing.h"
#include "sources/source_testing.h"
#include "sources/table_writer.h"

namespace millrace::sources {
namespace {

using ::testing::HasSubstr;

const std::vector<std::pair<const char*, const char*>> kColumns = {
    {"user_id", "string"}, {"amount", "float64"}, {"t", "timestamp"}};

// What main holds.
class Session : public ::testing::Environment {
 public:
  void TearDown() override { session_.reset(); }

 private:
  std::optional<S3Session> session_{std::in_place};
};

[[maybe_unused]] const auto* const kSession = ::testing::AddGlobalTestEnvironment(new Session);

class S3Source : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* bucket = std::getenv("MILLRACE_TEST_BUCKET");
    if (bucket == nullptr) GTEST_SKIP() << "needs a server: tests/integration/s3_test.py";
    bucket_ = std::string("s3://") + bucket;
  }
  std::string Read(const std::string& path) const {
    return ReadEvents({.path = bucket_ + path, .columns = kColumns, .paths = {{"t", "event_time"}}},
                      "/elsewhere");
  }
  std::string bucket_;
};

TEST_F(S3Source, OneFile) {
  EXPECT_EQ(Read("/purchases/b.parquet"),
            bucket_ + "/purchases/b.parquet:1 1970-01-01T00:00:03Z u3|3.0\n");
}

TEST_F(S3Source, GlobsAndFoldersComeInOrderOfTheirNames) {
  const std::string a = bucket_ + "/purchases/a.parquet";
  const std::string two = a + ":1 1970-01-01T00:00:01Z u1|1.0\n" + a +
                          ":2 1970-01-01T00:00:02Z u2|2.0\n" + bucket_ +
                          "/purchases/b.parquet:1 1970-01-01T00:00:03Z u3|3.0\n";
  const std::string three =
      two + bucket_ + "/purchases/day=2/c.parquet:1 1970-01-01T00:00:04Z u4|4.0\n";
  EXPECT_EQ(Read("/purchases/*.parquet"), two);
  EXPECT_EQ(Read("/purchases/[ab].parquet"), two);
  EXPECT_EQ(Read("/purchases/**/*.parquet"), three);
  EXPECT_EQ(Read("/purchases"), three);
  EXPECT_EQ(Read("/purchases/"), three);
}

TEST_F(S3Source, Text) {
  const auto read = [&](const char* path) {
    return ReadEvents({.path = bucket_ + path,
                       .columns = {{"user_id", "string"}, {"t", "timestamp"}},
                       .paths = {{"t", "event_time"}}},
                      "");
  };
  EXPECT_EQ(read("/text/a.csv"), bucket_ + "/text/a.csv:2 1970-01-01T00:00:01Z u1\n");
  EXPECT_EQ(read("/text/*.json"), bucket_ + "/text/a.json:1 1970-01-01T00:00:01Z u1\n");
}

TEST_F(S3Source, SchemaSizeAndTag) {
  const features::Source source = MakeSource({.path = bucket_ + "/purchases/*.parquet",
                                              .columns = kColumns,
                                              .paths = {{"t", "event_time"}}});
  features::Source undeclared = source;
  undeclared.columns.clear();
  undeclared.location.column_paths.clear();
  EXPECT_EQ(ReadSchema(undeclared, "").ValueOrDie().size(), 3);
  const auto reader = OpenFiles(source, {.root = "", .columns = {0}});
  ASSERT_TRUE(reader.ok()) << reader.status();
  const auto files = (*reader)->Files();
  ASSERT_TRUE(files.ok()) << files.status().ToString();
  ASSERT_EQ(files->size(), 2);
  EXPECT_EQ((*files)[0].path, bucket_ + "/purchases/a.parquet");
  EXPECT_GT((*files)[0].bytes, 0);
  EXPECT_EQ((*files)[0].tag.size(), 32) << "an MD5";
}

TEST_F(S3Source, WhatIsNotThereIsNamed) {
  EXPECT_THAT(Read("/purchases/nothing.parquet"),
              AllOf(HasSubstr("/purchases/nothing.parquet"), HasSubstr("[file_not_found]")));
  EXPECT_THAT(Read("/purchases/z*.parquet"), HasSubstr("[empty_source]"));
  EXPECT_THAT(Read("-of-nobody/a.parquet"), HasSubstr("[file_not_found]"));
}

TEST_F(S3Source, ATruncatedFileIsCorrupt) {
  const std::string shown = ReadEvents({.path = bucket_ + "/purchases/cut.txt",
                                        .columns = kColumns,
                                        .format = "parquet",
                                        .paths = {{"t", "event_time"}}},
                                       "");
  EXPECT_THAT(shown, AllOf(HasSubstr("cut.txt"), HasSubstr("[corrupt]")));
}

TEST_F(S3Source, AWrittenFileIsThereOnceItIsCommitted) {
  const std::string path = bucket_ + "/written/a.csv";
  {
    auto file = WholeFile::Create(path).ValueOrDie();
    ASSERT_TRUE(file.stream()->Write("user_id,event_time\n").ok());
  }
  EXPECT_THAT(Read("/written/a.csv"), HasSubstr("[file_not_found]"));
  ASSERT_TRUE(WriteText(path, "user_id,event_time\nu1,1970-01-01T00:00:01Z\n").ok());
  const std::string shown = ReadEvents({.path = path,
                                        .columns = {{"user_id", "string"}, {"t", "timestamp"}},
                                        .paths = {{"t", "event_time"}}},
                                       "");
  EXPECT_EQ(shown, path + ":2 1970-01-01T00:00:01Z u1\n");
}

TEST_F(S3Source, ATableThatIsNotCommittedIsNotThere) {
  const auto schema = arrow::schema({arrow::field("n", arrow::int64())});
  const auto none = arrow::MakeArrayOfNull(arrow::int64(), 1'000).ValueOrDie();
  {
    const auto writer = TableWriter::Open(bucket_ + "/written/b.parquet", schema).ValueOrDie();
    ASSERT_TRUE(writer->Write(*arrow::RecordBatch::Make(schema, 1'000, {none})).ok());
  }
  EXPECT_THAT(Read("/written/b.parquet"), HasSubstr("[file_not_found]"));
}

TEST_F(S3Source, ABucketThatIsNotThereIsNamed) {
  const base::Status status = WriteText("s3://no-such-bucket/a.csv", "a\n");
  EXPECT_EQ(CodeOf(status), "file_not_found") << status;
  EXPECT_THAT(TextOf(status), HasSubstr("s3://no-such-bucket/a.csv"));
}

}  // namespace
}  // namespace millrace::sources
