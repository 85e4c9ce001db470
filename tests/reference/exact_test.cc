// The judge's own rounding, against numbers known by hand.
#include "reference/exact.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace millrace::reference {
namespace {

constexpr double kMax = std::numeric_limits<double>::max();
constexpr double kTiny = std::numeric_limits<double>::denorm_min();

TEST(RoundQuotient, RoundsToNearestTiesToEven) {
  const Int one = 1;
  EXPECT_EQ(RoundQuotient((one << 53) + 1, 1), 9007199254740992.0);
  EXPECT_EQ(RoundQuotient((one << 53) + 3, 1), 9007199254740996.0);
  EXPECT_EQ(RoundQuotient((one << 54) + 2, 1), 18014398509481984.0);
  EXPECT_EQ(RoundQuotient((one << 54) + 3, 1), 18014398509481988.0);
  EXPECT_EQ(RoundQuotient(1, 3), 1.0 / 3.0);
  EXPECT_EQ(RoundQuotient(-2, 3), -2.0 / 3.0);
  EXPECT_EQ(RoundQuotient(1, 10), 0.1);
  EXPECT_EQ(RoundQuotient(0, 7), 0.0);
}

TEST(RoundQuotient, HoldsTheEndsOfTheRange) {
  const Int one = 1;
  EXPECT_EQ(RoundQuotient(one << 1024, 1), std::numeric_limits<double>::infinity());
  EXPECT_EQ(RoundQuotient(one << 5000, 1), std::numeric_limits<double>::infinity());
  // Half of the last place above the largest double rounds away, a bit less does not.
  const Int half = (one << 1024) - (one << 970);
  EXPECT_EQ(RoundQuotient(half, 1), std::numeric_limits<double>::infinity());
  EXPECT_EQ(RoundQuotient(half - 1, 1), kMax);
  EXPECT_EQ(RoundQuotient(1, one << 1074), kTiny);
  EXPECT_EQ(RoundQuotient(1, one << 1075), 0.0);  // a tie, to even
  EXPECT_EQ(RoundQuotient(3, one << 1076), kTiny);
  EXPECT_EQ(RoundQuotient(3, one << 1075), 2 * kTiny);
  EXPECT_FALSE(std::signbit(RoundQuotient(-1, one << 1075)));
}

TEST(Scaled, IsExactAndComesBack) {
  for (const double x : {1.0, -0.1, 5e-324, -5e-324, 1e-310, kMax, -kMax, 0.0, 1e27, 0x1p-1022}) {
    EXPECT_EQ(RoundQuotient(Scaled(x), Int(1) << kScaleBits), x);
  }
  EXPECT_EQ(Scaled(5e-324), 1);
}

TEST(ExactSum, LosesNothing) {
  ExactSum sum;
  for (const double x : {1e308, 1e308, -1e308, -1e308, 1e27, 0.1, -1e27}) sum.Add(x);
  EXPECT_EQ(sum.Round(), 0.1);
  ExactSum infinite;
  infinite.Add(INFINITY);
  EXPECT_EQ(infinite.Round(), INFINITY);
  infinite.Add(-INFINITY);
  EXPECT_TRUE(std::isnan(infinite.Round()));
}

}  // namespace
}  // namespace millrace::reference
