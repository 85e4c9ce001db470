// AskedRows: what each row of a training set asks: its time, its keys, its request fields, read
// from the table's own columns. Sample: rows chosen among them. Called by verify.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "columns/column.h"
#include "offline/training_set.h"

namespace millrace::jobs {

class AskedRows {
 public:
  // Errors: missing_column, bad_spine. REQUIRES: `request`, but for its spine, outlives it.
  static base::Result<AskedRows> Read(const offline::TrainingSetRequest& request,
                                      const arrow::Table& table);

  int64_t size() const { return times_.view.size; }
  std::optional<base::EventTime> time(int64_t row) const;
  // Canonical key bytes by Selection::uses, resp. by labels. False: a null key.
  bool UseKey(size_t use, int64_t row, std::string* key) const {
    return KeyOf(uses_[use], row, key);
  }
  bool LabelKey(size_t label, int64_t row, std::string* key) const {
    return KeyOf(labels_[label], row, key);
  }
  // By Selection::request_fields.
  const std::vector<columns::OwnedColumn>& request_fields() const { return request_fields_; }
  // What rows are sampled by: the key of the first use or label, or where there is none the row's
  // number; "null" in one piece.
  std::string PrimaryKey(int64_t row) const;

  int64_t null_times() const;
  int64_t rows_with_null_key() const;
  // "user_id=u1 at 2025-01-31T00:00:00Z".
  std::string RowText(int64_t row) const;
  // The text of a use's key cells, by View::keys.
  std::vector<std::string> KeyTexts(size_t use, int64_t row) const;
  std::string RequestText(size_t field, int64_t row) const;

 private:
  struct Keys {
    std::vector<std::string> names;
    std::vector<columns::OwnedColumn> cells;
    std::vector<columns::Column> views;
  };

  static base::Result<Keys> ReadKeys(const arrow::Table& table,
                                     const std::vector<std::string>& names,
                                     const std::vector<columns::Field>& fields);
  static bool KeyOf(const Keys& keys, int64_t row, std::string* key);

  columns::OwnedColumn times_;
  std::vector<Keys> uses_;
  std::vector<Keys> labels_;
  std::vector<columns::OwnedColumn> request_fields_;
};

struct SampledKey {
  int64_t first_row = 0;
  std::vector<int64_t> all_rows;  // ascending
};

struct Sample {
  std::vector<SampledKey> keys;
  std::vector<int64_t> rows;  // to be recomputed, ascending: all of the keys', or an even share
};

// At most `keys_max` keys and 50 times as many rows, chosen by the hash of `seed` and the key,
// resp. the row: the same for the same file.
Sample TakeSample(const AskedRows& asked, const std::string& seed, int64_t keys_max);

}  // namespace millrace::jobs
