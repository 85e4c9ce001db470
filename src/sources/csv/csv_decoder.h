// CsvDecoder: the records of a CSV text (RFC 4180) as fields, each with whether it was quoted.
// Knows nothing of types. LF and CRLF end a record, a quoted field may hold both; a quote inside an
// unquoted field is a character.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "sources/files/byte_window.h"

namespace millrace::sources {

struct CsvField {
  std::string_view text;  // without quotes, "" as "
  bool quoted = false;

  bool is_null() const { return text.empty() && !quoted; }
};

struct CsvRecord {
  int64_t line = 0;  // on which it begins, from 1
  std::vector<CsvField> fields;
  std::string malformed;  // why the record is none; "" when it is
  bool blank = false;     // an empty line: one field, not quoted and empty
};

class CsvDecoder {
 public:
  explicit CsvDecoder(std::shared_ptr<arrow::io::InputStream> stream);

  // The next record, valid until the next call; nullptr at the end. Error: corrupt, for a quoted
  // field that is never closed and a record over 256 MiB, naming the line; what the stream reports.
  base::Result<const CsvRecord*> Next();

 private:
  // A field as offsets into the window, which may move while it is read.
  struct Span {
    size_t begin;
    size_t end;
    bool quoted;
    bool doubled;  // holds "" for "
  };
  enum class Scan { kWhole, kMore };

  Scan ScanRecord(bool at_end);
  Scan ScanQuoted(size_t* at, bool at_end);
  void FillFields();

  ByteWindow window_;
  std::vector<Span> spans_;
  size_t record_end_ = 0;  // where the scanned record ends, its line end included
  size_t scanned_ = 0;     // bytes of the window that the record before this one took
  int64_t line_ = 1;
  int64_t lines_taken_ = 0;  // by the scanned record
  bool opened_ = false;      // the scan ended inside quotes
  bool begun_ = false;
  CsvRecord record_;
};

}  // namespace millrace::sources
