// Unit tests of base: status, time, bytes and hash.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/status.h"
#include "base/time.h"

namespace millrace::base {
namespace {

int64_t Micros(std::string_view text) {
  const Result<EventTime> time = ParseTime(text);
  EXPECT_TRUE(time.ok()) << time.status();
  return time.ok() ? time->micros() : -1;
}

TEST(Status, CarriesEveryProblemWithItsPlace) {
  const Status status =
      Errors({{codes::kUnknownName, "no view 'spnd'", {"a.yaml", 3, 7}, "did you mean 'spend'?"},
              {codes::kCycle, "a -> b -> a", {"b.yaml", 1, 0}}});
  EXPECT_EQ(status.message(),
            "a.yaml:3:7: no view 'spnd' (did you mean 'spend'?) [unknown_name]\n"
            "b.yaml:1: a -> b -> a [cycle]");
  ASSERT_EQ(ProblemsOf(status).size(), 2u);
  EXPECT_EQ(ProblemsOf(status)[1].code, codes::kCycle);
  EXPECT_EQ(ExitCode(status), 2);
}

TEST(Status, ReadsArrowsOwnAsOneProblem) {
  const std::vector<Problem> problems = ProblemsOf(Status::IOError("gone"));
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].code, codes::kIo);
  EXPECT_EQ(ExitCode(Status::IOError("gone")), 1);
  EXPECT_EQ(ExitCode(Status::OK()), 0);
  EXPECT_TRUE(ProblemsOf(Status::OK()).empty());
}

TEST(Status, AtPlaceFillsOnlyWhatIsUnknown) {
  const Place place{"a.yaml", 9, 2};
  EXPECT_EQ(ProblemsOf(AtPlace(Error(codes::kIo, "x"), place))[0].place.ToString(), "a.yaml:9:2");
  const Status known = Error(Problem{.code = codes::kIo, .message = "x", .place = {"b", 1, 1}});
  EXPECT_EQ(ProblemsOf(AtPlace(known, place))[0].place.ToString(), "b:1:1");
  EXPECT_TRUE(AtPlace(Status::OK(), place).ok());
}

TEST(Status, NearestHintNamesTheClosestOrNothing) {
  EXPECT_EQ(NearestHint("amuont", {"user_id", "amount"}), "did you mean 'amount'?");
  EXPECT_EQ(NearestHint("cuont", {"sum", "count"}), "did you mean 'count'?");
  EXPECT_EQ(NearestHint("zzz", {"user_id", "amount"}), "");
  EXPECT_EQ(NearestHint("x", {}), "");
}

TEST(Time, ReadsIsoTexts) {
  EXPECT_EQ(Micros("1970-01-01"), 0);
  EXPECT_EQ(Micros("1970-01-01T00:00:01Z"), 1'000'000);
  EXPECT_EQ(Micros("1970-01-01 00:00:01.5"), 1'500'000);
  EXPECT_EQ(Micros("1970-01-01T02:00:00+02:00"), 0);
  EXPECT_EQ(Micros("1969-12-31T19:00-0500"), 0);
  EXPECT_EQ(Micros("1970-01-01 00:00:00 +00"), 0);
  EXPECT_EQ(Micros("2024-02-29T00:00:00Z"), 1'709'164'800'000'000);
  EXPECT_EQ(Micros("1969-12-31T23:59:59.999999Z"), -1);
  EXPECT_EQ(Micros("1970-01-01T00:00:00.1234569Z"), 123'456);
  EXPECT_EQ(Micros("0001-01-01"), -62'135'596'800'000'000);
}

TEST(Time, RefusesWhatIsNoTime) {
  for (const char* text : {"", "yesterday", "2025-13-01", "2025-02-29", "2025-01-01T", "2025-1-1",
                           "2025-01-01T24:00", "2025-01-01T10:60", "2025-01-01T10:00+25:00",
                           "2025-01-01T10:00Zx", "2025-01-01T10:00:00.", "20250101"}) {
    const Status status = ParseTime(text).status();
    ASSERT_FALSE(status.ok()) << text;
    EXPECT_EQ(ProblemsOf(status)[0].code, codes::kBadValue);
    EXPECT_THAT(status.message(), testing::HasSubstr(std::string("'") + text + "'"));
  }
}

TEST(Time, FormatsBackWhatItRead) {
  for (const char* text :
       {"1970-01-01T00:00:00Z", "2024-02-29T23:59:59.999999Z", "1969-12-31T23:59:59.500Z",
        "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2000-03-01T00:00:00.000001Z"}) {
    EXPECT_EQ(FormatTime(EventTime::Micros(Micros(text))), text);
  }
  EXPECT_EQ(FormatTime(EventTime::Max()), "294247-01-10T04:00:54.775807Z");
  EXPECT_EQ(FormatTime(EventTime::Min()), "-290308-12-21T19:59:05.224192Z");
  std::string text = "at ";
  AppendTime(EventTime::Micros(1), &text);
  AppendDate(-719'529, &text);
  EXPECT_EQ(text, "at 1970-01-01T00:00:00.000001Z-001-12-31");
}

TEST(Time, DurationsAreOneNumberAndOneUnit) {
  EXPECT_EQ(ParseDuration("90d")->micros(), 90 * 86'400'000'000);
  EXPECT_EQ(ParseDuration("4w")->micros(), 28 * 86'400'000'000);
  EXPECT_EQ(ParseDuration("10s")->micros(), 10'000'000);
  for (const char* text : {"", "d", "0d", "-1d", "1.5h", "7 d", "7D", "1h30m",
                           "9999999999999999999s", "9223372036854775807w"}) {
    EXPECT_FALSE(ParseDuration(text).ok()) << text;
  }
  EXPECT_EQ(FormatDuration(*ParseDuration("4w")), "28d");
  EXPECT_EQ(FormatDuration(*ParseDuration("90m")), "90m");
  EXPECT_EQ(FormatDuration(Duration::Micros(1'500)), "1500us");
}

TEST(Time, ArithmeticSaturates) {
  EXPECT_EQ(EventTime::Min() - Duration::Days(1), EventTime::Min());
  EXPECT_EQ(EventTime::Max() + Duration::Days(1), EventTime::Max());
  EXPECT_EQ((EventTime::Max() - EventTime::Min()).micros(), INT64_MAX);
  EXPECT_EQ(FloorDiv(-1, 10), -1);
  EXPECT_EQ(FloorMod(-1, 10), 9);
  EXPECT_EQ(FloorDiv(-10, 10), -1);
}

TEST(Bytes, ReadBackWhatWasWritten) {
  ByteWriter out;
  for (const uint64_t v : {0ull, 127ull, 128ull, 1ull << 63, ~0ull}) out.Varint(v);
  for (const int64_t v : {int64_t{0}, int64_t{-1}, INT64_MIN, INT64_MAX}) out.SignedVarint(v);
  out.U8(7);
  out.Fixed32(1u << 31);
  out.Fixed64(1ull << 63);
  out.Float64(-0.5);
  out.String("abc");
  ByteReader in(out.bytes());
  for (const uint64_t v : {0ull, 127ull, 128ull, 1ull << 63, ~0ull}) EXPECT_EQ(*in.Varint(), v);
  for (const int64_t v : {int64_t{0}, int64_t{-1}, INT64_MIN, INT64_MAX}) {
    EXPECT_EQ(*in.SignedVarint(), v);
  }
  EXPECT_EQ(*in.U8(), 7);
  EXPECT_EQ(*in.Fixed32(), 1u << 31);
  EXPECT_EQ(*in.Fixed64(), 1ull << 63);
  EXPECT_EQ(*in.Float64(), -0.5);
  EXPECT_EQ(*in.String(), "abc");
  EXPECT_TRUE(in.ExpectEnd().ok());
}

TEST(Bytes, RefuseWhatIsCutOrLonger) {
  EXPECT_FALSE(ByteReader("").U8().ok());
  EXPECT_FALSE(ByteReader("\x80").Varint().ok());
  EXPECT_FALSE(ByteReader(std::string_view("\x80\x00", 2)).Varint().ok());  // 0 in two bytes
  EXPECT_FALSE(ByteReader("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02").Varint().ok());
  EXPECT_FALSE(ByteReader("\x05").String().ok());
  EXPECT_FALSE(ByteReader("\xff\x01").Count(1).ok());
  EXPECT_FALSE(ByteReader("x").ExpectEnd().ok());
}

// python: xxhash.xxh3_64_hexdigest(b"") and (b"a")
TEST(Hash, IsXxh3WithSeedZero) {
  EXPECT_EQ(Hex(Hash64("")), "2d06800538d394c2");
  EXPECT_EQ(Hex(Hash64("a")), "e6c632b61e964e1f");
}

}  // namespace
}  // namespace millrace::base
