// cast and try_cast: every value either becomes the same value of the other type or fails; nothing
// is rounded, cut or wrapped. Text to number is read to the nearest.
#include <charconv>
#include <cmath>

#include "base/time.h"
#include "columns/float_text.h"
#include "columns/integer_range.h"
#include "expr/conversion.h"
#include "expr/functions/calendar.h"
#include "expr/functions/float_repr.h"
#include "expr/functions/function.h"
#include "expr/functions/order.h"
#include "expr/functions/unicode.h"

namespace millrace::expr {
namespace {

using columns::Kind;
using columns::Physical;
using columns::Type;

struct CastTarget : Prepared {
  Kind kind = Kind::kNull;
  int32_t vector_size = 0;
  bool null_on_failure = false;

  void Fail(uint8_t* cell, columns::Cell error = columns::kBadCast) const {
    *cell = null_on_failure ? columns::kNullCell : error;
  }
};

const CastTarget& Target(const Invocation& in) {
  return static_cast<const CastTarget&>(*in.prepared);
}

// Each ToX(value, target, &x) says whether the value is an x exactly.
template <class A>
bool ToInt(A value, const CastTarget& target, int64_t* out) {
  if constexpr (std::is_same_v<A, std::string_view>) {
    if (!value.empty() && value.front() == '+') {
      value.remove_prefix(1);
      if (!value.empty() && value.front() == '-') return false;
    }
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), *out);
    if (error != std::errc() || end != value.data() + value.size()) return false;
  } else if constexpr (std::is_same_v<A, Boolean>) {
    *out = value;
  } else {
    if (Order(value, INT64_MIN) < 0 || Order(value, INT64_MAX) > 0) return false;
    *out = static_cast<int64_t>(value);
    if (Order(value, *out) != 0) return false;
  }
  return columns::RangeOf(target.kind).Contains(*out);
}

template <class A>
bool ToUInt(A value, const CastTarget&, uint64_t* out) {
  if constexpr (std::is_same_v<A, std::string_view>) {
    if (!value.empty() && value.front() == '+') value.remove_prefix(1);
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), *out);
    return error == std::errc() && end == value.data() + value.size() && !value.empty();
  } else if constexpr (std::is_same_v<A, Boolean>) {
    *out = value;
    return true;
  } else {
    if (Order(value, uint64_t{0}) < 0 || Order(value, UINT64_MAX) > 0) return false;
    *out = static_cast<uint64_t>(value);
    return Order(value, *out) == 0;
  }
}

// Read to the nearest; nothing where the text is no number or beyond the type's range.
template <class Float>
bool ReadFloat(std::string_view text, double* out) {
  const std::optional<double> number = columns::ParseFloat(text);
  if (!number.has_value() || text.find('(') != std::string_view::npos) return false;
  *out = *number;
  if (std::isnan(*number)) return true;
  const bool says_infinity = text.find_first_of("nN") != std::string_view::npos;
  if constexpr (std::is_same_v<Float, float>) {
    // Straight from the text: by way of float64 it would be rounded twice.
    const bool plus = !text.empty() && text.front() == '+';
    float narrow = 0;
    const auto read =
        std::from_chars(text.data() + (plus ? 1 : 0), text.data() + text.size(), narrow);
    *out = read.ec == std::errc() ? narrow : static_cast<float>(*number);
  }
  return !std::isinf(*out) || says_infinity;
}

template <class A>
bool ToFloat(A value, const CastTarget& target, double* out) {
  const bool narrow = target.kind == Kind::kFloat32;
  if constexpr (std::is_same_v<A, std::string_view>) {
    return narrow ? ReadFloat<float>(value, out) : ReadFloat<double>(value, out);
  } else if constexpr (std::is_same_v<A, Boolean>) {
    *out = value;
    return true;
  } else {
    *out = narrow ? static_cast<double>(static_cast<float>(value)) : static_cast<double>(value);
    return Order(value, *out) == 0;
  }
}

bool IsWord(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + 32) : text[i];
    if (c != lower[i]) return false;
  }
  return true;
}

template <class A>
bool ToBool(A value, const CastTarget&, Boolean* out) {
  if constexpr (std::is_same_v<A, std::string_view>) {
    *out = IsWord(value, "true") ? 1 : 0;
    return *out != 0 || IsWord(value, "false");
  } else {
    *out = value == A{1} ? 1 : 0;
    return value == A{0} || value == A{1};
  }
}

bool StringToTime(std::string_view value, const CastTarget& target, int64_t* out) {
  const base::Result<base::EventTime> time = base::ParseTime(value);
  if (!time.ok()) return false;
  *out = time->micros();
  if (target.kind == Kind::kTimestamp) return true;
  const bool midnight = base::FloorMod(*out, kMicrosPerDay) == 0;
  *out = base::FloorDiv(*out, kMicrosPerDay);
  return midnight;
}

bool DateToTimestamp(int64_t value, const CastTarget&, int64_t* out) {
  return !__builtin_mul_overflow(value, kMicrosPerDay, out);
}

bool TimestampToDate(int64_t value, const CastTarget&, int64_t* out) {
  *out = base::FloorDiv(value, kMicrosPerDay);
  return base::FloorMod(value, kMicrosPerDay) == 0;
}

template <class Out, class A, bool (*kConvert)(A, const CastTarget&, Out*)>
void ConvertKernel(const Invocation& in) {
  const CastTarget& target = Target(in);
  EachRow<Out, A>(in, [&](A value, uint8_t* cell) {
    Out out{};
    if (!kConvert(value, target, &out)) target.Fail(cell);
    return out;
  });
}

// Each AppendX(value, text) writes the value's text.
void AppendInt(int64_t value, std::string* out) {
  std::array<char, 24> digits;
  out->append(digits.data(), std::to_chars(digits.begin(), digits.end(), value).ptr);
}
void AppendUInt(uint64_t value, std::string* out) {
  std::array<char, 24> digits;
  out->append(digits.data(), std::to_chars(digits.begin(), digits.end(), value).ptr);
}
void AppendTimestamp(int64_t micros, std::string* out) {
  base::AppendTime(base::EventTime::Micros(micros), out);
}
void AppendBool(Boolean value, std::string* out) {
  out->append(value != 0 ? "true" : "false");
}

template <class A, void (*kAppend)(A, std::string*)>
void TextKernel(const Invocation& in) {
  const Reader<A> a(in.arguments[0]);
  Writer<std::string_view> out(in);
  std::string& text = in.workspace->text;
  for (int64_t i = 0; i < in.rows; ++i) {
    if (a.cell(i) != columns::kValid) {
      out.SetCell(i, a.cell(i));
      continue;
    }
    text.clear();
    kAppend(a[i], &text);
    out.Set(i, out.Keep(text), columns::kValid);
  }
}

void BytesToStringKernel(const Invocation& in) {
  const CastTarget& target = Target(in);
  EachRow<std::string_view, std::string_view>(in, [&](std::string_view value, uint8_t* cell) {
    if (!IsUtf8(value)) target.Fail(cell);
    return value;
  });
}

// A list of the right elements as a vector.
void VectorKernel(const Invocation& in) {
  const CastTarget& target = Target(in);
  const ListReader list(in.arguments[0]);
  const columns::Column& elements = list.elements();
  in.out->Clear();
  for (int64_t i = 0; i < in.rows; ++i) {
    uint8_t cell = list.cell(i);
    if (cell == columns::kValid && list.size(i) != target.vector_size) {
      target.Fail(&cell, columns::kVectorLength);
    }
    for (int64_t j = list.first(i); j < list.last(i) && cell == columns::kValid; ++j) {
      if (!elements.valid(j)) target.Fail(&cell);  // a component is never null
    }
    if (cell == columns::kValid) {
      in.out->AppendFrom(*in.arguments[0].column, in.arguments[0].at(i));
    } else {
      in.out->AppendCell(static_cast<columns::Cell>(cell));
    }
  }
}

template <class A>
Kernel NumberKernel(const Type& to) {
  switch (to.physical()) {
    case Physical::kBool:
      return ConvertKernel<Boolean, A, ToBool<A>>;
    case Physical::kInt:
      return ConvertKernel<int64_t, A, ToInt<A>>;
    case Physical::kUInt:
      return ConvertKernel<uint64_t, A, ToUInt<A>>;
    default:
      return ConvertKernel<double, A, ToFloat<A>>;
  }
}

Kernel TextKernelFor(const Type& from) {
  switch (from.kind()) {
    case Kind::kDate:
      return TextKernel<int64_t, base::AppendDate>;
    case Kind::kTimestamp:
      return TextKernel<int64_t, AppendTimestamp>;
    case Kind::kBytes:
      return BytesToStringKernel;
    default:
      break;
  }
  switch (from.physical()) {
    case Physical::kBool:
      return TextKernel<Boolean, AppendBool>;
    case Physical::kInt:
      return TextKernel<int64_t, AppendInt>;
    case Physical::kUInt:
      return TextKernel<uint64_t, AppendUInt>;
    case Physical::kFloat:
      return TextKernel<double, AppendFloatRepr>;
    default:
      return nullptr;
  }
}

// nullptr where no value of `from` is a `to`. Of scalars only.
Kernel ScalarKernel(const Type& from, const Type& to) {
  if (from.kind() == Kind::kDuration || to.kind() == Kind::kDuration) return nullptr;
  if (to.kind() == Kind::kString) return TextKernelFor(from);
  if (from.kind() == Kind::kDate) {
    return to.kind() == Kind::kTimestamp ? ConvertKernel<int64_t, int64_t, DateToTimestamp>
                                         : nullptr;
  }
  if (from.kind() == Kind::kTimestamp) {
    return to.kind() == Kind::kDate ? ConvertKernel<int64_t, int64_t, TimestampToDate> : nullptr;
  }
  const bool to_time = to.kind() == Kind::kDate || to.kind() == Kind::kTimestamp;
  if (to_time) {
    return from.kind() == Kind::kString ? ConvertKernel<int64_t, std::string_view, StringToTime>
                                        : nullptr;
  }
  if (to.kind() != Kind::kBool && !to.is_numeric()) return nullptr;
  if (from.kind() == Kind::kString) return NumberKernel<std::string_view>(to);
  if (from.kind() == Kind::kBool) return NumberKernel<Boolean>(to);
  if (from.is_float()) return to.kind() == Kind::kBool ? nullptr : NumberKernel<double>(to);
  if (!from.is_integer()) return nullptr;
  return from.kind() == Kind::kUInt64 ? NumberKernel<uint64_t>(to) : NumberKernel<int64_t>(to);
}

bool IsListLike(const Type& type) {
  return type.kind() == Kind::kList || type.kind() == Kind::kVector;
}

// Lists by their elements; a list as a vector is also counted.
std::optional<TypedNode> TryCast(TypedNode operand, const Type& to, bool null_on_failure) {
  const Type from = operand.type;
  if (from == to) return operand;
  auto target = std::make_shared<CastTarget>();
  target->kind = to.kind();
  target->null_on_failure = null_on_failure;
  if (from.kind() == Kind::kString && to.kind() == Kind::kBytes) {  // the same layout
    operand.type = to;
    return operand;
  }
  std::vector<TypedNode> children;
  if (!IsListLike(from) || !IsListLike(to)) {
    const Kernel kernel = ScalarKernel(from, to);
    if (kernel == nullptr) return std::nullopt;
    children.push_back(std::move(operand));
    TypedNode call = CallNode(to, kernel, std::move(children));
    call.prepared = std::move(target);
    return call;
  }
  if (from.kind() == Kind::kVector && to.kind() == Kind::kVector) return std::nullopt;
  TypedNode element;
  element.op = TypedNode::Op::kColumn;
  element.type = from.element();
  const Type list = Type::List(to.element());
  if (from.element() == to.element()) {
    operand.type = list;
  } else {
    const std::optional<TypedNode> cast = TryCast(std::move(element), to.element(), false);
    if (!cast.has_value()) return std::nullopt;
    if (cast->op == TypedNode::Op::kColumn) {
      operand.type = list;
    } else {
      operand = ConvertElements(list, *cast, null_on_failure, std::move(operand));
    }
  }
  if (to.kind() == Kind::kList) return operand;
  target->vector_size = to.vector_size();
  children.push_back(std::move(operand));
  TypedNode call = CallNode(to, VectorKernel, std::move(children));
  call.prepared = std::move(target);
  return call;
}

}  // namespace

base::Result<TypedNode> Cast(const Node& written, TypedNode operand, const Type& to,
                             bool null_on_failure) {
  if (operand.type.is_null()) {
    ARROW_RETURN_NOT_OK(Convert(written, to, &operand));
    return operand;
  }
  const Type from = operand.type;
  if (IsListLike(from) && IsListLike(to) && from.element().is_null()) {  // array[]
    ARROW_RETURN_NOT_OK(Convert(written, Type::List(to.element()), &operand));
  }
  std::optional<TypedNode> cast = TryCast(std::move(operand), to, null_on_failure);
  if (cast.has_value()) return std::move(*cast);
  return ErrorAt(written, base::codes::kTypeMismatch,
                 "found " + from.ToString() + ", which has no cast to " + to.ToString());
}

}  // namespace millrace::expr
