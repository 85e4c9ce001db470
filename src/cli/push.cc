// `millrace push`: JSON lines from a file or standard input into a source (jobs/push/push.h), a
// batch acknowledged at a time.
#include "jobs/push/push.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "cli/line_feed.h"
#include "cli/program.h"
#include "serve/owner_client.h"
#include "sources/cells/cell_text.h"

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

// Where lines go: the log and the store that this process has opened, or the process that owns the
// store.
class Destination {
 public:
  static base::Result<Destination> Open(const jobs::Repository& repository,
                                        const PushArguments& arguments, const Terminal& terminal) {
    Destination destination(arguments);
    ARROW_ASSIGN_OR_RAISE(destination.owner_, serve::OwnerClient::Find(repository.project));
    if (destination.owner_.has_value()) return destination;
    jobs::PushOptions options = arguments.options;
    options.to = Destinations().at(arguments.to);
    ARROW_ASSIGN_OR_RAISE(destination.pusher_,
                          jobs::Pusher::Open(repository, options, *terminal.clock));
    NoteWaiting(destination.pusher_->caught_up().waiting, terminal);
    NoteRejected(destination.pusher_->caught_up().rejected, terminal);
    return destination;
  }

  // How many of these lines go at once: a server takes no body beyond its limit.
  size_t Fitting(std::span<const std::string_view> lines) const {
    if (pusher_ != nullptr) return lines.size();
    size_t count = 0;
    for (size_t bytes = 0; count < lines.size() && count < kServerLinesMax; ++count) {
      bytes += lines[count].size();
      if (count > 0 && bytes > kServerBytesMax) break;
    }
    return count;
  }

  base::Result<jobs::PushedBatch> Append(std::span<const std::string_view> lines,
                                         int64_t first_line) {
    return pusher_ != nullptr ? pusher_->Append(lines, first_line) : Send(lines, first_line);
  }

  // Nobody waits any more.
  base::Status CompactIfDue() {
    return pusher_ != nullptr ? pusher_->CompactIfDue() : base::Status::OK();
  }

 private:
  static constexpr size_t kServerLinesMax = 50'000;
  static constexpr size_t kServerBytesMax = size_t{3} << 20;

  explicit Destination(const PushArguments& arguments) : arguments_(&arguments) {}

  base::Result<jobs::PushedBatch> Send(std::span<const std::string_view> lines,
                                       int64_t first_line) {
    for (size_t i = 0; i < lines.size(); ++i) {
      if (sources::IsUtf8(lines[i])) continue;
      return base::Error(base::codes::kBadValue,
                         fmt::format("line {}: it is not UTF-8", first_line + i));
    }
    const nlohmann::json body = {{"push_source_name", arguments_->options.source},
                                 {"to", arguments_->to},
                                 {"lines", lines},
                                 {"first_line", first_line}};
    ARROW_ASSIGN_OR_RAISE(const std::string answer, owner_->Post("/push", body.dump()));
    const auto parsed = nlohmann::json::parse(answer);
    jobs::PushedBatch batch;
    batch.rows = {parsed.at("writer"), {parsed.at("first_row"), parsed.at("last_row")}};
    batch.commit = parsed.at("commit");
    batch.waiting = parsed.at("waiting");
    for (const auto& reason : parsed.at("rejected")) {
      batch.rejected.reasons.push_back({.where = reason.at("where"),
                                        .code = reason.at("code"),
                                        .count = reason.at("count"),
                                        .examples = reason.at("examples")});
    }
    return batch;
  }

  const PushArguments* arguments_;
  std::optional<serve::OwnerClient> owner_;
  std::unique_ptr<jobs::Pusher> pusher_;
};

base::Result<int> RunPush(const PushArguments& arguments, const Terminal& terminal) {
  ARROW_ASSIGN_OR_RAISE(const jobs::Repository repository,
                        jobs::OpenRepository(terminal.project_dir));
  ARROW_ASSIGN_OR_RAISE(Destination destination,
                        Destination::Open(repository, arguments, terminal));
  ARROW_ASSIGN_OR_RAISE(LineFeed feed, LineFeed::Open(arguments.file));
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const LineBatch batch, feed.Next(arguments.batch_rows));
    if (batch.lines.empty()) break;
    std::span<const std::string_view> lines = batch.lines;
    for (int64_t first = batch.first_line; !lines.empty() && terminal.out->good();) {
      const size_t count = destination.Fitting(lines);
      ARROW_ASSIGN_OR_RAISE(const jobs::PushedBatch pushed,
                            destination.Append(lines.first(count), first));
      if (pushed.rows.rows.first <= pushed.rows.rows.last) {
        PrintAcknowledged(pushed, arguments.json, terminal.out);
      }
      NoteRejected(pushed.rejected, terminal);
      first += static_cast<int64_t>(count);
      lines = lines.subspan(count);
    }
    // Whoever does not hear of it any more pushes nothing more.
    if (!terminal.out->good()) break;
    if (const base::Status compacted = destination.CompactIfDue(); !compacted.ok()) {
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
