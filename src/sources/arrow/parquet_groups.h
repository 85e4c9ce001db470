// What the footer of a Parquet file says about its row groups: which may hold rows that are wanted,
// and how each is best read. Used by parquet_parts.cc alone.
#pragma once

#include <parquet/metadata.h>

#include <cstdint>
#include <vector>

#include "sources/arrow/parquet_file.h"
#include "sources/file_rows.h"

namespace millrace::sources {

struct ParquetGroup {
  int index = 0;          // of the row group in the file
  int64_t first_row = 0;  // from 1
  int64_t rows = 0;
  std::vector<int> dictionaries;  // leaves that are best read as dictionary arrays
};

struct ParquetGroups {
  std::vector<ParquetGroup> groups;  // that are to be read; none is empty
  Pruned pruned;
  Size size;
};

// `found` are the wanted columns in the file. May throw what Parquet's library throws.
ParquetGroups GroupsOf(const parquet::FileMetaData& metadata, const WantedRows& wanted,
                       const std::vector<ParquetColumn>& found);

}  // namespace millrace::sources
