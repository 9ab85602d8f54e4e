// SPDX-License-Identifier: Apache-2.0
#include "policy/lists/siphash.h"

#include <gtest/gtest.h>

namespace gatehouse::lists {
namespace {

constexpr SipKey kKey = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

// vectors_sip128 of the authors' reference code: the key's octets are 0 to 15, the text's 0 to N-1.
TEST(SipHash, ReferenceVectors) {
  struct Vector {
    std::size_t size;
    SipResult result;
  };
  constexpr Vector kVectors[] = {{0, {0xe6a825ba047f81a3, 0x930255c71472f66d}},
                                 {1, {0x44af996bd8c187da, 0x45fc229b11597634}},
                                 {2, {0xc75da4a48d227781, 0xe4ff0af6de8ba3fc}},
                                 {3, {0x4ea967520cb6709c, 0x51ed8529b0b6335f}}};
  for (const Vector& vector : kVectors) {
    SipHash hash(kKey);
    for (std::size_t i = 0; i < vector.size; ++i) hash.add(static_cast<std::uint8_t>(i));
    EXPECT_EQ(hash.result().first, vector.result.first) << vector.size;
    EXPECT_EQ(hash.result().second, vector.result.second) << vector.size;
  }
}

TEST(SipHash, AResultInBetweenChangesNothing) {
  SipHash asked(kKey), quiet(kKey);
  for (std::uint8_t i = 0; i < 100; ++i) {
    (void)asked.result();
    asked.add(i);
    quiet.add(i);
  }
  EXPECT_EQ(asked.result().first, quiet.result().first);
  EXPECT_EQ(asked.result().second, quiet.result().second);
}

}  // namespace
}  // namespace gatehouse::lists
