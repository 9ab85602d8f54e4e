// SPDX-License-Identifier: Apache-2.0
#include "bench/load_client.h"

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

namespace gatehouse::bench {
namespace {

char scratch[256 * 1024];  // one thread

}  // namespace

Client::Client(const Plan& plan, Tally& tally, int epoll, std::uint32_t index)
    : plan_(plan), tally_(tally), epoll_(epoll), index_(index) {}

bool Client::fail(const std::string& why) {
  ++tally_.errors;
  if (tally_.first_error.empty()) tally_.first_error = why;
  fd_.reset();
  state_ = State::kIdle;
  failed_ = true;
  partial_.clear();
  return true;
}

bool Client::connect() {
  fd_ = UniqueFd(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd_.valid()) die(std::string("no socket: ") + std::strerror(errno));
  const int one = 1;
  setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (!plan_.sources.empty()) {
    setsockopt(fd_.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    sockaddr_in from{};
    from.sin_family = AF_INET;
    from.sin_addr = plan_.sources[index_ % plan_.sources.size()];
    if (bind(fd_.get(), reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0) {
      die(std::string("a source address is not of this host: ") + std::strerror(errno));
    }
  }
  if (::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&plan_.to), sizeof plan_.to) != 0 &&
      errno != EINPROGRESS) {
    return false;
  }
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.u32 = index_;
  return epoll_ctl(epoll_, EPOLL_CTL_ADD, fd_.get(), &event) == 0;
}

void Client::start() {
  failed_ = false;
  if (fd_.valid()) return send_request();
  if (!connect()) {
    fail(std::string("connect: ") + std::strerror(errno));
    return;
  }
  state_ = State::kConnecting;
}

void Client::send_request() {
  const int flags = MSG_NOSIGNAL | (plan_.body_size > 0 ? MSG_MORE : 0);
  const auto size = static_cast<ssize_t>(plan_.head.size());
  if (send(fd_.get(), plan_.head.data(), plan_.head.size(), flags) != size) {
    fail(std::string("sending a request head: ") + std::strerror(errno));
    return;
  }
  position_ = 0;
  to_send_ = plan_.body_size;
  send_rest();
}

void Client::send_rest() {
  state_ = State::kSending;
  const std::uint64_t before = to_send_;
  if (!send_body(fd_.get(), plan_.body, &position_, &to_send_)) {
    fail(std::string("sending content: ") + std::strerror(errno));
    return;
  }
  tally_.octets += before - to_send_;
  if (to_send_ == 0) state_ = State::kHead;
}

bool Client::on_events(std::uint32_t events) {
  const bool ended = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  if (state_ == State::kIdle) {
    return ended && fail("an idle connection was ended");
  }
  if (state_ == State::kConnecting) {
    if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) == 0) return false;
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0) return fail(std::string("connect: ") + std::strerror(error));
    send_request();
  } else if (state_ == State::kSending) {
    if (ended) return fail("the connection was ended while content was sent");
    send_rest();
  }
  if (failed_) return true;
  if (plan_.unread || ((events & EPOLLIN) == 0 && !ended)) return false;
  return state_ != State::kSending && read_all(ended);
}

bool Client::read_all(bool ended) {
  while (true) {
    const bool dropped = state_ == State::kBody;
    const std::size_t most = dropped ? std::min<std::uint64_t>(left_, 1 << 20) : sizeof scratch;
    const ssize_t n = recv(fd_.get(), dropped ? nullptr : scratch, most, dropped ? MSG_TRUNC : 0);
    if (n < 0 && errno == EAGAIN) return false;
    if (n < 0) return fail(std::string("reading: ") + std::strerror(errno));
    if (n == 0) {
      if (state_ != State::kEnd) return fail("the connection was ended within a response");
      fd_.reset();
      state_ = State::kIdle;
      return true;
    }
    drained_ = static_cast<std::size_t>(n) < most && !ended;
    bool over;
    if (dropped) {
      left_ -= static_cast<std::uint64_t>(n);
      tally_.octets += static_cast<std::uint64_t>(n);
      over = left_ == 0 && complete({});
    } else {
      over = read_head({scratch, static_cast<std::size_t>(n)});
    }
    if (over) return true;
    if (drained_) return false;
  }
}

bool Client::read_head(std::string_view octets) {
  if (state_ == State::kEnd) return fail("octets after the response");
  if (state_ == State::kChunks) return read_chunks(octets);
  std::string joined;
  if (!partial_.empty()) {
    joined = std::move(partial_) + std::string(octets);
    partial_.clear();
    octets = joined;
  }
  const std::size_t end = octets.find(kHeadEnd);
  if (end == std::string_view::npos) {
    partial_ = octets;
    return partial_.size() > 65536 && fail("a response head without an end");
  }
  const std::string_view head = octets.substr(0, end + 2);
  const std::string_view rest = octets.substr(end + kHeadEnd.size());
  if (!head.starts_with(plan_.expected)) {
    return fail("not " + plan_.expected + "but " + std::string(head.substr(0, head.find('\r'))));
  }
  if (field(head, "Transfer-Encoding") == "chunked") {
    state_ = State::kChunks;
    left_ = 0;
    last_chunk_ = false;
    return read_chunks(rest);
  }
  const bool switches = head.starts_with("HTTP/1.1 101 ");  // which has no Content-Length
  const std::string_view length = field(head, switches ? "Bench-Length" : "Content-Length");
  if (length.empty()) return fail("a response that does not say its length");
  left_ = number(length, "Content-Length");
  state_ = State::kBody;
  return read_body(rest);
}

bool Client::read_body(std::string_view octets) {
  const std::size_t mine = std::min<std::uint64_t>(left_, octets.size());
  left_ -= mine;
  tally_.octets += mine;
  return left_ == 0 && complete(octets.substr(mine));
}

bool Client::read_chunks(std::string_view octets) {
  while (!octets.empty()) {
    const std::size_t mine = std::min<std::uint64_t>(left_, octets.size());
    left_ -= mine;
    tally_.octets += mine;
    octets.remove_prefix(mine);
    if (left_ > 0) return false;
    if (last_chunk_) return complete(octets);
    const std::size_t end = octets.find('\n');
    partial_ += octets.substr(0, end);
    if (end == std::string_view::npos) return false;
    octets.remove_prefix(end + 1);
    std::uint64_t size = 0;
    const auto result =
        std::from_chars(partial_.data(), partial_.data() + partial_.size(), size, 16);
    if (result.ec != std::errc() || *result.ptr != '\r') return fail("a malformed chunk");
    partial_.clear();
    left_ = size + 2;
    last_chunk_ = size == 0;
  }
  return false;
}

bool Client::complete(std::string_view rest) {
  if (!rest.empty()) return fail("octets after the response");
  if (!plan_.fresh) {
    state_ = State::kIdle;
    return true;
  }
  state_ = State::kEnd;
  drained_ = false;  // the end may be there already
  return false;
}

}  // namespace gatehouse::bench
