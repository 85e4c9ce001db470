// Every codec of the store's rows: what is written reads back the same, whatever is cut or turned
// is refused or read as something else, never past its end.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "columns/value.h"
#include "state/format/chunk.h"
#include "state/format/key_head.h"
#include "state/format/row_bytes.h"
#include "state/format/summary.h"
#include "state/format/table.h"

namespace millrace::state {
namespace {

using base::EventTime;
using columns::Kind;
using columns::Type;
using columns::Value;

const std::vector<Type>& AllTypes() {
  static const std::vector<Type> kTypes = {Kind::kBool,
                                           Kind::kInt8,
                                           Kind::kInt64,
                                           Kind::kUInt64,
                                           Kind::kFloat32,
                                           Kind::kFloat64,
                                           Kind::kString,
                                           Kind::kBytes,
                                           Kind::kDate,
                                           Kind::kTimestamp,
                                           Type::List(Kind::kString),
                                           Type::List(Type::List(Kind::kInt64)),
                                           Type::Vector(3),
                                           Type::Map(Kind::kString, Kind::kFloat64)};
  return kTypes;
}

Value RandomValue(const Type& type, std::mt19937_64* random) {
  const auto pick = [&](auto... of) {
    const std::vector<std::common_type_t<decltype(of)...>> all = {of...};
    return all[(*random)() % all.size()];
  };
  switch (type.kind()) {
    case Kind::kBool:
      return Value((*random)() % 2 == 0);
    case Kind::kInt8:
      return Value(pick(int64_t{-128}, int64_t{127}, int64_t{0}));
    case Kind::kUInt64:
      return Value(pick(uint64_t{0}, std::numeric_limits<uint64_t>::max(), uint64_t{5}));
    case Kind::kFloat32:
      return Value(pick(0.5, 16777216.0, double{0.1F}, std::nan("")));
    case Kind::kFloat64:
      return Value(pick(0.1, 19.99, 3.0, 1e300, 5e-324, -1.0 / 3, std::nan(""), INFINITY, 0.0));
    case Kind::kString:
    case Kind::kBytes:
      return Value(
          pick(std::string(), std::string("a"), std::string("\0\xff", 2), std::string(300, 'x')));
    case Kind::kList: {
      columns::ListValue list;
      for (uint64_t i = (*random)() % 3; i > 0; --i) {
        list.push_back((*random)() % 4 == 0 ? Value() : RandomValue(type.element(), random));
      }
      return Value(std::move(list));
    }
    case Kind::kVector:
      return Value(columns::ListValue{Value(0.5), Value(-2.0), Value(double{0.1F})});
    case Kind::kMap:
      return Value(columns::MapValue{{Value("k"), Value(1.5)}, {Value("l"), Value()}});
    default:
      return Value(pick(std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max(),
                        int64_t{0}, int64_t{-7}));
  }
}

EventBlock RandomBlock(const RowLayout& layout, int64_t rows, std::mt19937_64* random) {
  EventBlock block(layout);
  for (int64_t row = 0; row < rows; ++row) {
    block.times.push_back(EventTime::Micros(static_cast<int64_t>((*random)() % 1'000'000)));
    if (layout.has_created) {
      block.created.push_back(EventTime::Micros(static_cast<int64_t>((*random)())));
    }
    for (size_t i = 0; i < layout.columns.size(); ++i) {
      const uint64_t chance = (*random)() % 8;
      if (chance == 0) {
        block.cells[i].AppendNull();
      } else if (chance == 1) {
        block.cells[i].AppendCell(columns::kBadCast);
      } else {
        block.cells[i].AppendValue(RandomValue(layout.columns[i], random));
      }
    }
  }
  return block;
}

void ExpectSame(const EventColumns& a, std::span<const int64_t> rows, const EventColumns& b) {
  ASSERT_EQ(b.size, static_cast<int64_t>(rows.size()));
  for (int64_t i = 0; i < b.size; ++i) {
    EXPECT_EQ(a.times[rows[i]], b.times[i]);
    if (a.created != nullptr) {
      EXPECT_EQ(a.created[rows[i]], b.created[i]);
    }
    for (size_t column = 0; column < a.cells.size(); ++column) {
      EXPECT_EQ(a.cells[column].cell(rows[i]), b.cells[column].cell(i));
      EXPECT_TRUE(columns::SameBits(a.cells[column].value(rows[i]), b.cells[column].value(i)))
          << a.cells[column].type.ToString();
    }
  }
}

TEST(RowBytes, ReadBackTheSame) {
  std::mt19937_64 random(1);
  for (const bool has_created : {false, true}) {
    const RowLayout layout{has_created, AllTypes()};
    const EventBlock block = RandomBlock(layout, 50, &random);
    const std::vector<int64_t> order = block.TimeOrder();
    base::ByteWriter bytes;
    AppendRows(block.View(), order, &bytes);
    EventBlock read(layout);
    base::ByteReader in(bytes.bytes());
    ASSERT_TRUE(DecodeRows(&in, 50, &read).ok());
    EXPECT_TRUE(in.AtEnd());
    ExpectSame(block.View(), order, read.View());
  }
}

TEST(Chunk, ReadsBackTheSameInTheOrderOfTime) {
  std::mt19937_64 random(2);
  for (const int64_t rows : {1, 2, 50, 256, 1000}) {
    for (const bool has_created : {false, true}) {
      const RowLayout layout{has_created, AllTypes()};
      const EventBlock block = RandomBlock(layout, rows, &random);
      const std::vector<int64_t> order = block.TimeOrder();
      EventBlock read(layout);
      ASSERT_TRUE(DecodeChunk(EncodeChunk(block.View(), order), &read).ok());
      ExpectSame(block.View(), order, read.View());
    }
  }
}

TEST(Chunk, KeepsEveryBitOfFloatsThatLookLikeDecimals) {
  const RowLayout layout{false, {Kind::kFloat64, Kind::kFloat32}};
  for (const double scale : {1.0, 10.0, 100.0, 1000.0, 10000.0, 1e5, 3.0}) {
    EventBlock block(layout);
    for (int i = -300; i < 300; ++i) {
      block.times.push_back(EventTime::Micros(i));
      block.cells[0].AppendFloat(columns::CanonicalFloat(i * 12'345.0 / scale));
      block.cells[1].AppendFloat(columns::CanonicalFloat(double{static_cast<float>(i / scale)}));
    }
    EventBlock read(layout);
    const std::vector<int64_t> order = block.TimeOrder();
    ASSERT_TRUE(DecodeChunk(EncodeChunk(block.View(), order), &read).ok());
    ExpectSame(block.View(), order, read.View());
  }
}

TEST(Chunk, IsRefusedWhereverItIsCut) {
  std::mt19937_64 random(3);
  const RowLayout layout{true, AllTypes()};
  const EventBlock block = RandomBlock(layout, 20, &random);
  const std::string bytes = EncodeChunk(block.View(), block.TimeOrder());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EventBlock read(layout);
    EXPECT_FALSE(DecodeChunk(std::string_view(bytes).substr(0, size), &read).ok()) << size;
  }
  EventBlock read(layout);
  EXPECT_FALSE(DecodeChunk(bytes + "x", &read).ok());
}

TEST(KeyHead, ReadsBackTheSame) {
  KeyHead head;
  head.chunks = 70'000;
  head.has_tiles = true;
  head.first_tile_block = -3;
  head.last_tile_block = 12;
  head.open_rows = 2;
  head.open = "rows";
  head.whole_key = "a long key";
  const std::string bytes = head.Encode();
  const auto read = KeyHead::Decode(bytes);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->chunks, 70'000U);
  EXPECT_TRUE(read->has_tiles);
  EXPECT_EQ(read->first_tile_block, -3);
  EXPECT_EQ(read->last_tile_block, 12);
  EXPECT_EQ(read->open_rows, 2U);
  EXPECT_EQ(read->open, "rows");
  EXPECT_EQ(read->whole_key, "a long key");
  EXPECT_FALSE(KeyHead::Decode("").ok());
  EXPECT_FALSE(KeyHead::Decode("\x09\x00\x00\x00").ok());
}

TEST(Summary, ReadsBackTheSameOneAfterAnother) {
  Summary one;
  one.number = -5;
  one.rows = 256;
  one.first = EventTime::Micros(-1);
  one.last = EventTime::Micros(9);
  one.created_max = EventTime::Micros(11);
  one.states = {"state", "", "other"};
  Summary two;
  two.number = 6;
  base::ByteWriter bytes;
  AppendSummary(one, &bytes);
  AppendSummary(two, &bytes);
  const auto read = DecodeSummaries(bytes.bytes());
  ASSERT_TRUE(read.ok());
  ASSERT_EQ(read->size(), 2U);
  EXPECT_EQ((*read)[0].number, -5);
  EXPECT_EQ((*read)[0].states, one.states);
  EXPECT_EQ((*read)[0].last, one.last);
  EXPECT_EQ((*read)[1].number, 6);
  EXPECT_FALSE(DecodeSummaries(std::string_view(bytes.bytes()).substr(0, 20)).ok());
}

TEST(Summary, StandsForItsEventsWhereAllOfThemCount) {
  Summary part;
  part.last = EventTime::Micros(10);
  part.created_max = EventTime::Micros(20);
  EXPECT_FALSE(part.StandsAt(EventTime::Micros(10)));
  EXPECT_FALSE(part.StandsAt(EventTime::Micros(19)));
  EXPECT_TRUE(part.StandsAt(EventTime::Micros(20)));
  part.created_max = EventTime::Min();
  EXPECT_TRUE(part.StandsAt(EventTime::Micros(11)));
}

TEST(Catalog, ReadsBackTheSameAndIsRefusedWhereverItIsCut) {
  Catalog catalog;
  catalog.next_number = 9;
  Table table;
  table.number = 7;
  table.event_id = "0123456789abcdef";
  table.source = "buys";
  table.resolution = base::Duration::Seconds(60);
  table.chunks = {128, 32};
  table.has_created = true;
  table.keys = {{"user_id", Kind::kString}};
  table.columns = {{"aa", Type::Vector(3)}, {"bb", Kind::kBool}};
  table.slots = {{"cc", 0, 1}, {"dd", -1, -1}};
  table.complete_since = EventTime::Micros(-4);
  catalog.tables = {table};
  const std::string bytes = catalog.Encode();
  const auto read = Catalog::Decode(bytes);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->Encode(), bytes);
  EXPECT_EQ(read->tables[0].columns[0].type, Type::Vector(3));
  EXPECT_EQ(read->tables[0].slots[0].filter, 1);
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(Catalog::Decode(std::string_view(bytes).substr(0, size)).ok()) << size;
  }
}

}  // namespace
}  // namespace millrace::state
