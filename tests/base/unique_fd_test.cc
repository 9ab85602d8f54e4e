// SPDX-License-Identifier: Apache-2.0
#include "base/unique_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>

namespace gatehouse {
namespace {

bool is_open(int fd) { return fcntl(fd, F_GETFD) >= 0; }
int open_null() { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

TEST(UniqueFd, ClosesWhenItGoes) {
  const int fd = open_null();
  {
    const UniqueFd owner(fd);
    EXPECT_TRUE(owner.valid());
    EXPECT_EQ(owner.get(), fd);
    EXPECT_TRUE(is_open(fd));
  }
  EXPECT_FALSE(is_open(fd));
}

TEST(UniqueFd, HasOneOwner) {
  const int fd = open_null();
  UniqueFd first(fd);
  UniqueFd second(std::move(first));
  EXPECT_FALSE(first.valid());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(second.get(), fd);
  const int other = open_null();
  UniqueFd third(other);
  third = std::move(second);
  EXPECT_FALSE(is_open(other));  // closed by the assignment
  EXPECT_EQ(third.get(), fd);
  auto& same = third;
  third = std::move(same);
  EXPECT_TRUE(is_open(fd));  // assignment to itself changes nothing
}

TEST(UniqueFd, ReleasesAndResets) {
  const int fd = open_null();
  UniqueFd owner(fd);
  EXPECT_EQ(owner.release(), fd);
  EXPECT_FALSE(owner.valid());
  EXPECT_TRUE(is_open(fd));
  owner.reset(fd);
  owner.reset();
  EXPECT_FALSE(is_open(fd));
  owner.reset();  // nothing to close
  EXPECT_FALSE(owner.valid());
}

}  // namespace
}  // namespace gatehouse
