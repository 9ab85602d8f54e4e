// SPDX-License-Identifier: Apache-2.0
// The pipes through which large bodies are spliced: made before confinement, never after.
#pragma once

#include <array>
#include <cstddef>

#include "base/result.h"
#include "base/unique_fd.h"

namespace gatehouse::worker {

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
  std::size_t capacity = 0;  // octets
  std::size_t filled = 0;    // octets in it now
};

class PipePool {
 public:
  static constexpr std::size_t kPipes = 8;
  // Asked for; pipe-user-pages-soft (pipe(7)) grants it to the first 64 pipes of a user.
  static constexpr int kWantedCapacity = 1 << 20;
  // A pipe that is smaller is not used: beyond that share the kernel makes them of two pages.
  static constexpr int kLeastCapacity = 1 << 16;

  static Result<PipePool> make();

  // nullptr when all are in use, or none could be had: the caller copies instead.
  Pipe* take();
  // Whatever is still in it is discarded.
  void give_back(Pipe* pipe);
  std::size_t free_pipes() const { return free_; }

 private:
  std::array<Pipe, kPipes> pipes_;
  std::array<std::size_t, kPipes> stack_{};  // indexes of free pipes
  std::size_t free_ = 0;
};

}  // namespace gatehouse::worker
