// For tests: a source whose rows are pushed, its log in a folder of its own, and what is read of it
// as text.
#pragma once

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sources/push/push_log_reader.h"
#include "sources/push/push_log_writer.h"
#include "sources/source_testing.h"

namespace millrace::sources {

constexpr int64_t kNoon = 1'735'732'800'000'000;  // 2025-01-01T12:00:00Z

// A source s of user_id (string), amount (float64) and t, perhaps with more columns.
inline features::Source PushedSource(std::vector<std::pair<const char*, const char*>> more = {},
                                     const std::string& created = "") {
  SourceText text{.path = "",
                  .columns = {{"user_id", "string"}, {"amount", "float64"}, {"t", "timestamp"}},
                  .created = created};
  for (const auto& column : more) text.columns.push_back(column);
  return MakeSource(text);
}

// Rows "user amount": all at noon, or without a time where the amount is negative; columns behind
// the first three are null.
inline std::shared_ptr<arrow::RecordBatch> RowsOf(
    const std::shared_ptr<arrow::Schema>& schema,
    const std::vector<std::pair<const char*, double>>& rows) {
  arrow::StringBuilder users;
  arrow::DoubleBuilder amounts;
  arrow::TimestampBuilder times(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"),
                                arrow::default_memory_pool());
  for (const auto& [user, amount] : rows) {
    EXPECT_TRUE(users.Append(user).ok() && amounts.Append(amount).ok());
    EXPECT_TRUE((amount < 0 ? times.AppendNull() : times.Append(kNoon)).ok());
  }
  arrow::ArrayVector columns = {*users.Finish(), *amounts.Finish(), *times.Finish()};
  for (int i = 3; i < schema->num_fields(); ++i) {
    columns.push_back(
        *arrow::MakeArrayOfNull(schema->field(i)->type(), static_cast<int64_t>(rows.size())));
  }
  return arrow::RecordBatch::Make(schema, static_cast<int64_t>(rows.size()), columns);
}

inline base::EventTime After(int64_t seconds) {
  return base::EventTime::Micros(kNoon + seconds * 1'000'000);
}

// Each project folder has a writer of its own, which tests call w.
inline std::string WithoutId(std::string text, const std::string& push) {
  if (!std::filesystem::exists(push + "/writer")) return text;
  const std::string writer = PushWriter(push).ValueOr("");
  for (size_t at = text.find(writer); !writer.empty() && at != std::string::npos;
       at = text.find(writer)) {
    text.replace(at, writer.size(), "w");
  }
  return text;
}

// The log's rows as source_testing shows them, then "one-sided N" and the reasons of rejection; the
// status, if reading fails.
inline std::string ReadLog(const features::Source& source, const std::string& push,
                           const PushSelection& selection = {}, int64_t batch_rows_max = 1 << 20) {
  const auto reader = OpenPushLog(source, push, AllColumns(source, "", batch_rows_max), selection);
  if (!reader.ok()) return TextOf(reader.status());
  std::string shown;
  int64_t one_sided = 0;
  columns::RejectedRows rejected;
  for (int64_t i = 0; i < (*reader)->parts(); ++i) {
    auto part = (*reader)->OpenPart(i);
    if (!part.ok()) return shown + TextOf(part.status());
    while (true) {
      const auto batch = (*part)->Next();
      if (!batch.ok()) return shown + TextOf(batch.status());
      if (!batch->has_value()) break;
      AppendRows(**batch, source, &shown);
    }
    one_sided += (*part)->one_sided();
    rejected.Merge((*part)->rejected());
  }
  if (one_sided > 0) shown += "one-sided " + std::to_string(one_sided) + "\n";
  for (const auto& reason : rejected.reasons) {
    shown += reason.code + " " + std::to_string(reason.count) + "\n";
  }
  return WithoutId(shown, push);
}

// A push log in a folder of its own.
class PushLogTest : public ::testing::Test {
 protected:
  std::unique_ptr<PushLogWriter> Open(const features::Source& source,
                                      const std::string& push = "push",
                                      const PushLogOptions& options = {}) const {
    auto writer = PushLogWriter::Open(folder_ / push, source, options);
    EXPECT_TRUE(writer.ok()) << writer.status();
    return writer.ok() ? *std::move(writer) : nullptr;
  }
  static int64_t Append(PushLogWriter* writer,
                        const std::vector<std::pair<const char*, double>>& rows,
                        PushTo to = PushTo::kBoth) {
    const PushRows batch{RowsOf(writer->schema(), rows), After(60), to};
    const auto first = writer->Append({&batch, 1});
    EXPECT_TRUE(first.ok()) << first.status();
    return first.ValueOr(-1);
  }
  // The files with rows, in order: "w-1.log", "w-1-4.parquet".
  std::vector<std::string> LogNames() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(push_ + "/s")) {
      std::string name = WithoutId(entry.path().filename().string(), push_);
      if (name.ends_with(".lock")) continue;
      for (size_t zero = name.find("-0"); zero != std::string::npos; zero = name.find("-0")) {
        name.erase(zero + 1, 1);
      }
      names.push_back(std::move(name));
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  const Folder folder_;
  const std::string push_ = folder_ / "push";
};

}  // namespace millrace::sources
