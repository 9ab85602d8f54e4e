// SPDX-License-Identifier: Apache-2.0
// load --to ADDRESS:PORT --path PATH [OPTION VALUE]...: the load generator; load_options.h lists
// the options. One thread, edge-triggered epoll. wrk and h2load can not choose source addresses,
// hold a rate, send content or hold connections open.
//
// Prints "warm" when the window begins (or all is held), and one JSON object when it ends.
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>

#include "bench/load_client.h"
#include "bench/load_options.h"

using namespace gatehouse;
using namespace gatehouse::bench;

namespace {

constexpr std::size_t kStarting = 64;  // connections that are being made at once when many are held

double now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

void say(const char* word) {
  std::puts(word);
  std::fflush(stdout);
}

// Starts requests, in closed or open loop, and times them.
class Load {
 public:
  explicit Load(const Options& options);
  void run();
  void run_requests();
  void hold_idle();
  void hold_slow();

 private:
  void start(std::uint32_t index, double due);
  void finished(std::uint32_t index);
  void start_due(double time);
  void turn(double until);
  void make_all();
  void read_slowly();
  void report(double seconds);

  const Options& options_;
  const Plan plan_;
  Tally tally_;
  UniqueFd epoll_{epoll_create1(EPOLL_CLOEXEC)};
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<double> due_;          // of the request under way, for each client
  std::vector<std::uint32_t> free_;  // open loop: clients without a request
  std::deque<double> waiting_;       // open loop: requests that are due and have no client
  std::vector<float> latencies_;     // microseconds
  std::uint64_t begun_ = 0, requests_ = 0;
  double next_due_ = 0;
  std::size_t to_make_ = 0;  // clients that have not had their one request yet
  bool holding_ = false;
};

Load::Load(const Options& options) : options_(options), plan_(make_plan(options)) {
  for (std::uint32_t i = 0; i < options.connections; ++i) {
    clients_.push_back(std::make_unique<Client>(plan_, tally_, epoll_.get(), i));
  }
  due_.resize(clients_.size());
  latencies_.reserve(1 << 20);
}

void Load::start(std::uint32_t index, double due) {
  due_[index] = due;
  ++begun_;
  clients_[index]->start();
  if (clients_[index]->failed()) die(tally_.first_error);
}

void Load::finished(std::uint32_t index) {
  if (!clients_[index]->failed()) {
    ++requests_;
    latencies_.push_back(static_cast<float>((now() - due_[index]) * 1e6));
  } else if (tally_.errors > 1000) {
    die("more than 1,000 errors; the first: " + tally_.first_error);
  }
  if (holding_) {
    if (to_make_ > 0) start(static_cast<std::uint32_t>(clients_.size() - to_make_--), now());
    return;
  }
  if (options_.requests > 0 && begun_ == options_.requests) return;
  if (options_.rate == 0) return start(index, now());
  if (waiting_.empty()) {
    free_.push_back(index);
  } else {
    start(index, waiting_.front());
    waiting_.pop_front();
  }
}

void Load::start_due(double time) {
  while (next_due_ <= time) {
    if (free_.empty()) {
      waiting_.push_back(next_due_);
    } else {
      const std::uint32_t index = free_.back();
      free_.pop_back();
      start(index, next_due_);
    }
    next_due_ += 1 / options_.rate;
  }
}

// Waits for events, at most until `until` or the next request that is due.
void Load::turn(double until) {
  const double time = now();
  if (options_.rate > 0) {
    start_due(time);
    until = std::min(until, next_due_);
  }
  const double wait = std::max(0.0, until - time);
  timespec timeout{};
  timeout.tv_sec = static_cast<time_t>(wait);
  timeout.tv_nsec = static_cast<long>((wait - static_cast<double>(timeout.tv_sec)) * 1e9);
  epoll_event events[256];
  const int n = epoll_pwait2(epoll_.get(), events, 256, &timeout, nullptr);
  for (int i = 0; i < n; ++i) {
    const std::uint32_t index = events[i].data.u32;
    if (clients_[index]->on_events(events[i].events)) finished(index);
  }
}

void Load::run() {
  next_due_ = now();
  for (std::uint32_t i = 0; i < clients_.size(); ++i) {
    if (options_.rate == 0) {
      start(i, next_due_);
    } else {
      free_.push_back(i);
    }
  }
  const double begin = now() + options_.warm_up;
  while (now() < begin) turn(begin);
  requests_ = tally_.octets = 0;
  latencies_.clear();
  say("warm");
  const double opened = now(), end = opened + options_.seconds;
  while (now() < end) turn(end);
  report(now() - opened);
}

void Load::run_requests() {
  const double opened = now();
  for (std::uint32_t i = 0; i < clients_.size() && begun_ < options_.requests; ++i)
    start(i, opened);
  while (requests_ + tally_.errors < options_.requests) turn(now() + 0.1);
  report(now() - opened);
}

void Load::report(double seconds) {
  const auto percentile = [this](double share) {
    if (latencies_.empty()) return 0.0F;
    const auto nth = latencies_.begin() + static_cast<std::ptrdiff_t>(
                                              share * static_cast<double>(latencies_.size() - 1));
    std::nth_element(latencies_.begin(), nth, latencies_.end());
    return *nth;
  };
  std::printf("{\"requests\":%llu,\"octets\":%llu,\"seconds\":%.6f,\"errors\":%llu,",
              static_cast<unsigned long long>(requests_),
              static_cast<unsigned long long>(tally_.octets), seconds,
              static_cast<unsigned long long>(tally_.errors));
  std::printf("\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"first_error\":\"%s\"}\n", percentile(0.5),
              percentile(0.99), percentile(0.999), tally_.first_error.c_str());
  std::fflush(stdout);
}

bool input_ended() {
  pollfd input{0, POLLIN, 0};
  return poll(&input, 1, 0) > 0;
}

// One request on every connection, a bounded number at once.
void Load::make_all() {
  holding_ = true;
  const std::size_t first = std::min(kStarting, clients_.size());
  to_make_ = clients_.size() - first;
  for (std::uint32_t i = 0; i < first; ++i) start(i, now());
  const double limit = now() + 60;
  while (requests_ + tally_.errors < clients_.size() && now() < limit) turn(now() + 0.1);
  if (requests_ != clients_.size()) {
    die(std::to_string(requests_) + " of " + std::to_string(clients_.size()) +
        " connections could be made; " + tally_.first_error);
  }
}

void Load::hold_idle() {
  make_all();
  say("warm");
  while (!input_ended()) turn(now() + 0.1);
  report(0);
}

void Load::hold_slow() {
  for (std::uint32_t i = 0; i < clients_.size(); ++i) {
    start(i, now());
    if (i % kStarting == 0) turn(now() + 0.02);
  }
  const double limit = now() + 10;
  const auto asked = [](const auto& client) { return client->asked(); };
  while (!std::all_of(clients_.begin(), clients_.end(), asked)) {
    if (now() > limit) die("not all connections could be made; " + tally_.first_error);
    turn(now() + 0.02);
  }
  say("warm");
  read_slowly();
  report(0);
}

void Load::read_slowly() {
  std::vector<char> unused(options_.per_second);
  double due = now();
  while (true) {
    due += 1;
    for (auto& client : clients_) {
      const ssize_t n = recv(client->fd(), unused.data(), unused.size(), 0);
      if (n > 0) tally_.octets += static_cast<std::uint64_t>(n);
      if (n == 0 || (n < 0 && errno != EAGAIN)) ++tally_.errors;
    }
    do {
      if (input_ended()) return;
      poll(nullptr, 0, 50);
    } while (now() < due);
  }
}

}  // namespace

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  const Options options = parse_options(argc, argv);
  Load load(options);
  if (options.hold == "idle") {
    load.hold_idle();
  } else if (options.hold == "slow") {
    load.hold_slow();
  } else if (options.requests > 0) {
    load.run_requests();
  } else {
    load.run();
  }
}
