// SPDX-License-Identifier: Apache-2.0
#include "cli/json.h"

#include <gtest/gtest.h>

namespace gatehouse::cli {
namespace {

TEST(Json, ObjectsAndArrays) {
  EXPECT_EQ(JsonObject().str(), "{}");
  EXPECT_EQ(json_array({}), "[]");
  EXPECT_EQ(JsonObject()
                .text("a", "x")
                .number("b", -1)
                .flag("c", true)
                .raw("d", json_array({"1", json_string("y")}))
                .str(),
            "{\"a\":\"x\",\"b\":-1,\"c\":true,\"d\":[1,\"y\"]}");
}

TEST(Json, StringsAreEscaped) {
  EXPECT_EQ(json_string("a\"b\\c\n\x7f\xff"), "\"a\\\"b\\\\c\\u000a\\u007f\\u00ff\"");
}

}  // namespace
}  // namespace gatehouse::cli
