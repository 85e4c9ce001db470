// CountedRows: sorted rows, each told to a Progress as it is taken. Used by the updater.
#pragma once

#include <string_view>

#include "base/progress.h"
#include "state/sort/row_sorter.h"

namespace millrace::state {

class CountedRows final : public SortedRows {
 public:
  // progress: nullptr: nobody is told. REQUIRES: both outlive this.
  CountedRows(SortedRows* rows, base::Progress* progress) : rows_(rows), progress_(progress) {}
  ~CountedRows() override { Tell(); }

  base::Result<bool> NextKey(SortedKey* key) override { return rows_->NextKey(key); }
  base::Result<bool> NextRow(std::string_view* row) override {
    if (++untold_ == kRowsTold) Tell();
    return rows_->NextRow(row);
  }

 private:
  static constexpr int64_t kRowsTold = 16'384;

  void Tell() {
    if (progress_ != nullptr) progress_->Advance(untold_);
    untold_ = 0;
  }

  SortedRows* const rows_;
  base::Progress* const progress_;
  int64_t untold_ = 0;
};

}  // namespace millrace::state
