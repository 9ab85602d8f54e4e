// SPDX-License-Identifier: Apache-2.0
#include "tests/hostile/worker.h"

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "base/privileges.h"
#include "base/sandbox.h"
#include "ipc/codec.h"
#include "tests/hostile/report.h"

namespace gatehouse::hostile {
namespace {

constexpr int kPatience = 10'000;  // milliseconds that a test's client may take

// Every call, whatever its arguments: what a worker would put on that only wants to be counted.
std::vector<SyscallRule> everything() {
  std::vector<SyscallRule> rows;
  for (int number = 0; number < 512; ++number) rows.push_back({number, "everything"});
  return rows;
}

}  // namespace

Worker::Worker(const Manners& manners) : manners_(manners), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void Worker::confine() {
  if (manners_.allow_all) {
    if (!install_filter(everything())) _exit(90);
  } else if (manners_.own_filter) {
    if (!install_filter(privileges(Role::kWorker).own)) _exit(91);
  }
}

void Worker::say_ready() {
  wire::FromWorker ready;
  ready.mutable_ready();
  if (ipc::send_message(kChannelFd, ready) != ipc::Send::kSent) _exit(92);
}

bool Worker::wait(int fd, unsigned events, int within_ms) {
  epoll_event event{};
  event.events = events;
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
  const int count = epoll_wait(epoll_.get(), &event, 1, within_ms);
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  return count == 1;
}

bool Worker::hear(wire::ToWorker* message, int within_ms) {
  ipc::Message datagram;
  for (;;) {
    switch (ipc::receive(kChannelFd, &datagram, ipc::kMaxFds)) {
      case ipc::Receive::kEmpty:
        if (!wait(kChannelFd, EPOLLIN, within_ms)) return false;
        continue;
      case ipc::Receive::kMessage:
        break;
      default:
        _exit(0);
    }
    if (!message->ParseFromArray(datagram.buffer.data(), static_cast<int>(datagram.size)))
      _exit(93);
    if (message->has_drain() && (!manners_.stays || !client.valid())) _exit(0);
    if (message->has_arm()) listeners.push_back(std::move(datagram.fds[0]));
    std::size_t used = 0;
    for (const wire::Reply& reply : message->replies().replies()) {
      if (reply.has_connected()) upstream = std::move(datagram.fds[used++]);
    }
    return true;
  }
}

bool Worker::accept_one(int listener) {
  UniqueFd fd(accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!fd.valid()) return false;
  char what = 0;
  if (wait(fd.get(), EPOLLIN, kPatience)) (void)!read(fd.get(), &what, 1);
  if (what == 'A') {
    client = std::move(fd);
    return true;
  }
  (void)!write(fd.get(), "pong", 4);
  shutdown(fd.get(), SHUT_WR);
  return false;
}

void Worker::wait_for_client() {
  while (!client.valid()) {
    wire::ToWorker message;
    while (hear(&message, listeners.empty() ? kPatience : 0)) {
    }
    for (std::size_t i = 0; i < listeners.size() && !client.valid(); ++i) {
      if (wait(listeners[i].get(), EPOLLIN, 1)) accept_one(listeners[i].get());
    }
  }
}

void Worker::serve() {
  if (manners_.stays) {
    wait(client.get(), 0, 500);  // for the logger, who is to tell before its end is told
    _exit(0);
  }
  for (;;) {
    client.reset();
    wait_for_client();
  }
}

std::string connect_bytes(const std::vector<std::uint64_t>& ids) {
  wire::FromWorker message;
  for (const std::uint64_t id : ids) {
    wire::Request& request = *message.mutable_requests()->add_requests();
    request.set_id(id);
    request.mutable_connect()->mutable_client_destination();
  }
  return message.SerializeAsString();
}

bool Worker::connect_upstream() {
  wire::ToWorker answer;
  if (!send_raw(connect_bytes({1}), {{client.get()}})) _exit(94);
  while (hear(&answer, kPatience) && !answer.has_replies()) {
  }
  return upstream.valid();
}

bool Worker::send_raw(std::string_view bytes, const std::vector<std::vector<int>>& groups) {
  std::vector<char> control;
  for (const auto& group : groups) {
    const std::size_t at = control.size();
    control.resize(at + CMSG_SPACE(group.size() * sizeof(int)));
    cmsghdr header{};
    header.cmsg_len = CMSG_LEN(group.size() * sizeof(int));
    header.cmsg_level = SOL_SOCKET;
    header.cmsg_type = SCM_RIGHTS;
    std::memcpy(control.data() + at, &header, sizeof header);
    std::memcpy(control.data() + at + CMSG_LEN(0), group.data(), group.size() * sizeof(int));
  }
  iovec data{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr header{};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  header.msg_control = control.empty() ? nullptr : control.data();
  header.msg_controllen = control.size();
  return sendmsg(kChannelFd, &header, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

}  // namespace gatehouse::hostile
