// SPDX-License-Identifier: Apache-2.0
#include "ipc/sealed_memfd.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

namespace gatehouse::ipc {
namespace {

UniqueFd memfd_with(std::string_view text) {
  auto memfd = make_memfd("gatehouse-test", 0);
  EXPECT_TRUE(memfd);
  EXPECT_EQ(write(memfd->get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  return std::move(*memfd);
}

TEST(SealedMemfd, IsReadOnceItIsSealed) {
  const UniqueFd memfd = memfd_with("configuration");
  EXPECT_EQ(fcntl(memfd.get(), F_GETFD), FD_CLOEXEC);
  EXPECT_FALSE(read_sealed(memfd.get(), 13));
  ASSERT_TRUE(seal(memfd.get(), true));
  const auto text = read_sealed(memfd.get(), 13);
  ASSERT_TRUE(text);
  EXPECT_EQ(*text, "configuration");
  const auto size = sealed_size(memfd.get());
  ASSERT_TRUE(size);
  EXPECT_EQ(*size, 13u);
  EXPECT_FALSE(read_sealed(memfd.get(), 14)) << "longer than it is";
  const auto nothing = read_sealed(memfd.get(), 0);
  ASSERT_TRUE(nothing);
  EXPECT_EQ(*nothing, "");
}

TEST(SealedMemfd, NobodyCanChangeItAfterwards) {
  const UniqueFd memfd = memfd_with("configuration");
  ASSERT_TRUE(seal(memfd.get(), true));
  EXPECT_EQ(pwrite(memfd.get(), "x", 1, 0), -1);
  EXPECT_EQ(ftruncate(memfd.get(), 1), -1);
  EXPECT_EQ(ftruncate(memfd.get(), 4096), -1);
  EXPECT_EQ(mmap(nullptr, 13, PROT_READ | PROT_WRITE, MAP_SHARED, memfd.get(), 0), MAP_FAILED);
  EXPECT_EQ(fcntl(memfd.get(), F_ADD_SEALS, 0), -1) << "not even a seal can be added";
}

// A writer that kept a shared mapping could change what was checked: such memory is never sealed.
TEST(SealedMemfd, IsRefusedWhileSomebodyCanWriteToIt) {
  const UniqueFd memfd = memfd_with("configuration");
  void* page = mmap(nullptr, 13, PROT_READ | PROT_WRITE, MAP_SHARED, memfd.get(), 0);
  ASSERT_NE(page, MAP_FAILED);
  EXPECT_FALSE(seal(memfd.get(), true));
  EXPECT_FALSE(read_sealed(memfd.get(), 13));
  munmap(page, 13);
  EXPECT_TRUE(seal(memfd.get(), true));
}

TEST(SealedMemfd, EachSealIsNeeded) {
  constexpr int kSeals[] = {F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE, F_SEAL_SEAL};
  for (const int missing : kSeals) {
    const UniqueFd memfd = memfd_with("configuration");
    for (const int one : kSeals) {
      if (one == missing) continue;
      ASSERT_EQ(fcntl(memfd.get(), F_ADD_SEALS, one), 0);
    }
    EXPECT_FALSE(sealed_size(memfd.get())) << "without seal " << missing;
    EXPECT_FALSE(read_sealed(memfd.get(), 1)) << "without seal " << missing;
  }
}

// The metrics page: its size is sealed, its contents are not.
TEST(SealedMemfd, ASizedOneKeepsItsSizeAndStaysWritable) {
  auto memfd = make_memfd("gatehouse-test", 4096);
  ASSERT_TRUE(memfd);
  ASSERT_TRUE(seal(memfd->get(), false));
  EXPECT_EQ(pwrite(memfd->get(), "x", 1, 0), 1);
  EXPECT_EQ(ftruncate(memfd->get(), 1), -1);
  EXPECT_FALSE(read_sealed(memfd->get(), 1)) << "its contents may change";
}

TEST(SealedMemfd, OtherDescriptorsAreRefused) {
  const UniqueFd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd read_end(ends[0]), write_end(ends[1]);
  for (const int fd : {-1, null.get(), read_end.get()}) {
    EXPECT_FALSE(sealed_size(fd));
    EXPECT_FALSE(read_sealed(fd, 1));
    EXPECT_FALSE(seal(fd, true));
  }
}

}  // namespace
}  // namespace gatehouse::ipc
