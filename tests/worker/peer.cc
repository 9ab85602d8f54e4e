// SPDX-License-Identifier: Apache-2.0
#include "tests/worker/peer.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/time.h>

#include <cerrno>
#include <cstdlib>

#include "base/check.h"
#include "tests/worker/fake_parent.h"

namespace gatehouse::worker::testing {

Peer::Peer(UniqueFd fd) : fd_(std::move(fd)) { set_timeout_ms(20'000); }

void Peer::set_timeout_ms(int ms) {
  const timeval value{ms / 1000, (ms % 1000) * 1000};
  setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &value, sizeof value);
  setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &value, sizeof value);
}

Peer Peer::connect(std::uint16_t port, int receive_buffer) {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (receive_buffer > 0) {
    setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  CHECK(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  return Peer(std::move(fd));
}

bool Peer::send(std::string_view octets) {
  while (!octets.empty()) {
    const ssize_t n = ::send(fd_.get(), octets.data(), octets.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    octets.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

void Peer::reset() {
  const linger value{1, 0};
  setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &value, sizeof value);
  fd_.reset();
}

std::string Peer::receive_some(std::size_t most) {
  if (!buffered_.empty()) {
    std::string result = buffered_.substr(0, most);
    buffered_.erase(0, result.size());
    return result;
  }
  std::string result(most, '\0');
  const ssize_t n = ::recv(fd_.get(), result.data(), result.size(), 0);
  if (n < 0) end_ = errno == EAGAIN ? End::kTimeout : End::kReset;
  if (n == 0) end_ = End::kFin;
  result.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return result;
}

std::string Peer::receive_until(std::string_view marker) {
  std::string result;
  while (true) {
    const std::size_t at = result.find(marker);
    if (at != std::string::npos) {
      buffered_.insert(0, result.substr(at + marker.size()));
      result.resize(at + marker.size());
      return result;
    }
    const std::string more = receive_some();
    if (more.empty()) return result;
    result += more;
  }
}

std::string Peer::receive_exactly(std::size_t size) {
  std::string result;
  while (result.size() < size) {
    const std::string more = receive_some(size - result.size());
    if (more.empty()) break;
    result += more;
  }
  return result;
}

std::string Peer::receive_all() {
  std::string result;
  for (std::string more = receive_some(); !more.empty(); more = receive_some()) result += more;
  return result;
}

std::string Peer::receive_message() {
  std::string message = receive_head();
  const std::size_t at = message.find("Content-Length: ");
  if (at != std::string::npos) {
    message += receive_exactly(std::strtoull(message.c_str() + at + 16, nullptr, 10));
  }
  return message;
}

End Peer::end() {
  if (end_ == End::kOpen) {
    set_timeout_ms(1000);
    receive_some();
    set_timeout_ms(20'000);
  }
  return end_;
}

std::string pattern(std::size_t size) {
  std::string result;
  result.reserve(size + 16);
  for (std::uint64_t i = 0; result.size() < size; ++i) {
    const std::uint64_t words[2] = {i, i * 0x9e3779b97f4a7c15ULL};
    result.append(reinterpret_cast<const char*>(words), sizeof words);
  }
  result.resize(size);
  return result;
}

std::uint64_t checksum(std::string_view octets, std::uint64_t start) {
  for (const char octet : octets) {
    start = (start ^ static_cast<unsigned char>(octet)) * 1099511628211ULL;
  }
  return start;
}

Origin::Origin(Handler handler) : handler_(std::move(handler)), listener_(make_listener(&port_)) {
  const linger none{};  // an ordinary server
  setsockopt(listener_.get(), SOL_SOCKET, SO_LINGER, &none, sizeof none);
  thread_ = std::thread([this] { run(); });
}

Origin::~Origin() {
  stop_ = true;
  thread_.join();
  for (std::thread& thread : threads_) thread.join();
}

void Origin::run() {
  while (!stop_) {
    pollfd waiting{listener_.get(), POLLIN, 0};
    if (poll(&waiting, 1, 20) <= 0) continue;
    UniqueFd fd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!fd.valid()) continue;
    ++connections_;
    threads_.emplace_back([this, owned = std::move(fd)]() mutable {
      Peer peer(std::move(owned));
      handler_(peer);
    });
  }
}

}  // namespace gatehouse::worker::testing
