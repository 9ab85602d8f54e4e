// SPDX-License-Identifier: Apache-2.0
// The channel against a peer that sends whatever the kernel lets it send.
#include "ipc/channel.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cstring>
#include <vector>

#include "tests/open_fds.h"

namespace gatehouse::ipc {
namespace {

class Channel : public testing::Test {
 protected:
  void SetUp() override {
    auto pair = make_pair();
    ASSERT_TRUE(pair);
    ours_ = std::move(pair->ours);
    theirs_ = std::move(pair->theirs);
  }

  // A datagram with descriptors in groups of one control message each, past all our own limits.
  ssize_t send_raw(std::string_view bytes, const std::vector<std::size_t>& groups) const {
    std::vector<char> control;
    for (const std::size_t n : groups) {
      const std::size_t at = control.size();
      control.resize(at + CMSG_SPACE(n * sizeof(int)));
      cmsghdr header{};
      header.cmsg_len = CMSG_LEN(n * sizeof(int));
      header.cmsg_level = SOL_SOCKET;
      header.cmsg_type = SCM_RIGHTS;
      std::memcpy(control.data() + at, &header, sizeof header);
      for (std::size_t i = 0; i < n; ++i) {
        const int fd = null_.get();
        std::memcpy(control.data() + at + CMSG_LEN(0) + i * sizeof(int), &fd, sizeof fd);
      }
    }
    iovec data{const_cast<char*>(bytes.data()), bytes.size()};
    msghdr header{};
    header.msg_iov = &data;
    header.msg_iovlen = 1;
    header.msg_control = control.empty() ? nullptr : control.data();
    header.msg_controllen = control.size();
    return sendmsg(theirs_.get(), &header, MSG_NOSIGNAL);
  }

  UniqueFd ours_, theirs_;
  UniqueFd null_{open("/dev/null", O_RDONLY | O_CLOEXEC)};
  Message message_;
};

TEST_F(Channel, CarriesBytesAndDescriptors) {
  const int before = open_fds();
  const std::vector<int> fds(kMaxFds, null_.get());
  for (std::size_t n = 0; n <= kMaxFds; ++n) {
    ASSERT_EQ(send(theirs_.get(), "hello", {fds.data(), n}), Send::kSent);
    ASSERT_EQ(receive(ours_.get(), &message_, kMaxFds), Receive::kMessage);
    EXPECT_EQ(message_.bytes(), "hello");
    EXPECT_EQ(message_.fd_count, n);
    for (std::size_t i = 0; i < kMaxFds; ++i) EXPECT_EQ(message_.fds[i].valid(), i < n);
    for (std::size_t i = 0; i < n; ++i)
      EXPECT_EQ(fcntl(message_.fds[i].get(), F_GETFD), FD_CLOEXEC);
  }
  EXPECT_EQ(receive(ours_.get(), &message_, 0), Receive::kEmpty);
  EXPECT_EQ(message_.fd_count, 0u);  // the descriptors of the last message are gone with it
  EXPECT_EQ(open_fds(), before);
}

TEST_F(Channel, TakesTheLongestMessageAndRefusesALongerOne) {
  const std::string longest(kMaxMessage, 'x');
  ASSERT_EQ(send(theirs_.get(), longest), Send::kSent);
  ASSERT_EQ(receive(ours_.get(), &message_, 0), Receive::kMessage);
  EXPECT_EQ(message_.bytes(), longest);
  const int before = open_fds();
  for (const std::size_t size : {kMaxMessage + 1, std::size_t{128} << 10}) {
    ASSERT_EQ(send_raw(std::string(size, 'x'), {1}), static_cast<ssize_t>(size));
    EXPECT_EQ(receive(ours_.get(), &message_, 1), Receive::kViolation) << size;
  }
  EXPECT_EQ(open_fds(), before);
}

TEST_F(Channel, AnEmptyDatagramIsAnEnd) {
  const int before = open_fds();
  ASSERT_EQ(send_raw("", {1}), 0);
  {
    Message message;
    EXPECT_EQ(receive(ours_.get(), &message, 1), Receive::kClosed);
  }
  EXPECT_EQ(open_fds(), before);  // its descriptor too
  theirs_.reset();
  EXPECT_EQ(receive(ours_.get(), &message_, 1), Receive::kClosed);
}

// Each of these with every allowance below it: refused, and nothing stays open.
TEST_F(Channel, RefusesMoreDescriptorsThanAllowed) {
  const int before = open_fds();
  const std::vector<std::vector<std::size_t>> shapes = {{1},    {2},       {5},    {17},  {253},
                                                        {1, 1}, {2, 2, 1}, {1, 2}, {3, 1}};
  for (const auto& groups : shapes) {
    std::size_t total = 0;
    for (const std::size_t n : groups) total += n;
    for (std::size_t allowed = 0; allowed <= kMaxFds && allowed < total; ++allowed) {
      ASSERT_EQ(send_raw("x", groups), 1) << total << ": " << strerror(errno);
      EXPECT_EQ(receive(ours_.get(), &message_, allowed), Receive::kViolation)
          << total << " descriptors, " << allowed << " allowed";
      EXPECT_EQ(message_.fd_count, 0u);
      for (const auto& fd : message_.fds) EXPECT_FALSE(fd.valid());
      EXPECT_EQ(open_fds(), before);
    }
  }
}

TEST_F(Channel, ManyRoundsLeakNothing) {
  const int before = open_fds();
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_EQ(send_raw("x", {static_cast<std::size_t>(i % 7)}), 1);
    const auto got = receive(ours_.get(), &message_, 1);
    ASSERT_EQ(got, i % 7 <= 1 ? Receive::kMessage : Receive::kViolation) << i;
  }
  (void)receive(ours_.get(), &message_, 0);
  EXPECT_EQ(open_fds(), before);
}

// A lost descriptor (MSG_CTRUNC) is a violation, not a message without one.
TEST_F(Channel, SaysWhenADescriptorWasLost) {
  ASSERT_EQ(send_raw("x", {1}), 1);
  rlimit old{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
  const UniqueFd probe(dup(null_.get()));
  const rlimit none{static_cast<rlim_t>(probe.get()), old.rlim_max};
  std::vector<UniqueFd> fill;  // holes below the limit
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  for (int fd; (fd = dup(null_.get())) >= 0;) fill.emplace_back(fd);
  EXPECT_EQ(receive(ours_.get(), &message_, 1), Receive::kViolation);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &old), 0);
  EXPECT_EQ(message_.fd_count, 0u);
}

TEST_F(Channel, AFullQueueIsReportedAndLosesNothing) {
  int sent = 0;
  while (send(theirs_.get(), "message") == Send::kSent) ++sent;
  EXPECT_GT(sent, 64);  // more than a worker may have outstanding
  EXPECT_EQ(send(theirs_.get(), "message"), Send::kFull);
  int received = 0;
  while (receive(ours_.get(), &message_, 0) == Receive::kMessage) ++received;
  EXPECT_EQ(received, sent);
  EXPECT_EQ(send(theirs_.get(), "message"), Send::kSent);
}

TEST_F(Channel, APeerThatIsGoneIsClosedNotASignal) {
  ours_.reset();
  EXPECT_EQ(send(theirs_.get(), "message"), Send::kClosed);
}

TEST_F(Channel, TellsWhoSentIt) {
  const int on = 1;
  ASSERT_EQ(setsockopt(ours_.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on), 0);
  const int fd = null_.get();
  ASSERT_EQ(send(theirs_.get(), "x", {&fd, 1}), Send::kSent);
  ASSERT_EQ(receive(ours_.get(), &message_, 1), Receive::kMessage);
  EXPECT_EQ(message_.sender, getpid());
  EXPECT_EQ(message_.fd_count, 1u);
  // With credentials there is room for fewer descriptors; what does not fit is no silent loss.
  ASSERT_EQ(send_raw("x", {253}), 1);
  EXPECT_EQ(receive(ours_.get(), &message_, 1), Receive::kViolation);
}

}  // namespace
}  // namespace gatehouse::ipc
