#include "serve/observe/log_tables.h"

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <system_error>
#include <utility>

#include "base/hash.h"
#include "serve/observe/feature_rows.h"
#include "sources/files/file_error.h"

namespace millrace::serve {

using base::Status;

namespace {

// In memory, of all tables together; beyond them the largest goes out as a row group.
constexpr int64_t kWaitingRowsMax = sources::kRowGroupRows;
constexpr int64_t kWaitingBytesMax = 32 << 20;
// Clients who ask for ever other features could have any number.
constexpr size_t kTablesMax = 64;
constexpr std::string_view kFormat = "feature_log 1";

// 20250131T103000Z-89abcdef01234567.parquet: in order of time, and nobody else's.
std::string NameOf(base::EventTime first) {
  std::string time = base::FormatTime(
      base::EventTime::Micros(base::FloorDiv(first.micros(), 1'000'000) * 1'000'000));
  std::erase_if(time, [](char c) { return c == '-' || c == ':'; });
  std::random_device random;
  const uint64_t number = (uint64_t{random()} << 32) | random();
  return fmt::format("{}-{}.parquet", time, base::Hex(number));
}

}  // namespace

LogTables::LogTables(std::string root, const FeatureLogOptions& options, Told told)
    : root_(std::move(root)), options_(options), told_(std::move(told)) {}

void LogTables::Add(const ServedAnswer& served, Moment now) {
  const std::string shape = ShapeOf(served);
  auto table = tables_.find(shape);
  if (table == tables_.end()) {
    table = Place(shape, ColumnsOf(served), FolderOf(served), served.received, now);
  }
  RowBuffer& waiting = table->second.waiting;
  const int64_t rows = waiting.rows();
  const int64_t bytes = waiting.bytes();
  Append(served, &waiting);
  Settle(table, rows, bytes);
}

void LogTables::Add(const Outcome& outcome, base::EventTime received, Moment now) {
  const std::string shape = OutcomeShape(received);
  auto table = tables_.find(shape);
  if (table == tables_.end()) {
    table = Place(shape, OutcomeColumns(), OutcomeFolder(received), received, now);
  }
  RowBuffer& waiting = table->second.waiting;
  const int64_t rows = waiting.rows();
  const int64_t bytes = waiting.bytes();
  Append(outcome, received, &waiting);
  Settle(table, rows, bytes);
}

LogTables::Tables::iterator LogTables::Place(const std::string& shape, RowBuffer columns,
                                             std::string folder, base::EventTime received,
                                             Moment now) {
  if (tables_.size() == kTablesMax) {
    Commit(std::min_element(tables_.begin(), tables_.end(), [](const auto& a, const auto& b) {
      return a.second.due < b.second.due;
    }));
  }
  const Moment due = now + std::chrono::seconds(options_.file_seconds_max);
  return tables_.emplace(shape, Table{std::move(columns), std::move(folder), NameOf(received), due})
      .first;
}

// After rows were added to a table that had so many.
void LogTables::Settle(Tables::iterator table, int64_t rows_before, int64_t bytes_before) {
  waiting_rows_ += table->second.waiting.rows() - rows_before;
  waiting_bytes_ += table->second.waiting.bytes() - bytes_before;
  if (table->second.rows() >= options_.file_rows_max) {
    Commit(table);
  } else if (waiting_rows_ >= kWaitingRowsMax || waiting_bytes_ >= kWaitingBytesMax) {
    SpillLargest();
  }
}

void LogTables::SpillLargest() {
  const auto table =
      std::max_element(tables_.begin(), tables_.end(), [](const auto& a, const auto& b) {
        return a.second.waiting.bytes() < b.second.waiting.bytes();
      });
  const Status status = Spill(&table->second);
  if (!status.ok()) Forget(table, status);
}

Status LogTables::Open(Table* table) {
  const std::string folder = root_ + table->folder;
  if (!root_.starts_with("s3://")) {
    std::error_code failed;
    std::filesystem::create_directories(folder, failed);
    if (failed) return sources::FileError(failed.value(), "make", folder);
  }
  const auto metadata = arrow::key_value_metadata({{"millrace.format", std::string(kFormat)}});
  return sources::TableWriter::Open(folder + table->name,
                                    table->waiting.schema()->WithMetadata(metadata),
                                    sources::Encoders::kOneThread)
      .Value(&table->writer);
}

Status LogTables::Spill(Table* table) {
  if (table->writer == nullptr) ARROW_RETURN_NOT_OK(Open(table));
  const int64_t rows = table->waiting.rows();
  const int64_t bytes = table->waiting.bytes();
  ARROW_ASSIGN_OR_RAISE(const auto batch, table->waiting.Take());
  waiting_rows_ -= rows;
  waiting_bytes_ -= bytes;
  table->written += rows;
  return table->writer->Write(*batch);
}

void LogTables::Commit(Tables::iterator table) {
  Status status = Spill(&table->second);
  if (status.ok()) status = table->second.writer->Commit();
  Forget(table, status);
}

void LogTables::Forget(Tables::iterator table, const Status& status) {
  waiting_rows_ -= table->second.waiting.rows();
  waiting_bytes_ -= table->second.waiting.bytes();
  const int64_t rows = table->second.rows();
  tables_.erase(table);
  told_(rows, status);
}

void LogTables::WriteDue(Moment now) {
  for (auto table = tables_.begin(); table != tables_.end();) {
    const auto next = std::next(table);
    if (table->second.due <= now) Commit(table);
    table = next;
  }
}

void LogTables::WriteAll() {
  while (!tables_.empty()) Commit(tables_.begin());
}

LogTables::Moment LogTables::due() const {
  Moment due = Moment::max();
  for (const auto& [shape, table] : tables_) due = std::min(due, table.due);
  return due;
}

}  // namespace millrace::serve
