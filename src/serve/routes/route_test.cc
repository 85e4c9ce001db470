#include "serve/routes/route.h"

#include <gtest/gtest.h>

namespace millrace::serve {
namespace {

TEST(RouteTest, IsFoundByMethodAndPath) {
  const RouteFound features = FindRoute(HttpMethod::kPost, "/features");
  ASSERT_NE(features.route, nullptr);
  EXPECT_EQ(features.route->id, RouteId::kFeatures);
  EXPECT_FALSE(features.wrong_method);
  EXPECT_EQ(FindRoute(HttpMethod::kHead, "/health").route->id, RouteId::kHealth);
}

TEST(RouteTest, KnowsAPathByAnotherMethod) {
  EXPECT_TRUE(FindRoute(HttpMethod::kGet, "/push").wrong_method);
  EXPECT_EQ(FindRoute(HttpMethod::kPost, "/features/").route, nullptr);
  EXPECT_EQ(FindRoute(HttpMethod::kGet, "").route, nullptr);
}

TEST(RouteTest, GivesWhatStandsBehindItsPath) {
  const RouteFound view = FindRoute(HttpMethod::kGet, "/registry/views/spend");
  ASSERT_NE(view.route, nullptr);
  EXPECT_EQ(view.rest, "views/spend");
}

}  // namespace
}  // namespace millrace::serve
