// A Verification as text for people and JSON for machines (verify.h).
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "jobs/training/verify.h"

namespace millrace::jobs {

std::string ToText(const Verification& verification) {
  return fmt::format(
      "{}: verified against its proof, by version {}\n"
      "  inputs   {:>9}  files, {} bytes, all as they were\n"
      "  rows     {:>9}\n"
      "  sampled  {:>9}  keys with {} events\n"
      "  again    {:>9}  cells of {} rows recomputed, equal to the bit\n"
      "  took     {:>9.2f}  s\n",
      verification.file, verification.registry_version, verification.input_files,
      verification.input_bytes, verification.rows, verification.keys_sampled,
      verification.events_read, verification.cells_recomputed, verification.rows_recomputed,
      verification.seconds);
}

std::string ToJson(const Verification& verification) {
  const nlohmann::ordered_json json = {{"file", verification.file},
                                       {"verified", true},
                                       {"registry_version", verification.registry_version},
                                       {"input_files", verification.input_files},
                                       {"input_bytes", verification.input_bytes},
                                       {"rows", verification.rows},
                                       {"keys_sampled", verification.keys_sampled},
                                       {"events_read", verification.events_read},
                                       {"rows_recomputed", verification.rows_recomputed},
                                       {"cells_recomputed", verification.cells_recomputed},
                                       {"seconds", verification.seconds}};
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace millrace::jobs
