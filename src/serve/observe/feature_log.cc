// Callers put answers into a queue as they are; one thread, which gives way to those that answer,
// makes rows and files of them (log_tables.h).
#include "serve/observe/feature_log.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <variant>

#include "base/hash.h"
#include "serve/observe/log_tables.h"
#include "sources/files/file_error.h"
#include "sources/files/whole_file.h"

namespace millrace::serve {
namespace {

using std::chrono::steady_clock;

// The writer takes what came in the meantime at once: a wake-up for each answer would cost the
// callers more than the answer.
constexpr std::chrono::milliseconds kGather{200};
constexpr base::Duration kUnfinishedAge = base::Duration::Seconds(3'600);
constexpr int kNice = 10;

struct ReceivedOutcome {
  Outcome outcome;
  base::EventTime received;
};
using Entry = std::variant<ServedAnswer, ReceivedOutcome>;

class QueuedLog : public FeatureLog {
 public:
  QueuedLog(std::string root, const FeatureLogOptions& options, const base::Clock& clock)
      : options_(options),
        clock_(clock),
        tables_(std::move(root), options,
                [this](int64_t rows, const base::Status& status) { Count(rows, status); }),
        writer_([this] { Run(); }) {}

  ~QueuedLog() override {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    wake_.notify_one();
    writer_.join();
  }

  void Add(ServedAnswer answer) override {
    const int64_t rows = answer.answer->rows;
    if (rows > 0 && !Put(std::move(answer), rows)) lost_.fetch_add(rows);
  }

  bool Add(Outcome outcome) override {
    return Put(ReceivedOutcome{std::move(outcome), clock_.Now()}, 1);
  }

  FeatureLogCounts counts() const override {
    FeatureLogCounts counts;
    counts.logged = logged_.load();
    counts.queued = queued_.load();
    counts.lost = lost_.load();
    const std::lock_guard lock(error_mutex_);
    counts.last_error = last_error_;
    return counts;
  }

 private:
  template <typename Waiting>
  bool Put(Waiting entry, int64_t rows) {
    const int64_t waiting = waiting_rows_.fetch_add(rows) + rows;
    if (waiting > options_.queue_rows_max) {
      waiting_rows_.fetch_sub(rows);
      return false;
    }
    queued_.fetch_add(rows);
    const bool many = waiting >= RowsToHurry() && waiting - rows < RowsToHurry();
    bool first = false;
    {
      const std::lock_guard lock(mutex_);
      first = queue_.empty();
      queue_.emplace_back(std::move(entry));
    }
    if (first || many) wake_.notify_one();
    return true;
  }

  int64_t RowsToHurry() const { return std::max<int64_t>(1, options_.queue_rows_max / 4); }

  // Of a file.
  void Count(int64_t rows, const base::Status& status) {
    (status.ok() ? logged_ : lost_).fetch_add(rows);
    queued_.fetch_sub(rows);
    if (status.ok()) return;
    const std::lock_guard lock(error_mutex_);
    last_error_ = base::ProblemsOf(status).front().ToString();
  }

  void Run() {
    // Of this thread and those it starts. Not to be allowed is no reason not to write.
    static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice));
    std::unique_lock lock(mutex_);
    while (!closing_ || !queue_.empty()) {
      Wait(&lock);
      std::deque<Entry> entries;
      entries.swap(queue_);
      lock.unlock();
      while (!entries.empty()) {
        Log(entries.front());
        entries.pop_front();
      }
      tables_.WriteDue(steady_clock::now());
      lock.lock();
    }
    lock.unlock();
    tables_.WriteAll();
  }

  // Until there is something to do, and for more of it.
  void Wait(std::unique_lock<std::mutex>* lock) {
    const auto anything = [&] { return closing_ || !queue_.empty(); };
    const LogTables::Moment due = tables_.due();
    if (due == LogTables::Moment::max()) {
      wake_.wait(*lock, anything);
    } else if (!wake_.wait_until(*lock, due, anything)) {
      return;
    }
    const LogTables::Moment enough = std::min(due, steady_clock::now() + kGather);
    wake_.wait_until(*lock, enough,
                     [&] { return closing_ || waiting_rows_.load() >= RowsToHurry(); });
  }

  void Log(const Entry& entry) {
    const auto now = steady_clock::now();
    int64_t rows = 1;
    if (const auto* answer = std::get_if<ServedAnswer>(&entry)) {
      rows = answer->answer->rows;
      tables_.Add(*answer, now);
    } else {
      const auto& outcome = std::get<ReceivedOutcome>(entry);
      tables_.Add(outcome.outcome, outcome.received, now);
    }
    waiting_rows_.fetch_sub(rows);
  }

  const FeatureLogOptions options_;
  const base::Clock& clock_;
  std::atomic<int64_t> waiting_rows_{0};  // that the writer did not take yet
  std::atomic<int64_t> logged_{0};
  std::atomic<int64_t> queued_{0};
  std::atomic<int64_t> lost_{0};
  mutable std::mutex error_mutex_;
  std::string last_error_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Entry> queue_;
  bool closing_ = false;
  LogTables tables_;    // the writer's
  std::thread writer_;  // last: what it works on is there
};

// Makes the folder, and sees whether files can be made in it.
base::Status CheckFolder(const std::string& folder) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) return sources::FileError(failed.value(), "make", folder);
  return sources::WholeFile::Create(folder + "try.parquet").status();
}

}  // namespace

bool IsKept(std::string_view request_id, double share) {
  if (share >= 1) return true;
  return static_cast<double>(base::Hash64(request_id)) * 0x1p-64 < share;
}

base::Result<std::unique_ptr<FeatureLog>> FeatureLog::Open(const std::string& lake,
                                                           const FeatureLogOptions& options,
                                                           const base::Clock& clock) {
  const std::string root = lake + (lake.ends_with('/') ? "" : "/") + "feature_log/";
  if (!root.starts_with("s3://")) {
    ARROW_RETURN_NOT_OK(CheckFolder(root));
    const auto age =
        std::max(kUnfinishedAge, base::Duration::Seconds(2 * options.file_seconds_max));
    sources::RemoveUnfinished(root, clock.Now() + base::Duration::Micros(-age.micros()));
  }
  return std::make_unique<QueuedLog>(root, options, clock);
}

}  // namespace millrace::serve
