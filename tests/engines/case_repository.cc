// Every job opens and leaves the store as a process of its own would, but for a push that goes on.
#include "engines/case_repository.h"

#include <arrow/array/array_base.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "columns/arrow_column.h"
#include "engines/event_files.h"
#include "engines/online_answer.h"
#include "jobs/definitions/apply.h"
#include "jobs/reads/asked_keys.h"
#include "jobs/update/materialize.h"
#include "jobs/update/vacuum_online.h"
#include "sources/event_reader.h"
#include "sources/table_file.h"

namespace millrace::engines {

using base::Result;
using base::Status;

namespace fs = std::filesystem;

namespace {

constexpr const char* kProject = "cases";

Status WriteText(const std::string& path, const std::string& text) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream out(path, std::ios::binary);
  out << text;
  out.close();
  return out ? Status::OK() : Status::IOError("cannot write ", path);
}

}  // namespace

Status CaseRepository::Apply(const Scenario& scenario) {
  const auto schema = [this](const features::Source& source) {
    return sources::ReadSchema(source, folder());
  };
  ARROW_ASSIGN_OR_RAISE(plan_, features::Compile(kProject, scenario.definitions, schema));
  const std::string online = online_.empty() ? online_ : "\nonline: \"" + online_ + "\"";
  ARROW_RETURN_NOT_OK(
      WriteText(folder() + "/millrace.yaml", std::string("project: ") + kProject + online));
  for (size_t i = 0; i < scenario.definitions.size(); ++i) {
    ARROW_RETURN_NOT_OK(WriteText(folder() + "/features/" + std::to_string(i) + ".yaml",
                                  scenario.definitions[i].text));
  }
  ARROW_ASSIGN_OR_RAISE(repository_, jobs::OpenRepository(folder()));
  return jobs::Apply(*repository_, {.author = "cases", .base = {}}, clock_).status();
}

Status CaseRepository::Clear() {
  EndPush();
  clock_.now = base::EventTime::Min();
  for (const auto& entry : fs::directory_iterator(folder())) {
    const std::string name = entry.path().filename();
    if (name == "online" || name == "lake" || name.ends_with(".csv") ||
        name.ends_with(".parquet")) {
      fs::remove_all(entry.path());
    }
  }
  return Status::OK();
}

void CaseRepository::EndPush() {
  pusher_.reset();
}

Status CaseRepository::AddFile(const EventTable& table, const std::vector<size_t>& rows,
                               const std::string& format) {
  return WriteEventFile(
      table, rows,
      folder() + "/" + table.source + "-" + std::to_string(next_file_++) + "." + format);
}

Result<bool> CaseRepository::Materialize(const std::vector<std::string>& views) {
  EndPush();
  jobs::MaterializeOptions options;
  options.views = views;
  options.wait_seconds = 0;
  options.threads = 1;
  ARROW_ASSIGN_OR_RAISE(const jobs::MaterializeReport report,
                        jobs::Materialize(*repository_, options, clock_));
  return report.changed;
}

Status CaseRepository::Push(const EventTable& table, const std::vector<size_t>& rows) {
  if (pusher_ == nullptr || pushed_source_ != table.source) {
    EndPush();
    pushed_source_ = table.source;
    next_line_ = 1;
    ARROW_ASSIGN_OR_RAISE(
        pusher_,
        jobs::Pusher::Open(
            *repository_, {.source = table.source, .to = sources::PushTo::kBoth, .wait_seconds = 0},
            clock_));
  }
  std::vector<std::string> texts;
  for (const size_t row : rows) texts.push_back(JsonRow(table, row));
  const std::vector<std::string_view> lines(texts.begin(), texts.end());
  ARROW_RETURN_NOT_OK(pusher_->Append(lines, next_line_).status());
  next_line_ += static_cast<int64_t>(lines.size());
  return Status::OK();
}

Status CaseRepository::Compact() {
  return pusher_ == nullptr ? Status::OK() : pusher_->CompactIfDue();
}

Status CaseRepository::Vacuum() {
  EndPush();
  return jobs::VacuumOnline(*repository_, {.wait_seconds = 0}, clock_).status();
}

Result<std::string> CaseRepository::WriteKeys(const Question& question,
                                              const std::vector<size_t>& rows) const {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  const auto add = [&](const std::string& name, const Type& type, auto&& value_of) -> Status {
    columns::ColumnBuffer buffer(type);
    for (const size_t row : rows) buffer.AppendValue(value_of(row));
    ARROW_ASSIGN_OR_RAISE(auto array, columns::ToArrow(buffer.View()));
    fields.push_back(arrow::field(name, array->type()));
    arrays.push_back(std::move(array));
    return Status::OK();
  };
  ARROW_RETURN_NOT_OK(add(jobs::kAsOfColumn, columns::Kind::kTimestamp,
                          [&](size_t row) { return question.times[row]; }));
  for (size_t i = 0; i < question.inputs.size(); ++i) {
    ARROW_RETURN_NOT_OK(add(question.inputs[i].name, question.inputs[i].type,
                            [&](size_t row) { return question.rows[row][i]; }));
  }
  std::string path = folder() + "/keys/keys.parquet";
  fs::create_directories(folder() + "/keys");
  const auto table = arrow::Table::Make(arrow::schema(std::move(fields)), arrays,
                                        static_cast<int64_t>(rows.size()));
  ARROW_RETURN_NOT_OK(sources::WriteTable(path, *table));
  return path;
}

Status CaseRepository::Ask(const Question& question, const features::Selection& selection,
                           const std::vector<size_t>& rows, Answer* answer) {
  EndPush();
  jobs::GetOptions options;
  options.features = question.features;
  options.service = question.service;
  options.full_names = question.full_names;
  options.wait_seconds = 0;
  ARROW_ASSIGN_OR_RAISE(options.keys_file, WriteKeys(question, rows));
  ARROW_ASSIGN_OR_RAISE(const jobs::GetResult result, jobs::Get(*repository_, options, clock_));
  TakeOnlineAnswer(result.answer, selection, rows, answer);
  return Status::OK();
}

}  // namespace millrace::engines
