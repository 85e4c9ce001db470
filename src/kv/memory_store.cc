// The store in memory: an ordered map that snapshots share with the store. A commit changes it in
// place while nobody looks, and a copy of it (the rows are shared) while somebody does.
#include <map>
#include <mutex>

#include "base/failpoint.h"
#include "kv/keys.h"
#include "kv/store.h"

namespace millrace::kv {
namespace {

using Value = std::shared_ptr<const std::string>;
using Rows = std::map<std::string, Value, std::less<>>;

Value MakeValue(std::string_view bytes) {
  return std::make_shared<const std::string>(bytes);
}

// The rows of now, and how many look at them.
class Moments {
 public:
  // What is returned never changes. Valid beyond the store.
  static std::shared_ptr<const Rows> Look(const std::shared_ptr<Moments>& self) {
    const std::lock_guard lock(self->mutex_);
    std::shared_ptr<Now> now = self->now_;
    ++now->readers;
    return {&now->rows, [self, now](const Rows*) {
              const std::lock_guard unlooked(self->mutex_);
              --now->readers;
            }};
  }

  template <typename Changer>
  void Change(const Changer& change) {
    const std::lock_guard lock(mutex_);
    if (now_->readers > 0) {
      auto next = std::make_shared<Now>();
      next->rows = now_->rows;
      now_ = std::move(next);
    }
    change(&now_->rows);
  }

 private:
  struct Now {
    Rows rows;
    int64_t readers = 0;
  };
  std::mutex mutex_;
  std::shared_ptr<Now> now_ = std::make_shared<Now>();
};

class MemoryRange final : public RowReader {
 public:
  MemoryRange(std::shared_ptr<const Rows> rows, std::string_view prefix)
      : rows_(std::move(rows)), prefix_(prefix), next_(rows_->lower_bound(prefix)) {}

  base::Result<bool> Next(Row* row) override {
    if (next_ == rows_->end() || !next_->first.starts_with(prefix_)) return false;
    *row = {next_->first, *next_->second};
    ++next_;
    return true;
  }

 private:
  std::shared_ptr<const Rows> rows_;
  std::string prefix_;
  Rows::const_iterator next_;
};

class MemorySnapshot final : public Snapshot {
 public:
  explicit MemorySnapshot(std::shared_ptr<const Rows> rows) : rows_(std::move(rows)) {}

  base::Result<Found> GetMany(std::span<const std::string_view> keys) const override {
    Found found{.values = {}, .owner = rows_};
    found.values.reserve(keys.size());
    for (const std::string_view key : keys) {
      ARROW_RETURN_NOT_OK(CheckKey(key));
      const auto at = rows_->find(key);
      found.values.push_back(at == rows_->end() ? std::optional<std::string_view>()
                                                : std::string_view(*at->second));
    }
    return found;
  }

  base::Result<std::unique_ptr<RowReader>> Range(std::string_view prefix) const override {
    return std::make_unique<MemoryRange>(rows_, prefix);
  }

 private:
  std::shared_ptr<const Rows> rows_;
};

class MemoryTransaction final : public Transaction {
 public:
  MemoryTransaction(std::shared_ptr<Moments> moments, std::unique_lock<std::mutex> writing,
                    Guard guard)
      : moments_(std::move(moments)), writing_(std::move(writing)), guard_(std::move(guard)) {}

  base::Status Put(std::string_view key, std::string_view value) override {
    ARROW_RETURN_NOT_OK(CheckRow(key, value));
    ARROW_RETURN_NOT_OK(base::Failpoint("kv.put"));
    changes_.insert_or_assign(std::string(key), Change{true, std::string(value)});
    return base::Status::OK();
  }

  base::Status Append(std::string_view key, std::string_view bytes) override {
    ARROW_RETURN_NOT_OK(CheckRow(key, bytes));
    ARROW_RETURN_NOT_OK(base::Failpoint("kv.put"));
    Change& change = changes_.try_emplace(std::string(key)).first->second;
    if (!change.bytes) change = {true, ""};  // deleted before
    *change.bytes += bytes;
    return base::Status::OK();
  }

  base::Status Delete(std::string_view key) override {
    ARROW_RETURN_NOT_OK(CheckKey(key));
    ARROW_RETURN_NOT_OK(base::Failpoint("kv.put"));
    changes_.insert_or_assign(std::string(key), Change{true, std::nullopt});
    return base::Status::OK();
  }

  base::Status Commit() override {
    ARROW_RETURN_NOT_OK(base::Failpoint("kv.commit.before"));
    bool fenced = false;
    moments_->Change([&](Rows* rows) {
      const auto at = rows->find(guard_.key);
      fenced = !guard_.key.empty() &&
               (at == rows->end() ? guard_.value.has_value() : guard_.value != *at->second);
      if (!fenced) Apply(rows);
    });
    if (fenced) return Fenced("memory:");
    return base::Failpoint("kv.commit.after");
  }

 private:
  struct Change {
    bool replaces = false;  // else `bytes` are added to what is there
    std::optional<std::string> bytes = "";
  };

  void Apply(Rows* rows) {
    for (auto& [key, change] : changes_) {
      if (!change.bytes) {
        rows->erase(key);
        continue;
      }
      Value& value = (*rows)[key];
      value = MakeValue(change.replaces || !value ? *change.bytes : *value + *change.bytes);
    }
  }

  std::shared_ptr<Moments> moments_;
  std::unique_lock<std::mutex> writing_;
  Guard guard_;
  std::map<std::string, Change, std::less<>> changes_;
};

class MemoryStore final : public Store {
 public:
  base::Result<std::unique_ptr<Snapshot>> Read() const override {
    return std::make_unique<MemorySnapshot>(Moments::Look(moments_));
  }

  base::Result<std::unique_ptr<Transaction>> Begin(Guard guard) override {
    return std::make_unique<MemoryTransaction>(moments_, std::unique_lock(writing_),
                                               std::move(guard));
  }

  base::Status BulkLoad(RowReader* rows) override {
    const std::lock_guard writing(writing_);
    ARROW_RETURN_NOT_OK(base::Failpoint("kv.bulk"));
    std::string last;
    Row row;
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const bool more, rows->Next(&row));
      if (!more) return base::Status::OK();
      ARROW_RETURN_NOT_OK(CheckAscends(last, row));
      last = row.key;
      // Row by row: `rows` may look at this store.
      moments_->Change([&](Rows* all) { all->insert_or_assign(last, MakeValue(row.value)); });
    }
  }

  base::Status DeletePrefix(std::string_view prefix) override {
    const std::lock_guard writing(writing_);
    moments_->Change([&](Rows* rows) {
      auto at = rows->lower_bound(prefix);
      while (at != rows->end() && at->first.starts_with(prefix)) at = rows->erase(at);
    });
    return base::Status::OK();
  }

  base::Result<int64_t> SizeBytes() const override {
    int64_t bytes = 0;
    for (const auto& [key, value] : *Moments::Look(moments_)) {
      bytes += static_cast<int64_t>(key.size() + value->size());
    }
    return bytes;
  }

 private:
  std::shared_ptr<Moments> moments_ = std::make_shared<Moments>();
  std::mutex writing_;
};

}  // namespace

std::unique_ptr<Store> MakeMemoryStore() {
  return std::make_unique<MemoryStore>();
}

}  // namespace millrace::kv
