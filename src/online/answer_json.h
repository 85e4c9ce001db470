// ToJson: an answer as the feature server says it: columnar, one result per name, join keys first.
// Written straight into a string. Called by get, and by every route that answers.
#pragma once

#include <string>
#include <vector>

#include "online/answer.h"

namespace millrace::online {

// A key or request field of the question, repeated in the answer.
struct JoinKey {
  std::string name;
  columns::Column values;  // a cell per row
};

// What stands around the values.
struct AnswerEnvelope {
  std::vector<JoinKey> keys = {};  // in the order of the answer
  std::string request_id = {};     // "": null
  base::EventTime as_of = {};
  // The times where each row has its own: type timestamp, a cell per row. Type kNull: all have
  // `as_of`.
  columns::Column as_of_rows = {};
  int registry_version = 0;
  bool empty_list_is_null = false;  // as Feast's clients know it; of values, not inside them
};

// {"metadata": {"feature_names", "request_id", "as_of", "commit", "registry_version"}, "results":
// [{"values", "statuses", "event_timestamps"}, …]} without spaces. Floats are the shortest that
// read back, with .0 or an exponent, or "NaN", "Infinity", "-Infinity"; bytes base64; times RFC
// 3339; maps objects. What is not UTF-8 becomes U+FFFD. REQUIRES: no duration anywhere.
std::string ToJson(const Answer& answer, const AnswerEnvelope& envelope);

}  // namespace millrace::online
