// libFuzzer over every registered decoder of states: bytes from anywhere either are refused or give
// a state that finalizes, merges with itself and encodes to bytes that decode again. The first two
// bytes of the input choose the function and its input type.
#include <cstdint>
#include <memory>
#include <vector>

#include "aggregate/registry.h"
#include "base/check.h"

namespace millrace::aggregate {
namespace {

using columns::Kind;
using columns::Type;

std::vector<std::shared_ptr<const Aggregate>> AllAggregates() {
  const std::vector<Type> types = {Kind::kNull,
                                   Kind::kBool,
                                   Kind::kInt8,
                                   Kind::kInt64,
                                   Kind::kUInt64,
                                   Kind::kFloat32,
                                   Kind::kFloat64,
                                   Kind::kString,
                                   Type::List(Kind::kString),
                                   Type::List(Type::List(Kind::kFloat64)),
                                   Type::Vector(2),
                                   Type::Map(Kind::kString, Kind::kInt64)};
  std::vector<std::shared_ptr<const Aggregate>> all;
  for (const Function& function : Functions()) {
    for (const Type& type : types) {
      Call call{.function = std::string(function.name), .input = type, .parameters = {}};
      if (function.parameters > 0) call.parameters.emplace_back(int64_t{1});
      if (auto made = Make(call); made.ok()) all.push_back(*std::move(made));
    }
  }
  return all;
}

std::string Encoded(const State& state) {
  base::ByteWriter bytes;
  state.Encode(&bytes);
  return bytes.Take();
}

void DecodeOne(const Aggregate& aggregate, std::string_view bytes) {
  base::ByteReader reader(bytes);
  const auto decoded = aggregate.DecodeState(&reader);
  if (!decoded.ok()) {
    MILLRACE_CHECK(base::ProblemsOf(decoded.status()).front().code == base::codes::kCorrupt);
    return;
  }
  const State& state = **decoded;
  columns::ColumnBuffer out(aggregate.result_type());
  for (const int64_t micros : {int64_t{0}, INT64_MIN, INT64_MAX}) {
    state.Finalize(base::EventTime::Micros(micros), &out);
  }
  const std::string again = Encoded(state);
  base::ByteReader second(again);
  const auto reread = aggregate.DecodeState(&second);
  MILLRACE_CHECK(reread.ok() && second.AtEnd() && Encoded(**reread) == again);
  (*reread)->Merge(state);
  (*reread)->Finalize(base::EventTime::Micros(0), &out);
}

}  // namespace
}  // namespace millrace::aggregate

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  static const auto* all = new std::vector(millrace::aggregate::AllAggregates());
  if (size < 2) return 0;
  const size_t choice = (static_cast<size_t>(bytes[0]) << 8 | bytes[1]) % all->size();
  millrace::aggregate::DecodeOne(
      *(*all)[choice], std::string_view(reinterpret_cast<const char*>(bytes) + 2, size - 2));
  return 0;
}
