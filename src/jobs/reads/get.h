// Get: the call behind `get`: which version of the definitions the online store can answer, what is
// asked as typed columns, one moment of the store, and the answer as a value or in a file.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "jobs/reads/version_search.h"
#include "jobs/repository.h"
#include "online/answer_json.h"

namespace millrace::jobs {

struct GetOptions {
  std::vector<std::string> features;  // "view:feature", "view:*"; or
  std::string service;                // "ranking_v1", "ranking_v1@7"
  bool full_names = false;
  std::map<std::string, std::string> keys;     // as they were typed
  std::map<std::string, std::string> request;  // the same
  std::optional<base::EventTime> at;           // none: now
  std::string keys_file;  // instead of `keys` and `request`: a row per row of the table
  std::string out;        // "": the answer is returned
  int wait_seconds = 10;  // for the store, where reading has to wait
};

struct GetResult {
  // Of all rows; with `out` of no rows.
  online::Answer answer;
  std::vector<online::JoinKey> keys;     // into `columns`
  std::optional<base::EventTime> as_of;  // what all rows were asked about; none: own times
  columns::OwnedColumn as_of_rows;       // where they have own times; with `out` of no rows
  int version = 0;                       // of the definitions
  int64_t rows = 0;                      // that were asked for
  int64_t null_cells = 0;                // that an evaluation error made null
  std::vector<columns::OwnedColumn> columns;

  online::AnswerEnvelope Envelope() const;
};

// A version of the definitions that answers.
struct FoundVersion {
  ServedPlan served;
  features::Selection selection;
  online::Answer none;  // its answer to no rows
};

// Where `get` reads: the store itself, or the process that owns it.
class AskedReads {
 public:
  virtual ~AskedReads() = default;
  // Called first. Errors: as VersionSearch::Find.
  virtual base::Result<FoundVersion> Find(const WantedNames& wanted, ServedPlans* plans) = 0;
  // Of the version that was found. Errors: as online::FeatureReader::Read.
  virtual base::Result<online::Answer> Read(const online::Asked& asked) = 0;
  virtual int64_t rows_at_once() const = 0;
};

// All rows are read at one moment, also from Redis but for what its snapshots say. The definitions
// are those of the newest version that resolves what is asked and that the store is ready for.
// Errors: usage, unknown_name (of the newest version), missing_column, duplicate_name (a feature
// named as a key), not_ready, as_of_out_of_range, file_not_found (no store), bad_value, those of
// sources::ReadTable and TableWriter. The file appears whole or not at all.
base::Result<GetResult> Get(const Repository& repository, const GetOptions& options,
                            const base::Clock& clock);
// The same from `reads`, whose moments are its own.
base::Result<GetResult> GetFrom(AskedReads* reads, const Repository& repository,
                                const GetOptions& options);

}  // namespace millrace::jobs
