#include "sources/table_file.h"

#include <arrow/api.h>
#include <arrow/io/interfaces.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cmath>
#include <limits>
#include <string>

#include "columns/arrow_column.h"
#include "sources/files/whole_file.h"
#include "sources/folder_testing.h"

namespace millrace::sources {
namespace {

using columns::ColumnBuffer;
using columns::ListValue;
using columns::MapValue;
using columns::Type;
using columns::Value;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

struct TypedValues {
  const char* type;
  std::vector<Value> values;
};

const std::vector<TypedValues>& EveryType() {
  const double inf = std::numeric_limits<double>::infinity();
  static const std::vector<TypedValues> kAll = {
      {"bool", {Value(true), Value(false)}},
      {"int8", {Value(int64_t{INT8_MIN}), Value(int64_t{INT8_MAX})}},
      {"int16", {Value(int64_t{INT16_MIN}), Value(int64_t{INT16_MAX})}},
      {"int32", {Value(int64_t{INT32_MIN}), Value(int64_t{INT32_MAX})}},
      {"int64", {Value(INT64_MIN), Value(INT64_MAX)}},
      {"uint8", {Value(int64_t{0}), Value(int64_t{UINT8_MAX})}},
      {"uint16", {Value(int64_t{0}), Value(int64_t{UINT16_MAX})}},
      {"uint32", {Value(int64_t{0}), Value(int64_t{UINT32_MAX})}},
      {"uint64", {Value(uint64_t{0}), Value(UINT64_MAX)}},
      {"float32", {Value(static_cast<double>(0.1f)), Value(-inf)}},
      {"float64", {Value(0.1), Value(5e-324), Value(1e308), Value(inf), Value(std::nan(""))}},
      {"string",
       {Value(""), Value("a,\"b\"\r\nc"), Value("Zürich"), Value(std::string(10'240, 'k'))}},
      {"bytes", {Value(""), Value(std::string("\0\xff\n", 3))}},
      {"date", {Value(int64_t{-1}), Value(int64_t{2'932'896})}},
      {"timestamp", {Value(int64_t{-1}), Value(int64_t{253'402'300'799'999'999})}},
      {"list<string>", {Value(ListValue{}), Value(ListValue{Value("x\"\n"), Value(), Value("")})}},
      {"list<list<int64>>", {Value(ListValue{Value(ListValue{Value(INT64_MAX)}), Value()})}},
      {"list<float64>", {Value(ListValue{Value(0.1), Value(std::nan("")), Value(-inf)})}},
      {"list<timestamp>", {Value(ListValue{Value(int64_t{-1})})}},
      {"list<bytes>", {Value(ListValue{Value(std::string("\0", 1))})}},
      {"vector<float32, 2>", {Value(ListValue{Value(0.5), Value(-1.0)})}},
      {"map<string, int64>",
       {Value(MapValue{{Value("a"), Value(int64_t{1})}, {Value("b"), Value()}})}},
      {"map<int64, list<date>>",
       {Value(MapValue{{Value(int64_t{7}), Value(ListValue{Value(int64_t{0})})}})}},
  };
  return kAll;
}

std::shared_ptr<arrow::Table> OneColumn(const TypedValues& typed) {
  ColumnBuffer buffer(Type::Parse(typed.type).ValueOrDie());
  for (const Value& value : typed.values) buffer.AppendValue(value);
  buffer.AppendNull();
  const auto array = columns::ToArrow(buffer.View()).ValueOrDie();
  return arrow::Table::Make(arrow::schema({arrow::field("x", array->type())}), {array});
}

std::string Show(const arrow::Table& table, int column, const Type& type) {
  const auto read = columns::FromArrow(*table.column(column), type).ValueOrDie();
  std::string shown;
  for (int64_t i = 0; i < read.view.size; ++i) {
    shown += columns::ToText(read.view.value(i), type) + ";";
  }
  return shown;
}

class RoundTrip : public ::testing::TestWithParam<const char*> {};

TEST_P(RoundTrip, EveryTypeComesBack) {
  const Folder folder;
  const std::string path = folder / ("a" + std::string(GetParam()));
  for (const TypedValues& typed : EveryType()) {
    const Type type = Type::Parse(typed.type).ValueOrDie();
    const auto table = OneColumn(typed);
    const base::Status written = WriteTable(path, *table);
    ASSERT_TRUE(written.ok()) << typed.type << written;
    const auto read = ReadTable(path, {{"x", type}});
    ASSERT_TRUE(read.ok()) << typed.type << read.status();
    EXPECT_TRUE((*read)->schema()->field(0)->type()->Equals(type.ToArrow()))
        << typed.type << " came back as " << (*read)->schema()->ToString();
    EXPECT_EQ((*read)->num_rows(), table->num_rows());
    EXPECT_EQ(Show(**read, 0, type), Show(*table, 0, type)) << typed.type;
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, RoundTrip, ::testing::Values(".parquet", ".csv", ".arrow"));

TEST(TableFile, NoRows) {
  const Folder folder;
  const auto table = OneColumn({"float64", {}})->Slice(0, 0);
  for (const char* name : {"a.parquet", "a.csv", "a.feather"}) {
    ASSERT_TRUE(WriteTable(folder / name, *table).ok());
    const auto read = ReadTable(folder / name, {{"x", columns::Kind::kFloat64}});
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ((*read)->num_rows(), 0);
    EXPECT_EQ((*read)->num_columns(), 1);
  }
}

TEST(TableFile, FloatsAreCanonical) {
  const Folder folder;
  arrow::DoubleBuilder doubles;
  for (const uint64_t bits :
       std::vector<uint64_t>{0x7ff8000000000001, 0xfff8000000000000, uint64_t{1} << 63}) {
    ASSERT_TRUE(doubles.Append(std::bit_cast<double>(bits)).ok());
  }
  arrow::FloatBuilder floats;
  for (const uint32_t bits : {0xffc00000u, 0x80000000u, 0x3f800000u}) {
    ASSERT_TRUE(floats.Append(std::bit_cast<float>(bits)).ok());
  }
  arrow::FieldVector fields = {arrow::field("d", arrow::float64()),
                               arrow::field("f", arrow::float32())};
  const auto table = arrow::Table::Make(
      arrow::schema(fields), {doubles.Finish().ValueOrDie(), floats.Finish().ValueOrDie()});
  ASSERT_TRUE(WriteTable(folder / "a.arrow", *table->Slice(0, 3)).ok());
  const auto read = ReadTable(folder / "a.arrow", {}).ValueOrDie();
  const auto* d = read->column(0)->chunk(0)->data()->GetValues<uint64_t>(1);
  const auto* f = read->column(1)->chunk(0)->data()->GetValues<uint32_t>(1);
  EXPECT_EQ(d[0], 0x7ff8000000000000);
  EXPECT_EQ(d[1], 0x7ff8000000000000);
  EXPECT_EQ(d[2], 0);
  EXPECT_EQ(f[0], 0x7fc00000);
  EXPECT_EQ(f[1], 0);
  EXPECT_EQ(f[2], 0x3f800000);
}

TEST(TableFile, CsvTextIsAsPeopleExpect) {
  const Folder folder;
  ColumnBuffer strings(columns::Kind::kString);
  for (const char* text : {"a", "", "x,y", "say \"hi\""}) strings.AppendString(text);
  strings.AppendNull();
  ColumnBuffer floats(columns::Kind::kFloat64);
  for (const double value : {1.0, 0.1, 1e16, -0.0}) floats.AppendFloat(value);
  floats.AppendNull();
  ColumnBuffer lists(Type::List(columns::Kind::kString));
  for (int i = 0; i < 5; ++i) {
    lists.elements()->AppendString("p");
    lists.CloseList();
  }
  arrow::ArrayVector arrays;
  for (const auto* buffer : {&strings, &floats, &lists}) {
    arrays.push_back(columns::ToArrow(buffer->View()).ValueOrDie());
  }
  const auto table = arrow::Table::Make(
      arrow::schema({arrow::field("s", arrays[0]->type()), arrow::field("f,g", arrays[1]->type()),
                     arrow::field("l", arrays[2]->type())}),
      arrays);
  ASSERT_TRUE(WriteTable(folder / "a.csv", *table).ok());
  EXPECT_EQ(folder.Read("a.csv"),
            "s,\"f,g\",l\n"
            "a,1.0,\"[\"\"p\"\"]\"\n"
            "\"\",0.1,\"[\"\"p\"\"]\"\n"
            "\"x,y\",1e+16,\"[\"\"p\"\"]\"\n"
            "\"say \"\"hi\"\"\",0.0,\"[\"\"p\"\"]\"\n"
            ",,\"[\"\"p\"\"]\"\n");
}

TEST(TableFile, CsvTypesAreInferredFromAllCells) {
  const Folder folder;
  folder.Write("a.csv",
               "i,u,f,b,d,t,s,zip,empty,mixed,quoted\n"
               "1,1,1,true,2025-01-31,2025-01-31T10:00:00Z,x,00501,,1,\"1\"\n"
               ",18446744073709551615,NaN,False,,2025-01-31,,12345,,x,\"\"\n");
  const auto table = ReadTable(folder / "a.csv", {}).ValueOrDie();
  std::vector<std::string> types;
  for (const auto& field : table->fields()) {
    types.push_back(field->name() + " " + Type::FromArrow(*field->type()).ValueOrDie().ToString());
  }
  EXPECT_THAT(types, ElementsAre("i int64", "u uint64", "f float64", "b bool", "d date",
                                 "t timestamp", "s string", "zip string", "empty string",
                                 "mixed string", "quoted string"));
  EXPECT_EQ(Show(*table, 10, columns::Kind::kString), "1;;");
  const auto declared = ReadTable(folder / "a.csv", {{"i", columns::Kind::kString}}).ValueOrDie();
  EXPECT_EQ(Show(*declared, 0, columns::Kind::kString), "1;null;");
}

TEST(TableFile, ABadCellOrRowOfCsvIsNamedWithItsLine) {
  const Folder folder;
  folder.Write("a.csv", "k,n\nx,1\n\"y\nz\",one\n");
  const auto bad_cell = ReadTable(folder / "a.csv", {{"n", columns::Kind::kInt64}});
  EXPECT_THAT(TextOf(bad_cell.status()),
              AllOf(HasSubstr("a.csv:3"), HasSubstr("'n'"), HasSubstr("'one'"), HasSubstr("int64"),
                    HasSubstr("[bad_value]")));
  folder.Write("b.csv", "k,n\nx,1\nx\n");
  EXPECT_THAT(
      TextOf(ReadTable(folder / "b.csv", {}).status()),
      AllOf(HasSubstr("b.csv:3"), HasSubstr("1 field, expected 2"), HasSubstr("[bad_value]")));
  folder.Write("c.csv", "k,k\n");
  EXPECT_EQ(CodeOf(ReadTable(folder / "c.csv", {}).status()), "duplicate_name");
  folder.Write("d.csv", "");
  EXPECT_EQ(CodeOf(ReadTable(folder / "d.csv", {}).status()), "corrupt");
}

TEST(TableFile, JsonLines) {
  const Folder folder;
  folder.Write("a.jsonl",
               "{\"k\": \"x\", \"n\": 1, \"l\": [1, 2.5], \"b\": true, \"z\": null}\n\n"
               "{\"n\": 2.5, \"k\": null, \"w\": 9007199254740993, \"l\": []}\n");
  const auto table = ReadTable(folder / "a.jsonl", {{"z", columns::Kind::kInt64}}).ValueOrDie();
  std::vector<std::string> types;
  for (const auto& field : table->fields()) {
    types.push_back(field->name() + " " + Type::FromArrow(*field->type()).ValueOrDie().ToString());
  }
  EXPECT_THAT(types, ElementsAre("k string", "n float64", "l list<float64>", "b bool", "z int64",
                                 "w int64"));
  EXPECT_EQ(Show(*table, 5, columns::Kind::kInt64), "null;9007199254740993;");
  folder.Write("b.jsonl", "{\"k\": 1}\n{\"k\": \"x\"}\n");
  EXPECT_THAT(TextOf(ReadTable(folder / "b.jsonl", {}).status()),
              AllOf(HasSubstr("b.jsonl:2"), HasSubstr("'k'"), HasSubstr("[type_mismatch]")));
  folder.Write("c.jsonl", "{\"k\": 1}\n{\"k\": \n");
  EXPECT_THAT(TextOf(ReadTable(folder / "c.jsonl", {}).status()),
              AllOf(HasSubstr("c.jsonl:2"), HasSubstr("[bad_value]")));
  EXPECT_EQ(CodeOf(WriteTable(folder / "d.jsonl", *table)), "usage");
}

TEST(TableFile, DamagedFilesAreCorrupt) {
  const Folder folder;
  const auto table = OneColumn({"string", {Value("abc"), Value("de")}});
  for (const char* name : {"a.parquet", "a.arrow"}) {
    ASSERT_TRUE(WriteTable(folder / name, *table).ok());
    const std::string whole = folder.Read(name);
    for (size_t size = 0; size < whole.size(); size += 1 + whole.size() / 40) {
      folder.Write(name, whole.substr(0, size));
      const auto read = ReadTable(folder / name, {});
      EXPECT_EQ(CodeOf(read.status()), "corrupt") << name << " cut at " << size;
      EXPECT_THAT(TextOf(read.status()), HasSubstr(name));
    }
  }
}

TEST(TableFile, WhatCannotBeReadOrWrittenIsNamed) {
  const Folder folder;
  const auto table = OneColumn({"int64", {Value(int64_t{1})}});
  EXPECT_EQ(CodeOf(ReadTable(folder / "nothing.parquet", {}).status()), "file_not_found");
  EXPECT_EQ(CodeOf(ReadTable(folder / "nothing.csv", {}).status()), "file_not_found");
  EXPECT_EQ(CodeOf(ReadTable(folder / "nothing.arrow", {}).status()), "file_not_found");
  EXPECT_EQ(CodeOf(ReadTable(folder / "a.xls", {}).status()), "usage");
  EXPECT_EQ(CodeOf(WriteTable(folder / "a.xls", *table)), "usage");
  EXPECT_EQ(CodeOf(WriteTable(folder / "no/folder/a.csv", *table)), "file_not_found");
  ASSERT_EQ(::mkdir((folder / "b.csv").c_str(), 0755), 0);
  EXPECT_EQ(CodeOf(WriteTable(folder / "b.csv", *table)), "usage");
  EXPECT_THAT(folder.Names(), ElementsAre("b.csv"));
}

TEST(TableFile, NoPermission) {
  const Folder folder;
  const auto table = OneColumn({"int64", {Value(int64_t{1})}});
  ::chmod(folder.path().c_str(), 0555);
  const bool root = ::geteuid() == 0;
  if (root) {
    ASSERT_EQ(::seteuid(65534), 0);
  }
  const base::Status written = WriteTable(folder / "a.csv", *table);
  if (root) {
    ASSERT_EQ(::seteuid(0), 0);
  }
  ::chmod(folder.path().c_str(), 0755);
  EXPECT_EQ(CodeOf(written), "permission_denied") << written;
}

TEST(TableFile, AFailedWriteLeavesTheOldFileAndNothingElse) {
  const Folder folder;
  folder.Write("a.csv", "old");
  const auto structs =
      arrow::MakeArrayOfNull(arrow::struct_({arrow::field("x", arrow::int64())}), 3).ValueOrDie();
  const auto table =
      arrow::Table::Make(arrow::schema({arrow::field("s", structs->type())}), {structs});
  EXPECT_EQ(CodeOf(WriteTable(folder / "a.csv", *table)), "type_mismatch");
  EXPECT_THAT(folder.Names(), ElementsAre("a.csv"));
  EXPECT_EQ(folder.Read("a.csv"), "old");
}

TEST(TableFile, AFullDiskLeavesTheOldFileAndNothingElse) {
  const Folder folder;
  if (::mount("none", folder.path().c_str(), "tmpfs", 0, "size=256k") != 0) {
    GTEST_SKIP() << "needs the right to mount a small file system";
  }
  folder.Write("a.parquet", "old");
  std::vector<Value> values;
  for (int64_t i = 0; i < 100'000; ++i) values.emplace_back(std::to_string(i * 7'919'777));
  const auto table = OneColumn({"string", values});
  for (const char* name : {"a.parquet", "a.csv", "a.arrow"}) {
    EXPECT_EQ(CodeOf(WriteTable(folder / name, *table)), "disk_full") << name;
  }
  EXPECT_EQ(CodeOf(WriteText(folder / "a.txt", std::string(1 << 20, 'x'))), "disk_full");
  EXPECT_THAT(folder.Names(), ElementsAre("a.parquet"));
  EXPECT_EQ(folder.Read("a.parquet"), "old");
  ::umount(folder.path().c_str());
}

TEST(WholeFile, IsNotThereBeforeItIsCommitted) {
  const Folder folder;
  {
    auto file = WholeFile::Create(folder / "a.txt").ValueOrDie();
    ASSERT_TRUE(file.stream()->Write("half").ok());
    EXPECT_EQ(folder.Read("a.txt"), "");
  }
  EXPECT_TRUE(folder.Names().empty());
  ASSERT_TRUE(WriteText(folder / "a.txt", "one").ok());
  ASSERT_TRUE(WriteText(folder / "a.txt", "two").ok());
  EXPECT_THAT(folder.Names(), ElementsAre("a.txt"));
  EXPECT_EQ(folder.Read("a.txt"), "two");
}

TEST(WholeFile, WhatIsLeftOfOneIsRemovedOnceItIsOld) {
  const Folder folder;
  folder.Write("a.txt", "whole");
  folder.Write(".tmp", "a name of somebody else's");
  folder.Write("below/.hidden", "somebody else's");
  auto left = WholeFile::Create(folder / "b.txt").ValueOrDie();
  auto below = WholeFile::Create(folder / "below/b.txt").ValueOrDie();
  ASSERT_TRUE(below.stream()->Write("half").ok());
  // Nothing here is older than 1970.
  EXPECT_EQ(RemoveUnfinished(folder.path(), base::EventTime()), 0);
  EXPECT_EQ(RemoveUnfinished(folder / "none", base::EventTime::Max()), 0);
  EXPECT_EQ(RemoveUnfinished(folder.path(), base::EventTime::Max()), 2);
  EXPECT_THAT(folder.Names(), UnorderedElementsAre("a.txt", ".tmp", "below"));
  EXPECT_EQ(folder.Read("below/.hidden"), "somebody else's");
}

}  // namespace
}  // namespace millrace::sources
