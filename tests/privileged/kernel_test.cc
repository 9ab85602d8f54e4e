// SPDX-License-Identifier: Apache-2.0
// What the design takes from the kernel, so that a kernel that changes it is noticed.
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <vector>

#include "ipc/channel.h"
#include "tests/privileged/sockets.h"

#ifndef MSG_FASTOPEN
#define MSG_FASTOPEN 0x20000000
#endif

namespace gatehouse::privileged {
namespace {

// The tests' network namespace, so nobody else's setting.
bool allow_fastopen(const char* value) {
  std::FILE* file = std::fopen("/proc/sys/net/ipv4/tcp_fastopen", "w");
  if (file == nullptr) return false;
  const bool written = std::fputs(value, file) >= 0;
  return std::fclose(file) == 0 && written;
}

// A nonblocking connection, complete on the wire, as the parent makes it.
UniqueFd begin_connect(const UniqueFd& listener) {
  UniqueFd fd = make_socket(AF_INET, SOCK_NONBLOCK);
  SocketAddress target = to_socket_address(*local_endpoint(listener.get()));
  const int result = connect(fd.get(), target.get(), target.length);
  EXPECT_TRUE(result == 0 || errno == EINPROGRESS);
  EXPECT_TRUE(ready(fd, POLLOUT, 1000));
  return fd;
}

// Closes the far end with a reset, which our end then has seen.
void reset_by_peer(const UniqueFd& listener, const UniqueFd& fd) {
  UniqueFd far = accept_from(listener);
  const linger now{1, 0};
  ASSERT_EQ(setsockopt(far.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
  far.reset();
  ASSERT_TRUE(ready(fd, POLLHUP, 1000));
}

// The errno of a MSG_FASTOPEN send to another listener; 0 where it connected there. The first call
// only fetches the error that is pending after a reset.
int retarget(const UniqueFd& fd, const UniqueFd& other) {
  SocketAddress target = to_socket_address(*local_endpoint(other.get()));
  int error = 0;
  for (int i = 0; i < 2 && !ready(other, POLLIN, 100); ++i) {
    const ssize_t sent = sendto(fd.get(), "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL | MSG_DONTWAIT,
                                target.get(), target.length);
    error = sent >= 0 ? 0 : errno;
  }
  return ready(other, POLLIN, 100) ? 0 : error;
}

// Without the second connect(2) the holder of a socket whose peer has reset it can send it
// anywhere. With it, never again.
TEST(Kernel, ASecondConnectPinsTheSocket) {
  ASSERT_TRUE(allow_fastopen("1"));
  const UniqueFd meant = make_listener(AF_INET, false), other = make_listener(AF_INET, false);
  SocketAddress target = to_socket_address(*local_endpoint(meant.get()));

  const UniqueFd unpinned = begin_connect(meant);
  reset_by_peer(meant, unpinned);
  EXPECT_EQ(retarget(unpinned, other), 0) << "the danger is gone; the second connect may be, too";
  ASSERT_TRUE(accept_from(other).valid());

  const UniqueFd pinned = begin_connect(meant);
  ASSERT_EQ(connect(pinned.get(), target.get(), target.length), 0);
  EXPECT_EQ(retarget(pinned, other), EISCONN) << "while it is connected";
  reset_by_peer(meant, pinned);
  EXPECT_NE(retarget(pinned, other), 0) << "after a reset";
}

// What a client sees of a process that is killed while it serves it, by the SO_LINGER of the
// listener: 0 for an end, else the errno.
int end_of_a_killed_server(const linger& of_listener) {
  const UniqueFd listener = make_listener(AF_INET, false);
  EXPECT_EQ(setsockopt(listener.get(), SOL_SOCKET, SO_LINGER, &of_listener, sizeof of_listener), 0);
  const UniqueFd client = begin_connect(listener);
  const pid_t server = fork();
  if (server == 0) {
    const UniqueFd accepted = accept_from(listener);
    (void)!write(accepted.get(), "part", 4);
    for (;;) pause();
  }
  EXPECT_TRUE(ready(client, POLLIN, 1000));
  kill(server, SIGKILL);
  EXPECT_EQ(waitpid(server, nullptr, 0), server);
  EXPECT_TRUE(ready(client, POLLRDHUP, 1000));
  char octets[8];
  EXPECT_EQ(read(client.get(), octets, sizeof octets), 4) << "what had arrived is still there";
  return read(client.get(), octets, sizeof octets) == 0 ? 0 : errno;
}

// An accepted socket has the SO_LINGER of its listener, and that holds where nobody calls close(2).
TEST(Kernel, TheClientsOfAProcessThatDiesAreReset) {
  EXPECT_EQ(end_of_a_killed_server({1, 0}), ECONNRESET);
  EXPECT_EQ(end_of_a_killed_server({0, 0}), 0) << "the danger is gone";
}

// With it close(2) loses what has not arrived, so the worker must know when all has (TCP_INFO).
TEST(Kernel, TcpInfoTellsWhetherTheClientHasTakenEverything) {
  const UniqueFd listener = make_listener(AF_INET, false);
  UniqueFd client = begin_connect(listener);
  const UniqueFd server = accept_from(listener);
  const auto state = [&] {
    std::uint8_t first = 0;
    socklen_t length = sizeof first;
    EXPECT_EQ(getsockopt(server.get(), SOL_TCP, TCP_INFO, &first, &length), 0);
    return static_cast<int>(first);
  };
  const std::string data(1 << 16, 'x');
  while (send(server.get(), data.data(), data.size(), MSG_DONTWAIT) > 0) {
  }
  EXPECT_EQ(shutdown(server.get(), SHUT_WR), 0);
  EXPECT_EQ(state(), TCP_FIN_WAIT1);
  std::string taken(1 << 16, '\0');
  while (ready(client, POLLIN, 1000) && read(client.get(), taken.data(), taken.size()) > 0) {
  }
  for (int i = 0; i < 1000 && state() == TCP_FIN_WAIT1; ++i) usleep(1000);
  EXPECT_EQ(state(), TCP_FIN_WAIT2);
  client.reset();
  EXPECT_TRUE(ready(server, POLLHUP, 1000));
  EXPECT_EQ(state(), TCP_CLOSE);
}

TEST(Kernel, WithoutFastOpenNothingIsRetargeted) {
  ASSERT_TRUE(allow_fastopen("2"));
  const UniqueFd meant = make_listener(AF_INET, false), other = make_listener(AF_INET, false);
  const UniqueFd unpinned = begin_connect(meant);
  reset_by_peer(meant, unpinned);
  EXPECT_EQ(retarget(unpinned, other), EOPNOTSUPP);
}

TEST(Kernel, TheTaintCanNotBeTakenOff) {
  const UniqueFd fd = make_socket(AF_INET);
  int value = -1;
  socklen_t length = sizeof value;
  ASSERT_EQ(getsockopt(fd.get(), SOL_SOCKET, SO_LOCK_FILTER, &value, &length), 0);
  EXPECT_EQ(value, 0);
  ASSERT_TRUE(set(fd.get(), SOL_SOCKET, SO_LOCK_FILTER, 1));
  EXPECT_FALSE(set(fd.get(), SOL_SOCKET, SO_LOCK_FILTER, 0));
  EXPECT_EQ(errno, EPERM) << "not even root";
  ASSERT_EQ(getsockopt(fd.get(), SOL_SOCKET, SO_LOCK_FILTER, &value, &length), 0);
  EXPECT_EQ(value, 1);
}

TEST(Kernel, AnAcceptedSocketHasNoTaintAndIsTransparent) {
  const UniqueFd listener = make_listener(AF_INET, true);
  const UniqueFd client = connect_to(listener);
  const UniqueFd accepted = accept_from(listener);
  int value = -1;
  socklen_t length = sizeof value;
  ASSERT_EQ(getsockopt(accepted.get(), SOL_SOCKET, SO_LOCK_FILTER, &value, &length), 0);
  EXPECT_EQ(value, 0);
  ASSERT_EQ(getsockopt(accepted.get(), SOL_IP, IP_TRANSPARENT, &value, &length), 0);
  EXPECT_EQ(value, 1);
}

TEST(Kernel, TransparencyNeedsACapability) {
  const pid_t child = fork();
  if (child == 0) {
    if (setresgid(64299, 64299, 64299) != 0 || setresuid(64299, 64299, 64299) != 0) _exit(2);
    const UniqueFd fd = make_socket(AF_INET);
    _exit(!set(fd.get(), SOL_IP, IP_TRANSPARENT, 1) && errno == EPERM ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

// Listeners of one SO_REUSEPORT group: whoever holds a copy keeps what is queued on it.
TEST(Kernel, AKeptCopyOfAListenerLosesNothing) {
  std::vector<UniqueFd> group;
  group.push_back(make_listener(AF_INET, false, true));
  const std::uint16_t port = local_endpoint(group[0].get())->port;
  for (int i = 1; i < 4; ++i) group.push_back(make_listener(AF_INET, false, true, port));
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 60; ++i) clients.push_back(connect_to(group[0]));
  // A holder ends: its descriptors are closed, ours stay, and another one accepts from them.
  std::vector<UniqueFd> copies;
  for (const UniqueFd& fd : group) copies.emplace_back(dup(fd.get()));
  group.clear();
  unsigned accepted = 0;
  for (const UniqueFd& fd : copies) {
    while (ready(fd, POLLIN, 0)) {
      ASSERT_TRUE(accept_from(fd).valid());
      ++accepted;
    }
  }
  EXPECT_EQ(accepted, clients.size());
}

TEST(Kernel, ClosingTheOnlyCopyOfAListenerLosesItsQueue) {
  UniqueFd first = make_listener(AF_INET, false, true);
  const std::uint16_t port = local_endpoint(first.get())->port;
  const UniqueFd second = make_listener(AF_INET, false, true, port);
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 60; ++i) clients.push_back(connect_to(first));
  first.reset();
  unsigned left = 0;
  for (; ready(second, POLLIN, 0); ++left) ASSERT_TRUE(accept_from(second).valid());
  EXPECT_LT(left, clients.size()) << "the copies that the parent keeps are no longer needed";
}

// The pid that comes with a message is the sender's own, whatever it would like it to be.
TEST(Kernel, StampsTheSendersPid) {
  auto pair = ipc::make_pair();
  ASSERT_TRUE(pair);
  ASSERT_TRUE(set(pair->ours.get(), SOL_SOCKET, SO_PASSCRED, 1));
  const pid_t child = fork();
  if (child == 0) {
    if (setresuid(64299, 64299, 64299) != 0) _exit(2);
    union {
      char bytes[CMSG_SPACE(sizeof(ucred))];
      cmsghdr align;
    } control{};
    iovec data{const_cast<char*>("x"), 1};
    msghdr header{};
    header.msg_iov = &data;
    header.msg_iovlen = 1;
    header.msg_control = control.bytes;
    header.msg_controllen = sizeof control.bytes;
    cmsghdr* c = CMSG_FIRSTHDR(&header);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_CREDENTIALS;
    c->cmsg_len = CMSG_LEN(sizeof(ucred));
    const ucred lie{getppid(), 64299, getgid()};
    std::memcpy(CMSG_DATA(c), &lie, sizeof lie);
    const bool lied = sendmsg(pair->theirs.get(), &header, MSG_NOSIGNAL) >= 0;
    const bool told = ipc::send(pair->theirs.get(), "x") == ipc::Send::kSent;
    _exit(!lied && told ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  ipc::Message message;
  ASSERT_EQ(ipc::receive(pair->ours.get(), &message, 0), ipc::Receive::kMessage);
  EXPECT_EQ(message.sender, child);
}

}  // namespace
}  // namespace gatehouse::privileged
