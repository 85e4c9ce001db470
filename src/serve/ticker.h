// Ticker: what a server does by itself from time to time: looks whether the store answers, takes up
// new versions of the definitions, compacts push logs, and materializes when it is told to.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "serve/backend.h"

namespace millrace::serve {

class Ticker {
 public:
  // REQUIRES: both outlive it.
  Ticker(Backend* backend, const kv::Store* store,
         std::optional<std::chrono::seconds> materialize_every);
  // Ends what it is doing.
  ~Ticker();

 private:
  void Run();
  void LookAtStore();
  void FollowRegistry();
  void Materialize();
  // Says once what goes wrong, and once that it is over.
  void Tell(std::string_view event, const base::Status& status, std::string* last);

  Backend* const backend_;
  const kv::Store* const store_;
  const std::optional<std::chrono::seconds> materialize_every_;
  std::string store_problem_;
  std::string registry_problem_;
  std::string log_problem_;
  std::string tokens_problem_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace millrace::serve
