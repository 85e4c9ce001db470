#include "state/format/summary.h"

#include <algorithm>

namespace millrace::state {

using base::ByteReader;
using base::ByteWriter;
using base::EventTime;
using base::Result;

void Summary::AddTimes(const Summary& other) {
  rows += other.rows;
  first = std::min(first, other.first);
  last = std::max(last, other.last);
  created_max = std::max(created_max, other.created_max);
}

void AppendSummary(const Summary& summary, ByteWriter* out) {
  out->SignedVarint(summary.number);
  out->Varint(static_cast<uint64_t>(summary.rows));
  out->Fixed64(static_cast<uint64_t>(summary.first.micros()));
  out->Fixed64(static_cast<uint64_t>(summary.last.micros()));
  out->Fixed64(static_cast<uint64_t>(summary.created_max.micros()));
  out->Varint(summary.states.size());
  for (const std::string& state : summary.states) out->String(state);
}

namespace {

Result<EventTime> DecodeTime(ByteReader* in) {
  ARROW_ASSIGN_OR_RAISE(const uint64_t micros, in->Fixed64());
  return EventTime::Micros(static_cast<int64_t>(micros));
}

Result<Summary> DecodeSummary(ByteReader* in) {
  Summary summary;
  ARROW_ASSIGN_OR_RAISE(summary.number, in->SignedVarint());
  ARROW_ASSIGN_OR_RAISE(const uint64_t rows, in->Varint());
  summary.rows = static_cast<int64_t>(rows);
  ARROW_ASSIGN_OR_RAISE(summary.first, DecodeTime(in));
  ARROW_ASSIGN_OR_RAISE(summary.last, DecodeTime(in));
  ARROW_ASSIGN_OR_RAISE(summary.created_max, DecodeTime(in));
  ARROW_ASSIGN_OR_RAISE(const uint64_t states, in->Count(1));
  summary.states.reserve(states);
  for (uint64_t i = 0; i < states; ++i) {
    ARROW_ASSIGN_OR_RAISE(const std::string_view state, in->String());
    summary.states.emplace_back(state);
  }
  return summary;
}

}  // namespace

Result<std::vector<Summary>> DecodeSummaries(std::string_view bytes) {
  std::vector<Summary> summaries;
  for (ByteReader in(bytes); !in.AtEnd();) {
    ARROW_ASSIGN_OR_RAISE(Summary summary, DecodeSummary(&in));
    summaries.push_back(std::move(summary));
  }
  return summaries;
}

std::string EncodeSummaries(const std::vector<Summary>& summaries) {
  ByteWriter out;
  for (const Summary& summary : summaries) AppendSummary(summary, &out);
  return out.Take();
}

}  // namespace millrace::state
