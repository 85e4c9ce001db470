#include "sources/event_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "sources/source_testing.h"

namespace millrace::sources {
namespace {

using features::TimestampUnit;
using ::testing::HasSubstr;

const std::vector<std::pair<const char*, const char*>> kColumns = {
    {"k", "string"}, {"x", "int64"}, {"t", "timestamp"}};

TEST(EventReader, Csv) {
  const Folder folder;
  folder.Write("a.csv",
               "t,extra,k,x\n"
               "2025-01-01T00:00:00Z,,u1,1\n"
               "2025-01-02,,\"\",\n"
               "2025-01-03T00:00:00+01:00,,\"a,\"\"b\"\"\n\",x\n");
  EXPECT_EQ(ReadEvents({"a.csv", kColumns}, folder.path()),
            "a.csv:2 2025-01-01T00:00:00Z u1|1\n"
            "a.csv:3 2025-01-02T00:00:00Z |null\n"
            "a.csv:4 2025-01-02T23:00:00Z a,\"b\"\n|bad_cast\n");
}

TEST(EventReader, CsvWithCrlfMarkAndBlankLines) {
  const Folder folder;
  folder.Write("a.csv", "\xEF\xBB\xBFk,x,t\r\nu1,1,2025-01-01\r\n\r\nu2,2,2025-01-02\r\n");
  EXPECT_EQ(ReadEvents({"a.csv", kColumns}, folder.path()),
            "a.csv:2 2025-01-01T00:00:00Z u1|1\n"
            "a.csv:4 2025-01-02T00:00:00Z u2|2\n");
}

TEST(EventReader, CsvRowsThatAreNoneAreRejectedByTheirLine) {
  const Folder folder;
  folder.Write("a.csv",
               "k,x,t\n"
               "u1,1\n"
               "u2,2,2025-01-01\n"
               "u3,3,2025-01-01,4\n"
               "\"u\"4,4,2025-01-01\n"
               "u5,5,\n"
               "u6,6,yesterday\n"
               "u7,7,\"\"\n");
  EXPECT_EQ(
      ReadEvents({"a.csv", kColumns}, folder.path()),
      "a.csv:3 2025-01-01T00:00:00Z u2|2\n"
      "malformed_row 3; a.csv row 2: 2 fields, expected 3; a.csv row 4: 4 fields, expected 3; "
      "a.csv row 5: text behind a closing quote\n"
      "null_event_time 1; a.csv row 6\n"
      "unreadable_event_time 2; a.csv row 7: 'yesterday'; a.csv row 8: ''\n");
}

TEST(EventReader, CsvHeaders) {
  const Folder folder;
  folder.Write("only_header.csv", "k,x,t\n");
  folder.Write("empty.csv", "");
  folder.Write("missing.csv", "key_,x,t\n");
  folder.Write("twice.csv", "k,x,x,t\n");
  folder.Write("open.csv", "k,x,t\nu1,1,2025-01-01\n\"u2,2,2025-01-01\n");
  EXPECT_EQ(ReadEvents({"only_header.csv", kColumns}, folder.path()), "");
  EXPECT_THAT(ReadEvents({"empty.csv", kColumns}, folder.path()), HasSubstr("[corrupt]"));
  EXPECT_THAT(ReadEvents({"missing.csv", {{"keys", "string"}, {"t", "timestamp"}}}, folder.path()),
              AllOf(HasSubstr("did you mean 'key_'?"), HasSubstr("[missing_column]")));
  EXPECT_THAT(ReadEvents({"twice.csv", kColumns}, folder.path()), HasSubstr("[duplicate_name]"));
  EXPECT_THAT(ReadEvents({"open.csv", kColumns}, folder.path()),
              AllOf(HasSubstr("open.csv"), HasSubstr("line 3"), HasSubstr("[corrupt]")));
}

TEST(EventReader, CsvTypes) {
  const Folder folder;
  folder.Write(
      "a.csv",
      "t,b,i,u,f,y,d,l,v,m\n"
      "2025-01-01,true,-5,255,0.1,AP8=,2025-01-31,\"[1, 2]\",\"[1, 2]\",\"{\"\"a\"\": 1}\"\n"
      "2025-01-01,2,300,-1,x,!,x,[,[1],{}\n"
      "2025-01-01,,,,,,,,,\n");
  EXPECT_EQ(ReadEvents({"a.csv",
                        {{"t", "timestamp"},
                         {"b", "bool"},
                         {"i", "int8"},
                         {"u", "uint8"},
                         {"f", "float64"},
                         {"d", "date"},
                         {"l", "list<int64>"},
                         {"v", "vector<float32, 2>"},
                         {"m", "map<string, int64>"}}},
                       folder.path()),
            "a.csv:2 2025-01-01T00:00:00Z true|-5|255|0.1|2025-01-31|[1, 2]|[1.0, 2.0]|{a: 1}\n"
            "a.csv:3 2025-01-01T00:00:00Z bad_cast|bad_cast|bad_cast|bad_cast|bad_cast|bad_cast|"
            "vector_length|{}\n"
            "a.csv:4 2025-01-01T00:00:00Z null|null|null|null|null|null|null|null\n");
}

TEST(EventReader, JsonLines) {
  const Folder folder;
  folder.Write("a.jsonl",
               R"({"k": "u1", "x": 9007199254740993, "t": "2025-01-01T00:00:00Z", "z": [1]})"
               "\n\n"
               R"({"k": 7, "x": "x", "t": "1969-12-31T23:59:59.999999"})"
               "\r\n"
               R"({"t": "2025-01-02"})");
  EXPECT_EQ(ReadEvents({"a.jsonl", kColumns}, folder.path()),
            "a.jsonl:1 2025-01-01T00:00:00Z u1|9007199254740993\n"
            "a.jsonl:3 1969-12-31T23:59:59.999999Z 7|bad_cast\n"
            "a.jsonl:4 2025-01-02T00:00:00Z null|null\n");
}

TEST(EventReader, JsonLinesThatAreNoneAreRejected) {
  const Folder folder;
  folder.Write("a.json",
               "{\"k\": \"u1\", \"t\": \"2025-01-01\"\n"
               "{\"k\": \"u2\", \"t\": \"2025-01-02\"}\n"
               "[1]\n"
               "{\"k\": \"u3\"}\n"
               "{\"k\": \"u4\", \"t\": \"soon\"}\n"
               "{\"k\": \"u5\", \"t\": 1735689600}\n");
  EXPECT_EQ(ReadEvents({"a.json", kColumns}, folder.path(), 100),
            "a.json:2 2025-01-02T00:00:00Z u2|null\n"
            "malformed_row 2; a.json row 1: not JSON: '{\"k\": \"u1\", \"t\": \"2025-01-01\"'; "
            "a.json row 3: not a JSON object: '[1]'\n"
            "null_event_time 1; a.json row 4\n"
            "unreadable_event_time 2; a.json row 5: 'soon'; a.json row 6: '1735689600'\n");
}

TEST(EventReader, JsonPathsAndRenames) {
  const Folder folder;
  folder.Write("a.json", R"({"customer_no": "u1", "context": {"device": "tv"}, "t": 1000})");
  EXPECT_EQ(ReadEvents({.path = "a.json",
                        .columns = {{"k", "string"}, {"device", "string"}, {"t", "timestamp"}},
                        .paths = {{"k", "customer_no"}, {"device", "context.device"}},
                        .unit = TimestampUnit::kMillis},
                       folder.path()),
            "a.json:1 1970-01-01T00:00:01Z u1|tv\n");
}

TEST(EventReader, EmptyJsonHasNoRows) {
  const Folder folder;
  folder.Write("a.json", "");
  EXPECT_EQ(ReadEvents({"a.json", kColumns}, folder.path()), "");
}

TEST(EventReader, KnowledgeTime) {
  const Folder folder;
  folder.Write("a.csv",
               "k,t,c\n"
               "u1,2025-01-01,2025-01-02\n"
               "u2,2025-01-01,\n"
               "u3,2025-01-01,later\n"
               "u4,,\n");
  const std::vector<std::pair<const char*, const char*>> columns = {
      {"k", "string"}, {"t", "timestamp"}, {"c", "timestamp"}};
  EXPECT_EQ(ReadEvents({"a.csv", columns, "c"}, folder.path(), 100),
            "a.csv:2 2025-01-01T00:00:00Z [2025-01-02T00:00:00Z] u1|2025-01-02T00:00:00Z\n"
            "null_event_time 1; a.csv row 5\n"
            "null_created 1; a.csv row 3\n"
            "unreadable_created 1; a.csv row 4: 'later'\n");
  EXPECT_EQ(ReadEvents({"a.csv", {{"k", "string"}, {"t", "timestamp"}}, "t + 1d"}, folder.path()),
            "a.csv:2 2025-01-01T00:00:00Z [2025-01-02T00:00:00Z] u1\n"
            "a.csv:3 2025-01-01T00:00:00Z [2025-01-02T00:00:00Z] u2\n"
            "a.csv:4 2025-01-01T00:00:00Z [2025-01-02T00:00:00Z] u3\n"
            "null_event_time 1; a.csv row 5\n");
}

TEST(EventReader, TimesOfOtherTypes) {
  const Folder folder;
  folder.Write("a.csv", "t\n1\n\n-1\n");
  folder.Write("d.csv", "t\n1969-12-31\nx\n");
  EXPECT_EQ(
      ReadEvents({.path = "a.csv", .columns = {{"t", "int64"}}, .unit = TimestampUnit::kSeconds},
                 folder.path()),
      "a.csv:2 1970-01-01T00:00:01Z\n"
      "a.csv:4 1969-12-31T23:59:59Z\n"
      "null_event_time 1; a.csv row 3\n");
  EXPECT_THAT(
      ReadEvents({"a.csv", {{"t", "int64"}}}, folder.path()),
      AllOf(HasSubstr("[type_mismatch]"), HasSubstr("'t' is int64"), HasSubstr("timestamp_unit")));
  EXPECT_THAT(ReadEvents({"a.csv", {{"t", "float64"}}}, folder.path()),
              HasSubstr("[type_mismatch]"));
  EXPECT_EQ(ReadEvents({"d.csv", {{"t", "date"}}}, folder.path()),
            "d.csv:2 1969-12-31T00:00:00Z\nunreadable_event_time 1; d.csv row 3: 'x'\n");
  EXPECT_EQ(ReadEvents({"d.csv", {{"t", "string"}}}, folder.path()),
            "d.csv:2 1969-12-31T00:00:00Z\nunreadable_event_time 1; d.csv row 3: 'x'\n");
}

TEST(EventReader, FilesInOrderOfTheirNames) {
  const Folder folder;
  folder.Write("d/b.csv", "t,k\n2025-01-02,b\n");
  folder.Write("d/a.csv", "k,t\na,2025-01-03\n");
  folder.Write("d/c.csv", "k,t\n");
  EXPECT_EQ(ReadEvents({"d/*.csv", {{"k", "string"}, {"t", "timestamp"}}}, folder.path()),
            "d/a.csv:2 2025-01-03T00:00:00Z a\nd/b.csv:2 2025-01-02T00:00:00Z b\n");
  const auto reader = OpenFiles(MakeSource({"d", {{"k", "string"}, {"t", "timestamp"}}}),
                                {.root = folder.path(), .columns = {}});
  ASSERT_TRUE(reader.ok());
  const auto files = (*reader)->Files();
  ASSERT_TRUE(files.ok()) << files.status().ToString();
  ASSERT_EQ(files->size(), 3);
  EXPECT_EQ((*reader)->parts(), 3);
  EXPECT_EQ((*reader)->rows_estimate(), (17 + 17 + 4) * 2 / 17) << "lines as in the first";
  EXPECT_GT((*reader)->bytes_estimate(), 17 + 17 + 4);
  EXPECT_EQ((*files)[1].path, "d/b.csv");
  EXPECT_EQ((*files)[1].bytes, 17);
  EXPECT_EQ((*files)[1].tag.size(), 16);
}

TEST(EventReader, ColumnsNotAskedForAreNotThere) {
  const Folder folder;
  folder.Write("a.csv", "k,x,t\nu1,1,2025-01-01\n");
  const auto reader =
      OpenFiles(MakeSource({"a.csv", kColumns}), {.root = folder.path(), .columns = {1}});
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ((*reader)->parts(), 1);
  const auto part = (*reader)->OpenPart(0);
  ASSERT_TRUE(part.ok());
  const auto batch = (*part)->Next();
  ASSERT_TRUE(batch.ok());
  EXPECT_TRUE((**batch).columns[0].view.type.is_null());
  EXPECT_EQ((**batch).columns[1].view.ints[0], 1);
}

TEST(EventReader, AFileThatChangesMeanwhileIsAnError) {
  const Folder folder;
  folder.Write("a.csv", "k,x,t\nu1,1,2025-01-01\n");
  const auto reader =
      OpenFiles(MakeSource({"a.csv", kColumns}), {.root = folder.path(), .columns = {}});
  ASSERT_TRUE(reader.ok());
  folder.Write("a.csv", "k,x,t\nu1,1,2025-01-01\nu2,2,2025-01-01\n");
  const auto source = MakeSource({"a.csv", kColumns});
  EXPECT_EQ(CodeOf(ReadPartText(reader->get(), source, 0).status), "conflict");
}

TEST(EventReader, AFileThatMayNotBeReadIsNamed) {
  const Folder folder;
  const std::string path = folder.Write("a.csv", "k,x,t\nu1,1,2025-01-01\n");
  ::chmod(path.c_str(), 0);
  ::chmod(folder.path().c_str(), 0755);
  const bool root = ::geteuid() == 0;
  if (root) {
    ASSERT_EQ(::seteuid(65534), 0);
  }
  const std::string shown = ReadEvents({"a.csv", kColumns}, folder.path());
  if (root) {
    ASSERT_EQ(::seteuid(0), 0);
  }
  EXPECT_THAT(shown, AllOf(HasSubstr("a.csv"), HasSubstr("[permission_denied]")));
}

TEST(ReadSchema, CsvAndJsonHaveWhatIsDeclared) {
  const Folder folder;
  folder.Write("a.csv", "k,xx,t\n");
  folder.Write("a.json", "{}\n");
  EXPECT_EQ(ReadSchema(MakeSource({"a.json", kColumns}), folder.path()).ValueOrDie().size(), 3);
  EXPECT_EQ(CodeOf(ReadSchema(MakeSource({"a.csv", kColumns}), folder.path()).status()),
            "missing_column");
  EXPECT_EQ(CodeOf(ReadSchema(MakeSource({"a.csv", {}}), folder.path()).status()), "missing_field");
  EXPECT_EQ(CodeOf(ReadSchema(MakeSource({"b.csv", kColumns}), folder.path()).status()),
            "file_not_found");
}

}  // namespace
}  // namespace millrace::sources
