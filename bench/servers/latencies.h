// Latencies: how long answers took, as counts in buckets that are less than 0.8% wide, so that a
// quantile of any number of answers takes 64 KB and no sorting. Used by the loader.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace millrace::bench {

class Latencies {
 public:
  void Add(int64_t nanoseconds) {
    const auto value = static_cast<uint64_t>(std::max<int64_t>(nanoseconds, 0));
    ++counts_[BucketOf(value)];
    ++count_;
    largest_ = std::max(largest_, value);
  }

  // Microseconds, the middle of the bucket in which the answer lies that is no faster than this
  // share of all; 0 without any. `share` is in (0, 1].
  double Quantile(double share) const {
    const auto wanted = static_cast<uint64_t>(std::ceil(share * static_cast<double>(count_)));
    uint64_t seen = 0;
    for (size_t bucket = 0; bucket < counts_.size(); ++bucket) {
      seen += counts_[bucket];
      if (seen > 0 && seen >= wanted) return std::min(Middle(bucket), Largest());
    }
    return 0;
  }

  double Largest() const { return static_cast<double>(largest_) / 1e3; }
  uint64_t count() const { return count_; }

 private:
  // Values below 256 have a bucket each; above, every power of two is cut into 128.
  static constexpr int kBits = 7;

  static size_t BucketOf(uint64_t value) {
    const int shift = std::max(static_cast<int>(std::bit_width(value)) - (kBits + 1), 0);
    return (static_cast<size_t>(shift) << kBits) + static_cast<size_t>(value >> shift);
  }

  static double Middle(size_t bucket) {
    if (bucket < (size_t{2} << kBits)) return static_cast<double>(bucket) / 1e3;
    const size_t shift = (bucket >> kBits) - 1;
    const auto begin = static_cast<double>(bucket - (shift << kBits));
    return (begin + 0.5) * std::ldexp(1.0, static_cast<int>(shift)) / 1e3;
  }

  std::array<uint64_t, size_t{64} << kBits> counts_ = {};
  uint64_t count_ = 0;
  uint64_t largest_ = 0;
};

}  // namespace millrace::bench
