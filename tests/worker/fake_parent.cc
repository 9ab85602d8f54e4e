// SPDX-License-Identifier: Apache-2.0
#include "tests/worker/fake_parent.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "base/check.h"
#include "ipc/codec.h"

namespace gatehouse::worker::testing {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

void set_linger_reset(int fd) {
  const linger value{1, 0};
  CHECK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &value, sizeof value) == 0);
}

wire::Reply& reply_to(std::uint64_t id, wire::ToWorker& message) {
  wire::Reply& reply = *message.mutable_replies()->add_replies();
  reply.set_id(id);
  return reply;
}

}  // namespace

wire::Config default_config() {
  wire::Config config;
  config.set_version(1);
  config.set_workers(1);
  auto* timeouts = config.mutable_timeouts();
  timeouts->set_head_ms(10'000);
  timeouts->set_idle_ms(60'000);
  timeouts->set_connect_ms(5'000);
  timeouts->set_response_ms(30'000);
  timeouts->set_stall_ms(30'000);
  timeouts->set_drain_ms(10'000);
  timeouts->set_upstream_idle_ms(15'000);
  auto* limits = config.mutable_limits();
  limits->set_request_line(8000);
  limits->set_field_line(8192);
  limits->set_head(32768);
  limits->set_fields(100);
  limits->set_connections(4000);
  limits->set_interim_responses(16);
  auto* listener = config.add_listeners();
  listener->set_address(std::string("\x7f\0\0\1", 4));
  listener->set_port(3129);
  return config;
}

UniqueFd make_listener(std::uint16_t* port) {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  CHECK(fd.valid());
  const int one = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  set_linger_reset(fd.get());
  sockaddr_in address = loopback(*port);
  CHECK(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  CHECK(listen(fd.get(), 1024) == 0);
  socklen_t length = sizeof address;
  CHECK(getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &length) == 0);
  *port = ntohs(address.sin_port);
  return fd;
}

UniqueFd connect_as_parent(std::uint16_t port) {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = loopback(port);
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return UniqueFd();
  }
  const int one = 1;
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  set_linger_reset(fd.get());
  const int flags = fcntl(fd.get(), F_GETFL);
  CHECK(fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK) == 0);
  return fd;
}

FakeParent::FakeParent(UniqueFd channel, UniqueFd log_reader, std::uint16_t origin_port)
    : channel_(std::move(channel)),
      log_(std::move(log_reader)),
      wake_(eventfd(0, EFD_CLOEXEC)),
      origin_port_(origin_port),
      thread_([this] { run(); }) {}

FakeParent::~FakeParent() {
  stop_ = true;
  const std::uint64_t one = 1;
  CHECK(write(wake_.get(), &one, sizeof one) == sizeof one);
  thread_.join();
}

void FakeParent::arm(std::uint32_t index, UniqueFd listener) {
  wire::ToWorker message;
  message.mutable_arm()->set_listener(index);
  const int fd = listener.get();
  CHECK(ipc::send_message(channel_.get(), message, {&fd, 1}) == ipc::Send::kSent);
}

void FakeParent::disarm(std::uint32_t index) {
  wire::ToWorker message;
  message.mutable_disarm()->set_listener(index);
  CHECK(ipc::send_message(channel_.get(), message) == ipc::Send::kSent);
}

void FakeParent::drain(std::uint32_t within_ms) {
  wire::ToWorker message;
  message.mutable_drain()->set_within_ms(within_ms);
  CHECK(ipc::send_message(channel_.get(), message) == ipc::Send::kSent);
}

std::vector<wire::AccessRecord> FakeParent::records() const {
  const std::lock_guard lock(mutex_);
  return records_;
}

std::vector<wire::AccessRecord> FakeParent::wait_for_records(std::size_t count) const {
  for (int i = 0; i < 500; ++i) {
    auto all = records();
    if (all.size() >= count) return all;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return records();
}

bool FakeParent::wait_for_resolved(std::size_t count) const {
  for (int i = 0; i < 5000 && resolved().size() < count; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return resolved().size() >= count;
}

void FakeParent::run() {
  while (!stop_) {
    pollfd fds[3] = {
        {channel_.get(), POLLIN, 0}, {log_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
    if (drained_ || broken_) fds[0].fd = -1;
    if (poll(fds, 3, later_.empty() ? 20 : 1) < 0 && errno != EINTR) break;
    if (fds[0].revents != 0) read_channel();
    if (fds[1].revents != 0) read_log();
    if (!hold_) {
      for (const auto& answer : std::exchange(held_, {})) answer();
    }
    answer_due();
  }
  read_log();
}

void FakeParent::read_channel() {
  ipc::Message message;
  while (true) {
    const ipc::Receive got = ipc::receive(channel_.get(), &message, ipc::kMaxFds);
    if (got == ipc::Receive::kEmpty) return;
    wire::FromWorker from;
    if (got != ipc::Receive::kMessage || !ipc::decode(message.bytes(), &from)) {
      broken_ = true;
      return;
    }
    if (from.has_ready()) ready_ = true;
    if (from.has_drained()) drained_ = true;
    const auto& requests = from.requests().requests();
    if (message.fd_count != static_cast<std::size_t>(requests.size())) {
      broken_ = true;
      return;
    }
    for (const wire::Request& request : requests) receive_request(request);
    if (from.has_drained()) return;
  }
}

void FakeParent::receive_request(const wire::Request& request) {
  const std::uint64_t id = request.id();
  if (request.has_resolve()) return resolve(id, request.resolve().name());
  if (!request.has_connect()) return;
  ++connects_;
  if (request.connect().has_client_destination()) {
    held_.push_back([this, id] { answer_connect(id); });
  } else {
    held_.push_back([this, id, route = route_of(request.connect())] {
      later(route.delay_ms, [this, id, route] { answer_route(id, route); });
    });
  }
  most_outstanding_ = std::max<int>(most_outstanding_, static_cast<int>(held_.size()));
}

Route FakeParent::route_of(const wire::Connect& connect) {
  const std::lock_guard lock(mutex_);
  if (connect.has_configured_endpoint()) {
    servers_asked_.push_back(connect.configured_endpoint().id());
    const auto server = servers_.find(servers_asked_.back());
    return server != servers_.end() ? server->second : Route{.refused = wire::Refused::GRANT};
  }
  granted_ports_.push_back(connect.forward_grant().port());
  const auto grant = grants_.find(connect.forward_grant().grant());
  if (expired_grants_ > 0)
    --expired_grants_;
  else if (grant != grants_.end())
    return grant->second;
  return Route{.refused = wire::Refused::GRANT};
}

void FakeParent::resolve(std::uint64_t id, const std::string& name) {
  const std::lock_guard lock(mutex_);
  resolved_.push_back(name);
  wire::ToWorker message;
  wire::Reply& reply = reply_to(id, message);
  int delay = 0;
  if (const auto verified = verified_.find(name); verified != verified_.end()) {
    reply.mutable_verified()->set_result(verified->second.first);
    delay = verified->second.second;
  } else if (const auto found = names_.find(name); found != names_.end()) {
    for (const Route& route : found->second.first) {
      const std::uint64_t grant = grants_.size() + 1;
      grants_[grant] = route;
      reply.mutable_resolved()->add_grants()->set_grant(grant);
    }
    delay = found->second.second;
  } else {
    reply.mutable_refused()->set_reason(wire::Refused::NAME);
  }
  held_.push_back([this, delay, message] { later(delay, [this, message] { send(message); }); });
}

void FakeParent::later(int delay_ms, std::function<void()> what) {
  if (delay_ms == 0) return what();
  later_.emplace(std::chrono::steady_clock::now() + std::chrono::milliseconds(delay_ms),
                 std::move(what));
}

void FakeParent::answer_due() {
  while (!later_.empty() && later_.begin()->first <= std::chrono::steady_clock::now()) {
    const auto what = std::move(later_.begin()->second);
    later_.erase(later_.begin());
    what();
  }
}

void FakeParent::set_name(const std::string& name, std::vector<Route> routes, int delay_ms) {
  const std::lock_guard lock(mutex_);
  names_[name] = {std::move(routes), delay_ms};
}

void FakeParent::set_verified(const std::string& name, wire::Verified::Result result,
                              int delay_ms) {
  const std::lock_guard lock(mutex_);
  verified_[name] = {result, delay_ms};
}

void FakeParent::set_server(std::uint32_t id, Route route) {
  const std::lock_guard lock(mutex_);
  servers_[id] = route;
}

void FakeParent::answer_connect(std::uint64_t id) {
  const int answer = answer_;
  Route route{.port = origin_port_};
  if (answer > 0) route.error = answer;
  if (answer < 0) route.refused = static_cast<wire::Refused::Reason>(-answer);
  answer_route(id, route);
}

void FakeParent::answer_route(std::uint64_t id, const Route& route) {
  wire::ToWorker message;
  wire::Reply& reply = reply_to(id, message);
  UniqueFd upstream;
  if (route.refused != wire::Refused::UNSPECIFIED) {
    reply.mutable_refused()->set_reason(route.refused);
  } else if (route.error != 0) {
    reply.mutable_failed()->set_error(route.error);
  } else {
    upstream = connect_as_parent(route.port);
    if (upstream.valid()) {
      reply.mutable_connected();
    } else {
      reply.mutable_failed()->set_error(errno);
    }
  }
  send(message, upstream.get());
  if (upstream.valid()) ++connected_;
}

void FakeParent::send(const wire::ToWorker& message, int fd) {
  while (ipc::send_message(channel_.get(), message,
                           {&fd, static_cast<std::size_t>(fd >= 0 ? 1 : 0)}) == ipc::Send::kFull) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

void FakeParent::read_log() {
  char bytes[65536];
  ssize_t n;
  while ((n = read(log_.get(), bytes, sizeof bytes)) > 0) {
    log_bytes_.append(bytes, static_cast<std::size_t>(n));
  }
  while (log_bytes_.size() >= 4) {
    std::uint32_t size;
    std::memcpy(&size, log_bytes_.data(), 4);
    if (log_bytes_.size() < 4 + size) break;
    wire::LogRecord record;
    if (!record.ParseFromString(log_bytes_.substr(4, size))) broken_ = true;
    log_bytes_.erase(0, 4 + size);
    const std::lock_guard lock(mutex_);
    if (record.has_access()) records_.push_back(record.access());
    if (record.has_event()) events_.push_back(record.event().text());
    if (record.has_dropped()) dropped_ += record.dropped().count();
  }
}

}  // namespace gatehouse::worker::testing
