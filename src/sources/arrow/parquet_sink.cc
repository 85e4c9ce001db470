#include "sources/arrow/parquet_sink.h"

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <parquet/arrow/schema.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>
#include <parquet/schema.h>

#include <utility>

namespace millrace::sources {
namespace {

// A dictionary of floats or of times is built, outgrown and thrown away; integers are smaller as
// differences, and quicker to write and to read, than as codes of a dictionary.
void ChooseEncoding(const parquet::ColumnDescriptor& leaf,
                    parquet::WriterProperties::Builder* properties) {
  const auto& logical = leaf.logical_type();
  if (logical != nullptr && logical->is_null()) return;
  switch (leaf.physical_type()) {
    case parquet::Type::INT32:
    case parquet::Type::INT64:
      properties->disable_dictionary(leaf.path());
      properties->encoding(leaf.path(), parquet::Encoding::DELTA_BINARY_PACKED);
      return;
    case parquet::Type::FLOAT:
    case parquet::Type::DOUBLE:
      properties->disable_dictionary(leaf.path());
      return;
    default:
      if (logical != nullptr && logical->is_float16()) properties->disable_dictionary(leaf.path());
  }
}

class ParquetSink : public BatchSink {
 public:
  explicit ParquetSink(std::unique_ptr<parquet::arrow::FileWriter> writer)
      : writer_(std::move(writer)) {}

  base::Status Write(const arrow::RecordBatch& batch) override {
    ARROW_RETURN_NOT_OK(writer_->NewBufferedRowGroup());
    return writer_->WriteRecordBatch(batch);
  }
  base::Status Close() override { return writer_->Close(); }

 private:
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
};

}  // namespace

OpenedSink OpenParquetSink(const std::shared_ptr<arrow::Schema>& schema,
                           const std::shared_ptr<arrow::io::OutputStream>& out, bool in_parallel) {
  // With the schema, our types, such as vectors, come back as they were.
  const auto arrow_properties = parquet::ArrowWriterProperties::Builder()
                                    .store_schema()
                                    ->set_use_threads(in_parallel)
                                    ->build();
  std::shared_ptr<parquet::SchemaDescriptor> leaves;
  ARROW_RETURN_NOT_OK(parquet::arrow::ToParquetSchema(
      schema.get(), *parquet::default_writer_properties(), *arrow_properties, &leaves));
  parquet::WriterProperties::Builder properties;
  properties.compression(parquet::Compression::SNAPPY);
  for (int i = 0; i < leaves->num_columns(); ++i) ChooseEncoding(*leaves->Column(i), &properties);
  ARROW_ASSIGN_OR_RAISE(auto writer,
                        parquet::arrow::FileWriter::Open(*schema, arrow::default_memory_pool(), out,
                                                         properties.build(), arrow_properties));
  return std::make_unique<ParquetSink>(std::move(writer));
}

}  // namespace millrace::sources
