// What nearly every test includes, parsed once (MILLRACE_PCH). Never a substitute for an #include: the
// default build is without it.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>
