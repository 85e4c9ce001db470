// The bytes of a segment and the tag of its rows, as docs/formats/push_log.md says, pinned by
// tests/golden/push_segment.bin: what was written once is read for ever.
#include <arrow/buffer.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "base/bytes.h"
#include "base/hash.h"
#include "sources/push/push_log_testing.h"
#include "sources/push/push_segment.h"

namespace millrace::sources {
namespace {

const std::string kGolden = std::string(MILLRACE_SOURCE_DIR) + "/tests/golden/push_segment.bin";

std::string ReadAll(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// What the golden file holds: rows 7 and 8, then 9, of writer w-1.
std::string Written() {
  const Folder folder;
  folder.Write("push/writer", "w-1\n");
  folder.Write("push/s/w-1-00000000000000000001-00000000000000000006.parquet", "");
  const auto writer =
      PushLogWriter::Open(folder / "push", PushedSource({{"tags", "list<string>"}}), {})
          .ValueOrDie();
  const PushRows first{RowsOf(writer->schema(), {{"ann", 1.5}, {"bob", -2}}), After(1),
                       PushTo::kBoth, "r1"};
  const PushRows second{RowsOf(writer->schema(), {{"cid", 3}}), After(2), PushTo::kOffline};
  EXPECT_EQ(*writer->Append({&first, 1}), 7);
  EXPECT_EQ(*writer->Append({&second, 1}), 9);
  return folder.Read("push/s/w-1-00000000000000000007.log");
}

TEST(PushFormat, BytesAreThoseOfTheGoldenFile) {
  EXPECT_TRUE(Written() == ReadAll(kGolden));
}

TEST(PushFormat, HeaderAndFramesAreAsDocumented) {
  const std::string bytes = ReadAll(kGolden);
  base::ByteReader in(bytes);
  EXPECT_EQ(*in.Raw(8), "MRPUSHLG");
  EXPECT_EQ(*in.Fixed32(), 1U);
  const uint32_t size = *in.Fixed32();
  const uint64_t hash = *in.Fixed64();
  const std::string_view header = *in.Raw(size);
  EXPECT_EQ(hash, base::Hash64(header));
  base::ByteReader fields(header);
  EXPECT_EQ(*fields.String(), "s");
  EXPECT_EQ(*fields.String(), "w-1");
  EXPECT_EQ(*fields.Fixed64(), 7U);
  ASSERT_TRUE(fields.String().ok());
  EXPECT_LT(fields.remaining(), 8U);
  uint64_t row = 7;
  for (const uint32_t rows : {2U, 1U}) {
    const size_t head = bytes.size() - in.remaining();
    EXPECT_EQ(head % 8, 0U);
    const uint32_t payload = *in.Fixed32();
    EXPECT_EQ(*in.Fixed32(), rows);
    const uint64_t payload_hash = *in.Fixed64();
    base::ByteWriter checked;
    checked.Raw(bytes.data() + head, 16);
    checked.Fixed64(row);
    EXPECT_EQ(*in.Fixed64(), base::Hash64(checked.bytes()));
    EXPECT_EQ(base::Hash64(*in.Raw(payload)), payload_hash);
    row += rows;
  }
  EXPECT_TRUE(in.AtEnd());
}

TEST(PushFormat, RowsOfTheGoldenFileAreRead) {
  const auto segment = Segment::Read(kGolden);
  ASSERT_TRUE(segment.ok()) << segment.status();
  ASSERT_EQ((*segment)->frames(), 2U);
  const auto rows = (*segment)->ReadFrame(0);
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ((*rows)->schema()->ToString(),
            "user_id: string\namount: double\nt: timestamp[us, tz=UTC]\n"
            "tags: list<item: string>\n__received: timestamp[us, tz=UTC]\n__to: "
            "uint8\n__request_id: string");
  EXPECT_EQ((*rows)->GetColumnByName("user_id")->GetScalar(1).ValueOrDie()->ToString(), "bob");
  EXPECT_EQ((*rows)->GetColumnByName("__to")->GetScalar(0).ValueOrDie()->ToString(), "3");
  EXPECT_EQ((*rows)->GetColumnByName("__request_id")->GetScalar(1).ValueOrDie()->ToString(), "r1");
}

// One row by hand: its number, then each cell that is not null, by name.
TEST(PushFormat, TheTagIsTheSumOfTheHashesOfRows) {
  const Folder folder;
  folder.Write("push/writer", "w-1\n");
  const features::Source source = PushedSource();
  const auto writer = PushLogWriter::Open(folder / "push", source, {}).ValueOrDie();
  const auto hash = [](uint64_t row, const std::string& user, double amount) {
    base::ByteWriter bytes;
    const auto number = [&](std::string_view name, auto value) {
      bytes.String(name);
      bytes.String({reinterpret_cast<const char*>(&value), sizeof value});
    };
    bytes.Fixed64(row);
    number("__received", After(1).micros());
    number("__to", int64_t{3});
    number("amount", amount);
    number("t", kNoon);
    bytes.String("user_id");
    bytes.String(user);
    return base::Hash64(bytes.bytes());
  };
  const PushRows rows{RowsOf(writer->schema(), {{"ann", 1}, {"bob", 2}}), After(1)};
  ASSERT_TRUE(writer->Append({&rows, 1}).ok());
  const auto tagged = TagPushedRows(folder / "push", "s", {}).ValueOrDie();
  EXPECT_EQ(tagged[0].path, "push:w-1/1-2");
  EXPECT_EQ(tagged[0].tag, base::Hex(hash(1, "ann", 1) + hash(2, "bob", 2)));
}

}  // namespace
}  // namespace millrace::sources
