// A batch is one IPC stream (schema, batch), so that batches of any schema lie side by side.
#include "offline/rows/spill_file.h"

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/util/byte_size.h>
#include <arrow/util/compression.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "sources/files/nameless_file.h"

namespace millrace::offline {

using base::Result;
using base::Status;

namespace {

constexpr int64_t kSchemaBytes = 4'096;  // about

}  // namespace

SpillFile::SpillFile(std::string folder) : folder_(std::move(folder)) {}

SpillFile::~SpillFile() {
  if (file_ >= 0) close(file_);
}

Status SpillFile::Open() {
  if (file_ >= 0) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(const int opened, sources::OpenNamelessFile(folder_));
  int none = -1;
  if (!file_.compare_exchange_strong(none, opened)) close(opened);  // another thread was first
  return Status::OK();
}

Result<SpillFile::Place> SpillFile::Write(const arrow::RecordBatch& batch) {
  ARROW_RETURN_NOT_OK(Open());
  arrow::ipc::IpcWriteOptions options = arrow::ipc::IpcWriteOptions::Defaults();
  ARROW_ASSIGN_OR_RAISE(options.codec, arrow::util::Codec::Create(arrow::Compression::LZ4_FRAME));
  options.use_threads = false;
  // What hardly compresses, such as random floats, is not worth decompressing.
  options.min_space_savings = 0.125;
  ARROW_ASSIGN_OR_RAISE(const int64_t size, arrow::util::ReferencedBufferSize(batch));
  ARROW_ASSIGN_OR_RAISE(const auto stream,
                        arrow::io::BufferOutputStream::Create(size + kSchemaBytes));
  ARROW_ASSIGN_OR_RAISE(const auto writer,
                        arrow::ipc::MakeStreamWriter(stream, batch.schema(), options));
  ARROW_RETURN_NOT_OK(writer->WriteRecordBatch(batch));
  ARROW_RETURN_NOT_OK(writer->Close());
  ARROW_ASSIGN_OR_RAISE(const std::shared_ptr<arrow::Buffer> bytes, stream->Finish());
  const Place place{end_.fetch_add(bytes->size()), bytes->size()};
  for (int64_t done = 0; done < place.bytes;) {
    const ssize_t wrote = pwrite(file_, bytes->data() + done,
                                 static_cast<size_t>(place.bytes - done), place.offset + done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0)
      return sources::NamelessFileError("write", folder_, wrote == 0 ? ENOSPC : errno);
    done += wrote;
  }
  return place;
}

Result<std::shared_ptr<arrow::RecordBatch>> SpillFile::Read(const Place& place) const {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> bytes, arrow::AllocateBuffer(place.bytes));
  for (int64_t done = 0; done < place.bytes;) {
    const ssize_t read = pread(file_, bytes->mutable_data() + done,
                               static_cast<size_t>(place.bytes - done), place.offset + done);
    if (read < 0 && errno == EINTR) continue;
    if (read <= 0) return sources::NamelessFileError("read", folder_, read == 0 ? EIO : errno);
    done += read;
  }
  arrow::ipc::IpcReadOptions options = arrow::ipc::IpcReadOptions::Defaults();
  options.use_threads = false;
  const auto input = std::make_shared<arrow::io::BufferReader>(std::move(bytes));
  ARROW_ASSIGN_OR_RAISE(const auto reader,
                        arrow::ipc::RecordBatchStreamReader::Open(input, options));
  std::shared_ptr<arrow::RecordBatch> batch;
  ARROW_RETURN_NOT_OK(reader->ReadNext(&batch));
  return batch;
}

}  // namespace millrace::offline
