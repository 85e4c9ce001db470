// Fuzz: any bytes as CSV must give the same records or the same error whenever they are decoded,
// and one cell of every kind per field.
#include <arrow/buffer.h>
#include <arrow/io/memory.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "sources/cells/shown_text.h"
#include "sources/csv/csv_columns.h"
#include "sources/csv/csv_decoder.h"

namespace {

using millrace::columns::ColumnBuffer;
using millrace::columns::Type;
using millrace::sources::CsvCells;
using millrace::sources::CsvDecoder;
using millrace::sources::CsvField;

std::string Decode(std::string_view text, std::vector<ColumnBuffer>* buffers) {
  const auto buffer = std::make_shared<arrow::Buffer>(text);
  CsvDecoder decoder(std::make_shared<arrow::io::BufferReader>(buffer));
  CsvCells cells(millrace::features::TimestampUnit::kMillis);
  std::string all;
  while (true) {
    const auto record = decoder.Next();
    if (!record.ok()) return all + record.status().message();
    if (*record == nullptr) return all;
    all += std::to_string((*record)->line) + (*record)->malformed;
    for (const CsvField& field : (*record)->fields) {
      all += field.quoted ? "\"" : "'";
      all += field.text;
      for (ColumnBuffer& out : *buffers) cells.Append(field, &out);
      MILLRACE_CHECK(millrace::sources::ShownText(field.text).size() < 400);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<ColumnBuffer> buffers;
  for (const char* type :
       {"bool", "int8", "uint64", "float32", "float64", "string", "bytes", "date", "timestamp",
        "list<list<int64>>", "vector<float32, 2>", "map<int64, string>"}) {
    buffers.emplace_back(Type::Parse(type).ValueOrDie());
  }
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string once = Decode(text, &buffers);
  MILLRACE_CHECK(once == Decode(text, &buffers));
  for (const ColumnBuffer& buffer : buffers) MILLRACE_CHECK(buffer.size() == buffers[0].size());
  return 0;
}
