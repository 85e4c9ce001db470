// For tests: Arrow tables made in a line, and Parquet files of them.
#pragma once

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/io/file.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sources/table_file.h"

namespace millrace::sources {

inline std::shared_ptr<arrow::Array> Longs(std::shared_ptr<arrow::DataType> type,
                                           std::initializer_list<std::optional<int64_t>> values) {
  auto builder = arrow::MakeBuilder(type).ValueOrDie();
  for (const auto& value : values) {
    if (!value.has_value()) {
      EXPECT_TRUE(builder->AppendNull().ok());
    } else {
      EXPECT_TRUE(
          builder->AppendScalar(*arrow::MakeScalar(*value)->CastTo(type).ValueOrDie()).ok());
    }
  }
  return builder->Finish().ValueOrDie();
}

inline std::shared_ptr<arrow::Array> Texts(std::initializer_list<const char*> values) {
  arrow::StringBuilder builder;
  for (const char* value : values) {
    EXPECT_TRUE((value == nullptr ? builder.AppendNull() : builder.Append(value)).ok());
  }
  return builder.Finish().ValueOrDie();
}

inline std::shared_ptr<arrow::DataType> Micros() {
  return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
}

struct Named {
  const char* name;
  std::shared_ptr<arrow::Array> array;
};

inline std::shared_ptr<arrow::Table> Table(const std::vector<Named>& columns) {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const Named& column : columns) {
    fields.push_back(arrow::field(column.name, column.array->type()));
    arrays.push_back(column.array);
  }
  return arrow::Table::Make(arrow::schema(fields), arrays);
}

inline void Write(const std::string& path, const arrow::Table& table) {
  const base::Status written = WriteTable(path, table);
  ASSERT_TRUE(written.ok()) << written;
}

// With row groups of `group_rows` rows, as the properties say.
inline void WriteGroups(
    const std::string& path, const arrow::Table& table, int64_t group_rows,
    std::shared_ptr<parquet::WriterProperties> properties = parquet::default_writer_properties()) {
  const auto out = arrow::io::FileOutputStream::Open(path).ValueOrDie();
  const auto written = parquet::arrow::WriteTable(table, arrow::default_memory_pool(), out,
                                                  group_rows, std::move(properties));
  ASSERT_TRUE(written.ok()) << written;
  ASSERT_TRUE(out->Close().ok());
}

}  // namespace millrace::sources
