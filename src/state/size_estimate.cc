// How many keys there are beyond those seen: Chao and Lin, "Nonparametric lower bounds for species
// richness and shared species richness under sampling without replacement" (2012), over stretches.
#include "state/size_estimate.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <span>
#include <utility>

#include "state/format/row_bytes.h"
#include "state/format/store_keys.h"

namespace millrace::state {

using base::EventTime;
using base::Result;
using base::Status;

namespace {

// Keys whose numbers of rows are within this factor are alike; so many of them are written, fewer
// of those with many rows.
constexpr double kAlike = 1.5;
constexpr size_t kWrittenMax = 8;
constexpr size_t kWrittenMin = 2;

class CountingSink final : public RowSink {
 public:
  Status Put(std::string key, std::string value) override {
    rows_[std::move(key)] = std::move(value);
    return Status::OK();
  }
  Status Append(std::string key, std::string bytes) override {
    rows_[std::move(key)] += bytes;
    return Status::OK();
  }
  Status Delete(std::string key) override {
    rows_.erase(key);
    return Status::OK();
  }
  double Bytes(const RowCost& cost) const {
    double bytes = 0;
    for (const auto& [key, value] : rows_) bytes += cost({key, value});
    return bytes;
  }

 private:
  std::map<std::string, std::string> rows_;
};

}  // namespace

SizeSample::SizeSample(const LiveTable& live, EventTime now, RowCost cost)
    : live_(live), cost_(std::move(cost)), events_(live.bound.layout) {
  if (live.table.kind == features::ViewKind::kWindowed) kept_.keep_from = live.kept.KeepFrom(now);
  kept_.settled = live.kept.Settled(now);
}

void SizeSample::Add(const features::ViewRows& rows, const EventColumns& events) {
  const int64_t stretch = stretches_++;
  for (size_t i = 0; i < rows.rows.size(); ++i) {
    const int64_t row = rows.rows[i];
    if (events.times[row] < kept_.keep_from) continue;
    const std::string_view bytes = rows.keys[rows.key_of[i]];
    const auto [number, added] = numbers_.try_emplace(std::string(bytes), keys_.size());
    if (added) keys_.push_back({std::string(bytes), {}});
    Key& key = keys_[number->second];
    if (std::exchange(key.stretch, stretch) != stretch) ++key.stretches;
    key.rows.push_back(events_.size());
    events_.AppendFrom(events, row);
  }
}

// How many keys no stretch has: from those that one has, and those that two have.
double SizeSample::UnseenKeys(double share) const {
  double once = 0;
  double twice = 0;
  for (const Key& key : keys_) {
    once += key.stretches == 1 ? 1 : 0;
    twice += key.stretches == 2 ? 1 : 0;
  }
  if (share >= 1 || once == 0) return 0;
  const auto stretches = static_cast<double>(stretches_);
  const double by_pairs = stretches > 1 ? 2 * twice * stretches / (stretches - 1) : 0;
  return once * once / (by_pairs + once * share / (1 - share));
}

// Of a key that comes again the sample has its share of the rows. Those of keys that came once are
// shared with keys that did not come.
std::vector<SizeSample::Typical> SizeSample::Typicals(double share) const {
  const double unseen = UnseenKeys(share);
  double once = 0;
  for (const Key& key : keys_) once += key.stretches == 1 ? 1 : 0;
  std::vector<Typical> typicals;
  typicals.reserve(keys_.size());
  for (const Key& key : keys_) {
    const double keys = key.stretches == 1 ? (once + unseen) / once : 1;
    const double rows = static_cast<double>(key.rows.size()) / share / keys;
    typicals.push_back({&key, std::max(1.0, rows), keys});
  }
  std::sort(typicals.begin(), typicals.end(), [](const Typical& a, const Typical& b) {
    return a.rows != b.rows ? a.rows < b.rows : a.key->bytes < b.key->bytes;
  });
  return typicals;
}

// So many rows of a key: its own where they are all there, else spread over the times of all.
EventBlock SizeSample::RowsOf(const Typical& typical, int64_t count) const {
  std::vector<int64_t> own = typical.key->rows;
  std::stable_sort(own.begin(), own.end(), [&](int64_t a, int64_t b) {
    if (events_.times[a] != events_.times[b]) return events_.times[a] < events_.times[b];
    return events_.has_created() && events_.created[a] < events_.created[b];
  });
  const auto [first, last] = std::minmax_element(events_.times.begin(), events_.times.end());
  const auto span = static_cast<double>((*last - *first).micros());
  const auto available = static_cast<int64_t>(own.size());
  const EventColumns view = events_.View();
  EventBlock block(live_.bound.layout);
  for (int64_t i = 0; i < count; ++i) {
    const int64_t row = own[static_cast<size_t>(i * available / count)];
    block.AppendFrom(view, row);
    if (count == available) continue;
    const double part = (static_cast<double>(i) + 0.5) / static_cast<double>(count);
    const EventTime time = *first + base::Duration::Micros(static_cast<int64_t>(part * span));
    if (events_.has_created()) block.created.back() = time + (view.created[row] - view.times[row]);
    block.times.back() = time;
  }
  return block;
}

// A group of chunks: the next one takes as much.
double SizeSample::WrittenRowsMax() const {
  const ChunkSizes& chunks = live_.table.chunks;
  return static_cast<double>(chunks.rows) * chunks.per_group;
}

Result<double> SizeSample::WriteKey(const Typical& typical) const {
  const double rows = std::round(typical.rows);
  const auto count = static_cast<int64_t>(std::min(rows, WrittenRowsMax()));
  const KeyRows of_key(live_.table.number, typical.key->bytes);
  CountingSink sink;
  KeyWriter writer(live_.bound, kept_, nullptr, &sink);
  const std::string whole = of_key.is_cut() ? typical.key->bytes : std::string();
  ARROW_RETURN_NOT_OK(writer.Begin(of_key.prefix(), whole, std::nullopt));
  const EventBlock block = RowsOf(typical, count);
  const EventColumns view = block.View();
  for (int64_t row = 0; row < count; ++row) {
    base::ByteWriter bytes;
    AppendRow(view, row, &bytes);
    ARROW_RETURN_NOT_OK(writer.Add(bytes.bytes()));
  }
  ARROW_RETURN_NOT_OK(writer.Finish());
  return sink.Bytes(cost_) * std::max(1.0, rows / WrittenRowsMax());
}

// Of keys with about as many rows.
Result<double> SizeSample::BytesOf(std::span<const Typical> alike) const {
  const double most = alike.back().rows;
  const size_t wanted = most * kWrittenMax < WrittenRowsMax() ? kWrittenMax : kWrittenMin;
  const size_t written = std::min(alike.size(), wanted);
  double bytes = 0;
  double keys = 0;
  for (size_t i = 0; i < written; ++i) {
    const Typical& typical = alike[(2 * i + 1) * alike.size() / (2 * written)];
    ARROW_ASSIGN_OR_RAISE(const double of_key, WriteKey(typical));
    bytes += of_key * typical.keys;
    keys += typical.keys;
  }
  double all = 0;
  for (const Typical& typical : alike) all += typical.keys;
  return bytes / keys * all;
}

Result<SizeEstimate> SizeSample::Estimate(double share) const {
  const std::vector<Typical> typicals = Typicals(share);
  double keys = 0;
  double bytes = 0;
  for (size_t first = 0; first < typicals.size();) {
    size_t end = first;
    for (; end < typicals.size() && typicals[end].rows < typicals[first].rows * kAlike; ++end) {
      keys += typicals[end].keys;
    }
    ARROW_ASSIGN_OR_RAISE(const double of_these,
                          BytesOf(std::span(typicals).subspan(first, end - first)));
    bytes += of_these;
    first = end;
  }
  const auto events = static_cast<double>(events_.size()) / share;
  return SizeEstimate{std::llround(events), std::llround(keys), std::llround(bytes)};
}

}  // namespace millrace::state
