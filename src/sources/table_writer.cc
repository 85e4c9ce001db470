#include "sources/table_writer.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <exception>
#include <future>
#include <utility>

#include "sources/arrow/canonical_floats.h"
#include "sources/arrow/ipc_sink.h"
#include "sources/arrow/parquet_sink.h"
#include "sources/batch_sink.h"
#include "sources/csv/csv_sink.h"
#include "sources/files/file_error.h"
#include "sources/files/file_list.h"
#include "sources/files/whole_file.h"

namespace millrace::sources {
namespace {

OpenedSink OpenSink(Format format, Encoders encoders, const std::shared_ptr<arrow::Schema>& schema,
                    const std::shared_ptr<arrow::io::OutputStream>& out) {
  switch (format) {
    case Format::kParquet:
      return OpenParquetSink(schema, out, encoders == Encoders::kPool);
    case Format::kArrow:
      return OpenIpcSink(schema, out);
    case Format::kCsv:
      return OpenCsvSink(schema, out);
    case Format::kJson:
      break;
  }
  return base::Error(base::codes::kUsage,
                     "JSON lines are read, not written; expected .parquet, .csv or .arrow");
}

// Parquet's library throws.
template <typename Call>
base::Status Fenced(const std::string& path, Call call) {
  arrow::Status status;
  try {
    status = call();
  } catch (const std::exception& thrown) {
    status = arrow::Status::IOError(thrown.what());
  }
  return status.ok() ? status : FileError(status, "write", path, base::codes::kIo);
}

class TableFileWriter : public TableWriter {
 public:
  TableFileWriter(std::string path, std::shared_ptr<arrow::Schema> schema, WholeFile file)
      : path_(std::move(path)), schema_(std::move(schema)), file_(std::move(file)) {}

  base::Status OpenAs(Format format, Encoders encoders) {
    return Fenced(path_, [&] {
      return OpenSink(format, encoders, schema_, file_.shared_stream()).Value(&sink_);
    });
  }

  base::Status Write(const arrow::RecordBatch& batch) override {
    ARROW_RETURN_NOT_OK(CheckTypes(batch));
    ARROW_RETURN_NOT_OK(Settle());
    if (batch.num_rows() == 0) return base::Status::OK();
    // By position, under the names and the metadata that the file was opened with.
    const auto rows = arrow::RecordBatch::Make(schema_, batch.num_rows(), batch.columns());
    writing_ = std::async(std::launch::async,
                          [this, rows] { return Fenced(path_, [&] { return Encode(*rows); }); });
    return base::Status::OK();
  }

  base::Status Commit() override {
    ARROW_RETURN_NOT_OK(Settle());
    ARROW_RETURN_NOT_OK(Fenced(path_, [&] { return sink_->Close(); }));
    return file_.Commit();
  }

 private:
  base::Status CheckTypes(const arrow::RecordBatch& batch) const {
    bool same = batch.num_columns() == schema_->num_fields();
    for (int i = 0; same && i < batch.num_columns(); ++i) {
      same = batch.column(i)->type()->Equals(*schema_->field(i)->type());
    }
    if (same) return base::Status::OK();
    return base::Error(base::codes::kInternal,
                       fmt::format("{} is written with columns {}, and was given {}", path_,
                                   schema_->ToString(), batch.schema()->ToString()));
  }

  // Waits for the batch that is being encoded.
  base::Status Settle() {
    if (writing_.valid()) settled_ = writing_.get();
    return settled_;
  }

  base::Status Encode(const arrow::RecordBatch& batch) {
    ARROW_ASSIGN_OR_RAISE(const auto canonical, CanonicalFloats(batch));
    for (int64_t row = 0; row < canonical->num_rows(); row += kRowGroupRows) {
      ARROW_RETURN_NOT_OK(sink_->Write(*canonical->Slice(row, kRowGroupRows)));
    }
    return base::Status::OK();
  }

  const std::string path_;
  const std::shared_ptr<arrow::Schema> schema_;
  WholeFile file_;
  std::unique_ptr<BatchSink> sink_;
  base::Status settled_;               // of all batches before `writing_`
  std::future<base::Status> writing_;  // last: what it works on outlives it
};

}  // namespace

base::Result<std::unique_ptr<TableWriter>> TableWriter::Open(const std::string& path,
                                                             std::shared_ptr<arrow::Schema> schema,
                                                             Encoders encoders) {
  ARROW_ASSIGN_OR_RAISE(const Format format, FormatOf(path));
  ARROW_ASSIGN_OR_RAISE(WholeFile file, WholeFile::Create(path));
  auto writer = std::make_unique<TableFileWriter>(path, std::move(schema), std::move(file));
  ARROW_RETURN_NOT_OK(writer->OpenAs(format, encoders));
  return writer;
}

}  // namespace millrace::sources
