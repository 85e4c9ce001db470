// BulkRows: sorted rows of new tables as the rows of a store, in the order of a bulk load, made a
// few at a time. Called by the updater.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kv/store.h"
#include "state/key/key_writer.h"
#include "state/sort/row_sorter.h"

namespace millrace::state {

// A writer for the table that a key's prefix names.
using MakeKeyWriter =
    std::function<std::unique_ptr<KeyWriter>(std::string_view prefix, RowSink* sink)>;

class BulkRows final : public kv::RowReader, private RowSink {
 public:
  // REQUIRES: `rows` outlives this.
  BulkRows(SortedRows* rows, MakeKeyWriter make);
  base::Result<bool> Next(kv::Row* row) override;

 private:
  using KeyValue = std::pair<std::string, std::string>;
  base::Status Put(std::string key, std::string value) override;
  base::Status Append(std::string key, std::string bytes) override;
  base::Status Delete(std::string key) override;
  base::Result<bool> Advance();

  SortedRows* const rows_;
  const MakeKeyWriter make_;
  std::string prefix_;
  std::string whole_key_;
  std::unique_ptr<KeyWriter> writer_;
  std::string writer_table_;  // the prefix of the table that it writes
  bool in_key_ = false;
  std::deque<KeyValue> ready_;
  std::vector<KeyValue> at_end_;  // of the key: they come after its chunks
  KeyValue given_;
};

}  // namespace millrace::state
