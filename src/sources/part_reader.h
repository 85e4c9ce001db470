// The rows of one part of a source as EventBatches: where times are judged and rows rejected. Made
// by EventReader, one for each part that is read.
#pragma once

#include <memory>
#include <vector>

#include "features/plan.h"
#include "sources/event_reader.h"
#include "sources/file_rows.h"
#include "sources/files/file_list.h"

namespace millrace::sources {

// What all parts of a source share; nothing in it changes.
struct SourceReading {
  features::Source source;
  WantedRows wanted;
  std::vector<int> source_columns;  // of wanted.columns
  FileList list;
  int threads = 1;  // that read parts at once
};

std::unique_ptr<PartReader> ReadPart(std::shared_ptr<const SourceReading> reading, size_t file,
                                     std::unique_ptr<FileRows> rows);

}  // namespace millrace::sources
