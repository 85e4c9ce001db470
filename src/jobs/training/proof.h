// Proof: what a training set was made of and by which definitions, as it stands in OUT.proof.json
// beside it (docs/formats/proof.md). A plain value and its text; made by training_set, judged by
// verify.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "offline/report.h"
#include "sources/event_reader.h"

namespace millrace::jobs {

// What was asked for: the options that the result depends on.
struct ProofOptions {
  std::vector<std::string> features;  // as asked for: "view:feature", "view:*"; or
  std::string service;
  std::vector<std::string> labels;
  std::string timestamp;
  bool full_names = false;
  bool ignore_created = false;
  bool strict = false;
  std::optional<base::Duration> every;  // without a spine, all three
  std::optional<base::EventTime> from;
  std::optional<base::EventTime> to;
};

struct ProofColumn {
  std::string column;   // in the output
  std::string feature;  // "view:feature", "label name"
  std::string hash;     // the feature hash

  friend bool operator==(const ProofColumn&, const ProofColumn&) = default;
};

struct ProofSource {
  std::string source;
  bool has_created = false;
  int64_t rows_pruned = 0;  // that no row could see: neither read nor judged
  int64_t events = 0;       // readable rows
  std::vector<sources::InputFile> files;
};

struct ProofRejected {
  std::string where;
  std::string code;
  int64_t count = 0;

  friend bool operator==(const ProofRejected&, const ProofRejected&) = default;
};

struct ProofOutput {
  int64_t bytes = 0;
  std::string tag;
  int64_t rows = 0;
  int64_t columns = 0;
};

struct Proof {
  std::string project;
  int registry_version = 0;
  std::vector<ProofColumn> columns;  // features, then labels
  ProofOptions options;
  std::optional<sources::InputFile> spine;  // as the user gave its path
  std::vector<ProofSource> sources;
  int64_t rows_in = 0;
  int64_t rows_out = 0;
  int64_t rows_null_key = 0;
  int64_t rows_null_time = 0;
  std::vector<ProofRejected> rejected;
  std::vector<offline::NullCells> null_cells;
  std::vector<offline::UsedGap> gaps;
  std::vector<std::string> assumptions;
  ProofOutput output;
  std::string digest;  // as it was read; ToJson writes that of the content
};

// Hexadecimal XXH3-64 of the canonical JSON text without `digest`.
std::string DigestOf(const Proof& proof);
// The canonical text, with its digest.
std::string ToJson(const Proof& proof);
// Strict: error corrupt, naming the place in the JSON ("sources[0].files[1].bytes"), for anything
// that ToJson does not write. A digest that is not that of the content is no error here.
base::Result<Proof> ProofFromJson(std::string_view text);

// "t.parquet.proof.json".
std::string ProofPath(const std::string& output);

}  // namespace millrace::jobs
