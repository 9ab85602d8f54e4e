// SPDX-License-Identifier: Apache-2.0
#include "cli/control_client.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "ipc/codec.h"

namespace gatehouse::cli {

Result<UniqueFd> connect_to(const std::string& path, const char* who_may) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return Error{0, "the path " + path + " is too long for a socket"};
  }
  std::memcpy(address.sun_path, path.c_str(), path.size());
  UniqueFd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return errno_error("making a socket");
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    const Error error = errno_error("no gatehoused answers at " + path);
    return Error{error.number,
                 error.what + "; " +
                     (error.number == EACCES ? who_may : "is it running, with this --run-dir?")};
  }
  return fd;
}

Status await_answer(int socket, int timeout_ms, ipc::Message* message) {
  pollfd ready{socket, POLLIN, 0};
  int n;
  do {
    n = ::poll(&ready, 1, timeout_ms);
  } while (n < 0 && errno == EINTR);
  if (n <= 0) {
    return Error{ETIMEDOUT,
                 "gatehoused does not answer within " + std::to_string(timeout_ms / 1000) + " s"};
  }
  if (ipc::receive(socket, message, 0) != ipc::Receive::kMessage) {
    return Error{0, "gatehoused closed the connection without an answer"};
  }
  return ok();
}

Result<ControlClient> ControlClient::connect(const std::string& run_directory) {
  const std::string path = run_directory + "/control.sock";
  auto fd = connect_to(path, "only root may ask");
  if (!fd) return fd.error();
  ucred peer{};
  socklen_t length = sizeof peer;
  if (::getsockopt(fd->get(), SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) {
    return errno_error("asking who answers at " + path);
  }
  return ControlClient(std::move(*fd), peer.pid);
}

Result<wire::ControlReply> ControlClient::ask(wire::ControlRequest request, int timeout_ms) {
  request.set_version(1);
  if (ipc::send_message(socket_.get(), request) != ipc::Send::kSent) {
    return Error{0, "gatehoused does not take the question"};
  }
  ipc::Message message;
  wire::ControlReply reply;
  if (auto status = await_answer(socket_.get(), timeout_ms, &message); !status)
    return status.error();
  if (!ipc::decode(message.bytes(), &reply)) {
    return Error{0, "the answer of gatehoused can't be read; is it of another version?"};
  }
  if (reply.has_error()) return Error{0, reply.error().text()};
  return reply;
}

}  // namespace gatehouse::cli
