#include "sources/push/push_requests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sources/push/push_log_testing.h"

namespace millrace::sources {
namespace {

using testing::Optional;

using Amounts = std::vector<std::pair<const char*, double>>;

PushRows Request(const PushLogWriter& writer, const std::string& id, int rows,
                 int64_t after_seconds) {
  PushRows batch;
  batch.rows = RowsOf(writer.schema(), Amounts(static_cast<size_t>(rows), {"ann", 1}));
  batch.received = After(after_seconds);
  if (!id.empty()) batch.request_id = id;
  return batch;
}

class PushRequestsTest : public PushLogTest {
 protected:
  static void MustAppend(PushLogWriter* writer, const std::vector<PushRows>& batches) {
    ASSERT_TRUE(writer->Append(batches).ok());
  }
  PushRequests Read(int64_t after_seconds, const RequestLimits& limits = {}) const {
    auto read = PushRequests::Read(push_, "s", *PushWriter(push_), After(after_seconds), limits);
    EXPECT_TRUE(read.ok()) << read.status();
    return read.ok() ? *std::move(read) : PushRequests();
  }

  const features::Source source_ = PushedSource();
};

TEST_F(PushRequestsTest, AreFoundInSegmentsAndInCompactedFiles) {
  const auto writer = Open(source_, "push", {.files_max = 1});
  MustAppend(writer.get(), {Request(*writer, "a", 2, 0), Request(*writer, "", 1, 0)});
  ASSERT_TRUE(writer->Compact().ok());
  MustAppend(writer.get(), {Request(*writer, "b", 3, 1), Request(*writer, "c", 1, 1)});
  ASSERT_TRUE(writer->Compact().ok());  // merges both files
  MustAppend(writer.get(), {Request(*writer, "d", 2, 2)});
  MustAppend(writer.get(), {Request(*writer, "e", 1, 2)});
  EXPECT_EQ(LogNames(), (std::vector<std::string>{"w-1-7.parquet", "w-8.log"}));
  const PushRequests requests = Read(3);
  EXPECT_EQ(requests.size(), 5u);
  EXPECT_THAT(requests.Find("a", After(3)), Optional(RowRange{1, 2}));
  EXPECT_THAT(requests.Find("b", After(3)), Optional(RowRange{4, 6}));
  EXPECT_THAT(requests.Find("c", After(3)), Optional(RowRange{7, 7}));
  EXPECT_THAT(requests.Find("d", After(3)), Optional(RowRange{8, 9}));
  EXPECT_THAT(requests.Find("e", After(3)), Optional(RowRange{10, 10}));
  EXPECT_EQ(requests.Find("f", After(3)), std::nullopt);
  EXPECT_EQ(requests.Find("", After(3)), std::nullopt);
}

// A row group has 100,000 rows.
TEST_F(PushRequestsTest, RowsOfOneRequestInTwoRowGroups) {
  const auto writer = Open(source_);
  MustAppend(writer.get(), {Request(*writer, "a", 70'000, 0)});
  MustAppend(writer.get(), {Request(*writer, "b", 70'000, 0)});
  ASSERT_TRUE(writer->Compact().ok());
  const PushRequests requests = Read(1);
  EXPECT_THAT(requests.Find("a", After(1)), Optional(RowRange{1, 70'000}));
  EXPECT_THAT(requests.Find("b", After(1)), Optional(RowRange{70'001, 140'000}));
}

TEST_F(PushRequestsTest, OldOnesAreForgotten) {
  const RequestLimits day = {.age_max = base::Duration::Seconds(100)};
  {
    const auto writer = Open(source_);
    MustAppend(writer.get(), {Request(*writer, "a", 1, 0)});
    MustAppend(writer.get(), {Request(*writer, "b", 1, 50)});
    ASSERT_TRUE(writer->Compact().ok());
    MustAppend(writer.get(), {Request(*writer, "c", 1, 120)});
  }
  const PushRequests requests = Read(120, day);
  EXPECT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests.Find("a", After(120)), std::nullopt);
  EXPECT_THAT(requests.Find("b", After(150)), Optional(RowRange{2, 2}));
  EXPECT_EQ(requests.Find("b", After(151)), std::nullopt);
  EXPECT_THAT(requests.Find("c", After(151)), Optional(RowRange{3, 3}));
}

TEST_F(PushRequestsTest, TheNewestAreKept) {
  const RequestLimits two = {.count_max = 2};
  const auto writer = Open(source_);
  for (const char* id : {"a", "b", "c"}) MustAppend(writer.get(), {Request(*writer, id, 2, 0)});
  ASSERT_TRUE(writer->Compact().ok());
  PushRequests requests = Read(1, two);
  EXPECT_EQ(requests.Find("a", After(1)), std::nullopt);
  EXPECT_THAT(requests.Find("b", After(1)), Optional(RowRange{3, 4}));
  requests.Add("d", {7, 8}, After(1));
  EXPECT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests.Find("b", After(1)), std::nullopt);
  EXPECT_THAT(requests.Find("c", After(1)), Optional(RowRange{5, 6}));
  EXPECT_THAT(requests.Find("d", After(1)), Optional(RowRange{7, 8}));
}

TEST_F(PushRequestsTest, TheFirstRowsOfAnIdStandUntilItIsForgotten) {
  PushRequests requests({.age_max = base::Duration::Seconds(100)});
  requests.Add("a", {1, 2}, After(0));
  requests.Add("a", {3, 4}, After(100));
  EXPECT_THAT(requests.Find("a", After(100)), Optional(RowRange{1, 2}));
  EXPECT_EQ(requests.Find("a", After(101)), std::nullopt);
  requests.Add("a", {5, 6}, After(101));
  EXPECT_THAT(requests.Find("a", After(101)), Optional(RowRange{5, 6}));
  EXPECT_EQ(requests.size(), 1u);
}

TEST_F(PushRequestsTest, ALogOfNobodyHasNone) {
  EXPECT_EQ(Read(0).size(), 0u);
}

}  // namespace
}  // namespace millrace::sources
