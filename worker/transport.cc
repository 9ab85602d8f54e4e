// SPDX-License-Identifier: Apache-2.0
#include "worker/transport.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

namespace gatehouse::worker {

bool Transport::open(UniqueFd fd, Poller* poller, EventHandler* handler, unsigned tag) {
  CHECK(!fd_.valid());
  const PollSlot slot = poller->add(fd.get(), Poller::Interest::kStream, handler, tag);
  if (!slot.valid()) return false;
  fd_ = std::move(fd);
  slot_ = slot;
  readable_ = peer_closed_ = broken_ = read_over_ = write_over_ = false;
  writable_ = true;
  sent_ = 0;
  return true;
}

void Transport::close(Poller* poller) {
  poller->release(&slot_);
  fd_.reset();
  readable_ = writable_ = false;
}

void Transport::note(Events events) {
  if (events.readable) readable_ = true;
  if (events.writable) writable_ = true;
  if (events.peer_closed) peer_closed_ = true;
  if (events.broken) broken_ = true;
}

Moved Transport::read(char* into, std::size_t size) {
  ssize_t n;
  do {
    n = ::read(fd_.get(), into, size);
  } while (n < 0 && errno == EINTR);
  if (n > 0) {
    if (static_cast<std::size_t>(n) < size && !peer_closed_) readable_ = false;
    return {Moved::kOctets, static_cast<std::size_t>(n)};
  }
  if (n < 0 && errno == EAGAIN) {
    readable_ = false;
    return {Moved::kBlocked};
  }
  read_over_ = true;
  return {n == 0 ? Moved::kEnd : Moved::kFailed};
}

Moved Transport::write(std::span<iovec> parts) {
  std::size_t total = 0;
  for (const iovec& part : parts) total += part.iov_len;
  ssize_t n;
  do {
    n = parts.size() == 1 ? ::write(fd_.get(), parts[0].iov_base, parts[0].iov_len)
                          : ::writev(fd_.get(), parts.data(), static_cast<int>(parts.size()));
  } while (n < 0 && errno == EINTR);
  return written(n, total);
}

Moved Transport::write_last(std::string_view octets) {
  ssize_t n;
  do {
    n = ::sendto(fd_.get(), octets.data(), octets.size(), MSG_MORE, nullptr, 0);
  } while (n < 0 && errno == EINTR);
  return written(n, octets.size());
}

Moved Transport::written(ssize_t n, std::size_t total) {
  if (n >= 0) {
    sent_ += static_cast<std::uint64_t>(n);
    if (static_cast<std::size_t>(n) < total) writable_ = false;
    return {Moved::kOctets, static_cast<std::size_t>(n)};
  }
  if (errno == EAGAIN) {
    writable_ = false;
    return {Moved::kBlocked};
  }
  write_over_ = true;
  return {Moved::kFailed};
}

// A pipe that is emptied before it is filled again never makes this EAGAIN, so that EAGAIN means
// that the socket has nothing; a short count says nothing, since a pipe counts pieces, not octets.
Moved Transport::splice_to_pipe(int pipe, std::size_t size) {
  ssize_t n;
  do {
    n = ::splice(fd_.get(), nullptr, pipe, nullptr, size, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  } while (n < 0 && errno == EINTR);
  if (n > 0) return {Moved::kOctets, static_cast<std::size_t>(n)};
  if (n < 0 && errno == EAGAIN) {
    readable_ = false;
    return {Moved::kBlocked};
  }
  read_over_ = true;
  return {n == 0 ? Moved::kEnd : Moved::kFailed};
}

Moved Transport::splice_from_pipe(int pipe, std::size_t size) {
  ssize_t n;
  do {
    n = ::splice(pipe, nullptr, fd_.get(), nullptr, size, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  } while (n < 0 && errno == EINTR);
  if (n > 0) {
    sent_ += static_cast<std::uint64_t>(n);
    return {Moved::kOctets, static_cast<std::size_t>(n)};
  }
  if (n < 0 && errno == EAGAIN) {
    writable_ = false;
    return {Moved::kBlocked};
  }
  write_over_ = true;
  return {Moved::kFailed};
}

void Transport::finish_sending() {
  if (!write_over_) ::shutdown(fd_.get(), SHUT_WR);
  write_over_ = true;
}

// EPOLLHUP can't tell: it also comes when both FINs are sent and ours has not arrived.
Delivery Transport::delivery() const {
  std::uint8_t state = TCP_CLOSE;  // the first octet of struct tcp_info
  socklen_t length = sizeof state;
  ::getsockopt(fd_.get(), SOL_TCP, TCP_INFO, &state, &length);
  if (state == TCP_CLOSE) return Delivery::kOver;
  return state == TCP_FIN_WAIT2 ? Delivery::kTaken : Delivery::kUnderWay;
}

}  // namespace gatehouse::worker
