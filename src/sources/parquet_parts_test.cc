// Row groups as parts: read by themselves, by many threads, with dictionaries, or not at all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "sources/parquet_testing.h"
#include "sources/source_testing.h"

namespace millrace::sources {
namespace {

using features::TimestampUnit;
using ::testing::AllOf;
using ::testing::HasSubstr;

using Writer = parquet::WriterProperties::Builder;

const SourceText kText = {"a.parquet", {{"k", "string"}, {"x", "int64"}, {"t", "timestamp"}}};

// Keys of a few, numbers with gaps, times with a gap now and then.
std::shared_ptr<arrow::Table> Events(int64_t rows) {
  arrow::StringBuilder keys;
  arrow::Int64Builder numbers;
  arrow::Int64Builder times;
  for (int64_t i = 0; i < rows; ++i) {
    EXPECT_TRUE((i % 11 == 5 ? keys.AppendNull() : keys.Append("k" + std::to_string(i % 7))).ok());
    EXPECT_TRUE((i % 5 == 3 ? numbers.AppendNull() : numbers.Append(i)).ok());
    EXPECT_TRUE((i % 97 == 50 ? times.AppendNull() : times.Append(i * 1'000'000)).ok());
  }
  return Table({{"k", keys.Finish().ValueOrDie()},
                {"x", numbers.Finish().ValueOrDie()},
                {"t", times.Finish().ValueOrDie()->View(Micros()).ValueOrDie()}});
}

std::unique_ptr<EventReader> Open(const SourceText& text, const Folder& folder,
                                  int64_t batch_rows_max = 1 << 20) {
  const features::Source source = MakeSource(text);
  auto reader = OpenFiles(source, AllColumns(source, folder.path(), batch_rows_max));
  EXPECT_TRUE(reader.ok()) << reader.status();
  return *std::move(reader);
}

columns::EventBatch FirstBatch(const SourceText& text, const Folder& folder,
                               int64_t batch_rows_max = 1 << 20) {
  const auto reader = Open(text, folder, batch_rows_max);
  return **reader->OpenPart(0).ValueOrDie()->Next();
}

TEST(ParquetParts, ThreadsGiveTheSameAsOneAfterTheOther) {
  const Folder folder;
  WriteGroups(folder / "a.parquet", *Events(1'000), 70);
  WriteGroups(folder / "b.parquet", *Events(333), 1'000);
  SourceText text = kText;
  text.path = "*.parquet";
  const features::Source source = MakeSource(text);
  const auto reader = Open(text, folder);
  ASSERT_EQ(reader->parts(), 16);
  EXPECT_EQ(reader->rows_estimate(), 1'333);
  EXPECT_GT(reader->bytes_estimate(), 1'333 * 3 * 8);
  std::vector<EventText> parallel(16);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < parallel.size(); ++i) {
    threads.emplace_back(
        [&, i] { parallel[i] = ReadPartText(reader.get(), source, static_cast<int64_t>(i)); });
  }
  for (std::thread& thread : threads) thread.join();
  std::string rows;
  columns::RejectedRows rejected;
  for (const EventText& part : parallel) {
    ASSERT_TRUE(part.status.ok()) << part.status;
    rows += part.rows;
    rejected.Merge(part.rejected);
  }
  EXPECT_EQ(rejected.total(), 10 + 3);
  EXPECT_THAT(ReadEvents(text, folder.path(), 1 << 20), ::testing::StartsWith(rows));
}

TEST(ParquetParts, BatchesOfAnySizeHaveTheSameRows) {
  const Folder folder;
  WriteGroups(folder / "a.parquet", *Events(300), 100);
  const std::string whole = ReadEvents(kText, folder.path(), 1 << 20);
  EXPECT_THAT(whole, AllOf(HasSubstr("a.parquet:300 1970-01-01T00:04:59Z k5|299"),
                           HasSubstr("null_event_time 3; a.parquet row 51; a.parquet row 148; "
                                     "a.parquet row 245\n")));
  for (const int64_t rows : {1, 3, 99, 100}) {
    EXPECT_EQ(ReadEvents(kText, folder.path(), rows), whole) << rows;
  }
}

TEST(ParquetParts, ARowGroupThatFitsIsOneBatchWithCodes) {
  const Folder folder;
  WriteGroups(folder / "a.parquet", *Events(200), 100);
  const columns::EventBatch batch = FirstBatch(kText, folder, 100);
  EXPECT_EQ(batch.size, 99) << "one has no time";
  const columns::Column& keys = batch.columns[0].view;
  ASSERT_NE(keys.codes, nullptr);
  EXPECT_EQ(keys.code_count, 7);
  for (int64_t i = 0; i < keys.size; ++i) {
    ASSERT_TRUE(keys.codes[i] >= 0 && keys.codes[i] < 7);
    for (int64_t j = 0; keys.valid(i) && j < i; ++j) {
      if (!keys.valid(j)) continue;
      ASSERT_EQ(keys.codes[i] == keys.codes[j], keys.strings[i] == keys.strings[j]);
    }
  }
  const columns::EventBatch part = FirstBatch(kText, folder, 60);
  EXPECT_LE(part.size, 60);
  EXPECT_EQ(part.columns[0].view.codes, nullptr);
}

TEST(ParquetParts, TextsWithoutADictionaryOrWithHalfOfOne) {
  const Folder folder;
  arrow::StringBuilder keys;
  arrow::Int64Builder times;
  for (int i = 0; i < 5'000; ++i) {
    ASSERT_TRUE(keys.Append("key" + std::to_string(i)).ok());
    ASSERT_TRUE(times.Append(i).ok());
  }
  const auto table = Table({{"k", keys.Finish().ValueOrDie()},
                            {"t", times.Finish().ValueOrDie()->View(Micros()).ValueOrDie()}});
  const SourceText text = {"a.parquet", {{"k", "string"}, {"t", "timestamp"}}};
  const auto whole = parquet::default_writer_properties();
  const auto none = Writer().disable_dictionary()->build();
  const auto half =
      Writer().dictionary_pagesize_limit(100)->data_pagesize(200)->write_batch_size(10)->build();
  for (const auto& properties : {whole, none, half}) {
    WriteGroups(folder / "a.parquet", *table, 10'000, properties);
    const columns::EventBatch batch = FirstBatch(text, folder);
    ASSERT_EQ(batch.size, 5'000);
    EXPECT_EQ(batch.columns[0].view.codes != nullptr, properties == whole);
    for (int64_t i = 0; i < batch.size; ++i) {
      ASSERT_EQ(batch.columns[0].view.strings[i], "key" + std::to_string(i));
    }
  }
}

TEST(ParquetParts, AValueThatADictionaryHasTwice) {
  const Folder folder;
  const auto table = Table(
      {{"k", Texts({"aa", "ab", "ac", nullptr, "ab"})}, {"t", Longs(Micros(), {0, 0, 0, 0, 0})}});
  WriteGroups(
      folder / "a.parquet", *table, 10,
      Writer().disable_statistics()->compression(parquet::Compression::UNCOMPRESSED)->build());
  const SourceText text = {"a.parquet", {{"k", "string"}, {"t", "timestamp"}}};
  EXPECT_NE(FirstBatch(text, folder).columns[0].view.codes, nullptr);
  std::string bytes = folder.Read("a.parquet");
  const size_t at = bytes.find("ab");
  ASSERT_NE(at, std::string::npos);
  ASSERT_EQ(bytes.find("ab", at + 1), std::string::npos) << "in the dictionary alone";
  bytes[at + 1] = 'a';
  folder.Write("a.parquet", bytes);
  const columns::EventBatch batch = FirstBatch(text, folder);
  EXPECT_EQ(batch.columns[0].view.codes, nullptr);
  EXPECT_THAT(std::vector(batch.columns[0].view.strings, batch.columns[0].view.strings + 3),
              ::testing::ElementsAre("aa", "aa", "ac"));
  EXPECT_FALSE(batch.columns[0].view.valid(3));
  EXPECT_EQ(batch.columns[0].view.strings[4], "aa");
}

TEST(ParquetParts, TextInsideAStructAndTextThatIsNone) {
  const Folder folder;
  arrow::BinaryBuilder bytes;
  for (const char* value : {"ok", "\xff", "\xc3\xa9", "ok"}) ASSERT_TRUE(bytes.Append(value).ok());
  const auto context =
      arrow::StructArray::Make({Texts({"tv", nullptr, "pc", "tv"}), Texts({"a", "b", "c", "d"})},
                               std::vector<std::string>{"device", "other"})
          .ValueOrDie();
  WriteGroups(folder / "a.parquet",
              *Table({{"context", context},
                      {"b", bytes.Finish().ValueOrDie()},
                      {"t", Longs(Micros(), {0, 0, 0, 0})}}),
              10);
  const SourceText text = {"a.parquet",
                           {{"context.device", "string"}, {"b", "string"}, {"t", "timestamp"}}};
  EXPECT_EQ(ReadEvents(text, folder.path(), 10),
            "a.parquet:1 1970-01-01T00:00:00Z tv|ok\n"
            "a.parquet:2 1970-01-01T00:00:00Z null|bad_cast\n"
            "a.parquet:3 1970-01-01T00:00:00Z pc|\xc3\xa9\n"
            "a.parquet:4 1970-01-01T00:00:00Z tv|ok\n");
  const columns::EventBatch batch = FirstBatch(text, folder);
  EXPECT_EQ(batch.columns[0].view.code_count, 2);
  EXPECT_EQ(batch.columns[1].view.codes, nullptr) << "not all of its values are text";
}

TEST(ParquetParts, AFileThatChangesBetweenItsPartsIsAnError) {
  const Folder folder;
  WriteGroups(folder / "a.parquet", *Events(200), 100);
  const features::Source source = MakeSource(kText);
  const auto reader = Open(kText, folder);
  EXPECT_TRUE(ReadPartText(reader.get(), source, 0).status.ok());
  WriteGroups(folder / "a.parquet", *Events(300), 100);
  EXPECT_FALSE(ReadPartText(reader.get(), source, 1).status.ok());
}

TEST(ParquetParts, WhatALaterFileLacksIsKnownWhenTheSourceIsOpened) {
  const Folder folder;
  WriteGroups(folder / "a.parquet", *Events(2), 100);
  WriteGroups(folder / "b.parquet", *Table({{"t", Longs(Micros(), {0})}}), 100);
  SourceText text = kText;
  text.path = "*.parquet";
  EXPECT_THAT(ReadEvents(text, folder.path()),
              AllOf(HasSubstr("b.parquet"), HasSubstr("[missing_column]")));
}

// The rows that are read between the bounds (seconds), and what was pruned: "1 2 3; 1 part 2 rows".
std::string Between(const Folder& folder, SourceText text, std::optional<int64_t> from,
                    std::optional<int64_t> to) {
  const features::Source source = MakeSource(text);
  ReadOptions options = AllColumns(source, folder.path(), 100);
  if (from.has_value()) options.from = base::EventTime::Micros(*from);
  if (to.has_value()) options.to = base::EventTime::Micros(*to);
  const auto reader = OpenFiles(source, options).ValueOrDie();
  std::string shown;
  for (int64_t i = 0; i < reader->parts(); ++i) {
    const auto part = reader->OpenPart(i).ValueOrDie();
    for (auto batch = part->Next().ValueOrDie(); batch.has_value(); batch = *part->Next()) {
      for (const int64_t row : batch->rows) shown += std::to_string(row) + " ";
    }
  }
  const Pruned& pruned = reader->pruned();
  return shown + "- " + std::to_string(pruned.parts) + "/" + std::to_string(pruned.rows);
}

TEST(ParquetPruning, GroupsWhollyOutsideAreNotRead) {
  const Folder folder;
  WriteGroups(folder / "a.parquet", *Table({{"t", Longs(Micros(), {10, 11, 20, 21, 30, 31})}}), 2);
  const SourceText text = {"a.parquet", {{"t", "timestamp"}}};
  const auto between = [&](std::optional<int64_t> from, std::optional<int64_t> to) {
    return Between(folder, text, from, to);
  };
  EXPECT_EQ(between({}, {}), "1 2 3 4 5 6 - 0/0");
  EXPECT_EQ(between(21, {}), "3 4 5 6 - 1/2") << "an event at `from` is inside";
  EXPECT_EQ(between(22, {}), "5 6 - 2/4");
  EXPECT_EQ(between({}, 20), "1 2 - 2/4") << "an event at `to` is outside";
  EXPECT_EQ(between({}, 21), "1 2 3 4 - 1/2");
  EXPECT_EQ(between(12, 30), "3 4 - 2/4");
  EXPECT_EQ(between(15, 16), "- 3/6");
  EXPECT_EQ(between(100, 0), "- 3/6");
}

TEST(ParquetPruning, WithoutStatisticsOrWithNullsAGroupIsRead) {
  const Folder folder;
  const auto table = Table({{"t", Longs(Micros(), {10, 11, 20, std::nullopt})}});
  WriteGroups(folder / "a.parquet", *table, 2);
  WriteGroups(folder / "b.parquet", *table, 2, Writer().disable_statistics()->build());
  const SourceText text = {"*.parquet", {{"t", "timestamp"}}};
  EXPECT_EQ(Between(folder, text, 100, {}), "3 1 2 3 - 1/2");
}

TEST(ParquetPruning, KnowledgeTimesThatAreNullAreCounted) {
  const Folder folder;
  WriteGroups(folder / "a.parquet",
              *Table({{"c", Longs(Micros(), {10, std::nullopt, 20, 21})},
                      {"t", Longs(Micros(), {10, 11, 20, 21})}}),
              2);
  EXPECT_EQ(Between(folder, {"a.parquet", {{"c", "timestamp"}, {"t", "timestamp"}}, "c"}, 100, {}),
            "1 - 1/2");
  EXPECT_EQ(Between(folder, {"a.parquet", {{"c", "timestamp"}, {"t", "timestamp"}}}, 100, {}),
            "- 2/4");
}

TEST(ParquetPruning, UnitsAreFlooredAsTimesAre) {
  const Folder folder;
  const auto nanos = Longs(arrow::timestamp(arrow::TimeUnit::NANO), {-1'001, -1, 1'999, 2'000});
  WriteGroups(folder / "a.parquet", *Table({{"t", nanos}}), 2,
              Writer().version(parquet::ParquetVersion::PARQUET_2_6)->build());
  const SourceText text = {"a.parquet", {{"t", "timestamp"}}};
  EXPECT_EQ(Between(folder, text, -1, {}), "1 2 3 4 - 0/0") << "-1 ns is -1 us";
  EXPECT_EQ(Between(folder, text, 0, {}), "3 4 - 1/2");
  EXPECT_EQ(Between(folder, text, {}, 1), "1 2 - 1/2") << "1,999 ns are 1 us";
  EXPECT_EQ(Between(folder, text, {}, 2), "1 2 3 4 - 0/0");

  WriteGroups(folder / "a.parquet", *Table({{"t", Longs(arrow::int64(), {1, 2, INT64_MAX, 3})}}),
              2);
  const SourceText seconds = {
      .path = "a.parquet", .columns = {{"t", "int64"}}, .unit = TimestampUnit::kSeconds};
  EXPECT_EQ(Between(folder, seconds, 2'000'000, {}), "1 2 4 - 0/0");
  EXPECT_EQ(Between(folder, seconds, 2'000'001, {}), "4 - 1/2")
      << "a time that does not fit is read, to be counted";
}

TEST(ParquetPruning, OtherTypesAreRead) {
  const Folder folder;
  WriteGroups(folder / "a.parquet", *Table({{"t", Longs(arrow::date32(), {1, 2})}}), 1);
  EXPECT_EQ(Between(folder, {"a.parquet", {{"t", "date"}}}, {}, 0), "1 2 - 0/0");
  WriteGroups(folder / "a.parquet", *Table({{"t", Texts({"2025-01-01"})}}), 1);
  EXPECT_EQ(Between(folder, {"a.parquet", {{"t", "timestamp"}}}, {}, 0), "1 - 0/0");
}

}  // namespace
}  // namespace millrace::sources
