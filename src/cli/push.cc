// `millrace push`: JSON lines from a file or standard input into a source (jobs/push.h), a batch
// acknowledged at a time.
#include "jobs/push.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/line_feed.h"
#include "cli/program.h"

namespace millrace::cli {
namespace {

struct PushArguments {
  jobs::PushOptions options;
  std::string file = "-";
  std::string to = "online_and_offline";
  size_t batch_rows = 10'000;
  bool json = false;
};

const std::map<std::string, sources::PushTo>& Destinations() {
  static const std::map<std::string, sources::PushTo> destinations = {
      {"online", sources::PushTo::kOnline},
      {"offline", sources::PushTo::kOffline},
      {"online_and_offline", sources::PushTo::kBoth}};
  return destinations;
}

// A line, at once: whoever waits for it may go on.
void PrintAcknowledged(const jobs::PushedBatch& batch, bool json, std::ostream* out) {
  const sources::RowRange& rows = batch.rows.rows;
  if (json) {
    nlohmann::ordered_json line;
    line["writer"] = batch.rows.writer;
    line["first_row"] = rows.first;
    line["last_row"] = rows.last;
    line["commit"] = batch.commit;
    *out << line.dump() << '\n';
  } else {
    *out << fmt::format("acknowledged rows {}-{} of {}, commit {}\n", rows.first, rows.last,
                        batch.rows.writer, batch.commit);
  }
  out->flush();
}

void NoteRejected(const columns::RejectedRows& rejected, const Terminal& terminal) {
  for (const auto& reason : rejected.reasons) {
    terminal.Note(fmt::format("{}: {} rows with {} are not kept, as {}", reason.where, reason.count,
                              reason.code,
                              reason.examples.empty() ? std::string("?") : reason.examples[0]));
  }
}

void NoteWaiting(const std::vector<std::string>& views, const Terminal& terminal) {
  if (views.empty()) return;
  terminal.Note(
      fmt::format("not materialized yet: {}; the rows wait in the log", fmt::join(views, ", ")));
}

base::Result<int> RunPush(const PushArguments& arguments, const Terminal& terminal) {
  jobs::PushOptions options = arguments.options;
  options.to = Destinations().at(arguments.to);
  ARROW_ASSIGN_OR_RAISE(const jobs::Repository repository,
                        jobs::OpenRepository(terminal.project_dir));
  ARROW_ASSIGN_OR_RAISE(const auto pusher,
                        jobs::Pusher::Open(repository, options, *terminal.clock));
  NoteWaiting(pusher->caught_up().waiting, terminal);
  NoteRejected(pusher->caught_up().rejected, terminal);
  ARROW_ASSIGN_OR_RAISE(LineFeed feed, LineFeed::Open(arguments.file));
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const LineBatch batch, feed.Next(arguments.batch_rows));
    if (batch.lines.empty()) break;
    ARROW_ASSIGN_OR_RAISE(const jobs::PushedBatch pushed,
                          pusher->Append(batch.lines, batch.first_line));
    if (pushed.rows.rows.first <= pushed.rows.rows.last) {
      PrintAcknowledged(pushed, arguments.json, terminal.out);
    }
    // Whoever does not hear of it any more pushes nothing more.
    if (!terminal.out->good()) break;
    NoteRejected(pushed.rejected, terminal);
    if (const base::Status compacted = pusher->CompactIfDue(); !compacted.ok()) {
      terminal.Note("the push log could not be compacted, which loses nothing: " +
                    base::ProblemsOf(compacted)[0].ToString());
    }
  }
  return kExitDone;
}

}  // namespace

void AddPush(CLI::App& app, Program& program) {
  auto arguments = std::make_shared<PushArguments>();
  CLI::App* command =
      app.add_subcommand("push", "JSON lines into a source: its push log and the online store");
  command->add_option("source", arguments->options.source, "The source's name")
      ->required()
      ->type_name("SOURCE");
  command->add_option("file", arguments->file, "One JSON object per line; -: standard input")
      ->capture_default_str()
      ->type_name("FILE");
  std::vector<std::string> names;
  for (const auto& [name, to] : Destinations()) names.push_back(name);
  command
      ->add_option("--to", arguments->to,
                   "online, offline (training sets alone) or online_and_offline")
      ->capture_default_str()
      ->check(CLI::IsMember(names))
      ->type_name("WHERE");
  command->add_option("--wait", arguments->options.wait_seconds, "Seconds to wait for the store")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber)
      ->type_name("S");
  command->add_option("--batch-rows", arguments->batch_rows, "Rows that are acknowledged together")
      ->capture_default_str()
      ->check(CLI::Range(size_t{1}, size_t{1'000'000}))
      ->type_name("N");
  command->add_flag("--json", arguments->json, "Acknowledgements as JSON lines");
  command->callback([arguments, &program] {
    program.Choose([arguments, &program] { return RunPush(*arguments, program.terminal()); });
  });
}

}  // namespace millrace::cli
