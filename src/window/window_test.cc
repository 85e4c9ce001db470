#include "window/window.h"

#include <gtest/gtest.h>

namespace millrace::window {
namespace {

using base::Duration;
using base::EventTime;

EventTime At(int64_t micros) {
  return EventTime::Micros(micros);
}
Duration Us(int64_t micros) {
  return Duration::Micros(micros);
}

TEST(SpanAt, HoldsItsOldestInstantAndNotTheQuestion) {
  const Span span = SpanAt(At(1000), {Us(100)}, Us(0));
  EXPECT_EQ(span, (Span{At(900), At(1000)}));
  EXPECT_FALSE(span.Contains(At(899)));
  EXPECT_TRUE(span.Contains(At(900)));
  EXPECT_TRUE(span.Contains(At(999)));
  EXPECT_FALSE(span.Contains(At(1000)));
}

TEST(SpanAt, ResolutionWidensTheStartOnly) {
  EXPECT_EQ(SpanAt(At(1005), {Us(100)}, Us(50)), (Span{At(900), At(1005)}));
  EXPECT_EQ(SpanAt(At(1000), {Us(100)}, Us(50)), (Span{At(900), At(1000)}));
  EXPECT_EQ(SpanAt(At(1049), {Us(100)}, Us(50)), (Span{At(900), At(1049)}));
  EXPECT_EQ(SpanAt(At(1050), {Us(100)}, Us(50)), (Span{At(950), At(1050)}));
}

TEST(SpanAt, ResolutionFloorsTowardsThePastBeforeTheEpoch) {
  EXPECT_EQ(SpanAt(At(-1), {Us(100)}, Us(50)), (Span{At(-150), At(-1)}));
  EXPECT_EQ(SpanAt(At(-50), {Us(100)}, Us(50)), (Span{At(-150), At(-50)}));
  EXPECT_EQ(SpanAt(At(20), {Us(100)}, Us(50)), (Span{At(-100), At(20)}));
}

TEST(SpanAt, AllBeginsAtTheBeginningOfTime) {
  const Span span = SpanAt(At(5), {}, Us(0));
  EXPECT_EQ(span, (Span{EventTime::Min(), At(5)}));
  EXPECT_TRUE(span.Contains(EventTime::Min()));
}

TEST(SpanAt, SaturatesAtTheEndsOfTime) {
  EXPECT_EQ(SpanAt(EventTime::Min(), {Us(10)}, Us(0)).begin, EventTime::Min());
  EXPECT_EQ(SpanAt(EventTime::Min() + Us(3), {Us(10)}, Us(7)).begin, EventTime::Min());
  const Span last = SpanAt(EventTime::Max(), {Us(10)}, Us(0));
  EXPECT_TRUE(last.Contains(EventTime::Max() - Us(1)));
  EXPECT_FALSE(last.Contains(EventTime::Max()));
}

TEST(LabelSpanAt, ExcludesTheQuestionAndHoldsItsEnd) {
  const Span span = LabelSpanAt(At(1000), Us(100));
  EXPECT_FALSE(span.Contains(At(1000)));
  EXPECT_TRUE(span.Contains(At(1001)));
  EXPECT_TRUE(span.Contains(At(1100)));
  EXPECT_FALSE(span.Contains(At(1101)));
}

TEST(LabelSpanAt, AWindowAndItsLabelShareNoInstant) {
  const Span past = SpanAt(At(1000), {Us(100)}, Us(0));
  const Span label = LabelSpanAt(At(1000), Us(100));
  for (int64_t t = 890; t < 1110; ++t) {
    EXPECT_FALSE(past.Contains(At(t)) && label.Contains(At(t))) << t;
  }
}

TEST(LabelIsOver, NeedsTheNewestEventAtItsEnd) {
  EXPECT_FALSE(LabelIsOver(At(1000), Us(100), At(1099)));
  EXPECT_TRUE(LabelIsOver(At(1000), Us(100), At(1100)));
}

TEST(WithinTtl, BothEndsAreIncluded) {
  EXPECT_TRUE(WithinTtl(At(900), At(1000), Us(100)));
  EXPECT_FALSE(WithinTtl(At(899), At(1000), Us(100)));
  EXPECT_TRUE(WithinTtl(At(1000), At(1000), Us(100)));
  EXPECT_TRUE(WithinTtl(EventTime::Min(), At(1000), std::nullopt));
}

TEST(LookupTime, IsTheEarlierOfTheTwoTimes) {
  EXPECT_EQ(LookupTime(At(5), std::nullopt), At(5));
  EXPECT_EQ(LookupTime(At(5), At(9)), At(5));
  EXPECT_EQ(LookupTime(At(5), At(3)), At(3));
}

TEST(Entry, IsTheFirstInstantThatSeesTheRow) {
  for (int64_t created = 995; created <= 1005; ++created) {
    const EventTime entry = WindowEntry(At(1000), At(created));
    for (int64_t t = 990; t <= 1010; ++t) {
      const Span span = SpanAt(At(t), {Us(100)}, Us(0));
      EXPECT_EQ(At(t) >= entry, CountsAt(At(1000), At(created), At(t), span))
          << created << ' ' << t;
    }
    EXPECT_EQ(SnapshotEntry(At(1000), At(created)), At(std::max<int64_t>(1000, created)));
  }
  EXPECT_EQ(WindowEntry(At(1000), std::nullopt), At(1001));
  EXPECT_EQ(SnapshotEntry(At(1000), std::nullopt), At(1000));
}

TEST(Steps, EndBeforeTo) {
  EXPECT_EQ(Steps(At(0), At(30), Us(10)), (std::vector{At(0), At(10), At(20)}));
  EXPECT_EQ(Steps(At(0), At(31), Us(10)).size(), 4u);
  EXPECT_TRUE(Steps(At(5), At(5), Us(10)).empty());
  EXPECT_EQ(Steps(EventTime::Max() - Us(5), EventTime::Max(), Us(10)).size(), 1u);
}

}  // namespace
}  // namespace millrace::window
