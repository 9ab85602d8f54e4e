// SPDX-License-Identifier: Apache-2.0
#include "ipc/channel.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

namespace gatehouse::ipc {
namespace {

// Room for one credentials message and for more descriptors than are ever allowed: what does not
// fit raises MSG_CTRUNC, what fits but is too much is counted and refused.
union ControlBuffer {
  char bytes[CMSG_SPACE(sizeof(int) * (kMaxFds + 1)) + CMSG_SPACE(sizeof(ucred))];
  cmsghdr align;
};

// Takes every descriptor of the message into *message; returns how many there were. All are owned
// afterwards, those beyond kMaxFds are closed at once.
std::size_t adopt_fds(msghdr* header, Message* message) {
  std::size_t count = 0;
  for (cmsghdr* c = CMSG_FIRSTHDR(header); c != nullptr; c = CMSG_NXTHDR(header, c)) {
    if (c->cmsg_level != SOL_SOCKET) continue;
    if (c->cmsg_type == SCM_CREDENTIALS) {
      ucred credentials;
      std::memcpy(&credentials, CMSG_DATA(c), sizeof credentials);
      message->sender = credentials.pid;
    } else if (c->cmsg_type == SCM_RIGHTS) {
      const std::size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (std::size_t i = 0; i < n; ++i) {
        int fd;
        std::memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof fd);
        UniqueFd owned(fd);
        if (count < kMaxFds) message->fds[count] = std::move(owned);
        ++count;
      }
    }
  }
  return count;
}

}  // namespace

Receive receive(int channel, Message* message, std::size_t max_fds) {
  for (std::size_t i = 0; i < message->fd_count; ++i) message->fds[i].reset();
  message->fd_count = 0;
  message->sender = 0;
  ControlBuffer control;
  iovec data{message->buffer.data(), message->buffer.size()};
  msghdr header{};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  header.msg_control = control.bytes;
  header.msg_controllen = sizeof control.bytes;
  ssize_t n;
  do {
    n = recvmsg(channel, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  } while (n < 0 && errno == EINTR);
  if (n < 0) return errno == EAGAIN ? Receive::kEmpty : Receive::kClosed;
  const std::size_t count = adopt_fds(&header, message);
  message->fd_count = count < kMaxFds ? count : kMaxFds;
  if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 || count > max_fds) {
    for (auto& fd : message->fds) fd.reset();
    message->fd_count = 0;
    return Receive::kViolation;
  }
  if (n == 0) return Receive::kClosed;
  message->size = static_cast<std::size_t>(n);
  return Receive::kMessage;
}

Send send(int channel, std::string_view bytes, std::span<const int> fds) {
  CHECK(!bytes.empty() && bytes.size() <= kMaxMessage && fds.size() <= kMaxFds);
  ControlBuffer control;
  iovec data{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr header{};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  if (!fds.empty()) {
    header.msg_control = control.bytes;
    header.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
    cmsghdr* c = CMSG_FIRSTHDR(&header);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
    std::memcpy(CMSG_DATA(c), fds.data(), sizeof(int) * fds.size());
  }
  ssize_t n;
  do {
    n = sendmsg(channel, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (n < 0 && errno == EINTR);
  if (n >= 0) return Send::kSent;
  switch (errno) {
    case EAGAIN:
      return Send::kFull;
    case ENOBUFS:
    case ENOMEM:
    case ETOOMANYREFS:
      return Send::kExhausted;
    default:
      return Send::kClosed;
  }
}

Result<Pair> make_pair() {
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) != 0) {
    return errno_error("making a channel (socketpair)");
  }
  return Pair{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

}  // namespace gatehouse::ipc
