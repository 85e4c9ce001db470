// ColumnBuffer: the column that grows (column.h). Column itself, the view, is in column.cc.
#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "columns/column.h"

namespace millrace::columns {
namespace {

constexpr size_t kBlockBytesMin = 4'096;

}  // namespace

ColumnBuffer::ColumnBuffer(Type type) : type_(std::move(type)), physical_(type_.physical()) {
  if (physical_ == Physical::kMap) children_.emplace_back(type_.key());
  if (physical_ == Physical::kMap || physical_ == Physical::kList) {
    children_.emplace_back(type_.element());
    offsets_.push_back(0);
  }
}

ColumnBuffer::~ColumnBuffer() = default;
ColumnBuffer::ColumnBuffer(ColumnBuffer&&) noexcept = default;
ColumnBuffer& ColumnBuffer::operator=(ColumnBuffer&&) noexcept = default;

void ColumnBuffer::Clear() {
  cells_.clear();
  bools_.clear();
  ints_.clear();
  uints_.clear();
  floats_.clear();
  strings_.clear();
  if (!offsets_.empty()) offsets_.erase(offsets_.begin() + 1, offsets_.end());
  for (ColumnBuffer& child : children_) child.Clear();
  // The newest block is the largest, so keeping it alone ends growth after a few batches.
  if (blocks_.size() > 1) blocks_.erase(blocks_.begin(), blocks_.end() - 1);
  block_used_ = 0;
}

void ColumnBuffer::Reserve(int64_t rows) {
  const auto count = static_cast<size_t>(rows);
  cells_.reserve(count);
  if (physical_ == Physical::kBool) bools_.reserve(count);
  if (physical_ == Physical::kInt) ints_.reserve(count);
  if (physical_ == Physical::kUInt) uints_.reserve(count);
  if (physical_ == Physical::kFloat) floats_.reserve(count);
  if (physical_ == Physical::kString) strings_.reserve(count);
  if (!children_.empty()) offsets_.reserve(count + 1);
}

void ColumnBuffer::Grow(Cell cell) {
  cells_.push_back(cell);
  switch (physical_) {
    case Physical::kNone:
      break;
    case Physical::kBool:
      bools_.push_back(0);
      break;
    case Physical::kInt:
      ints_.push_back(0);
      break;
    case Physical::kUInt:
      uints_.push_back(0);
      break;
    case Physical::kFloat:
      floats_.push_back(0);
      break;
    case Physical::kString:
      strings_.emplace_back();
      break;
    case Physical::kList:
    case Physical::kMap:
      offsets_.push_back(children_.back().size());
      break;
  }
}

ColumnBuffer* ColumnBuffer::elements() {
  MILLRACE_CHECK(!children_.empty());
  return &children_.back();
}

ColumnBuffer* ColumnBuffer::keys() {
  MILLRACE_CHECK(children_.size() == 2);
  return &children_.front();
}

void ColumnBuffer::AppendFrom(const Column& column, int64_t row) {
  const uint8_t cell = column.cell(row);
  if (cell != kValid) return AppendCell(static_cast<Cell>(cell));
  switch (physical_) {
    case Physical::kNone:
      return AppendNull();
    case Physical::kBool:
      return AppendBool(column.bools[row] != 0);
    case Physical::kInt:
      return AppendInt(column.ints[row]);
    case Physical::kUInt:
      return AppendUInt(column.uints[row]);
    case Physical::kFloat:
      return AppendFloat(column.floats[row]);
    case Physical::kString:
      return AppendString(column.strings[row]);
    case Physical::kList:
    case Physical::kMap:
      for (int64_t i = column.offsets[row]; i < column.offsets[row + 1]; ++i) {
        for (size_t part = 0; part < children_.size(); ++part) {
          children_[part].AppendFrom(column.children[part], i);
        }
      }
      return CloseList();
  }
}

void ColumnBuffer::AppendValue(const Value& value) {
  if (value.is_null()) return AppendNull();
  switch (physical_) {
    case Physical::kNone:
      return AppendNull();
    case Physical::kBool:
      return AppendBool(value.as_bool());
    case Physical::kInt:
      return AppendInt(value.as_int());
    case Physical::kUInt:
      return AppendUInt(value.as_uint());
    case Physical::kFloat:
      return AppendFloat(value.as_float());
    case Physical::kString:
      return AppendString(value.as_string());
    case Physical::kList:
      for (const Value& element : value.as_list()) elements()->AppendValue(element);
      return CloseList();
    case Physical::kMap:
      for (const auto& [key, element] : value.as_map()) {
        keys()->AppendValue(key);
        elements()->AppendValue(element);
      }
      return CloseList();
  }
}

void ColumnBuffer::Resize(int64_t rows) {
  const auto count = static_cast<size_t>(rows);
  cells_.resize(count);
  switch (physical_) {
    case Physical::kNone:
      break;
    case Physical::kBool:
      bools_.resize(count);
      break;
    case Physical::kInt:
      ints_.resize(count);
      break;
    case Physical::kUInt:
      uints_.resize(count);
      break;
    case Physical::kFloat:
      floats_.resize(count);
      break;
    case Physical::kString:
      strings_.resize(count);
      break;
    case Physical::kList:
    case Physical::kMap:
      MILLRACE_CHECK(false);
  }
}

std::string_view ColumnBuffer::Keep(std::string_view bytes) {
  if (bytes.empty()) return {};
  if (blocks_.empty() || block_size_ - block_used_ < bytes.size()) {
    block_size_ = std::max({kBlockBytesMin, block_size_ * 2, bytes.size()});
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(block_size_));
    block_used_ = 0;
  }
  char* place = blocks_.back().get() + block_used_;
  std::memcpy(place, bytes.data(), bytes.size());
  block_used_ += bytes.size();
  return {place, bytes.size()};
}

Column ColumnBuffer::View() const {
  Column view;
  view.type = type_;
  view.size = size();
  view.cells = cells_.data();
  view.bools = physical_ == Physical::kBool ? bools_.data() : nullptr;
  view.ints = physical_ == Physical::kInt ? ints_.data() : nullptr;
  view.uints = physical_ == Physical::kUInt ? uints_.data() : nullptr;
  view.floats = physical_ == Physical::kFloat ? floats_.data() : nullptr;
  view.strings = physical_ == Physical::kString ? strings_.data() : nullptr;
  if (!children_.empty()) {
    child_views_.clear();
    for (const ColumnBuffer& child : children_) child_views_.push_back(child.View());
    view.offsets = offsets_.data();
    view.children = child_views_.data();
  }
  return view;
}

OwnedColumn Own(ColumnBuffer buffer) {
  auto owner = std::make_shared<const ColumnBuffer>(std::move(buffer));
  const Column view = owner->View();
  return {view, std::move(owner)};
}

}  // namespace millrace::columns
