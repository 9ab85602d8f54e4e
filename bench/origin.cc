// SPDX-License-Identifier: Apache-2.0
// origin PORT: the cheapest server that is still HTTP/1.1, so that measurements show gateways and
// not this. One thread, edge-triggered epoll, heads and small bodies prepared, large bodies by
// sendfile, content of requests dropped in the kernel (MSG_TRUNC).
//
//   GET /b/N   N octets with Content-Length
//   GET /c/N   N octets in chunks of 8 KiB (N a multiple of it)
//   GET /b/N with Upgrade   101 and N octets, whose number the field Bench-Length says; then the
//   end PUT /...   takes content with Content-Length; answers when all of it is there
//
// Trusts its clients: it answers what it does not understand by closing.
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <unordered_map>
#include <vector>

#include "bench/net.h"

using namespace gatehouse;
using namespace gatehouse::bench;

namespace {

constexpr std::size_t kCopiedBody = 16 * 1024;  // up to here a copy costs less than a second call

struct Response {
  std::string head;  // and the body where it is copied
  const BodyFile* file = nullptr;
  std::uint64_t size = 0;  // of what is sent from the file
  bool chunked = false;
};

struct Connection {
  UniqueFd fd;
  std::string partial;            // of a request head
  std::uint64_t to_read = 0;      // content of the request
  const Response* now = nullptr;  // being sent
  std::uint64_t position = 0, to_send = 0;
  bool close = false;
};

class Origin {
 public:
  explicit Origin(std::uint16_t port);
  void run();

 private:
  void accept_all();
  void serve(Connection& connection, bool ended);
  // False: nothing more can be done now, or (fd closed) ever.
  bool read_some(Connection& connection, bool* drained);
  bool take_requests(Connection& connection, std::string_view octets);
  bool take_request(Connection& connection, std::string_view head);
  bool respond(Connection& connection, std::string_view target);
  bool send_rest(Connection& connection);
  const Response* response(std::string_view target);

  UniqueFd epoll_, listener_;
  BodyFile plain_ = plain_body(1 << 20), chunked_ = chunked_body(128);
  std::unordered_map<std::string, Response> responses_;
  std::vector<Connection> connections_;  // by descriptor
  std::vector<char> scratch_ = std::vector<char>(65536);
};

Origin::Origin(std::uint16_t port)
    : epoll_(epoll_create1(EPOLL_CLOEXEC)),
      listener_(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
  const int one = 1;
  setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  setsockopt(listener_.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener_.get(), 4096) != 0) {
    die("port " + std::to_string(port) + " can not be listened on");
  }
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = listener_.get();
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, listener_.get(), &event);
}

void Origin::run() {
  epoll_event events[256];
  while (true) {
    const int n = epoll_wait(epoll_.get(), events, 256, -1);
    for (int i = 0; i < n; ++i) {
      const int fd = events[i].data.fd;
      if (fd == listener_.get()) {
        accept_all();
      } else if (connections_[fd].fd.valid()) {
        serve(connections_[fd], (events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
      }
    }
  }
}

void Origin::accept_all() {
  while (true) {
    const int fd = accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    if (connections_.size() <= static_cast<std::size_t>(fd)) connections_.resize(fd + 1024);
    Connection& connection = connections_[fd];
    connection = Connection();
    connection.fd = UniqueFd(fd);
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.fd = fd;
    epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
  }
}

void Origin::serve(Connection& connection, bool ended) {
  if (connection.now != nullptr && !send_rest(connection)) return;
  bool drained = false;
  while (connection.fd.valid() && connection.now == nullptr && (!drained || ended)) {
    if (!read_some(connection, &drained)) return;
  }
}

bool Origin::read_some(Connection& connection, bool* drained) {
  const int fd = connection.fd.get();
  if (connection.to_read > 0) {
    const std::size_t most = std::min<std::uint64_t>(connection.to_read, 1 << 20);
    const ssize_t n = recv(fd, nullptr, most, MSG_TRUNC);
    if (n < 0 && errno == EAGAIN) return false;
    if (n <= 0) return connection.fd.reset(), false;
    connection.to_read -= static_cast<std::uint64_t>(n);
    return connection.to_read > 0 || respond(connection, "/b/2");
  }
  const ssize_t n = recv(fd, scratch_.data(), scratch_.size(), 0);
  if (n < 0 && errno == EAGAIN) return false;
  if (n <= 0) return connection.fd.reset(), false;
  *drained = static_cast<std::size_t>(n) < scratch_.size();
  const std::string_view octets(scratch_.data(), static_cast<std::size_t>(n));
  if (connection.partial.empty()) return take_requests(connection, octets);
  const std::string all = std::move(connection.partial) + std::string(octets);
  connection.partial.clear();
  return take_requests(connection, all);
}

bool Origin::take_requests(Connection& connection, std::string_view octets) {
  while (!octets.empty()) {
    const std::size_t end = octets.find(kHeadEnd);
    if (end == std::string_view::npos || connection.now != nullptr) {
      connection.partial = octets;
      return true;
    }
    const std::string_view head = octets.substr(0, end + 2);
    octets.remove_prefix(end + kHeadEnd.size());
    if (!take_request(connection, head)) return false;
    const std::size_t content = std::min<std::uint64_t>(connection.to_read, octets.size());
    if (content > 0) {
      octets.remove_prefix(content);
      connection.to_read -= content;
      if (connection.to_read == 0 && !respond(connection, "/b/2")) return false;
    }
  }
  return true;
}

bool Origin::take_request(Connection& connection, std::string_view head) {
  const std::size_t space = head.find(' ');
  if (space == std::string_view::npos) return connection.fd.reset(), false;
  const std::string_view target = head.substr(space + 1, head.find(' ', space + 1) - space - 1);
  const std::string_view line = head.substr(0, head.find('\r'));
  const bool upgrade = !field(head, "Upgrade").empty();
  connection.close = upgrade || field(head, "Connection") == "close" || line.ends_with("HTTP/1.0");
  if (upgrade) return respond(connection, "u" + std::string(target));
  if (!head.starts_with("PUT ")) return respond(connection, target);
  connection.to_read = number(field(head, "Content-Length"), "Content-Length");
  return connection.to_read > 0 || respond(connection, "/b/2");
}

bool Origin::respond(Connection& connection, std::string_view target) {
  const Response* response = this->response(target);
  if (response == nullptr) return connection.fd.reset(), false;
  const int fd = connection.fd.get();
  const int more = response->size > 0 ? MSG_MORE : 0;
  const auto size = static_cast<ssize_t>(response->head.size());
  if (send(fd, response->head.data(), response->head.size(), MSG_NOSIGNAL | more) != size) {
    return connection.fd.reset(), false;  // a client that does not read its heads
  }
  connection.now = response;
  connection.position = 0;
  connection.to_send = response->size;
  return send_rest(connection);
}

bool Origin::send_rest(Connection& connection) {
  const Response& response = *connection.now;
  const int fd = connection.fd.get();
  if (response.file != nullptr &&
      !send_body(fd, *response.file, &connection.position, &connection.to_send)) {
    return connection.fd.reset(), false;
  }
  if (connection.to_send > 0) return false;
  if (response.chunked && send(fd, "0\r\n\r\n", 5, MSG_NOSIGNAL) != 5) {
    if (errno == EAGAIN) return false;  // full: again when it can be written to
    return connection.fd.reset(), false;
  }
  connection.now = nullptr;
  if (connection.close) return connection.fd.reset(), false;
  if (connection.partial.empty()) return true;
  const std::string partial = std::move(connection.partial);
  connection.partial.clear();
  return take_requests(connection, partial);
}

const Response* Origin::response(std::string_view target) {
  const auto known = responses_.find(std::string(target));
  if (known != responses_.end()) return &known->second;
  const bool upgrade = target.starts_with("u");
  const std::string_view name = target;
  if (upgrade) target.remove_prefix(1);
  if (target.size() < 4 || (!target.starts_with("/b/") && !target.starts_with("/c/"))) {
    return nullptr;
  }
  const std::uint64_t size = number(target.substr(3), "the size in the target");
  Response made;
  made.head =
      "HTTP/1.1 200 OK\r\nServer: origin\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
      "Content-Type: application/octet-stream\r\n";
  if (upgrade) {
    made.head =
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
        "Bench-Length: " +
        std::to_string(size) + "\r\n\r\n";
    made.file = &plain_;
    made.size = size;
  } else if (target[1] == 'c') {
    made.chunked = true;
    made.head += "Transfer-Encoding: chunked\r\n\r\n";
    made.file = &chunked_;
    made.size = size / kChunk * (chunked_.size / 128);
  } else {
    made.head += "Content-Length: " + std::to_string(size) + "\r\n\r\n";
    if (size <= kCopiedBody) {
      made.head.append(size, 'x');
    } else {
      made.file = &plain_;
      made.size = size;
    }
  }
  return &responses_.emplace(name, std::move(made)).first->second;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) die("usage: origin PORT");
  signal(SIGPIPE, SIG_IGN);
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  Origin origin(static_cast<std::uint16_t>(number(argv[1], "the port")));
  origin.run();
}
