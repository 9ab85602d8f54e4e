// SPDX-License-Identifier: Apache-2.0
// One socket with what the event set last said about it. The only place of the worker where octets
// enter or leave a stream: read, write, writev, sendto, splice, shutdown.
//
// Invariants:
//  1. readable() stays true until a read has proved that nothing is left: EAGAIN, or a read that
//     returned less than it asked for while no FIN had been announced (a FIN that comes later is
//     an event of its own). writable() likewise until a short write or EAGAIN.
//  2. After kEnd or kFailed of a read, reading is over; after kFailed of a write, writing is.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/unique_fd.h"
#include "worker/poller.h"

namespace gatehouse::worker {

struct Moved {
  enum Kind : std::uint8_t {
    kOctets,   // n > 0 octets were moved
    kBlocked,  // nothing now; an event will tell
    kEnd,      // reads: the peer has sent its FIN and everything before it was read
    kFailed,   // the connection is broken
  };
  Kind kind;
  std::size_t n = 0;
};

// What has become of everything that was written and of our FIN after it.
enum class Delivery : std::uint8_t {
  kUnderWay,
  kTaken,  // all acknowledged; the peer has not closed its side
  kOver,   // both sides have closed, or the connection is broken: nothing is left to do
};

class Transport {
 public:
  Transport() = default;
  ~Transport() = default;  // the owner calls close(), which needs the poller
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // Takes the socket and adds it to the event set; false: no memory for it, the socket is closed.
  bool open(UniqueFd fd, Poller* poller, EventHandler* handler, unsigned tag);
  // close(2): a reset as long as delivery() is not kOver, and what the kernel has not delivered is
  // lost (the parent has set SO_LINGER {1,0} for upstream sockets and for those we accept).
  void close(Poller* poller);
  bool is_open() const { return fd_.valid(); }
  int fd() const { return fd_.get(); }

  void note(Events events);
  bool readable() const { return readable_ && !read_over_; }
  bool writable() const { return writable_ && !write_over_; }
  bool peer_closed() const { return peer_closed_; }
  bool broken() const { return broken_; }
  bool read_over() const { return read_over_; }
  bool write_over() const { return write_over_; }
  // Octets taken by the kernel since open().
  std::uint64_t sent() const { return sent_; }
  // There may be room although no event has told of it.
  void assume_writable() { writable_ = true; }

  Moved read(char* into, std::size_t size);
  // How many octets the kernel took is in n; 0 to all of them.
  Moved write(std::span<iovec> parts);
  // The same for octets that a FIN follows in this turn: they leave together, one segment fewer.
  Moved write_last(std::string_view octets);
  // Between the socket and a pipe end.
  Moved splice_to_pipe(int pipe, std::size_t size);
  Moved splice_from_pipe(int pipe, std::size_t size);
  // shutdown(SHUT_WR): the peer gets a FIN after everything written.
  void finish_sending();
  // After finish_sending(). A change from kUnderWay and to kOver comes with an event.
  Delivery delivery() const;

 private:
  Moved written(ssize_t n, std::size_t total);

  UniqueFd fd_;
  PollSlot slot_;
  std::uint64_t sent_ = 0;
  bool readable_ : 1 = false;
  bool writable_ : 1 = false;
  bool peer_closed_ : 1 = false;
  bool broken_ : 1 = false;
  bool read_over_ : 1 = false;
  bool write_over_ : 1 = false;
};

}  // namespace gatehouse::worker
