// Engine: what answers a case's questions. Every executor of Millrace gets one file here; the
// runner (cases_test.cc) chooses by --engine and compares the answers to the case's text, to the
// bit.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "columns/type.h"
#include "columns/value.h"
#include "engines/scenario.h"
#include "features/plan.h"
#include "window/window.h"

namespace millrace::engines {

// One way of giving the same events to an engine; no value may depend on it.
struct Variation {
  std::string format = "csv";        // of the files: csv or parquet
  int files = 1;                     // the events of a source lie in so many files
  bool shuffled = false;             // the rows in another order than the case's
  int64_t batch_rows_max = 1 << 16;  // rows given to the engine at once
  int threads = 0;                   // 0: the engine's own choice
  int64_t memory_bytes = 0;          // 0: the engine's own choice; 1: nothing fits, all is spilled
  int64_t chunk_rows = 0;            // of the answer at a time; 0: the engine's own choice

  // Of online engines. The rows are delivered in the order of knowledge time, `batch_rows_max` at
  // most under one commit.
  bool afterwards = false;        // all of them before the first question, history: all
  bool restarts = false;          // the store is opened anew after every commit
  std::string store = {};         // memory, lmdb
  uint32_t store_chunk_rows = 0;  // 0: the store's own choice; groups of two chunks
  int draw = 0;                   // another one: other steps where an engine draws them

  // "csv, 3 files, shuffled, batches of 1, 2 threads, memory 1"
  std::string ToString() const;
};

struct StepsAsked {
  base::EventTime from;
  base::EventTime to;
  base::Duration every;
};

// What is asked: a training set's spine, or the rows of an online request, each at its time.
struct Question {
  std::vector<std::string> features;  // "view:feature"; empty when a service is asked for
  std::string service;
  std::vector<std::string> labels;
  bool full_names = false;
  bool ignore_created = false;
  std::optional<StepsAsked> steps;  // then there are no rows
  std::vector<Field> inputs;        // keys and request fields
  std::vector<Value> times;         // per row: microseconds, or null
  std::vector<std::vector<Value>> rows;
};

// (subject, reason) -> count, as a case's `rejected`, `errors`, `nulls` and `counted` list them.
using Counts = std::map<std::pair<std::string, std::string>, int64_t>;

struct Answer {
  // With rows: the features in the order asked for, then the labels. With steps: the keys, `at`,
  // then those.
  std::vector<Field> columns;
  std::vector<std::vector<Value>> rows;
  Counts rejected;             // ("view spend", "null_key")
  bool rejected_known = true;  // false: `rejected` says nothing
  // False: `errors` and `counted` say nothing, and a null that an error made is a null value.
  bool errors_known = true;
  bool pruned = false;  // rows that no question could see were not even judged
  Counts errors;   // ("spend:sum", "integer_overflow"): cells that an evaluation error made null
  Counts nulls;    // ("sum", "not_found"): why cells of a column of the answer are null
  Counts counted;  // ("rows", "null_key"), ("sum", "changed"), ("a_label", "not_over_yet")
};

class Engine {
 public:
  virtual ~Engine() = default;
  // Compiles the definitions and takes the events. Called once. Error: the definitions' problems.
  virtual base::Status Setup(const Scenario& scenario, const Variation& variation) = 0;
  // The plan that Setup compiled.
  virtual const features::FeaturePlan& plan() const = 0;
  virtual base::Result<Answer> Ask(const Question& question) = 0;
};

struct EngineKind {
  std::string name;
  bool offline = false;  // answers `ask offline` too
  bool online = false;   // is given events one after another, asks in between
  bool files = false;    // reads files: formats, splits and batches are worth varying
  std::unique_ptr<Engine> (*make)() = nullptr;
};
// reference, offline, …
const std::vector<EngineKind>& Engines();

}  // namespace millrace::engines
