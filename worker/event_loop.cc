// SPDX-License-Identifier: Apache-2.0
// The only file that compiles Asio. Single threaded: no locks (BOOST_ASIO_DISABLE_THREADS).
#include "worker/event_loop.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>

#include "worker/wheel.h"

namespace gatehouse::worker {
namespace asio = boost::asio;

struct EventLoop::State {
  using Clock = std::chrono::steady_clock;
  using Executor = asio::io_context::executor_type;
  using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;

  explicit State(LoopClient* c) : client(c), timer(context) {}

  void schedule_tick() {
    ticking = true;
    timer.expires_after(std::chrono::milliseconds(Wheel::kTickMs));
    timer.async_wait([this](const boost::system::error_code& error) {
      ticking = false;
      if (error) return;
      if (client->tick() && !ticking) schedule_tick();
    });
  }

  // How long a turn may wait: until the tick, without end where none is needed.
  int wait_ms() const {
    if (!ticking) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(timer.expiry() - Clock::now());
    return left.count() > 0 ? static_cast<int>(left.count()) : 0;
  }

  void run() {
    for (bool more = false; !stopped;) {
      const int until_tick = wait_ms();
      if (until_tick == 0) {
        context.restart();
        context.poll();
      }
      more = client->turn(more || until_tick == 0 ? 0 : until_tick);
    }
  }

  asio::io_context context{1};
  LoopClient* client;
  Timer timer;
  bool ticking = false;
  bool stopped = false;
};

EventLoop::EventLoop(LoopClient* client) : state_(std::make_unique<State>(client)) {}
EventLoop::~EventLoop() = default;

void EventLoop::run() { state_->run(); }

void EventLoop::stop() { state_->stopped = true; }

void EventLoop::need_tick() {
  if (!state_->ticking) state_->schedule_tick();
}

}  // namespace gatehouse::worker
