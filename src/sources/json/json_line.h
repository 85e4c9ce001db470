// JsonLine: one line of a JSON-lines text as cells of wanted columns. Unknown fields are read and
// dropped. Called for files; the whole of what decoding a JSON event is.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "columns/column.h"
#include "features/plan.h"
#include "sources/file_rows.h"

namespace millrace::sources {

class JsonLine {
 public:
  // Every path is a field's name, or names joined by dots into nested objects; a field whose own
  // name has the dots counts as well. Error: type_mismatch, for columns that read one field by
  // several types.
  static base::Result<JsonLine> Make(const std::vector<WantedColumn>& columns,
                                     features::TimestampUnit unit);
  ~JsonLine();
  JsonLine(JsonLine&&) noexcept;

  // Appends exactly one cell to each buffer: null where the line has no such field. "" or why
  // the line is no JSON object (its cells then mean nothing): bad JSON, trailing text, a field
  // twice.
  std::string Read(std::string_view line, std::vector<columns::ColumnBuffer>* out);

  // The texts of bad cells of time columns in the line read last.
  const std::vector<BadText>& bad_texts() const;

 private:
  explicit JsonLine(features::TimestampUnit unit);

  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace millrace::sources
