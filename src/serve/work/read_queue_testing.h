// For tests of what waits: reads that are asked of no store, and who waits for one.
#pragma once

#include <future>
#include <utility>
#include <vector>

#include "serve/work/read_queue.h"

namespace millrace::serve {

class TestReads : public jobs::OnlineReads {
 public:
  base::Result<std::shared_ptr<const jobs::PreparedRead>> Prepare(
      const jobs::AskedNames&) override {
    return base::Status::NotImplemented("");
  }
  std::shared_ptr<const jobs::PreparedRead> Known(const jobs::AskedNames&) override {
    return nullptr;
  }
  void ReadLater(kv::AsyncReader*, std::vector<jobs::ReadTogether> reads, Then then) override {
    then(std::move(reads));
  }
  base::Result<bool> Refresh() override { return false; }
  int version() const override { return 1; }
  std::shared_ptr<const features::FeaturePlan> plan() const override { return nullptr; }
};

class TestRead final : public QueuedRead {
 public:
  std::shared_ptr<const jobs::PreparedRead> read() const override { return nullptr; }
  const online::Asked& asked() const override { return asked_; }
  void Finish(std::shared_ptr<const jobs::PreparedRead>,
              base::Result<online::Answer> answer) override {
    answer_.set_value(std::move(answer));
  }
  std::future<base::Result<online::Answer>> answer() { return answer_.get_future(); }

 private:
  online::Asked asked_;
  std::promise<base::Result<online::Answer>> answer_;  // set twice, it would throw
};

}  // namespace millrace::serve
