#include "sources/table_writer.h"

#include <arrow/api.h>
#include <arrow/io/file.h>
#include <arrow/json/from_string.h>
#include <arrow/util/thread_pool.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/statistics.h>
#include <sys/mount.h>

#include <bit>
#include <cmath>
#include <limits>
#include <string>

#include "sources/folder_testing.h"
#include "sources/table_file.h"

namespace millrace::sources {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

using Batches = std::vector<std::shared_ptr<arrow::RecordBatch>>;

std::shared_ptr<arrow::Array> FromJson(const std::shared_ptr<arrow::DataType>& type,
                                       const std::string& json) {
  return arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
}

std::shared_ptr<arrow::RecordBatch> BatchOf(
    const std::vector<std::pair<std::string, std::shared_ptr<arrow::Array>>>& columns) {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const auto& [name, array] : columns) {
    fields.push_back(arrow::field(name, array->type()));
    arrays.push_back(array);
  }
  return arrow::RecordBatch::Make(arrow::schema(fields), arrays[0]->length(), arrays);
}

// Rows [first, first + count) of a table that has what training sets have.
std::shared_ptr<arrow::RecordBatch> Rows(int64_t first, int64_t count) {
  arrow::StringBuilder user;
  arrow::TimestampBuilder time(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"),
                               arrow::default_memory_pool());
  arrow::Int64Builder counts;
  arrow::DoubleBuilder sums;
  arrow::BooleanBuilder bools;
  arrow::ListBuilder lists(arrow::default_memory_pool(), std::make_shared<arrow::StringBuilder>());
  arrow::FixedSizeListBuilder vectors(arrow::default_memory_pool(),
                                      std::make_shared<arrow::FloatBuilder>(), 2);
  const auto ok = [](const arrow::Status& status) { ASSERT_TRUE(status.ok()) << status; };
  for (int64_t row = first; row < first + count; ++row) {
    ok(user.Append("user, " + std::to_string(row % 97)));
    ok(time.Append(row * 7'919'777));
    ok(row % 5 == 0 ? counts.AppendNull() : counts.Append(row % 13));
    ok(sums.Append(std::sqrt(static_cast<double>(row))));
    ok(row % 11 == 0 ? bools.AppendNull() : bools.Append(row % 2 == 0));
    ok(lists.Append());
    for (int64_t i = 0; i < row % 4; ++i) {
      ok(static_cast<arrow::StringBuilder*>(lists.value_builder())->Append("x"));
    }
    ok(vectors.Append());
    for (int64_t i = 0; i < 2; ++i) {
      ok(static_cast<arrow::FloatBuilder*>(vectors.value_builder())->Append(0.5f * row));
    }
  }
  return BatchOf({{"user", user.Finish().ValueOrDie()},
                  {"time", time.Finish().ValueOrDie()},
                  {"count", counts.Finish().ValueOrDie()},
                  {"sum", sums.Finish().ValueOrDie()},
                  {"bool", bools.Finish().ValueOrDie()},
                  {"list", lists.Finish().ValueOrDie()},
                  {"vector", vectors.Finish().ValueOrDie()}});
}

Batches InBatches(int64_t rows, int64_t batch_rows) {
  Batches batches;
  for (int64_t row = 0; row < rows; row += batch_rows) {
    batches.push_back(Rows(row, std::min(batch_rows, rows - row)));
  }
  return batches;
}

base::Status WriteAll(const std::string& path, const std::shared_ptr<arrow::Schema>& schema,
                      const Batches& batches) {
  ARROW_ASSIGN_OR_RAISE(const auto writer, TableWriter::Open(path, schema));
  for (const auto& batch : batches) ARROW_RETURN_NOT_OK(writer->Write(*batch));
  return writer->Commit();
}

std::unique_ptr<parquet::ParquetFileReader> OpenParquet(const std::string& path) {
  return parquet::ParquetFileReader::Open(arrow::io::ReadableFile::Open(path).ValueOrDie());
}

class TableWriterFormats : public ::testing::TestWithParam<const char*> {
 protected:
  std::string Path(const std::string& name) const { return folder_ / (name + GetParam()); }
  std::string Bytes(const std::string& name) const { return folder_.Read(name + GetParam()); }

  const Folder folder_;
};

TEST_P(TableWriterFormats, ManyBatchesAreOneTable) {
  const Batches batches = InBatches(5'000, 700);
  ASSERT_TRUE(WriteAll(Path("a"), batches[0]->schema(), batches).ok());
  EXPECT_THAT(folder_.Names(), SizeIs(1));
  const auto read = ReadTable(Path("a"), {}).ValueOrDie();
  // CSV has no types, so there the text of the same table in one batch is compared.
  ASSERT_TRUE(WriteTable(Path("b"), *arrow::Table::FromRecordBatches(batches).ValueOrDie()).ok());
  const auto whole = ReadTable(Path("b"), {}).ValueOrDie();
  EXPECT_EQ(read->num_rows(), 5'000);
  EXPECT_TRUE(read->Equals(*whole));
  if (std::string(GetParam()) == ".csv") {
    EXPECT_TRUE(Bytes("a") == Bytes("b"));
  } else {
    EXPECT_TRUE(read->Equals(*arrow::Table::FromRecordBatches(batches).ValueOrDie()));
  }
}

TEST_P(TableWriterFormats, BytesDoNotDependOnThreadsOrOffsets) {
  const int threads = arrow::GetCpuThreadPoolCapacity();
  const Batches batches = InBatches(40'000, 15'000);
  for (const int count : {1, 2, 7}) {
    ASSERT_TRUE(arrow::SetCpuThreadPoolCapacity(count).ok());
    ASSERT_TRUE(WriteAll(Path(std::to_string(count)), batches[0]->schema(), batches).ok());
  }
  ASSERT_TRUE(arrow::SetCpuThreadPoolCapacity(threads).ok());
  EXPECT_TRUE(Bytes("1") == Bytes("2"));
  EXPECT_TRUE(Bytes("1") == Bytes("7"));
  const auto whole = Rows(0, 40'000);
  const Batches slices = {whole->Slice(0, 15'000), whole->Slice(15'000, 15'000),
                          whole->Slice(30'000)};
  ASSERT_TRUE(WriteAll(Path("slices"), whole->schema(), slices).ok());
  if (std::string(GetParam()) == ".arrow") {
    // Padding there is what stands behind the slice.
    EXPECT_TRUE(ReadTable(Path("slices"), {})
                    .ValueOrDie()
                    ->Equals(*arrow::Table::FromRecordBatches(batches).ValueOrDie()));
  } else {
    EXPECT_TRUE(Bytes("1") == Bytes("slices"));
  }
}

TEST_P(TableWriterFormats, NothingAppearsBeforeCommit) {
  folder_.Write(std::string("a") + GetParam(), "old");
  const Batches batches = InBatches(40'000, 15'000);
  {
    const auto writer = TableWriter::Open(Path("a"), batches[0]->schema()).ValueOrDie();
    for (const auto& batch : batches) ASSERT_TRUE(writer->Write(*batch).ok());
    EXPECT_EQ(Bytes("a"), "old");
  }
  EXPECT_THAT(folder_.Names(), SizeIs(1));
  EXPECT_EQ(Bytes("a"), "old");
  {
    const auto writer = TableWriter::Open(Path("b"), batches[0]->schema()).ValueOrDie();
  }
  EXPECT_THAT(folder_.Names(), SizeIs(1));
}

TEST_P(TableWriterFormats, NoRowsIsATableToo) {
  const auto schema = Rows(0, 1)->schema();
  ASSERT_TRUE(WriteAll(Path("none"), schema, {}).ok());
  ASSERT_TRUE(WriteAll(Path("empty"), schema, {Rows(0, 0), Rows(7, 0)}).ok());
  const auto read = ReadTable(Path("none"), {}).ValueOrDie();
  EXPECT_EQ(read->num_rows(), 0);
  EXPECT_EQ(read->schema()->field_names(), schema->field_names());
  if (std::string(GetParam()) != ".csv") {
    EXPECT_TRUE(read->schema()->Equals(*schema));
  }
  EXPECT_TRUE(Bytes("none") == Bytes("empty"));
}

// Columns of a spine that pass through, whatever their type.
TEST_P(TableWriterFormats, TypesThatAreNotOurs) {
  const auto dictionary = arrow::dictionary(arrow::int8(), arrow::utf8());
  std::vector<std::pair<std::string, std::shared_ptr<arrow::Array>>> columns = {
      {"words", FromJson(dictionary, R"(["a", null, "b", "a"])")},
      {"nothing", FromJson(arrow::null(), "[null, null, null, null]")},
      {"price", FromJson(arrow::decimal128(9, 2), R"(["1.50", null, "0.00", "-2.25"])")},
      {"day", FromJson(arrow::date32(), "[1, null, 3, 4]")},
      {"bytes", FromJson(arrow::binary(), R"(["a", null, "", "b"])")},
      {"map", FromJson(arrow::map(arrow::utf8(), arrow::int64()),
                       R"([[["k", 1]], null, [], [["l", null]]])")}};
  if (std::string(GetParam()) != ".csv") {
    const auto fields = arrow::struct_(
        {arrow::field("i", arrow::int32()), arrow::field("f", arrow::list(arrow::float32()))});
    columns.emplace_back("struct", FromJson(fields, R"([{"i": 1, "f": [0.5]}, null, {}, {}])"));
    columns.emplace_back(
        "numbers", FromJson(arrow::dictionary(arrow::int32(), arrow::int64()), "[7, null, 8, 7]"));
  }
  const auto batch = BatchOf(columns);
  const Batches batches = {batch, batch->Slice(1, 2), batch};
  ASSERT_TRUE(WriteAll(Path("a"), batch->schema(), batches).ok());
  const auto read = ReadTable(Path("a"), {}).ValueOrDie();
  EXPECT_EQ(read->num_rows(), 10);
  const auto expected = arrow::Table::FromRecordBatches(batches).ValueOrDie();
  for (int i = 0; i < expected->num_columns() && std::string(GetParam()) != ".csv"; ++i) {
    // Parquet gives dictionaries back of strings alone.
    if (std::string(GetParam()) == ".parquet" && expected->field(i)->name() == "numbers") {
      const auto first = read->Slice(0, 4)->column(i);
      EXPECT_TRUE(first->Equals(arrow::ChunkedArray(FromJson(arrow::int64(), "[7, null, 8, 7]"))));
      continue;
    }
    EXPECT_TRUE(read->column(i)->Equals(*expected->column(i))) << expected->field(i)->ToString();
  }
}

// As the row groups of a file have them.
TEST_P(TableWriterFormats, DictionariesMayChange) {
  const auto type = arrow::dictionary(arrow::int8(), arrow::utf8());
  Batches batches;
  for (const auto& [codes, words] :
       std::vector<std::pair<std::string, std::string>>{{"[0, 1, null]", R"(["a", "b"])"},
                                                        {"[0, 1, 2]", R"(["c", "a", "d"])"},
                                                        {"[0, 0]", R"(["b"])"},
                                                        {"[null, null]", "[]"},
                                                        {"[1, 0]", R"(["a", "b"])"}}) {
    batches.push_back(
        BatchOf({{"x", arrow::DictionaryArray::FromArrays(type, FromJson(arrow::int8(), codes),
                                                          FromJson(arrow::utf8(), words))
                           .ValueOrDie()}}));
  }
  const base::Status written = WriteAll(Path("a"), batches[0]->schema(), batches);
  ASSERT_TRUE(written.ok()) << written;
  const auto read = ReadTable(Path("a"), {}).ValueOrDie();
  std::string shown;
  for (int64_t row = 0; row < read->num_rows(); ++row) {
    auto cell = read->column(0)->GetScalar(row).ValueOrDie();
    if (cell->type->id() == arrow::Type::DICTIONARY) {
      cell = static_cast<const arrow::DictionaryScalar&>(*cell).GetEncodedValue().ValueOrDie();
    }
    shown += (cell->is_valid ? cell->ToString() : "-") + " ";
  }
  EXPECT_EQ(shown, "a b - c a d b b - - b a ");
}

TEST_P(TableWriterFormats, AFullDiskIsSaidByTheCallsThatFollow) {
  if (::mount("none", folder_.path().c_str(), "tmpfs", 0, "size=256k") != 0) {
    GTEST_SKIP() << "needs the right to mount a small file system";
  }
  {
    const auto batch = Rows(0, 40'000);
    const auto writer = TableWriter::Open(Path("a"), batch->schema()).ValueOrDie();
    EXPECT_TRUE(writer->Write(*batch).ok());
    // Parquet holds a row group until the next one.
    static_cast<void>(writer->Write(*batch));
    EXPECT_EQ(CodeOf(writer->Write(*batch)), "disk_full");
    EXPECT_EQ(CodeOf(writer->Write(*batch)), "disk_full");
    EXPECT_EQ(CodeOf(writer->Commit()), "disk_full");
  }
  EXPECT_TRUE(folder_.Names().empty());
  ::umount(folder_.path().c_str());
}

TEST_P(TableWriterFormats, ColumnsOfOtherTypesAreRefused) {
  const auto ints = BatchOf({{"x", FromJson(arrow::int64(), "[1]")}});
  const auto doubles = BatchOf({{"x", FromJson(arrow::float64(), "[1]")}});
  const auto two = BatchOf({{"x", ints->column(0)}, {"y", ints->column(0)}});
  const auto writer = TableWriter::Open(Path("a"), ints->schema()).ValueOrDie();
  EXPECT_EQ(CodeOf(writer->Write(*doubles)), "internal");
  EXPECT_EQ(CodeOf(writer->Write(*two)), "internal");
  EXPECT_TRUE(writer->Write(*BatchOf({{"name", ints->column(0)}})).ok());
  ASSERT_TRUE(writer->Commit().ok());
  EXPECT_EQ(ReadTable(Path("a"), {}).ValueOrDie()->schema()->field_names(),
            std::vector<std::string>{"x"});
}

INSTANTIATE_TEST_SUITE_P(Formats, TableWriterFormats,
                         ::testing::Values(".parquet", ".csv", ".arrow"));

TEST(TableWriter, WhatCannotBeOpenedIsNamed) {
  const Folder folder;
  const auto plain = arrow::schema({arrow::field("x", arrow::int64())});
  const auto code = [&](const std::string& name, const std::shared_ptr<arrow::Schema>& schema) {
    return CodeOf(TableWriter::Open(folder / name, schema).status());
  };
  EXPECT_EQ(code("a.jsonl", plain), "usage");
  EXPECT_EQ(code("a.xls", plain), "usage");
  EXPECT_EQ(code("no/folder/a.parquet", plain), "file_not_found");
  EXPECT_EQ(code("a.csv", arrow::schema({arrow::field("s", arrow::struct_({}))})), "type_mismatch");
  EXPECT_TRUE(folder.Names().empty());
}

TEST(TableWriter, EachBatchIsItsOwnRowGroups) {
  const Folder folder;
  arrow::Int64Builder builder;
  for (int64_t i = 0; i < kRowGroupRows + 2; ++i) ASSERT_TRUE(builder.Append(i).ok());
  const auto batch = BatchOf({{"x", builder.Finish().ValueOrDie()}});
  ASSERT_TRUE(WriteAll(folder / "a.parquet", batch->schema(),
                       {batch->Slice(0, 10), batch, batch->Slice(0, 0), batch->Slice(3, 7)})
                  .ok());
  const auto metadata = OpenParquet(folder / "a.parquet")->metadata();
  std::vector<int64_t> rows;
  for (int i = 0; i < metadata->num_row_groups(); ++i) {
    rows.push_back(metadata->RowGroup(i)->num_rows());
  }
  EXPECT_THAT(rows, ElementsAre(10, kRowGroupRows, 2, 7));
}

TEST(TableWriter, WhoEncodesDoesNotMatter) {
  const Folder folder;
  const auto rows = Rows(0, 20'000);
  for (const Encoders encoders : {Encoders::kPool, Encoders::kOneThread}) {
    const std::string name = encoders == Encoders::kPool ? "pool.parquet" : "one.parquet";
    const auto writer = TableWriter::Open(folder / name, rows->schema(), encoders).ValueOrDie();
    ASSERT_TRUE(writer->Write(*rows).ok());
    ASSERT_TRUE(writer->Commit().ok());
  }
  EXPECT_EQ(folder.Read("one.parquet"), folder.Read("pool.parquet"));
}

TEST(TableWriter, ATableInChunksIsWrittenInFullRowGroups) {
  const Folder folder;
  const auto table = arrow::Table::FromRecordBatches(InBatches(5'000, 700)).ValueOrDie();
  ASSERT_TRUE(WriteTable(folder / "a.parquet", *table).ok());
  EXPECT_EQ(OpenParquet(folder / "a.parquet")->metadata()->num_row_groups(), 1);
}

TEST(TableWriter, ParquetEncodings) {
  const Folder folder;
  const Batches batches = InBatches(1'000, 1'000);
  ASSERT_TRUE(WriteAll(folder / "a.parquet", batches[0]->schema(), batches).ok());
  const auto metadata = OpenParquet(folder / "a.parquet")->metadata();
  const auto group = metadata->RowGroup(0);
  for (int i = 0; i < group->num_columns(); ++i) {
    const auto column = group->ColumnChunk(i);
    const std::string path = column->path_in_schema()->ToDotString();
    const bool text = path == "user" || path.starts_with("list");
    EXPECT_EQ(column->has_dictionary_page(), text) << path;
    EXPECT_TRUE(column->is_stats_set()) << path;
    EXPECT_EQ(column->compression(), parquet::Compression::SNAPPY) << path;
    if (path == "time" || path == "count") {
      EXPECT_THAT(column->encodings(), Contains(parquet::Encoding::DELTA_BINARY_PACKED)) << path;
    }
  }
}

// NaN with a payload or a sign, and -0.0, wherever floats stand; in a slice of a longer array too.
TEST(TableWriter, FloatsAreCanonicalWhereverTheyStand) {
  const Folder folder;
  arrow::DoubleBuilder builder;
  for (int i = 0; i < 3; ++i) {
    for (const uint64_t bits : std::vector<uint64_t>{0x7ff8000000000001, uint64_t{1} << 63,
                                                     0xfff8000000000000, 0x3ff0000000000000}) {
      ASSERT_TRUE(builder.Append(std::bit_cast<double>(bits)).ok());
    }
  }
  const auto values = builder.Finish().ValueOrDie();
  const auto lists =
      arrow::ListArray::FromArrays(*FromJson(arrow::int32(), "[0, 4, null, 8, 12]"), *values)
          .ValueOrDie();
  const std::shared_ptr<arrow::Array> vectors =
      arrow::FixedSizeListArray::FromArrays(values, 3).ValueOrDie();
  const auto structs = arrow::StructArray::Make(arrow::ArrayVector{values->Slice(1, 4), vectors},
                                                std::vector<std::string>{"d", "v"})
                           .ValueOrDie();
  const auto coded = arrow::DictionaryArray::FromArrays(
                         arrow::dictionary(arrow::int32(), arrow::float64()),
                         FromJson(arrow::int32(), "[1, 3, 1, 3]"), values->Slice(0, 4))
                         .ValueOrDie();
  const auto batch = BatchOf({{"list", lists},
                              {"struct", structs},
                              {"flat", values->Slice(4, 4)},
                              {"coded", coded},
                              {"float", FromJson(arrow::float32(), "[-0.0, 1, -0.0, null]")},
                              {"half", FromJson(arrow::float16(), "[1, -0.0, 2, -0.0]")}});
  for (const char* name : {"a.arrow", "a.parquet"}) {
    ASSERT_TRUE(WriteAll(folder / name, batch->schema(), {batch->Slice(1, 3)}).ok());
    const auto read = ReadTable(folder / name, {}).ValueOrDie();
    const auto rows = read->CombineChunksToBatch().ValueOrDie();
    const auto bits = [](const arrow::Array& array) {
      const auto* from = array.data()->GetValues<uint64_t>(1);
      return std::vector<uint64_t>(from, from + array.length());
    };
    constexpr uint64_t kNan = 0x7ff8000000000000;
    constexpr uint64_t kOne = 0x3ff0000000000000;
    const auto& list = static_cast<const arrow::ListArray&>(*rows->column(0));
    EXPECT_THAT(bits(*list.Flatten().ValueOrDie()),
                ElementsAre(kNan, 0, kNan, kOne, kNan, 0, kNan, kOne))
        << name;
    const auto& fields = static_cast<const arrow::StructArray&>(*rows->column(1));
    EXPECT_THAT(bits(*fields.field(0)), ElementsAre(kNan, kOne, kNan)) << name;
    const auto& inner = static_cast<const arrow::FixedSizeListArray&>(*fields.field(1));
    EXPECT_THAT(bits(*inner.Flatten().ValueOrDie()),
                ElementsAre(kOne, kNan, 0, kNan, kOne, kNan, 0, kNan, kOne))
        << name;
    EXPECT_THAT(bits(*rows->column(2)), ElementsAre(0, kNan, kOne)) << name;
    const auto* floats = rows->column(4)->data()->GetValues<uint32_t>(1);
    EXPECT_EQ(floats[1], 0u) << name;
    const auto* halves = rows->column(5)->data()->GetValues<uint16_t>(1);
    EXPECT_EQ(halves[0], 0) << name;
    EXPECT_EQ(halves[2], 0) << name;
    EXPECT_THAT(rows->column(3)->ToString(), ::testing::Not(HasSubstr("-0"))) << name;
  }
}

}  // namespace
}  // namespace millrace::sources
