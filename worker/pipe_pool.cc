// SPDX-License-Identifier: Apache-2.0
#include "worker/pipe_pool.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace gatehouse::worker {

Result<PipePool> PipePool::make() {
  PipePool pool;
  for (std::size_t i = 0; i < kPipes; ++i) {
    int fds[2];
    if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0) return errno_error("making a pipe for splicing");
    Pipe pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
    int capacity = fcntl(fds[0], F_SETPIPE_SZ, kWantedCapacity);
    if (capacity < 0) capacity = fcntl(fds[0], F_GETPIPE_SZ);
    if (capacity < kLeastCapacity) continue;  // copying is faster
    pipe.capacity = static_cast<std::size_t>(capacity);
    pool.pipes_[pool.free_] = std::move(pipe);
    pool.stack_[pool.free_] = pool.free_;
    ++pool.free_;
  }
  return pool;
}

Pipe* PipePool::take() { return free_ == 0 ? nullptr : &pipes_[stack_[--free_]]; }

void PipePool::give_back(Pipe* pipe) {
  std::array<char, 65536> sink;
  while (pipe->filled > 0) {
    const ssize_t n =
        ::read(pipe->read_end.get(), sink.data(), std::min(pipe->filled, sink.size()));
    if (n < 0 && errno == EINTR) continue;
    CHECK(n > 0);  // filled counts what the kernel said it moved
    pipe->filled -= static_cast<std::size_t>(n);
  }
  CHECK(free_ < kPipes);
  stack_[free_++] = static_cast<std::size_t>(pipe - pipes_.data());
}

}  // namespace gatehouse::worker
