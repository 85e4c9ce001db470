// Parquet files as sources: types, paths, damage.
#include <arrow/api.h>
#include <arrow/io/file.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>

#include <string>

#include "sources/parquet_testing.h"
#include "sources/source_testing.h"

namespace millrace::sources {
namespace {

using features::TimestampUnit;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::shared_ptr<arrow::Table> Purchases() {
  const auto device = Texts({"tv", nullptr, "pc"});
  const auto context = arrow::StructArray::Make({device, Longs(arrow::int32(), {1, 2, 3})},
                                                std::vector<std::string>{"device", "screen"})
                           .ValueOrDie();
  return Table({{"customer_no", Texts({"u1", "u2", nullptr})},
                {"x", Longs(arrow::int32(), {1, std::nullopt, 3})},
                {"context", context},
                {"t", Longs(Micros(), {0, 1'000'000, std::nullopt})}});
}

TEST(ParquetSource, RowsPathsAndRenames) {
  const Folder folder;
  Write(folder / "a.parquet", *Purchases());
  EXPECT_EQ(
      ReadEvents(
          {.path = "a.parquet",
           .columns = {{"k", "string"}, {"x", "int64"}, {"device", "string"}, {"t", "timestamp"}},
           .paths = {{"k", "customer_no"}, {"device", "context.device"}}},
          folder.path()),
      "a.parquet:1 1970-01-01T00:00:00Z u1|1|tv\n"
      "a.parquet:2 1970-01-01T00:00:01Z u2|null|null\n"
      "null_event_time 1; a.parquet row 3\n");
}

TEST(ParquetSource, AFieldOfANullStructIsNull) {
  const Folder folder;
  const auto inner = Texts({"tv", "pc"});
  auto context = arrow::StructArray::Make({inner}, std::vector<std::string>{"device"}).ValueOrDie();
  const auto bitmap = arrow::AllocateEmptyBitmap(2).ValueOrDie();
  bitmap->mutable_data()[0] = 1;
  context =
      std::make_shared<arrow::StructArray>(context->type(), 2, arrow::ArrayVector{inner}, bitmap);
  Write(folder / "a.parquet", *Table({{"context", context}, {"t", Longs(Micros(), {0, 0})}}));
  EXPECT_EQ(
      ReadEvents({"a.parquet", {{"context.device", "string"}, {"t", "timestamp"}}}, folder.path()),
      "a.parquet:1 1970-01-01T00:00:00Z tv\na.parquet:2 1970-01-01T00:00:00Z null\n");
}

TEST(ParquetSource, Schema) {
  const Folder folder;
  Write(folder / "a.parquet", *Purchases());
  const auto names = [&](const SourceText& text) {
    std::vector<std::string> shown;
    const auto fields = ReadSchema(MakeSource(text), folder.path());
    if (!fields.ok()) return std::vector<std::string>{TextOf(fields.status())};
    for (const auto& field : *fields) shown.push_back(field.name + " " + field.type.ToString());
    return shown;
  };
  EXPECT_THAT(names({"a.parquet", {}}),
              ElementsAre("customer_no string", "x int32", "context.device string",
                          "context.screen int32", "t timestamp"));
  EXPECT_THAT(
      names({.path = "a.parquet",
             .columns = {{"x", "float64"}, {"device", "string"}},
             .paths = {{"device", "context.device"}, {"k", "customer_no"}}}),
      ElementsAre("device string", "k string", "x float64", "context.screen int32", "t timestamp"));
  EXPECT_THAT(
      names({"a.parquet", {{"customer_n", "int64"}}}),
      ElementsAre(AllOf(HasSubstr("did you mean 'customer_no'?"), HasSubstr("[missing_column]"))));
  EXPECT_THAT(names({"a.parquet", {{"t", "int64"}}}), ElementsAre(HasSubstr("[type_mismatch]")));
}

TEST(ParquetSource, DecimalsAreDeclaredOrRefused) {
  const Folder folder;
  arrow::Decimal128Builder builder(arrow::decimal128(10, 2));
  ASSERT_TRUE(builder.Append(arrow::Decimal128(1250)).ok());
  Write(folder / "a.parquet",
        *Table({{"price", builder.Finish().ValueOrDie()}, {"t", Longs(Micros(), {0})}}));
  const auto refused = ReadSchema(MakeSource({"a.parquet", {}}), folder.path());
  EXPECT_THAT(TextOf(refused.status()), AllOf(HasSubstr("'price'"), HasSubstr("decimal128(10, 2)"),
                                              HasSubstr("float64"), HasSubstr("[type_mismatch]")));
  EXPECT_EQ(ReadSchema(MakeSource({"a.parquet", {{"price", "float64"}}}), folder.path())
                .ValueOrDie()
                .size(),
            2);
  EXPECT_EQ(ReadEvents({"a.parquet", {{"price", "float64"}, {"t", "timestamp"}}}, folder.path()),
            "a.parquet:1 1970-01-01T00:00:00Z 12.5\n");
}

TEST(ParquetSource, TimesOfEveryUnit) {
  const Folder folder;
  const auto read = [&](std::shared_ptr<arrow::DataType> type, int64_t value, const char* as,
                        TimestampUnit unit = TimestampUnit::kNone) {
    Write(folder / "a.parquet", *Table({{"t", Longs(std::move(type), {value})}}));
    return ReadEvents({.path = "a.parquet", .columns = {{"t", as}}, .unit = unit}, folder.path());
  };
  EXPECT_EQ(read(arrow::timestamp(arrow::TimeUnit::NANO), -1, "timestamp"),
            "a.parquet:1 1969-12-31T23:59:59.999999Z\n");
  EXPECT_EQ(read(arrow::timestamp(arrow::TimeUnit::MILLI, "Asia/Tokyo"), 1, "timestamp"),
            "a.parquet:1 1970-01-01T00:00:00.001Z\n");
  EXPECT_EQ(read(arrow::timestamp(arrow::TimeUnit::MICRO), 253'402'300'800'000'000, "timestamp"),
            "a.parquet:1 10000-01-01T00:00:00Z\n");
  EXPECT_EQ(read(arrow::date32(), -1, "date"), "a.parquet:1 1969-12-31T00:00:00Z\n");
  EXPECT_EQ(read(arrow::int64(), 1, "int64", TimestampUnit::kMillis),
            "a.parquet:1 1970-01-01T00:00:00.001Z\n");
  EXPECT_EQ(read(arrow::uint32(), 1, "timestamp", TimestampUnit::kSeconds),
            "a.parquet:1 1970-01-01T00:00:01Z\n");
  EXPECT_EQ(read(arrow::int64(), INT64_MAX, "int64", TimestampUnit::kSeconds),
            "unreadable_event_time 1; a.parquet row 1: '9223372036854775807'\n");
  EXPECT_THAT(read(arrow::int64(), 1, "timestamp"),
              AllOf(HasSubstr("'t'"), HasSubstr("int64"), HasSubstr("[type_mismatch]")));
}

TEST(ParquetSource, Int96) {
  const Folder folder;
  const auto table = Table({{"t", Longs(arrow::timestamp(arrow::TimeUnit::NANO), {-1, 1'500})}});
  const auto out = arrow::io::FileOutputStream::Open(folder / "a.parquet").ValueOrDie();
  const auto old =
      parquet::ArrowWriterProperties::Builder().enable_deprecated_int96_timestamps()->build();
  ASSERT_TRUE(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), out, 100,
                                         parquet::default_writer_properties(), old)
                  .ok());
  ASSERT_TRUE(out->Close().ok());
  EXPECT_EQ(ReadEvents({"a.parquet", {{"t", "timestamp"}}}, folder.path()),
            "a.parquet:1 1969-12-31T23:59:59.999999Z\na.parquet:2 1970-01-01T00:00:00.000001Z\n");
}

TEST(ParquetSource, TextAsTimesAndNumbers) {
  const Folder folder;
  Write(folder / "a.parquet", *Table({{"t", Texts({"2025-01-01T00:00:00+01:00", "soon", nullptr})},
                                      {"x", Texts({"x", "1", "2"})}}));
  const std::string expected =
      "a.parquet:1 2024-12-31T23:00:00Z bad_cast\n"
      "unreadable_event_time 1; a.parquet row 2: 'soon'\n"
      "null_event_time 1; a.parquet row 3\n";
  EXPECT_EQ(ReadEvents({"a.parquet", {{"t", "timestamp"}, {"x", "int64"}}}, folder.path(), 100),
            expected);
  EXPECT_EQ(ReadEvents({"a.parquet", {{"t", "string"}, {"x", "int64"}}}, folder.path(), 100),
            expected);
}

TEST(ParquetSource, ManyRowGroupsAndBatches) {
  const Folder folder;
  arrow::Int64Builder builder(arrow::default_memory_pool());
  arrow::StringBuilder keys;
  for (int64_t i = 0; i < 250'000; ++i) {
    ASSERT_TRUE(builder.Append(i).ok());
    ASSERT_TRUE(keys.Append(std::to_string(i % 7)).ok());
  }
  const auto longs = builder.Finish().ValueOrDie();
  Write(folder / "a.parquet",
        *Table({{"k", keys.Finish().ValueOrDie()}, {"t", longs->View(Micros()).ValueOrDie()}}));
  const features::Source source = MakeSource({"a.parquet", {{"k", "string"}, {"t", "timestamp"}}});
  const auto reader =
      OpenFiles(source, {.root = folder.path(), .batch_rows_max = 65'536, .columns = {0}})
          .ValueOrDie();
  ASSERT_EQ(reader->parts(), 3);
  EXPECT_EQ(reader->rows_estimate(), 250'000);
  int64_t rows = 0;
  for (int64_t i = 0; i < reader->parts(); ++i) {
    const auto part = reader->OpenPart(i).ValueOrDie();
    while (true) {
      const auto batch = part->Next().ValueOrDie();
      if (!batch.has_value()) break;
      EXPECT_LE(batch->size, 65'536);
      for (int64_t j = 0; j < batch->size; ++j, ++rows) {
        ASSERT_EQ(batch->rows[j], rows + 1);
        ASSERT_EQ(batch->event_times[j].micros(), rows);
        ASSERT_EQ(batch->columns[0].view.strings[j], std::to_string(rows % 7));
      }
    }
  }
  EXPECT_EQ(rows, 250'000);
}

TEST(ParquetSource, NoRows) {
  const Folder folder;
  Write(folder / "a.parquet", *Purchases()->Slice(0, 0));
  EXPECT_EQ(ReadEvents({"a.parquet", {{"x", "int64"}, {"t", "timestamp"}}}, folder.path()), "");
}

TEST(ParquetSource, MissingColumnsAreNamedWithTheNearest) {
  const Folder folder;
  Write(folder / "a.parquet", *Purchases());
  EXPECT_THAT(
      ReadEvents({"a.parquet", {{"customer_n", "string"}, {"t", "timestamp"}}}, folder.path()),
      AllOf(HasSubstr("a.parquet"), HasSubstr("did you mean 'customer_no'?"),
            HasSubstr("[missing_column]")));
  EXPECT_THAT(
      ReadEvents({"a.parquet", {{"context.devise", "string"}, {"t", "timestamp"}}}, folder.path()),
      HasSubstr("did you mean 'context.device'?"));
}

TEST(ParquetSource, EveryTruncationIsAnErrorThatNamesTheFile) {
  const Folder folder;
  arrow::StringBuilder keys;
  for (int i = 0; i < 5'000; ++i) ASSERT_TRUE(keys.Append(std::to_string(i * 7'919)).ok());
  arrow::Int64Builder times;
  for (int i = 0; i < 5'000; ++i) ASSERT_TRUE(times.Append(i).ok());
  Write(folder / "a.parquet",
        *Table({{"k", keys.Finish().ValueOrDie()},
                {"t", times.Finish().ValueOrDie()->View(Micros()).ValueOrDie()}}));
  const std::string whole = folder.Read("a.parquet");
  for (size_t size = 0; size < whole.size(); size += 1 + whole.size() / 100) {
    folder.Write("cut.parquet", whole.substr(0, size));
    EXPECT_THAT(
        ReadEvents({"cut.parquet", {{"k", "string"}, {"t", "timestamp"}}}, folder.path(), 10'000),
        AllOf(HasSubstr("cut.parquet"), HasSubstr("[corrupt]")))
        << "cut at " << size;
  }
}

TEST(ParquetSource, FlippedBytesNeverCrash) {
  const Folder folder;
  Write(folder / "a.parquet", *Purchases());
  const std::string whole = folder.Read("a.parquet");
  int errors = 0;
  for (size_t at = 0; at < whole.size(); at += 3) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x55);
    folder.Write("b.parquet", flipped);
    const std::string shown = ReadEvents(
        {"b.parquet", {{"customer_no", "string"}, {"t", "timestamp"}}}, folder.path(), 100);
    errors += shown.find("[corrupt]") != std::string::npos ? 1 : 0;
  }
  EXPECT_GT(errors, 0);
}

}  // namespace
}  // namespace millrace::sources
