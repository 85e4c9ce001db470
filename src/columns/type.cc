#include "columns/type.h"

#include <arrow/type.h>

#include <array>
#include <charconv>
#include <utility>

#include "base/check.h"

namespace millrace::columns {
namespace {

struct NamedKind {
  std::string_view name;
  Kind kind;
};
constexpr std::array<NamedKind, 17> kNames = {{{"null", Kind::kNull},
                                               {"bool", Kind::kBool},
                                               {"int8", Kind::kInt8},
                                               {"int16", Kind::kInt16},
                                               {"int32", Kind::kInt32},
                                               {"int64", Kind::kInt64},
                                               {"uint8", Kind::kUInt8},
                                               {"uint16", Kind::kUInt16},
                                               {"uint32", Kind::kUInt32},
                                               {"uint64", Kind::kUInt64},
                                               {"float32", Kind::kFloat32},
                                               {"float64", Kind::kFloat64},
                                               {"string", Kind::kString},
                                               {"bytes", Kind::kBytes},
                                               {"date", Kind::kDate},
                                               {"timestamp", Kind::kTimestamp},
                                               {"duration", Kind::kDuration}}};

constexpr int kNestingMax = 16;

// Reads one type from the left of a text.
class TypeText {
 public:
  explicit TypeText(std::string_view text) : rest_(text) {}

  bool Read(Type* type, int depth = 0) {
    SkipSpaces();
    size_t length = 0;
    while (length < rest_.size() && (std::isalnum(static_cast<unsigned char>(rest_[length])))) {
      ++length;
    }
    const std::string_view word = rest_.substr(0, length);
    rest_.remove_prefix(length);
    if (depth < kNestingMax && (word == "list" || word == "map" || word == "vector")) {
      return ReadNested(word, type, depth);
    }
    for (const NamedKind& named : kNames) {
      // null is no type to declare, duration lives in expressions alone.
      if (named.name == word && named.kind != Kind::kNull && named.kind != Kind::kDuration) {
        *type = named.kind;
        return true;
      }
    }
    return false;
  }

  bool AtEnd() {
    SkipSpaces();
    return rest_.empty();
  }

 private:
  bool ReadNested(std::string_view word, Type* type, int depth) {
    Type first;
    if (!Take('<') || !Read(&first, depth + 1)) return false;
    if (word == "list") {
      *type = Type::List(first);
      return Take('>');
    }
    if (!Take(',')) return false;
    if (word == "vector") {
      int32_t size = 0;
      if (first != Type(Kind::kFloat32) || !ReadSize(&size)) return false;
      *type = Type::Vector(size);
      return Take('>');
    }
    Type value;
    if (!Read(&value, depth + 1)) return false;
    *type = Type::Map(first, value);
    return first.is_ordered() && Take('>');
  }

  bool ReadSize(int32_t* size) {
    SkipSpaces();
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), *size);
    if (error != std::errc() || *size <= 0) return false;
    rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
    return true;
  }

  bool Take(char c) {
    SkipSpaces();
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void SkipSpaces() {
    while (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
  }

  std::string_view rest_;
};

base::Status NotReadable(const arrow::DataType& type) {
  return base::Error(
      {.code = base::codes::kTypeMismatch,
       .message = "a column of Arrow type " + type.ToString() + " has no type of ours",
       .hint = "declare it in `columns:`, or leave it out"});
}

}  // namespace

Type Type::List(Type element) {
  Type type(Kind::kList);
  type.element_ = std::make_shared<const Type>(std::move(element));
  return type;
}

Type Type::Vector(int32_t size) {
  MILLRACE_CHECK(size > 0);
  Type type(Kind::kVector);
  type.size_ = size;
  static const auto kElement = std::make_shared<const Type>(Kind::kFloat32);
  type.element_ = kElement;
  return type;
}

Type Type::Map(Type key, Type value) {
  Type type(Kind::kMap);
  type.key_ = std::make_shared<const Type>(std::move(key));
  type.element_ = std::make_shared<const Type>(std::move(value));
  return type;
}

Physical Type::physical() const {
  switch (kind_) {
    case Kind::kNull:
      return Physical::kNone;
    case Kind::kBool:
      return Physical::kBool;
    case Kind::kUInt64:
      return Physical::kUInt;
    case Kind::kFloat32:
    case Kind::kFloat64:
      return Physical::kFloat;
    case Kind::kString:
    case Kind::kBytes:
      return Physical::kString;
    case Kind::kList:
    case Kind::kVector:
      return Physical::kList;
    case Kind::kMap:
      return Physical::kMap;
    default:
      return Physical::kInt;
  }
}

const Type& Type::element() const {
  MILLRACE_CHECK(element_ != nullptr);
  return *element_;
}

const Type& Type::key() const {
  MILLRACE_CHECK(key_ != nullptr);
  return *key_;
}

bool Type::is_ordered() const {
  if (kind_ == Kind::kMap) return false;
  return kind_ != Kind::kList || element().is_ordered();
}

std::string Type::ToString() const {
  if (kind_ == Kind::kList) return "list<" + element().ToString() + ">";
  if (kind_ == Kind::kVector) return "vector<float32, " + std::to_string(size_) + ">";
  if (kind_ == Kind::kMap) return "map<" + key().ToString() + ", " + element().ToString() + ">";
  for (const NamedKind& named : kNames) {
    if (named.kind == kind_) return std::string(named.name);
  }
  MILLRACE_CHECK(false);
}

base::Result<Type> Type::Parse(std::string_view text) {
  TypeText in(text);
  Type type;
  if (in.Read(&type) && in.AtEnd()) return type;
  std::vector<std::string> names;
  for (const NamedKind& named : kNames) names.emplace_back(named.name);
  return base::Error({.code = base::codes::kBadValue,
                      .message = "'" + std::string(text) +
                                 "' is not a type; expected bool, int8 to int64, uint8 to uint64, "
                                 "float32, float64, string, bytes, date, timestamp, list<T>, "
                                 "vector<float32, N> or map<K, V>",
                      .hint = base::NearestHint(text, names)});
}

std::shared_ptr<arrow::DataType> Type::ToArrow() const {
  switch (kind_) {
    case Kind::kNull:
      return arrow::null();
    case Kind::kBool:
      return arrow::boolean();
    case Kind::kInt8:
      return arrow::int8();
    case Kind::kInt16:
      return arrow::int16();
    case Kind::kInt32:
      return arrow::int32();
    case Kind::kInt64:
      return arrow::int64();
    case Kind::kUInt8:
      return arrow::uint8();
    case Kind::kUInt16:
      return arrow::uint16();
    case Kind::kUInt32:
      return arrow::uint32();
    case Kind::kUInt64:
      return arrow::uint64();
    case Kind::kFloat32:
      return arrow::float32();
    case Kind::kFloat64:
      return arrow::float64();
    case Kind::kString:
      return arrow::utf8();
    case Kind::kBytes:
      return arrow::binary();
    case Kind::kDate:
      return arrow::date32();
    case Kind::kTimestamp:
      return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
    case Kind::kList:
      return arrow::list(element().ToArrow());
    case Kind::kVector:
      return arrow::fixed_size_list(arrow::field("item", arrow::float32()), size_);
    case Kind::kMap:
      return arrow::map(key().ToArrow(), element().ToArrow());
    case Kind::kDuration:
      break;
  }
  MILLRACE_CHECK(false);
}

base::Result<Type> Type::FromArrow(const arrow::DataType& type) {
  using Id = arrow::Type;
  switch (type.id()) {
    case Id::BOOL:
      return Type(Kind::kBool);
    case Id::INT8:
      return Type(Kind::kInt8);
    case Id::INT16:
      return Type(Kind::kInt16);
    case Id::INT32:
      return Type(Kind::kInt32);
    case Id::INT64:
      return Type(Kind::kInt64);
    case Id::UINT8:
      return Type(Kind::kUInt8);
    case Id::UINT16:
      return Type(Kind::kUInt16);
    case Id::UINT32:
      return Type(Kind::kUInt32);
    case Id::UINT64:
      return Type(Kind::kUInt64);
    case Id::HALF_FLOAT:
    case Id::FLOAT:
      return Type(Kind::kFloat32);
    case Id::DOUBLE:
      return Type(Kind::kFloat64);
    case Id::STRING:
    case Id::LARGE_STRING:
    case Id::STRING_VIEW:
      return Type(Kind::kString);
    case Id::BINARY:
    case Id::LARGE_BINARY:
    case Id::BINARY_VIEW:
    case Id::FIXED_SIZE_BINARY:
      return Type(Kind::kBytes);
    case Id::DATE32:
    case Id::DATE64:
      return Type(Kind::kDate);
    case Id::TIMESTAMP:
      return Type(Kind::kTimestamp);
    case Id::DICTIONARY:
      return FromArrow(*static_cast<const arrow::DictionaryType&>(type).value_type());
    case Id::LIST:
    case Id::LARGE_LIST: {
      ARROW_ASSIGN_OR_RAISE(Type element, FromArrow(*type.field(0)->type()));
      return List(std::move(element));
    }
    case Id::FIXED_SIZE_LIST: {
      const auto& list = static_cast<const arrow::FixedSizeListType&>(type);
      ARROW_ASSIGN_OR_RAISE(Type element, FromArrow(*list.value_type()));
      if (element == Type(Kind::kFloat32) && list.list_size() > 0) return Vector(list.list_size());
      return List(std::move(element));
    }
    case Id::MAP: {
      const auto& map = static_cast<const arrow::MapType&>(type);
      ARROW_ASSIGN_OR_RAISE(Type key, FromArrow(*map.key_type()));
      ARROW_ASSIGN_OR_RAISE(Type value, FromArrow(*map.item_type()));
      return Map(std::move(key), std::move(value));
    }
    default:
      return NotReadable(type);
  }
}

bool operator==(const Type& a, const Type& b) {
  if (a.kind_ != b.kind_ || a.size_ != b.size_) return false;
  if (a.key_ != nullptr && a.key_ != b.key_ && !(*a.key_ == *b.key_)) return false;
  return a.element_ == nullptr || a.element_ == b.element_ || *a.element_ == *b.element_;
}

}  // namespace millrace::columns
