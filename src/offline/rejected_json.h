// RejectedJson: rejected rows as every JSON report says them. Called by whatever reports on rows.
#pragma once

#include <nlohmann/json.hpp>

#include "columns/event_batch.h"

namespace millrace::offline {

// [{"where", "code", "count", "examples"}, …], a reason each.
nlohmann::ordered_json RejectedJson(const columns::RejectedRows& rejected);

}  // namespace millrace::offline
