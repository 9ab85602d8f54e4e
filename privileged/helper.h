// SPDX-License-Identifier: Apache-2.0
// The children of the spawners, as the parent sees them.
//
// Runs in: parent. Trusts: the spawner's word on how a child ended.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "base/unique_fd.h"
#include "privileged/loop.h"
#include "proto/spawner.pb.h"

namespace gatehouse::privileged {

// How a child ended: "signal 9", "status 1".
std::string ending(const wire::Exited& exited);

// Asks a spawner for a child with copies of these descriptors as its 3, 4, ...; false: it takes no
// order now. child: the caller's name for it, never used before with this spawner.
bool spawn_child(int spawner, std::uint32_t child, std::span<const int> fds, unsigned canary = 0);
void kill_child(int spawner, std::uint32_t child);

// A process of which one runs at a time (loader, logger, resolver), with its channel.
class Helper {
 public:
  // heard: its channel can be read, or has ended; without it the channel is only written to.
  Helper(Loop& loop, int spawner, std::function<void()> heard = nullptr)
      : loop_(loop), spawner_(spawner), heard_(std::move(heard)) {}

  // fds: what it gets after its channel. False: it could not be started.
  bool start(std::span<const int> fds = {});
  // It becomes due, but not within a second of its last start.
  void start_again() { due_at_ = started_ + kBetweenStarts; }
  // Kills it; it does not become due.
  void stop();
  void hang_up();  // its channel; an honest one exits then
  // From the spawner; where it is the one that runs, then forget() follows.
  bool is(std::uint32_t child) const { return child == child_; }
  void forget();

  bool running() const { return child_ != 0; }
  int channel() const { return channel_.get(); }  // -1: none
  TimePoint due_at() const { return due_at_; }    // max(): runs, or is not wanted

 private:
  static constexpr auto kBetweenStarts = std::chrono::seconds(1);

  Loop& loop_;
  int spawner_;
  std::function<void()> heard_;
  UniqueFd channel_;
  std::uint32_t child_ = 0;  // 0: none
  std::uint32_t last_child_ = 0;
  TimePoint started_{};
  TimePoint due_at_ = TimePoint::max();
};

}  // namespace gatehouse::privileged
