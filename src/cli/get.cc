// `millrace get`: online values (jobs/reads/get.h) as a table for people, as the feature server's
// answer, or in a file.
#include "jobs/reads/get.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/applied_plan.h"
#include "cli/program.h"
#include "cli/table_text.h"
#include "serve/owner_reads.h"

namespace millrace::cli {
namespace {

struct GetArguments {
  jobs::GetOptions options;
  std::vector<std::string> keys;
  std::vector<std::string> request;
  std::string at;
  bool json = false;
};

constexpr base::EventTime kNoEvent = base::EventTime::Micros(0);

std::string TextAt(const columns::Column& column, int64_t row) {
  return columns::ToText(column.value(row), column.type);
}

std::string WhenText(const jobs::GetResult& result) {
  const std::string as_of =
      result.as_of.has_value() ? "as of " + base::FormatTime(*result.as_of) + ", " : std::string();
  const online::Answer& answer = result.answer;
  // A server does not say when its commits were.
  const std::string commit_time = answer.commit_time == base::EventTime::Min()
                                      ? std::string()
                                      : " of " + base::FormatTime(answer.commit_time);
  return fmt::format("{}commit {}{}, version {}\n", as_of, answer.commit, commit_time,
                     result.version);
}

// A line per feature.
std::string OneRowText(const online::Answer& answer) {
  std::vector<std::vector<std::string>> lines;
  for (const online::AnswerColumn& column : answer.columns) {
    const base::EventTime time = column.event_times[0];
    lines.push_back({std::string(column.name), TextAt(column.values, 0),
                     std::string(online::CellStatusName(column.statuses[0])),
                     time == kNoEvent ? "-" : base::FormatTime(time)});
  }
  return TableText({"feature", "value", "status", "event time"}, lines);
}

// A line per row; a value that is not there with the reason.
std::string ManyRowsText(const jobs::GetResult& result) {
  std::vector<std::string> heading;
  for (const online::JoinKey& key : result.keys) heading.push_back(key.name);
  const columns::Column& times = result.as_of_rows.view;
  if (!times.type.is_null()) heading.push_back("as_of");
  for (const online::AnswerColumn& column : result.answer.columns)
    heading.emplace_back(column.name);
  std::vector<std::vector<std::string>> lines;
  for (int64_t row = 0; row < result.rows; ++row) {
    std::vector<std::string>& line = lines.emplace_back();
    for (const online::JoinKey& key : result.keys) line.push_back(TextAt(key.values, row));
    if (!times.type.is_null()) line.push_back(TextAt(times, row));
    for (const online::AnswerColumn& column : result.answer.columns) {
      const online::CellStatus status = column.statuses[static_cast<size_t>(row)];
      line.push_back(TextAt(column.values, row));
      if (status != online::CellStatus::kPresent) {
        line.back() += fmt::format(" ({})", online::CellStatusName(status));
      }
    }
  }
  return TableText(heading, lines);
}

// The process that owns the store, if one serves it; else the store.
base::Result<jobs::GetResult> Ask(const jobs::Repository& repository,
                                  const jobs::GetOptions& options, const Terminal& terminal) {
  ARROW_ASSIGN_OR_RAISE(auto owner, serve::OwnerClient::Find(repository.project));
  if (!owner.has_value()) return jobs::Get(repository, options, *terminal.clock);
  serve::OwnerReads reads(&*owner);
  return jobs::GetFrom(&reads, repository, options);
}

base::Result<int> RunGet(GetArguments arguments, const Terminal& terminal) {
  jobs::GetOptions& options = arguments.options;
  ARROW_ASSIGN_OR_RAISE(options.keys, ReadAssignments("--key", arguments.keys));
  ARROW_ASSIGN_OR_RAISE(options.request, ReadAssignments("--request", arguments.request));
  if (!arguments.at.empty()) {
    ARROW_ASSIGN_OR_RAISE(options.at, base::ParseTime(arguments.at));
  }
  if (arguments.json && !options.out.empty()) {
    return base::Error(base::codes::kUsage, "--json does not go together with --out");
  }
  ARROW_ASSIGN_OR_RAISE(const jobs::Repository repository,
                        jobs::OpenRepository(terminal.project_dir));
  ARROW_ASSIGN_OR_RAISE(const jobs::GetResult result, Ask(repository, options, terminal));
  if (result.null_cells > 0) {
    const features::ErrorCell& first = result.answer.errors[0];
    terminal.Note(fmt::format("{} cells are null for an evaluation error; the first is {}: {}",
                              result.null_cells, first.feature, first.code));
  }
  if (!options.out.empty()) {
    *terminal.out << fmt::format("{}: {} rows, ", options.out, result.rows) << WhenText(result);
  } else if (arguments.json) {
    *terminal.out << online::ToJson(result.answer, result.Envelope()) << '\n';
  } else {
    *terminal.out << (options.keys_file.empty() ? OneRowText(result.answer) : ManyRowsText(result))
                  << WhenText(result);
  }
  return kExitDone;
}

}  // namespace

void AddGet(CLI::App& app, Program& program) {
  auto arguments = std::make_shared<GetArguments>();
  jobs::GetOptions& options = arguments->options;
  CLI::App* command = app.add_subcommand("get", "Values from the online store");
  command->add_option("--features", options.features, "view:feature or view:*, with commas")
      ->delimiter(',')
      ->type_name("A,B");
  command
      ->add_option("--service", options.service,
                   "Or all features of a service; S@7 as version 7 has it")
      ->type_name("S");
  command->add_option("--key", arguments->keys, "user_id=u1; again for every key column")
      ->type_name("NAME=VALUE")
      ->expected(1)
      ->take_all();
  command->add_option("--request", arguments->request, "price=9.5; again for every request field")
      ->type_name("NAME=VALUE")
      ->expected(1)
      ->take_all();
  command->add_option("--at", arguments->at, "The moment asked about; default: now")
      ->type_name("T");
  command
      ->add_option("--keys", options.keys_file,
                   "Or many at once: a table of keys and request fields, with `as_of` each at its "
                   "time (.parquet, .csv, .arrow)")
      ->type_name("FILE");
  command->add_option("--out", options.out, "The file to write (.parquet, .csv, .arrow)")
      ->type_name("FILE");
  command->add_flag("--full-names", options.full_names, "Features are called view__feature");
  command->add_option("--wait", options.wait_seconds, "Seconds to wait for the store")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber)
      ->type_name("S");
  command->add_flag("--json", arguments->json, "The feature server's answer");
  command->callback([arguments, &program] {
    program.Choose([arguments, &program] { return RunGet(*arguments, program.terminal()); });
  });
}

}  // namespace millrace::cli
