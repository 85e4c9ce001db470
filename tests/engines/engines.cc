// The list of engines: a new one is one file and one line here.
#include "engines/engine.h"
#include "engines/offline_engine.h"
#include "engines/online_engine.h"
#include "engines/reference_engine.h"
#include "engines/repository_engine.h"

namespace millrace::engines {

const std::vector<EngineKind>& Engines() {
  static const std::vector<EngineKind> kEngines = {
      {"reference", true, false, false, &MakeReferenceEngine},
      {"offline", true, false, true, &MakeOfflineEngine},
      {"online", false, true, true, &MakeOnlineEngine},
      {"online_redis", false, true, true, &MakeOnlineRedisEngine},
      {"online_jobs", false, true, true, &MakeRepositoryEngine},
      {"serve", false, true, true, &MakeServeEngine},
      {"serve_redis", false, true, true, &MakeServeRedisEngine},
  };
  return kEngines;
}

std::string Variation::ToString() const {
  std::string text = format + ", " + std::to_string(files) + (files == 1 ? " file" : " files");
  if (shuffled) text += ", shuffled";
  text += batch_rows_max > 1000 ? ", one batch" : ", batches of " + std::to_string(batch_rows_max);
  if (threads > 0) text += ", " + std::to_string(threads) + " threads";
  if (memory_bytes > 0) text += ", memory " + std::to_string(memory_bytes);
  if (chunk_rows > 0) text += ", chunks of " + std::to_string(chunk_rows);
  if (!store.empty()) text += ", " + store;
  if (afterwards) text += ", asked afterwards";
  if (restarts) text += ", restarts";
  if (store_chunk_rows > 0) text += ", store chunks of " + std::to_string(store_chunk_rows);
  if (draw > 0) text += ", draw " + std::to_string(draw);
  return text;
}

}  // namespace millrace::engines
