#include "hadal/draf/server/http/keys.h"

#include <gtest/gtest.h>

namespace hadal::draf::server {
namespace {

TEST(KeyRing, AdmitsBearersOfOneOfItsKeys) {
  const KeyRing keys({"first", "second"});
  EXPECT_TRUE(keys.admits("Bearer first"));
  EXPECT_TRUE(keys.admits("bearer second"));
  for (const char* wrong : {"", "first", "Basic first", "Bearer", "Bearer ", "Bearer firs",
                            "Bearer first2", "Bearer First", "Bearer  first", "Bearerxfirst"}) {
    EXPECT_FALSE(keys.admits(wrong)) << wrong;
  }
}

TEST(KeyRing, AdmitsNobodyWhereItIsEmpty) {
  EXPECT_TRUE(KeyRing({}).empty());
  EXPECT_FALSE(KeyRing({}).admits("Bearer "));
}

TEST(EqualInConstantTime, ComparesAllOfTheText) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  for (const char* other : {"xbc", "axc", "abx", "ab", "abcd", ""}) {
    EXPECT_FALSE(equal_in_constant_time("abc", other)) << other;
  }
}

}  // namespace
}  // namespace hadal::draf::server
