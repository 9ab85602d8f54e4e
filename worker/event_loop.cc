// SPDX-License-Identifier: Apache-2.0
// The only file that compiles Asio. Single threaded: no locks (BOOST_ASIO_DISABLE_THREADS).
#include "worker/event_loop.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/check.h"
#include "worker/wheel.h"

namespace gatehouse::worker {
namespace asio = boost::asio;

struct EventLoop::State {
  using Executor = asio::io_context::executor_type;
  using Descriptor = asio::posix::basic_stream_descriptor<Executor>;
  using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                           asio::wait_traits<std::chrono::steady_clock>, Executor>;

  // Turns before Asio gets to see its timer again.
  static constexpr int kTurns = 16;

  State(int fd, LoopClient* c) : client(c), event_set(context, fd), timer(context) {}

  void wait() {
    event_set.async_wait(Descriptor::wait_read, [this](const boost::system::error_code& error) {
      if (!error) turns();
    });
  }

  void turns() {
    bool more = true;
    for (int i = 0; i < kTurns && more; ++i) more = client->turn();
    if (context.stopped()) return;
    if (more) {
      asio::post(context, [this] { turns(); });
    } else {
      wait();
    }
  }

  void schedule_tick() {
    ticking = true;
    timer.expires_after(std::chrono::milliseconds(Wheel::kTickMs));
    timer.async_wait([this](const boost::system::error_code& error) {
      ticking = false;
      if (error) return;
      if (client->tick() && !ticking) schedule_tick();
    });
  }

  asio::io_context context{1};
  LoopClient* client;
  Descriptor event_set;
  Timer timer;
  bool ticking = false;
};

EventLoop::EventLoop(int event_set, LoopClient* client)
    : state_(std::make_unique<State>(event_set, client)) {
  state_->wait();
}

EventLoop::~EventLoop() {
  state_->event_set.release();  // the caller's
}

void EventLoop::run() { state_->context.run(); }

void EventLoop::stop() { state_->context.stop(); }

void EventLoop::need_tick() {
  if (!state_->ticking) state_->schedule_tick();
}

}  // namespace gatehouse::worker
