#include "sources/arrow/ipc_sink.h"

#include <arrow/array.h>
#include <arrow/array/array_dict.h>
#include <arrow/ipc/options.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <utility>
#include <vector>

namespace millrace::sources {
namespace {

using arrow::DictionaryArray;
using Dictionary = std::shared_ptr<arrow::Array>;

// The column with codes of `written`, which gets the words that it lacks behind those it has: a
// file cannot take back a dictionary, only add to it.
arrow::Result<std::shared_ptr<arrow::Array>> Recode(const std::shared_ptr<arrow::Array>& column,
                                                    Dictionary* written) {
  const auto& coded = static_cast<const DictionaryArray&>(*column);
  if (*written == nullptr) *written = coded.dictionary();
  if (*written == coded.dictionary() || (*written)->Equals(*coded.dictionary())) return column;
  const auto& type = static_cast<const arrow::DictionaryType&>(*column->type());
  ARROW_ASSIGN_OR_RAISE(const auto unifier, arrow::DictionaryUnifier::Make(type.value_type()));
  std::shared_ptr<arrow::Buffer> codes;
  ARROW_RETURN_NOT_OK(unifier->Unify(**written));
  ARROW_RETURN_NOT_OK(unifier->Unify(*coded.dictionary(), &codes));
  ARROW_RETURN_NOT_OK(unifier->GetResultWithIndexType(type.index_type(), written));
  return coded.Transpose(column->type(), *written, codes->data_as<int32_t>());
}

class IpcSink : public BatchSink {
 public:
  IpcSink(std::shared_ptr<arrow::ipc::RecordBatchWriter> writer, int columns)
      : writer_(std::move(writer)), written_(columns) {}

  base::Status Write(const arrow::RecordBatch& batch) override {
    arrow::ArrayVector columns = batch.columns();
    for (size_t i = 0; i < columns.size(); ++i) {
      if (columns[i]->type_id() != arrow::Type::DICTIONARY) continue;
      ARROW_ASSIGN_OR_RAISE(columns[i], Recode(columns[i], &written_[i]));
    }
    return writer_->WriteRecordBatch(
        *arrow::RecordBatch::Make(batch.schema(), batch.num_rows(), std::move(columns)));
  }
  base::Status Close() override { return writer_->Close(); }

 private:
  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;
  std::vector<Dictionary> written_;  // by column; of those with codes
};

}  // namespace

OpenedSink OpenIpcSink(const std::shared_ptr<arrow::Schema>& schema,
                       const std::shared_ptr<arrow::io::OutputStream>& out) {
  auto options = arrow::ipc::IpcWriteOptions::Defaults();
  options.emit_dictionary_deltas = true;
  ARROW_ASSIGN_OR_RAISE(auto writer, arrow::ipc::MakeFileWriter(out, schema, options));
  return std::make_unique<IpcSink>(std::move(writer), schema->num_fields());
}

}  // namespace millrace::sources
