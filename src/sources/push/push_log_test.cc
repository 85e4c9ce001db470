// Appending and reading back: places, `to`, times of receipt, selections, columns that came later,
// writers beside each other.
#include "sources/push/push_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "sources/joined_reader.h"
#include "sources/push/push_log_testing.h"

namespace millrace::sources {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class PushLogRows : public PushLogTest {};

TEST_F(PushLogRows, ComeBackUnderTheirNumbers) {
  const features::Source source = PushedSource();
  EXPECT_EQ(ReadLog(source, push_), "");
  const auto writer = Open(source);
  EXPECT_EQ(ReadLog(source, push_), "");
  EXPECT_EQ(Append(writer.get(), {{"ann", 1}, {"bob", 2}}), 1);
  EXPECT_EQ(Append(writer.get(), {{"cid", 3}}), 3);
  EXPECT_EQ(writer->next_row(), 4);
  const std::string expected =
      "push:w:1 2025-01-01T12:00:00Z ann|1.0\n"
      "push:w:2 2025-01-01T12:00:00Z bob|2.0\n"
      "push:w:3 2025-01-01T12:00:00Z cid|3.0\n";
  EXPECT_EQ(ReadLog(source, push_), expected);
  EXPECT_EQ(ReadLog(source, push_, {}, 1), expected);
  EXPECT_EQ(ReadLog(source, push_, {}, 2), expected);
}

TEST_F(PushLogRows, OfSeveralBatchesAreOneAppend) {
  const features::Source source = PushedSource();
  const auto writer = Open(source);
  const std::vector<PushRows> batches = {
      {RowsOf(writer->schema(), {{"ann", 1}}), After(0), PushTo::kOnline, "r1"},
      {RowsOf(writer->schema(), {}), After(0), PushTo::kBoth},
      {RowsOf(writer->schema(), {{"bob", 2}, {"cid", 3}}), After(0), PushTo::kOffline}};
  EXPECT_EQ(*writer->Append(batches), 1);
  EXPECT_EQ(*writer->Append({}), 4);
  EXPECT_EQ(ReadLog(source, push_),
            "push:w:2 2025-01-01T12:00:00Z bob|2.0\npush:w:3 2025-01-01T12:00:00Z cid|3.0\n"
            "one-sided 1\n");
  EXPECT_EQ(ReadLog(source, push_, {.to = PushTo::kOnline}),
            "push:w:1 2025-01-01T12:00:00Z ann|1.0\none-sided 2\n");
  ASSERT_TRUE(writer->Compact().ok());
  EXPECT_EQ(ReadLog(source, push_, {.to = PushTo::kOnline}),
            "push:w:1 2025-01-01T12:00:00Z ann|1.0\none-sided 2\n");
}

TEST_F(PushLogRows, WithoutKnowledgeTimeHaveTheTimeOfReceipt) {
  const features::Source source = PushedSource({{"known", "timestamp"}}, "known");
  const auto writer = Open(source);
  Append(writer.get(), {{"ann", 1}});
  const std::string expected =
      "push:w:1 2025-01-01T12:00:00Z [2025-01-01T12:01:00Z] ann|1.0|null\n";
  EXPECT_EQ(ReadLog(source, push_), expected);
  ASSERT_TRUE(writer->Compact().ok());
  EXPECT_EQ(ReadLog(source, push_), expected);
}

TEST_F(PushLogRows, WithoutEventTimeAreRejectedAndKeepTheirNumbers) {
  const features::Source source = PushedSource();
  const auto writer = Open(source);
  Append(writer.get(), {{"ann", -1}, {"bob", 2}});
  EXPECT_EQ(ReadLog(source, push_), "push:w:2 2025-01-01T12:00:00Z bob|2.0\nnull_event_time 1\n");
}

TEST_F(PushLogRows, AreReadFromTheOneThatIsAskedFor) {
  const features::Source source = PushedSource();
  const auto writer = Open(source);
  Append(writer.get(), {{"ann", 1}, {"bob", 2}});
  Append(writer.get(), {{"cid", 3}, {"dan", 4}}, PushTo::kOnline);
  Append(writer.get(), {{"eva", 5}, {"fay", 6}});
  const auto read = [&](RowRange rows, bool others = true) {
    return ReadLog(source, push_, {.writers = {{writer->writer(), rows}}, .others = others});
  };
  const auto check = [&] {
    EXPECT_EQ(read({4}),
              "push:w:5 2025-01-01T12:00:00Z eva|5.0\npush:w:6 2025-01-01T12:00:00Z fay|6.0\n"
              "one-sided 1\n");
    EXPECT_EQ(read({2, 5}, false),
              "push:w:2 2025-01-01T12:00:00Z bob|2.0\npush:w:5 2025-01-01T12:00:00Z eva|5.0\n"
              "one-sided 2\n");
    EXPECT_EQ(read({7}), "");
    EXPECT_EQ(ReadLog(source, push_, {.writers = {{"x", {1, 9}}}, .others = false}), "");
  };
  check();
  ASSERT_TRUE(writer->Compact().ok());
  check();
}

TEST_F(PushLogRows, HaveNullsInColumnsThatCameLater) {
  const features::Source before = PushedSource();
  {
    const auto writer = Open(before);
    Append(writer.get(), {{"ann", 1}});
  }
  const features::Source after = PushedSource({{"note", "string"}});
  const auto writer = Open(after);
  Append(writer.get(), {{"bob", 2}});
  EXPECT_EQ(LogNames(), (std::vector<std::string>{"w-1.log", "w-2.log"}));
  const std::string expected =
      "push:w:1 2025-01-01T12:00:00Z ann|1.0|null\npush:w:2 2025-01-01T12:00:00Z bob|2.0|null\n";
  EXPECT_EQ(ReadLog(after, push_), expected);
  // And the other way round: what is no column any more is not read.
  EXPECT_EQ(ReadLog(before, push_),
            "push:w:1 2025-01-01T12:00:00Z ann|1.0\npush:w:2 2025-01-01T12:00:00Z bob|2.0\n");
  ASSERT_TRUE(writer->Compact().ok());
  EXPECT_EQ(LogNames(), (std::vector<std::string>{"w-1-1.parquet", "w-2-2.parquet"}));
  EXPECT_EQ(ReadLog(after, push_), expected);
}

TEST_F(PushLogRows, AreReadAsTheTypeThatTheirColumnHasNow) {
  {
    const auto writer = Open(PushedSource({{"note", "int64"}, {"flag", "bool"}}));
    Append(writer.get(), {{"ann", 1}});
  }
  EXPECT_EQ(ReadLog(PushedSource({{"note", "string"}}), push_),
            "push:w:1 2025-01-01T12:00:00Z ann|1.0|null\n");
  EXPECT_THAT(ReadLog(PushedSource({{"flag", "timestamp"}}), push_),
              AllOf(HasSubstr("column 'flag' of "), HasSubstr("[type_mismatch]")));
}

TEST_F(PushLogRows, OfTwoWritersAreTwoSequences) {
  const features::Source source = PushedSource();
  const std::string other = folder_ / "other";
  {
    Append(Open(source).get(), {{"ann", 1}, {"bob", 2}});
    const auto writer = PushLogWriter::Open(other, source, {}).ValueOrDie();
    Append(writer.get(), {{"cid", 3}});
    ASSERT_TRUE(writer->Compact().ok());
    EXPECT_NE(*PushWriter(other), *PushWriter(push_));
  }
  for (const auto& entry : std::filesystem::directory_iterator(other + "/s")) {
    std::filesystem::copy(entry.path(), push_ + "/s", std::filesystem::copy_options::skip_existing);
  }
  const std::string read = ReadLog(source, push_);
  EXPECT_THAT(read, HasSubstr("push:w:1 2025-01-01T12:00:00Z ann|1.0\npush:w:2 "));
  EXPECT_THAT(read, HasSubstr("push:" + *PushWriter(other) + ":1 2025-01-01T12:00:00Z cid|3.0\n"));
  EXPECT_EQ(*Open(source)->Append({}), 3);
  const auto tags = TagPushedRows(push_, "s", {});
  ASSERT_TRUE(tags.ok());
  EXPECT_EQ(tags->size(), 2);
}

TEST_F(PushLogRows, OfOtherColumnsAreRefused) {
  const auto writer = Open(PushedSource());
  const PushRows batch{RowsOf(arrow::schema({arrow::field("user_id", arrow::utf8()),
                                             arrow::field("amount", arrow::float64()),
                                             arrow::field("t", arrow::int64())}),
                              {}),
                       After(0)};
  const PushRows none = batch;
  EXPECT_EQ(*writer->Append({&none, 1}), 1);
  const auto more = Open(PushedSource({{"note", "string"}}), "more");
  const PushRows wrong{RowsOf(more->schema(), {{"ann", 1}}), After(0)};
  EXPECT_EQ(CodeOf(writer->Append({&wrong, 1}).status()), "internal");
  EXPECT_EQ(
      CodeOf(PushLogWriter::Open(push_ + "2", PushedSource({{"__to", "int64"}}), {}).status()),
      "bad_value");
}

TEST_F(PushLogRows, AreSharedByNobodyElse) {
  const features::Source source = PushedSource();
  const auto writer = Open(source);
  const auto second = PushLogWriter::Open(push_, source, {});
  EXPECT_THAT(TextOf(second.status()),
              AllOf(HasSubstr("[conflict]"), HasSubstr(" process " + std::to_string(getpid()))));
}

TEST_F(PushLogRows, KeepTheirTagWhateverFilesTheyLieIn) {
  const features::Source source = PushedSource();
  const auto writer = Open(source);
  Append(writer.get(), {{"ann", 1}, {"bob", -2}});
  const auto tag = [&](RowRange rows) {
    const auto files =
        TagPushedRows(push_, "s", {.writers = {{writer->writer(), rows}}, .others = false});
    EXPECT_TRUE(files.ok() && files->size() == 1) << files.status();
    return (*files)[0];
  };
  const InputFile before = tag({});
  EXPECT_EQ(before.path, "push:" + writer->writer() + "/1-2");
  Append(writer.get(), {{"cid", 3}});
  EXPECT_NE(tag({}).tag, before.tag);
  const auto check = [&] {
    EXPECT_EQ(tag({1, 2}).tag, before.tag);
    EXPECT_EQ(tag({1, 2}).bytes, before.bytes);
  };
  check();
  ASSERT_TRUE(writer->Compact().ok());
  check();
  EXPECT_NE(tag({1, 1}).tag, before.tag);
  EXPECT_NE(tag({2, 3}).tag, before.tag);
  const auto reader = OpenPushLog(source, push_, AllColumns(source, "", 9), {}).ValueOrDie();
  EXPECT_EQ((*reader->Files())[0].tag, tag({1, 3}).tag);
}

TEST_F(PushLogRows, AreBehindThoseOfFiles) {
  folder_.Write("a.csv", "user_id,amount,t\nzoe,9,2025-01-01T00:00:00Z\n");
  features::Source source = PushedSource();
  Append(Open(source).get(), {{"ann", 1}});
  source.location.path = "a.csv";
  const ReadOptions options = AllColumns(source, folder_.path(), 9);
  std::vector<std::unique_ptr<EventReader>> readers;
  readers.push_back(OpenFiles(source, options).ValueOrDie());
  readers.push_back(OpenPushLog(source, push_, options, {}).ValueOrDie());
  const auto joined = JoinReaders(std::move(readers));
  ASSERT_EQ(joined->parts(), 2);
  EXPECT_EQ(ReadPartText(joined.get(), source, 0).rows, "a.csv:2 2025-01-01T00:00:00Z zoe|9.0\n");
  EXPECT_THAT(ReadPartText(joined.get(), source, 1).rows, HasSubstr(":1 2025-01-01T12:00:00Z ann"));
  const auto files = joined->Files();
  ASSERT_TRUE(files.ok());
  ASSERT_EQ(files->size(), 2);
  EXPECT_EQ((*files)[0].path, "a.csv");
  EXPECT_THAT((*files)[1].path, HasSubstr("push:"));
}

TEST(PushLogNames, AreReadBack) {
  const auto shown = ShownWriterRows(ShowWriterRows({"host-1", {3, 12}}));
  ASSERT_TRUE(shown.has_value());
  EXPECT_EQ(shown->writer, "host-1");
  EXPECT_EQ(shown->rows, (RowRange{3, 12}));
  for (const char* other : {"a.csv", "push:", "push:w", "push:w/", "push:w/1", "push:w/0-1",
                            "push:w/2-1", "push:W/1-2", "push:/1-2", "push:w/1-2x"}) {
    EXPECT_FALSE(ShownWriterRows(other).has_value()) << other;
  }
}

TEST(PushLogNames, OfOthersAreNoFiles) {
  const Folder folder;
  for (const char* name :
       {"w-00000000000000000001-00000000000000000009.parquet", "w-00000000000000000010.log",
        "w-00000000000000000003-00000000000000000004.parquet", "w-00000000000000000001.log",
        "w-1.log", "W-00000000000000000001.log", "readers.lock", "w.lock", "w-.parquet",
        "-00000000000000000001.log", ".w-00000000000000000001.log.1-0.tmp",
        "w-00000000000000000000.log", "w-99999999999999999999.log"}) {
    folder.Write(name, "");
  }
  const auto found = ListLog(folder.path());
  ASSERT_TRUE(found.ok());
  const auto firsts = [](const std::vector<LogFile>& files) {
    std::vector<int64_t> rows;
    for (const LogFile& file : files) rows.push_back(file.first);
    return rows;
  };
  EXPECT_THAT(firsts(found->files), ElementsAre(1, 10));
  EXPECT_THAT(firsts(found->covered), ElementsAre(1, 3));
  folder.Write("w-00000000000000000009-00000000000000000012.parquet", "");
  EXPECT_EQ(CodeOf(ListLog(folder.path()).status()), "corrupt");
}

TEST(PushLogNames, AWriterHasOneForEver) {
  const Folder folder;
  const auto id = PushWriter(folder / "push");
  ASSERT_TRUE(id.ok()) << id.status();
  EXPECT_EQ(*PushWriter(folder / "push"), *id);
  folder.Write("push/writer", "no id!\n");
  EXPECT_EQ(CodeOf(PushWriter(folder / "push").status()), "corrupt");
}

}  // namespace
}  // namespace millrace::sources
