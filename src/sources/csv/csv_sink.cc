#include "sources/csv/csv_sink.h"

#include <arrow/array.h>
#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "columns/arrow_column.h"
#include "sources/arrow/arrow_cells.h"
#include "sources/cells/cell_text.h"

namespace millrace::sources {
namespace {

using columns::Column;
using columns::ColumnBuffer;
using columns::Type;

// The text of so many rows is held at once.
constexpr int64_t kTextRows = 16'384;

void AppendField(std::string_view text, bool is_text, std::string* out) {
  const bool plain = text.find_first_of(",\"\r\n") == std::string_view::npos;
  if (plain && !(is_text && text.empty())) {
    out->append(text);
    return;
  }
  out->push_back('"');
  for (const char c : text) {
    if (c == '"') out->push_back('"');
    out->push_back(c);
  }
  out->push_back('"');
}

// Types that are not ours but have a text, such as decimals, are written as strings.
bool HasText(const arrow::DataType& type) {
  const arrow::Type::type id = type.id();
  return id == arrow::Type::NA || arrow::is_decimal(id) || id == arrow::Type::TIME32 ||
         id == arrow::Type::TIME64;
}

base::Status CheckType(const arrow::Field& field) {
  if (Type::FromArrow(*field.type()).ok() || HasText(*field.type())) return base::Status::OK();
  return base::Error(base::codes::kTypeMismatch,
                     fmt::format("column '{}' is {}, which CSV cannot hold", field.name(),
                                 field.type()->ToString()));
}

base::Result<columns::OwnedColumn> TextColumn(const std::shared_ptr<arrow::Array>& array) {
  const auto type = Type::FromArrow(*array->type());
  if (type.ok()) return ReadArray(array, *type, features::TimestampUnit::kNone);
  ColumnBuffer texts(columns::Kind::kString);
  for (int64_t i = 0; i < array->length(); ++i) {
    if (array->IsNull(i)) {
      texts.AppendNull();
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(const auto scalar, array->GetScalar(i));
    texts.AppendString(scalar->ToString());
  }
  return Own(std::move(texts));
}

class CsvSink : public BatchSink {
 public:
  explicit CsvSink(std::shared_ptr<arrow::io::OutputStream> out) : out_(std::move(out)) {}

  base::Status WriteHeader(const arrow::Schema& schema) {
    text_.clear();
    for (int i = 0; i < schema.num_fields(); ++i) {
      if (i > 0) text_.push_back(',');
      AppendField(schema.field(i)->name(), true, &text_);
    }
    text_.push_back('\n');
    return out_->Write(text_.data(), static_cast<int64_t>(text_.size()));
  }

  base::Status Write(const arrow::RecordBatch& batch) override {
    for (int64_t row = 0; row < batch.num_rows(); row += kTextRows) {
      ARROW_RETURN_NOT_OK(WriteRows(*batch.Slice(row, kTextRows)));
    }
    return base::Status::OK();
  }

  base::Status Close() override { return base::Status::OK(); }

 private:
  base::Status WriteRows(const arrow::RecordBatch& batch) {
    std::vector<columns::OwnedColumn> cells;
    for (const auto& array : batch.columns()) {
      ARROW_ASSIGN_OR_RAISE(auto column, TextColumn(array));
      cells.push_back(std::move(column));
    }
    text_.clear();
    for (int64_t row = 0; row < batch.num_rows(); ++row) {
      for (size_t i = 0; i < cells.size(); ++i) {
        if (i > 0) text_.push_back(',');
        const Column& column = cells[i].view;
        if (!column.valid(row)) continue;
        cell_.clear();
        AppendCellText(column, row, &cell_);
        AppendField(cell_, column.type.physical() == columns::Physical::kString, &text_);
      }
      text_.push_back('\n');
    }
    return out_->Write(text_.data(), static_cast<int64_t>(text_.size()));
  }

  std::shared_ptr<arrow::io::OutputStream> out_;
  std::string text_;
  std::string cell_;
};

}  // namespace

OpenedSink OpenCsvSink(const std::shared_ptr<arrow::Schema>& schema,
                       const std::shared_ptr<arrow::io::OutputStream>& out) {
  for (const auto& field : schema->fields()) ARROW_RETURN_NOT_OK(CheckType(*field));
  auto sink = std::make_unique<CsvSink>(out);
  ARROW_RETURN_NOT_OK(sink->WriteHeader(*schema));
  return sink;
}

}  // namespace millrace::sources
