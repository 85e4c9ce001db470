#include "sources/csv/csv_decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace millrace::sources {
namespace {

constexpr size_t kRecordBytesMax = size_t{256} << 20;

}  // namespace

CsvDecoder::CsvDecoder(std::shared_ptr<arrow::io::InputStream> stream)
    : window_(std::move(stream)) {}

base::Result<const CsvRecord*> CsvDecoder::Next() {
  if (!begun_) {
    begun_ = true;
    ARROW_RETURN_NOT_OK(window_.DropMark());
  }
  window_.Drop(std::exchange(scanned_, 0));
  bool at_end = false;
  while (window_.size() == 0 || ScanRecord(at_end) == Scan::kMore) {
    if (at_end) {
      if (window_.size() == 0) return nullptr;
      return base::Error(base::codes::kCorrupt,
                         fmt::format("the quoted field of the row that begins on line {} is never "
                                     "closed",
                                     line_));
    }
    if (window_.size() > kRecordBytesMax) {
      return base::Error(base::codes::kCorrupt,
                         fmt::format("the row that begins on line {} is longer than 256 MiB{}",
                                     line_, opened_ ? "; is a quote never closed?" : ""));
    }
    ARROW_ASSIGN_OR_RAISE(const bool more, window_.More());
    at_end = !more;
  }
  FillFields();
  scanned_ = record_end_;
  line_ += lines_taken_;
  return &record_;
}

CsvDecoder::Scan CsvDecoder::ScanRecord(bool at_end) {
  const std::string_view text = window_.view();
  spans_.clear();
  record_.malformed.clear();
  lines_taken_ = 0;
  opened_ = false;
  size_t at = 0;
  while (true) {
    if (at < text.size() && text[at] == '"') {
      if (ScanQuoted(&at, at_end) == Scan::kMore) return Scan::kMore;
    } else {
      const size_t begin = at;
      while (at < text.size() && text[at] != ',' && text[at] != '\n') ++at;
      if (at == text.size() && !at_end) return Scan::kMore;
      const bool line_end = at == text.size() || text[at] == '\n';
      const size_t end = line_end && at > begin && text[at - 1] == '\r' ? at - 1 : at;
      spans_.push_back({begin, end, false, false});
    }
    if (at == text.size()) break;
    ++at;
    if (text[at - 1] == '\n') {
      ++lines_taken_;
      break;
    }
  }
  record_end_ = at;
  return Scan::kWhole;
}

// From the opening quote to the comma or line end behind the closing one.
CsvDecoder::Scan CsvDecoder::ScanQuoted(size_t* at, bool at_end) {
  const std::string_view text = window_.view();
  Span span{*at + 1, *at + 1, true, false};
  opened_ = true;
  size_t i = *at + 1;
  while (true) {
    while (i < text.size() && text[i] != '"') lines_taken_ += text[i++] == '\n' ? 1 : 0;
    if (i == text.size() || (i + 1 == text.size() && !at_end)) return Scan::kMore;
    if (i + 1 == text.size() || text[i + 1] != '"') break;
    span.doubled = true;
    i += 2;
  }
  opened_ = false;
  span.end = i++;
  spans_.push_back(span);
  if (i + 1 >= text.size() && !at_end) return Scan::kMore;  // a CR may be followed by its LF
  if (i < text.size() && text[i] == '\r' && (i + 1 == text.size() || text[i + 1] == '\n')) ++i;
  if (i < text.size() && text[i] != ',' && text[i] != '\n') {
    record_.malformed = "text behind a closing quote";
    while (i < text.size() && text[i] != '\n') ++i;
    if (i == text.size() && !at_end) return Scan::kMore;
  }
  *at = i;
  return Scan::kWhole;
}

void CsvDecoder::FillFields() {
  record_.line = line_;
  record_.fields.clear();
  for (const Span& span : spans_) {
    char* begin = window_.data() + span.begin;
    size_t size = span.end - span.begin;
    if (span.doubled) {
      char* to = begin;
      for (const char* from = begin; from != begin + size; ++from) {
        *to++ = *from;
        if (*from == '"') ++from;
      }
      size = static_cast<size_t>(to - begin);
    }
    record_.fields.push_back({{begin, size}, span.quoted});
  }
  record_.blank = record_.fields.size() == 1 && record_.fields[0].is_null();
}

}  // namespace millrace::sources
