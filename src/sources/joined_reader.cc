#include "sources/joined_reader.h"

#include <iterator>
#include <utility>

#include "base/check.h"

namespace millrace::sources {
namespace {

class JoinedReader final : public EventReader {
 public:
  explicit JoinedReader(std::vector<std::unique_ptr<EventReader>> readers)
      : readers_(std::move(readers)) {
    for (const auto& reader : readers_) {
      parts_ += reader->parts();
      rows_ += reader->rows_estimate();
      bytes_ += reader->bytes_estimate();
      pruned_.parts += reader->pruned().parts;
      pruned_.rows += reader->pruned().rows;
    }
  }

  int64_t parts() const override { return parts_; }
  base::Result<std::unique_ptr<PartReader>> OpenPart(int64_t part) override {
    MILLRACE_CHECK(part >= 0 && part < parts_);
    auto reader = readers_.begin();
    for (; part >= (*reader)->parts(); ++reader) part -= (*reader)->parts();
    return (*reader)->OpenPart(part);
  }
  int64_t rows_estimate() const override { return rows_; }
  int64_t bytes_estimate() const override { return bytes_; }
  const Pruned& pruned() const override { return pruned_; }
  base::Result<std::vector<InputFile>> Files() override {
    std::vector<InputFile> all;
    for (const auto& reader : readers_) {
      ARROW_ASSIGN_OR_RAISE(std::vector<InputFile> files, reader->Files());
      std::move(files.begin(), files.end(), std::back_inserter(all));
    }
    return all;
  }

 private:
  const std::vector<std::unique_ptr<EventReader>> readers_;
  int64_t parts_ = 0;
  int64_t rows_ = 0;
  int64_t bytes_ = 0;
  Pruned pruned_;
};

}  // namespace

std::unique_ptr<EventReader> JoinReaders(std::vector<std::unique_ptr<EventReader>> readers) {
  if (readers.size() == 1) return std::move(readers.front());
  return std::make_unique<JoinedReader>(std::move(readers));
}

}  // namespace millrace::sources
