// The rows of one part of a source as EventBatches: where times are judged and rows rejected. Made
// by EventReader, one for each part that is read.
#pragma once

#include <functional>
#include <memory>
#include <string>
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
  FileList list;                    // of files; a push log has none
  int threads = 1;                  // that read parts at once
};

// Which columns are wanted and where they are found, by the options and the source's times; the
// list is left empty. REQUIRES: the source has an event time. Error: type_mismatch, a column that
// cannot be one.
base::Result<std::shared_ptr<SourceReading>> NewReading(const features::Source& source,
                                                        const ReadOptions& options);

// Where the rows of a part are.
struct PartOrigin {
  std::string shown;                             // EventBatch::origin
  std::function<base::Status()> check_end = {};  // asked once all rows were read; may be empty
};

std::unique_ptr<PartReader> ReadPart(std::shared_ptr<const SourceReading> reading,
                                     PartOrigin origin, std::unique_ptr<FileRows> rows);

}  // namespace millrace::sources
