// SPDX-License-Identifier: Apache-2.0
// Every descriptor that a worker could present, told apart from a client connection.
#include "privileged/evidence.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>

#include "ipc/channel.h"
#include "tests/privileged/sockets.h"

namespace gatehouse::privileged {
namespace {

class EvidenceTest : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    listener_ = make_listener(GetParam(), true);
    netns_ = netns_cookie(listener_.get());
    ASSERT_NE(netns_, 0u);
    client_ = connect_to(listener_);
    accepted_ = accept_from(listener_);
    ASSERT_TRUE(accepted_.valid());
  }
  EvidenceVerdict verdict(int fd) { return examine(fd, netns_, &evidence_, &why_); }
  void expect_forged(int fd, std::string_view why) {
    EXPECT_EQ(verdict(fd), EvidenceVerdict::kForged) << why;
    EXPECT_EQ(why_, why);
  }

  UniqueFd listener_, client_, accepted_;
  std::uint64_t netns_ = 0;
  Evidence evidence_;
  std::string_view why_;
};
INSTANTIATE_TEST_SUITE_P(Families, EvidenceTest, testing::Values(AF_INET, AF_INET6),
                         [](const testing::TestParamInfo<int>& family) {
                           return std::string(family.param == AF_INET ? "ipv4" : "ipv6");
                         });

TEST_P(EvidenceTest, AnAcceptedClientSaysWhoAndWhere) {
  ASSERT_EQ(verdict(accepted_.get()), EvidenceVerdict::kValid);
  EXPECT_EQ(evidence_.client, local_endpoint(client_.get()));
  EXPECT_EQ(evidence_.destination, local_endpoint(listener_.get()));
  const std::uint64_t cookie = evidence_.cookie;
  EXPECT_NE(cookie, 0u);
  const UniqueFd copy(dup(accepted_.get()));
  ASSERT_EQ(verdict(copy.get()), EvidenceVerdict::kValid);
  EXPECT_EQ(evidence_.cookie, cookie);  // the same connection, whatever descriptor names it
  const UniqueFd second = connect_to(listener_);
  const UniqueFd accepted = accept_from(listener_);
  ASSERT_EQ(verdict(accepted.get()), EvidenceVerdict::kValid);
  EXPECT_NE(evidence_.cookie, cookie);
}

TEST_P(EvidenceTest, AHalfClosedClientStillCounts) {
  ASSERT_EQ(shutdown(client_.get(), SHUT_WR), 0);
  ASSERT_TRUE(ready(accepted_, POLLIN, 1000));
  EXPECT_EQ(verdict(accepted_.get()), EvidenceVerdict::kValid);
}

TEST_P(EvidenceTest, AClientThatHasGoneIsNoViolation) {
  const linger reset{1, 0};
  ASSERT_EQ(setsockopt(client_.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
  client_.reset();
  ASSERT_TRUE(ready(accepted_, POLLIN, 1000));
  EXPECT_EQ(verdict(accepted_.get()), EvidenceVerdict::kGone);
}

TEST_P(EvidenceTest, AShutdownClientIsGone) {
  ASSERT_EQ(shutdown(accepted_.get(), SHUT_WR), 0);
  EXPECT_EQ(verdict(accepted_.get()), EvidenceVerdict::kGone);
}

TEST_P(EvidenceTest, OtherDescriptorsAreForged) {
  expect_forged(listener_.get(), "a listener");
  expect_forged(client_.get(), "not accepted on a listener of ours");
  const UniqueFd plain = make_listener(GetParam(), false);
  const UniqueFd plain_client = connect_to(plain);
  expect_forged(accept_from(plain).get(), "not accepted on a listener of ours");
  expect_forged(make_socket(GetParam()).get(), "not accepted on a listener of ours");

  const UniqueFd datagram(socket(GetParam(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  expect_forged(datagram.get(), "not TCP");
  const UniqueFd raw(socket(GetParam(), SOCK_RAW | SOCK_CLOEXEC, IPPROTO_TCP));
  ASSERT_TRUE(GetParam() == AF_INET ? set(raw.get(), SOL_IP, IP_TRANSPARENT, 1)
                                    : set(raw.get(), SOL_IPV6, IPV6_TRANSPARENT, 1));
  expect_forged(raw.get(), "not TCP");
  auto channel = ipc::make_pair();
  ASSERT_TRUE(channel);
  expect_forged(channel->ours.get(), "not an internet socket");
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd read_end(ends[0]), write_end(ends[1]);
  expect_forged(read_end.get(), "not an internet socket");
  const UniqueFd file(open("/proc/self/status", O_RDONLY | O_CLOEXEC));
  expect_forged(file.get(), "not an internet socket");
  expect_forged(-1, "not an internet socket");
  const UniqueFd multipath(socket(GetParam(), SOCK_STREAM | SOCK_CLOEXEC, 262 /* MPTCP */));
  if (multipath.valid()) expect_forged(multipath.get(), "not TCP");
}

// What the parent hands out is tainted: it can't come back as a client.
TEST_P(EvidenceTest, AnUpstreamSocketIsForged) {
  const UniqueFd upstream = make_socket(GetParam());
  ASSERT_TRUE(set(upstream.get(), SOL_SOCKET, SO_LOCK_FILTER, 1));
  ASSERT_TRUE(GetParam() == AF_INET ? set(upstream.get(), SOL_IP, IP_TRANSPARENT, 1)
                                    : set(upstream.get(), SOL_IPV6, IPV6_TRANSPARENT, 1));
  SocketAddress target = to_socket_address(*local_endpoint(listener_.get()));
  ASSERT_EQ(connect(upstream.get(), target.get(), target.length), 0);
  expect_forged(upstream.get(), "a socket that the parent made");
}

// A socket of another network namespace, all else being equal: also a transparent one.
TEST_P(EvidenceTest, ASocketOfAnotherNamespaceIsForged) {
  auto pair = ipc::make_pair();
  ASSERT_TRUE(pair);
  const pid_t child = fork();
  if (child == 0) {
    if (unshare(CLONE_NEWNET) != 0) _exit(1);
    const UniqueFd fd = make_socket(GetParam());
    const int raw = fd.get();
    _exit(set(raw, SOL_IP, IP_TRANSPARENT, 1) &&
                  ipc::send(pair->theirs.get(), "x", {&raw, 1}) == ipc::Send::kSent
              ? 0
              : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  ipc::Message message;
  ASSERT_EQ(ipc::receive(pair->ours.get(), &message, 1), ipc::Receive::kMessage);
  expect_forged(message.fds[0].get(), "of another network namespace");
}

// Nothing that was done to a descriptor may keep the parent waiting when it closes it, or make an
// end of the connection out of a worker's death.
TEST_P(EvidenceTest, ClosingNeverWaits) {
  const linger wait{1, 1000};
  ASSERT_EQ(setsockopt(accepted_.get(), SOL_SOCKET, SO_LINGER, &wait, sizeof wait), 0);
  ASSERT_TRUE(set(client_.get(), SOL_SOCKET, SO_RCVBUF, 1));
  const std::string data(1 << 20, 'x');
  while (send(accepted_.get(), data.data(), data.size(), MSG_DONTWAIT) > 0) {
  }
  ASSERT_EQ(verdict(accepted_.get()), EvidenceVerdict::kValid);
  linger now{};
  socklen_t length = sizeof now;
  ASSERT_EQ(getsockopt(accepted_.get(), SOL_SOCKET, SO_LINGER, &now, &length), 0);
  EXPECT_EQ(now.l_onoff, 1);
  EXPECT_EQ(now.l_linger, 0);
}

}  // namespace
}  // namespace gatehouse::privileged
