// Who may do what: roles, views, and what is about no single view.
#include "serve/access/allow.h"

#include <gtest/gtest.h>

namespace millrace::serve {
namespace {

Principal Of(Verb role, std::set<std::string, std::less<>> views = {}) {
  const bool all = views.empty();
  return {.name = "t", .known = true, .role = role, .all_views = all, .views = std::move(views)};
}

TEST(Allow, ARoleIncludesThoseBeforeIt) {
  const Verb verbs[] = {Verb::kRead, Verb::kWrite, Verb::kAdmin};
  for (const Verb role : verbs) {
    for (const Verb verb : verbs) {
      EXPECT_EQ(Allow(Of(role), verb, "user_spend"), verb <= role)
          << VerbName(role) << " does " << VerbName(verb);
      EXPECT_EQ(Allow(Of(role), verb, ""), verb <= role);
    }
  }
}

TEST(Allow, WhoIsNotKnownMayDoNothing) {
  Principal anonymous = Of(Verb::kAdmin);
  anonymous.known = false;
  EXPECT_FALSE(Allow(anonymous, Verb::kRead, "user_spend"));
  EXPECT_FALSE(Allow(anonymous, Verb::kRead, ""));
  EXPECT_FALSE(Allow(Principal{}, Verb::kRead, ""));
}

TEST(Allow, ViewsThatAreNamed) {
  const Principal principal = Of(Verb::kWrite, {"user_spend", "item_*"});
  EXPECT_TRUE(Allow(principal, Verb::kRead, "user_spend"));
  EXPECT_TRUE(Allow(principal, Verb::kWrite, "user_spend"));
  EXPECT_FALSE(Allow(principal, Verb::kAdmin, "user_spend"));
  EXPECT_FALSE(Allow(principal, Verb::kRead, "user_spend_2"));
  EXPECT_FALSE(Allow(principal, Verb::kRead, "user_spen"));
  EXPECT_FALSE(Allow(principal, Verb::kRead, "USER_SPEND"));
}

TEST(Allow, ABeginningOfNamesStandsForAllThatBeginSo) {
  const Principal principal = Of(Verb::kRead, {"item_*"});
  EXPECT_TRUE(Allow(principal, Verb::kRead, "item_profile"));
  EXPECT_TRUE(Allow(principal, Verb::kRead, "item_"));
  EXPECT_FALSE(Allow(principal, Verb::kRead, "item"));
  EXPECT_FALSE(Allow(principal, Verb::kRead, "an_item_profile"));
}

TEST(Allow, OnlyWhoMayTouchAllViewsChangesWhatIsNoSingleOnes) {
  const Principal some = Of(Verb::kAdmin, {"item_*"});
  EXPECT_TRUE(Allow(some, Verb::kRead, ""));
  EXPECT_FALSE(Allow(some, Verb::kWrite, ""));
  EXPECT_FALSE(Allow(some, Verb::kAdmin, ""));
}

TEST(Allow, VerbsByName) {
  for (const Verb verb : {Verb::kRead, Verb::kWrite, Verb::kAdmin}) {
    EXPECT_EQ(FindVerb(VerbName(verb)), verb);
  }
  EXPECT_EQ(FindVerb("Read"), std::nullopt);
  EXPECT_EQ(FindVerb(""), std::nullopt);
}

}  // namespace
}  // namespace millrace::serve
