// SPDX-License-Identifier: Apache-2.0
#include "privileged/control.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "ipc/codec.h"

namespace gatehouse::privileged {
namespace {

constexpr std::size_t kMaxClients = 16;
constexpr unsigned kVersion = 1;
constexpr std::size_t kMaxStatus = ipc::kMaxMessage - 16;  // octets, without the version

bool may_ask(int fd) {
  ucred peer{};
  socklen_t length = sizeof peer;
  return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 &&
         (peer.uid == 0 || peer.uid == geteuid());
}

wire::ControlReply error_reply(const std::string& text) {
  wire::ControlReply reply;
  reply.mutable_error()->set_text(text.substr(0, 3500));
  return reply;
}

wire::ControlReply done_reply(const char* text) {
  wire::ControlReply reply;
  reply.mutable_done()->set_text(text);
  return reply;
}

}  // namespace

Result<UniqueFd> open_control_socket(const std::string& path, uid_t owner, gid_t group) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return Error{0, "--run-dir is too long: " + path};
  std::memcpy(address.sun_path, path.c_str(), path.size());
  // A running instance answers; a socket file without one is left from a crash.
  const UniqueFd probe(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (connect(probe.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    return Error{0,
                 "another gatehoused runs with " + path + "; stop it, or choose another --run-dir"};
  }
  unlink(path.c_str());
  UniqueFd fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // The directory is the parent's: a name in it must not lead root to another file.
  const mode_t mask = umask(0117);
  const bool bound = fd.valid() &&
                     bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                     lchown(path.c_str(), owner, group) == 0 && listen(fd.get(), 64) == 0;
  umask(mask);
  if (!bound) return errno_error("opening the control socket " + path);
  return fd;
}

Control::Control(Loop& loop, UniqueFd listener, Actions actions)
    : loop_(loop), listener_(std::move(listener)), actions_(std::move(actions)) {
  const Status added =
      loop_.add(listener_.get(), EPOLLIN, [this](std::uint32_t) { on_listener(); });
  CHECK(added);
}

void Control::on_listener() {
  UniqueFd client(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!client.valid()) return;
  if (!may_ask(client.get())) {
    auto reply = error_reply("only root may ask");
    ipc::send_message(client.get(), reply);
    return;
  }
  if (clients_.size() >= kMaxClients) close(clients_.begin()->first);
  const std::uint64_t id = ++last_id_;
  if (loop_.add(client.get(), EPOLLIN, [this, id](std::uint32_t) { on_client(id); })) {
    clients_[id] = std::move(client);
  }
}

void Control::on_client(std::uint64_t id) {
  ipc::Message message;
  const auto received = ipc::receive(clients_[id].get(), &message, 0);
  if (received == ipc::Receive::kEmpty) return;
  wire::ControlRequest request;
  if (received != ipc::Receive::kMessage || !ipc::decode(message.bytes(), &request))
    return close(id);
  if (request.version() != kVersion) {
    return reply(
        id, error_reply(
                "the control protocol has version 1; use the gatehouse command of this version"));
  }
  dispatch(id, request);
}

void Control::dispatch(std::uint64_t id, const wire::ControlRequest& request) {
  switch (request.body_case()) {
    case wire::ControlRequest::kStatus: {
      wire::ControlReply answer;
      auto* status = answer.mutable_status();
      actions_.status(status);
      // Many workers that drain at once: the rest of the answer matters more than the last of them.
      while (answer.ByteSizeLong() > kMaxStatus && status->processes_size() > 0)
        status->mutable_processes()->RemoveLast();
      return reply(id, std::move(answer));
    }
    case wire::ControlRequest::kReload:
      return actions_.reload([this, id](const Status& status) {
        reply(id, status ? done_reply("the new configuration is in force")
                         : error_reply(status.error().what));
      });
    case wire::ControlRequest::kReopen:
      actions_.reopen();
      return reply(id, done_reply("the log files are opened again"));
    case wire::ControlRequest::kStop:
      actions_.stop();
      return reply(id, done_reply("draining"));
    case wire::ControlRequest::BODY_NOT_SET:
      return close(id);
  }
}

// The asker may be gone: then nobody is told.
void Control::reply(std::uint64_t id, wire::ControlReply reply) {
  const auto client = clients_.find(id);
  if (client == clients_.end()) return;
  reply.set_version(kVersion);
  ipc::send_message(client->second.get(), reply);
  close(id);
}

void Control::close(std::uint64_t id) {
  const auto client = clients_.find(id);
  loop_.remove(client->second.get());
  clients_.erase(client);
}

}  // namespace gatehouse::privileged
