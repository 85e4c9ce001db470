#include "sources/files/line_reader.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>

namespace millrace::sources {
namespace {

constexpr size_t kLineBytesMax = size_t{256} << 20;

}  // namespace

LineReader::LineReader(std::shared_ptr<arrow::io::InputStream> stream)
    : window_(std::move(stream)) {}

base::Result<std::optional<std::string_view>> LineReader::Next() {
  if (line_ == 0) ARROW_RETURN_NOT_OK(window_.DropMark());
  window_.Drop(std::exchange(taken_, 0));
  ++line_;
  size_t looked = 0;  // no line end is before it
  while (true) {
    const void* end = std::memchr(window_.data() + looked, '\n', window_.size() - looked);
    if (end != nullptr) {
      const auto size = static_cast<size_t>(static_cast<const char*>(end) - window_.data());
      taken_ = size + 1;
      return std::optional(window_.view().substr(0, size));
    }
    looked = window_.size();
    if (looked > kLineBytesMax) {
      return base::Error(base::codes::kCorrupt,
                         fmt::format("line {} is longer than 256 MiB", line_));
    }
    ARROW_ASSIGN_OR_RAISE(const bool more, window_.More());
    if (more) continue;
    if (window_.size() == 0) return std::optional<std::string_view>();
    taken_ = window_.size();
    return std::optional(window_.view());
  }
}

bool LineReader::IsBlank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

}  // namespace millrace::sources
