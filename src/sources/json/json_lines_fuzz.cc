// Fuzz: any bytes as a line of JSON must give exactly one cell a column, and a line that is good
// must stay good when its cells are read again.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "sources/cells/cell_text.h"
#include "sources/json/json_line.h"

namespace {

using millrace::columns::ColumnBuffer;
using millrace::columns::Type;
using millrace::sources::JsonLine;
using millrace::sources::WantedColumn;

std::vector<WantedColumn> Columns() {
  std::vector<WantedColumn> columns;
  int count = 0;
  for (const char* type :
       {"bool", "int8", "uint64", "float32", "float64", "string", "bytes", "date", "timestamp",
        "list<list<int64>>", "vector<float32, 2>", "map<int64, string>"}) {
    const std::string name(1, static_cast<char>('a' + count++));
    columns.push_back({name, name, Type::Parse(type).ValueOrDie(), true});
    columns.push_back({name + ".x", "n." + name + ".x", columns.back().type, false});
  }
  return columns;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::vector<WantedColumn> columns = Columns();
  static JsonLine line =
      JsonLine::Make(columns, millrace::features::TimestampUnit::kMillis).ValueOrDie();
  std::vector<ColumnBuffer> buffers;
  for (const WantedColumn& column : columns) buffers.emplace_back(column.type);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string why = line.Read(text, &buffers);
  MILLRACE_CHECK(why == line.Read(text, &buffers));
  std::string written;
  for (const ColumnBuffer& buffer : buffers) {
    MILLRACE_CHECK(buffer.size() == 2);
    const millrace::columns::Column view = buffer.View();
    if (!why.empty()) continue;
    MILLRACE_CHECK(view.cell(0) == view.cell(1));
    MILLRACE_CHECK(millrace::columns::CompareCells(view, 0, view, 1) == 0);
    if (view.valid(0)) millrace::sources::AppendCellText(view, 0, &written);
  }
  return 0;
}
