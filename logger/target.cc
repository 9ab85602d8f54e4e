// SPDX-License-Identifier: Apache-2.0
#include "logger/target.h"

#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace gatehouse::logger {

void Target::open(UniqueFd fd, Kind kind) {
  if (within_line_) {
    const std::size_t end = buffer_.find('\n', written_);
    buffer_.erase(0, end == std::string::npos ? buffer_.size() : end + 1);
    written_ = 0;
    within_line_ = false;
    ++dropped_;
  }
  leave_fd();
  fd_ = std::move(fd);
  kind_ = kind;
  error_ = 0;
}

void Target::leave_fd() {
  if (kind_ != Kind::kFile) (void)fd_.release();
  fd_.reset();
}

void Target::close() {
  leave_fd();
  buffer_.clear();
  written_ = 0;
  within_line_ = false;
  dropped_ = 0;
  error_ = 0;
}

void Target::push(std::string_view line) {
  if (dropped_ > 0 || pending() + line.size() > kMaxPending) {
    ++dropped_;
    return;
  }
  if (written_ > kMaxPending) {  // moving the rest to the front is cheap against what was written
    buffer_.erase(0, written_);
    written_ = 0;
  }
  buffer_.append(line);
}

// A file takes everything, a stream whole lines where at least one fits in PIPE_BUF.
std::size_t Target::next_piece() const {
  if (kind_ != Kind::kStream || pending() <= PIPE_BUF) return pending();
  const std::size_t end = buffer_.rfind('\n', written_ + PIPE_BUF - 1);
  return end == std::string::npos || end < written_ ? PIPE_BUF : end + 1 - written_;
}

std::size_t Target::flush() {
  std::size_t total = 0;
  while (fd_.valid() && pending() > 0) {
    if (kind_ == Kind::kStream) {
      pollfd ready{fd_.get(), POLLOUT, 0};
      if (::poll(&ready, 1, 0) <= 0 || (ready.revents & (POLLOUT | POLLERR)) == 0) break;
    }
    const ssize_t n = ::write(fd_.get(), buffer_.data() + written_, next_piece());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      if (errno != EAGAIN) error_ = errno;
      break;
    }
    error_ = 0;
    written_ += static_cast<std::size_t>(n);
    total += static_cast<std::size_t>(n);
    within_line_ = buffer_[written_ - 1] != '\n';
  }
  if (pending() == 0) {
    buffer_.clear();
    written_ = 0;
  }
  return total;
}

std::uint64_t Target::take_dropped() { return std::exchange(dropped_, 0); }

}  // namespace gatehouse::logger
