#include "sources/arrow/parquet_groups.h"

#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <parquet/statistics.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "sources/cells/cell_text.h"

namespace millrace::sources {
namespace {

using columns::Kind;
using features::TimestampUnit;

// The row group's number in the column that is a time, as microseconds.
std::optional<int64_t> MicrosOfRaw(int64_t raw, const arrow::DataType& from, TimestampUnit unit) {
  if (from.id() != arrow::Type::TIMESTAMP) return MicrosOf(raw, unit);
  switch (static_cast<const arrow::TimestampType&>(from).unit()) {
    case arrow::TimeUnit::SECOND:
      return MicrosOf(raw, TimestampUnit::kSeconds);
    case arrow::TimeUnit::MILLI:
      return MicrosOf(raw, TimestampUnit::kMillis);
    case arrow::TimeUnit::MICRO:
      return MicrosOf(raw, TimestampUnit::kMicros);
    case arrow::TimeUnit::NANO:
      return MicrosOf(raw, TimestampUnit::kNanos);
  }
  return std::nullopt;
}

// Whether every cell of the column is known to be there.
bool NoNulls(const parquet::RowGroupMetaData& group, const ParquetColumn& column) {
  return std::all_of(column.leaves.begin(), column.leaves.end(), [&](int leaf) {
    const auto statistics = group.ColumnChunk(leaf)->statistics();
    return statistics != nullptr && statistics->HasNullCount() && statistics->null_count() == 0;
  });
}

// Whether the statistics say that all event times lie outside [from, to), and that no row is to be
// rejected and counted for a time that is not there.
bool IsOutside(const parquet::RowGroupMetaData& group, const WantedRows& wanted,
               const std::vector<ParquetColumn>& found) {
  const ParquetColumn& time = found[wanted.time];
  const Kind kind = wanted.columns[wanted.time].type.kind();
  const bool integer = time.type->id() == arrow::Type::INT64 && wanted.unit != TimestampUnit::kNone;
  if (time.leaves.size() != 1 || (kind != Kind::kTimestamp && kind != Kind::kInt64) ||
      (time.type->id() != arrow::Type::TIMESTAMP && !integer)) {
    return false;
  }
  for (size_t i = 0; i < found.size(); ++i) {
    if (wanted.columns[i].is_time && !NoNulls(group, found[i])) return false;
  }
  const auto statistics = group.ColumnChunk(time.leaves.front())->statistics();
  if (!statistics->HasMinMax() || statistics->physical_type() != parquet::Type::INT64) return false;
  const auto& range = static_cast<const parquet::Int64Statistics&>(*statistics);
  const auto first = MicrosOfRaw(range.min(), *time.type, wanted.unit);
  const auto last = MicrosOfRaw(range.max(), *time.type, wanted.unit);
  // A time that does not fit is rejected and counted.
  if (!first.has_value() || !last.has_value() || *first > *last) return false;
  return (wanted.from.has_value() && *last < wanted.from->micros()) ||
         (wanted.to.has_value() && *first >= wanted.to->micros());
}

int64_t DecodedBytes(const parquet::RowGroupMetaData& group, const WantedRows& wanted,
                     const std::vector<ParquetColumn>& found) {
  // An event time, a knowledge time and a place beside the columns.
  int64_t bytes = 3 * static_cast<int64_t>(sizeof(int64_t)) * group.num_rows();
  for (size_t i = 0; i < found.size(); ++i) {
    bytes += CellBytes(wanted.columns[i].type) * group.num_rows();
    const auto physical = wanted.columns[i].type.physical();
    if (physical < columns::Physical::kString) continue;
    for (const int leaf : found[i].leaves) {
      bytes += group.ColumnChunk(leaf)->total_uncompressed_size();
    }
  }
  return bytes;
}

// A dictionary with more (compressed) bytes than this for each row has about as many values as
// there are rows, and putting it into Arrow's hash table costs more than it saves (measured: at 0.6
// values a row it is even, at 1 it takes four times as long).
constexpr int64_t kDictionaryBytesMax = 4;
constexpr int64_t kSmallDictionaryBytes = 64 << 10;  // costs nothing either way

// Whether the leaf's pages all are indices into a dictionary, and it is small. Values written out
// would be looked up one by one to become such.
bool IsDictionary(const parquet::ColumnChunkMetaData& chunk) {
  if (chunk.type() != parquet::Type::BYTE_ARRAY || !chunk.has_dictionary_page()) return false;
  const int64_t bytes = chunk.data_page_offset() - chunk.dictionary_page_offset();
  if (bytes > kSmallDictionaryBytes && bytes / kDictionaryBytesMax > chunk.num_values()) {
    return false;
  }
  const auto dictionary = [](parquet::Encoding::type encoding) {
    return encoding == parquet::Encoding::RLE_DICTIONARY ||
           encoding == parquet::Encoding::PLAIN_DICTIONARY;
  };
  const auto& pages = chunk.encoding_stats();
  return std::all_of(pages.begin(), pages.end(), [&](const parquet::PageEncodingStats& page) {
    return page.page_type == parquet::PageType::DICTIONARY_PAGE || dictionary(page.encoding);
  });
}

// Of the texts that are wanted as texts.
std::vector<int> DictionariesOf(const parquet::RowGroupMetaData& group, const WantedRows& wanted,
                                const std::vector<ParquetColumn>& found) {
  std::vector<int> leaves;
  for (size_t i = 0; i < found.size(); ++i) {
    const Kind kind = wanted.columns[i].type.kind();
    if (kind != Kind::kString && kind != Kind::kBytes) continue;
    if (!arrow::is_base_binary_like(found[i].type->id()) || found[i].leaves.size() != 1) continue;
    const int leaf = found[i].leaves.front();
    if (IsDictionary(*group.ColumnChunk(leaf))) leaves.push_back(leaf);
  }
  return leaves;
}

}  // namespace

ParquetGroups GroupsOf(const parquet::FileMetaData& metadata, const WantedRows& wanted,
                       const std::vector<ParquetColumn>& found) {
  ParquetGroups out;
  int64_t first_row = 1;
  for (int i = 0; i < metadata.num_row_groups(); ++i) {
    const auto group = metadata.RowGroup(i);
    const int64_t rows = group->num_rows();
    if ((wanted.from.has_value() || wanted.to.has_value()) && rows > 0 &&
        IsOutside(*group, wanted, found)) {
      ++out.pruned.parts;
      out.pruned.rows += rows;
    } else if (rows > 0) {
      std::vector<int> dictionaries;
      if (rows <= wanted.batch_rows_max) dictionaries = DictionariesOf(*group, wanted, found);
      out.groups.push_back({i, first_row, rows, std::move(dictionaries)});
      out.size.rows += rows;
      out.size.bytes += DecodedBytes(*group, wanted, found);
    }
    first_row += rows;
  }
  return out;
}

}  // namespace millrace::sources
