// Unit tests of the failpoints; the ones of the environment are read by a process of its own.
#include "base/failpoint.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

namespace millrace::base {
namespace {

class FailpointTest : public testing::Test {
 protected:
  ~FailpointTest() override { EXPECT_TRUE(SetFailpoints("").ok()); }
};

Code CodeAt(std::string_view name) {
  const Status status = Failpoint(name);
  return status.ok() ? Code{"ok", 0} : ProblemsOf(status).front().code;
}

TEST_F(FailpointTest, FailsWhereItWasChosenAlone) {
  EXPECT_TRUE(Failpoint("kv.put").ok());
  ASSERT_TRUE(SetFailpoints("kv.put=error, kv.commit.before=full").ok());
  EXPECT_EQ(CodeAt("kv.put"), codes::kIo);
  EXPECT_EQ(CodeAt("kv.put"), codes::kIo);
  EXPECT_EQ(CodeAt("kv.commit.before"), codes::kDiskFull);
  EXPECT_TRUE(Failpoint("kv.commit.after").ok());
  ASSERT_TRUE(SetFailpoints("").ok());
  EXPECT_TRUE(Failpoint("kv.put").ok());
}

TEST_F(FailpointTest, CountsPasses) {
  ASSERT_TRUE(SetFailpoints("a=error@2,a=full@3").ok());
  EXPECT_TRUE(Failpoint("a").ok());
  EXPECT_EQ(CodeAt("a"), codes::kIo);
  EXPECT_EQ(CodeAt("a"), codes::kDiskFull);
  EXPECT_TRUE(Failpoint("a").ok());
}

TEST_F(FailpointTest, RefusesWhatItCannotRead) {
  for (const char* text : {"a", "=error", "a=", "a=die", "a=error@", "a=error@0", "a=error@2x"}) {
    const Status status = SetFailpoints(text);
    ASSERT_FALSE(status.ok()) << text;
    EXPECT_EQ(ProblemsOf(status).front().code, codes::kUsage) << text;
  }
}

TEST_F(FailpointTest, KillsAtOnce) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (!SetFailpoints("a=kill@3").ok()) ::_exit(1);
    for (int i = 0; i < 2; ++i) {
      if (!Failpoint("a").ok()) ::_exit(2);
    }
    static_cast<void>(Failpoint("a"));
    ::_exit(3);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status)) << status;
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
}

// Runs this program again with the variable, to see what its start reads.
int RunWithVariable(const char* text) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv("MILLRACE_FAILPOINTS", text, 1);
    if (std::freopen("/dev/null", "w", stdout) == nullptr) ::_exit(126);  // it is to fail at times
    ::execl("/proc/self/exe", "base_test", "--gtest_also_run_disabled_tests",
            "--gtest_filter=FailpointVariable.DISABLED_Child", nullptr);
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(FailpointVariable, IsReadAtTheStart) {
  EXPECT_EQ(RunWithVariable("a=error"), 0);
  EXPECT_EQ(RunWithVariable("b=error"), 1);
  EXPECT_EQ(RunWithVariable(""), 1);
  EXPECT_EQ(RunWithVariable("a=eror"), 1);
}

TEST(FailpointVariable, DISABLED_Child) {
  EXPECT_EQ(CodeAt("a"), codes::kIo);
}

}  // namespace
}  // namespace millrace::base
