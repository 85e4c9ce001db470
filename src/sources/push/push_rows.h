// PushedRows: the rows of one file of a push log as FileRows: only those of the selection, under
// the writer's numbers, with every wanted column. Made by OpenPushLog alone.
#pragma once

#include <memory>
#include <vector>

#include "sources/file_rows.h"
#include "sources/push/push_content.h"
#include "sources/push/push_log_reader.h"

namespace millrace::sources {

// What a file of a log is asked for: fewer columns than the source wants where rows were pushed
// without some, then those of the log's own that a selection needs.
struct PushedFile {
  ContentFile content;
  RowRange rows;            // of the selection, in the file's
  WantedRows wanted;        // by their names in the file
  std::vector<int> places;  // of each column that the source wants: its index in `wanted`, or -1
  size_t received = 0;      // their indices in `wanted`
  size_t to = 0;
};

// Error: type_mismatch, naming column and types; corrupt.
base::Result<std::shared_ptr<const PushedFile>> AskFile(const ContentFile& content, RowRange rows,
                                                        const WantedRows& wanted);

// The rows of a segment as the file has them, from 1, in batches of many frames.
std::unique_ptr<FileRows> SegmentRows(std::shared_ptr<const PushedFile> file);

// `rows`: of the file, as it has them. `wanted`: what the source wants.
std::unique_ptr<FileRows> SelectPushed(std::shared_ptr<const PushedFile> file,
                                       std::vector<WantedColumn> wanted, PushTo to,
                                       std::unique_ptr<FileRows> rows);

}  // namespace millrace::sources
