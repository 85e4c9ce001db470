// A store's calls: reading 1 and 100 keys, committing 1 and 1000 puts, loading in bulk. The
// embedded store always, Redis where MILLRACE_REDIS_URL names one.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <random>

#include "base/check.h"
#include "kv/store.h"
#include "kv/store_testing.h"

namespace millrace::kv {
namespace {

constexpr int kRows = 100'000;
enum Engine : int64_t { kEmbedded, kRedis };

std::string KeyOf(const char* prefix, int64_t number) {
  return prefix + std::to_string(1'000'000'000 + number);
}

// Rows one after the other, made as they are asked for.
class MadeRows final : public RowReader {
 public:
  MadeRows(std::string prefix, int64_t count, size_t value_bytes)
      : prefix_(std::move(prefix)), count_(count), value_(value_bytes, 'v') {}
  base::Result<bool> Next(Row* row) override {
    if (next_ == count_) return false;
    key_ = KeyOf(prefix_.c_str(), next_++);
    *row = {key_, value_};
    return true;
  }

 private:
  std::string prefix_;
  int64_t count_;
  int64_t next_ = 0;
  std::string value_;
  std::string key_;
};

// One of an engine, with kRows rows of as many bytes as the second argument says.
class Filled {
 public:
  explicit Filled(const benchmark::State& state) {
    const char* url = state.range(0) == kRedis ? std::getenv("MILLRACE_REDIS_URL") : "lmdb:online";
    store_ = *OpenStore(url, {.project = "bench", .folder = folder_.path()});
    MILLRACE_CHECK(store_->DeletePrefix("").ok());
    MadeRows rows("k", kRows, static_cast<size_t>(state.range(1)));
    MILLRACE_CHECK(store_->BulkLoad(&rows).ok());
  }
  Filled(const Filled&) = delete;
  Filled& operator=(const Filled&) = delete;
  ~Filled() { MILLRACE_CHECK(store_->DeletePrefix("").ok()); }

  Store* operator->() const { return store_.get(); }
  std::string RandomKey() { return KeyOf("k", static_cast<int64_t>(random_() % kRows)); }

 private:
  TestFolder folder_;
  std::unique_ptr<Store> store_;
  std::mt19937_64 random_{1};
};

void GetMany(benchmark::State& state) {
  Filled store(state);
  std::vector<std::string> keys;
  for (int i = 0; i < 100'000; ++i) keys.push_back(store.RandomKey());
  std::vector<std::string_view> asked(static_cast<size_t>(state.range(2)));
  size_t next = 0;
  for (auto _ : state) {
    for (std::string_view& key : asked) key = keys[next++ % keys.size()];
    const auto snapshot = *store->Read();
    const Found found = *snapshot->GetMany(asked);
    MILLRACE_CHECK(found.values.back().has_value());
    benchmark::DoNotOptimize(found.values.back()->back());
  }
  state.SetItemsProcessed(state.iterations() * state.range(2));
}

void Commit(benchmark::State& state) {
  Filled store(state);
  const std::string value(static_cast<size_t>(state.range(1)), 'w');
  for (auto _ : state) {
    const auto transaction = *store->Begin({});
    for (int64_t i = 0; i < state.range(2); ++i) {
      MILLRACE_CHECK(transaction->Put(store.RandomKey(), value).ok());
    }
    MILLRACE_CHECK(transaction->Commit().ok());
  }
  state.SetItemsProcessed(state.iterations() * state.range(2));
}

void Append(benchmark::State& state) {
  Filled store(state);
  const std::string bytes(40, 'a');
  for (auto _ : state) {
    const auto transaction = *store->Begin({});
    for (int64_t i = 0; i < state.range(2); ++i) {
      MILLRACE_CHECK(transaction->Append(store.RandomKey(), bytes).ok());
    }
    MILLRACE_CHECK(transaction->Commit().ok());
  }
  state.SetItemsProcessed(state.iterations() * state.range(2));
}

void BulkLoad(benchmark::State& state) {
  Filled store(state);
  int64_t round = 0;
  for (auto _ : state) {
    const std::string prefix = KeyOf("r", round++) + "/";
    MadeRows rows(prefix, kRows, static_cast<size_t>(state.range(1)));
    MILLRACE_CHECK(store->BulkLoad(&rows).ok());
    state.PauseTiming();
    MILLRACE_CHECK(store->DeletePrefix(prefix).ok());
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * kRows);
}

// Engine, bytes of a value, and rows a call for those that take some.
void Cases(benchmark::internal::Benchmark* bench, std::initializer_list<int64_t> rows) {
  bench->UseRealTime();
  for (const int64_t engine : {kEmbedded, kRedis}) {
    if (engine == kRedis && std::getenv("MILLRACE_REDIS_URL") == nullptr) continue;
    for (const int64_t value : {100, 1'000}) {
      for (const int64_t count : rows) bench->Args({engine, value, count});
    }
  }
  bench->ArgNames({"redis", "bytes", "rows"});
}

BENCHMARK(GetMany)->Apply([](auto* bench) { Cases(bench, {1, 100}); });
BENCHMARK(Commit)->Apply([](auto* bench) { Cases(bench, {1, 1'000}); });
BENCHMARK(Append)->Apply([](auto* bench) { Cases(bench, {1'000}); });
BENCHMARK(BulkLoad)->Apply([](auto* bench) { Cases(bench, {kRows}); });

}  // namespace
}  // namespace millrace::kv
