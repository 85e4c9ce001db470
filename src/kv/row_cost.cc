#include "kv/row_cost.h"

#include <cmath>

namespace millrace::kv {
namespace {

// LMDB: pages of 4 KiB with a header; a row has a header and a pointer; one that is longer than
// half a page lies in pages of its own, beside which the key remains.
constexpr double kPageBytes = 4096;
constexpr double kPageHeaderBytes = 16;
constexpr double kNodeBytes = 8 + 2;
constexpr double kOverflowNumberBytes = 8;
constexpr double kNodeBytesMax = (kPageBytes - kPageHeaderBytes) / 2;
constexpr double kBranchPages = 1.01;  // per leaf page

double EmbeddedBytes(const Row& row) {
  const auto key = static_cast<double>(row.key.size());
  const auto value = static_cast<double>(row.value.size());
  double node = kNodeBytes + key + value;
  double pages = 0;
  if (node > kNodeBytesMax) {
    node = kNodeBytes + key + kOverflowNumberBytes;
    pages = std::ceil((kPageHeaderBytes + value) / kPageBytes) * kPageBytes;
  }
  // A page ends where the next row does not fit: half a row is empty.
  const double filled = kPageBytes - kPageHeaderBytes - node / 2;
  return pages + node * kPageBytes / filled * kBranchPages;
}

// Redis: an entry of its table and the slot that names it (tables double, so they are three
// quarters full), the value's object, and two strings with headers, in jemalloc's classes, of which
// there are four to a doubling.
constexpr double kEntryBytes = 24 + 8 / 0.75 + 16;
constexpr double kStringHeaderBytes = 4;
constexpr double kSizeClasses = 1.1;

double RedisBytes(const std::string& project, const Row& row) {
  const auto name = static_cast<double>(project.size() + 1 + row.key.size());
  const auto value = static_cast<double>(row.value.size());
  return kEntryBytes + (name + value + 2 * kStringHeaderBytes) * kSizeClasses;
}

}  // namespace

double RowBytesAbout(const std::string& url, const std::string& project, const Row& row) {
  const bool redis =
      url.starts_with("redis:") || url.starts_with("rediss:") || url.starts_with("unix:");
  return redis ? RedisBytes(project, row) : EmbeddedBytes(row);
}

}  // namespace millrace::kv
