// SPDX-License-Identifier: Apache-2.0
#include "registrar/registrar.h"

#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "ipc/codec.h"

namespace gatehouse::registrar {
namespace {

constexpr std::size_t kMaxConnections = 64;
constexpr std::int64_t kStrangersEvery_ms = 1000;
constexpr std::size_t kMaxGroups = 65'536;  // NGROUPS_MAX

// A caller that does not read its answers has closed, or is not interested.
void send(int fd, const wire::ClientsReply& reply) {
  const std::string octets = reply.SerializeAsString();
  CHECK(octets.size() <= ipc::kMaxMessage);
  (void)!::write(fd, octets.data(), octets.size());
}

}  // namespace

std::int64_t now_ms() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

Registrar::Registrar(Descriptors fds, Registry registry, std::optional<std::uint32_t> group)
    : channel_(fds.channel), log_fd_(fds.log.get()), registry_(std::move(registry)), group_(group) {
  log_.use_pipe(std::move(fds.log));
}

void Registrar::say(const wire::FromRegistrar& message) {
  // What is lost when its queue is full is a word that is in there already.
  (void)ipc::send_message(channel_, message);
}

bool Registrar::load() {
  wire::FromRegistrar message;
  const Status loaded = registry_.load(now_ms());
  if (!loaded) {
    message.mutable_failed()->set_text(loaded.error().what.substr(0, 1000));
    say(message);
    return false;
  }
  if (registry_.journal().dropped() != 0) {
    log_.write(ipc::Level::kWarning, "the journal ended in " +
                                         std::to_string(registry_.journal().dropped()) +
                                         " octets that are no whole record; they are dropped");
  }
  log_.write(ipc::Level::kInfo,
             std::to_string(registry_.size()) + " clients, grants and bypasses are in force");
  message.mutable_table_ready();
  say(message);
  return true;
}

// A pipe that has room for PIPE_BUF octets takes any record.
bool Registrar::log_has_room() const {
  pollfd log{log_fd_, POLLOUT, 0};
  return ::poll(&log, 1, 0) == 1 && (log.revents & POLLOUT) != 0;
}

int Registrar::wait_ms() {
  const std::int64_t now = now_ms();
  const std::int64_t next = registry_.expire(now);
  return static_cast<int>(std::min<std::int64_t>(next - now, 60'000));
}

void Registrar::run() {
  std::vector<pollfd> polled;
  for (;;) {
    const bool room = log_has_room();
    polled.assign(1, {channel_, POLLIN, 0});
    polled.push_back({room ? -1 : log_fd_, POLLOUT, 0});
    for (const Connection& connection : connections_) {
      polled.push_back({room ? connection.fd.get() : -1, POLLIN, 0});
    }
    if (::poll(polled.data(), polled.size(), wait_ms()) < 0) continue;
    std::size_t i = 2;
    for (auto at = connections_.begin(); at != connections_.end(); ++i) {
      const bool ended = polled[i].revents != 0 && log_has_room() && !serve(*at);
      at = ended ? connections_.erase(at) : std::next(at);
    }
    answer_all();
    if (polled[0].revents != 0 && !read_channel()) return;
  }
}

bool Registrar::read_channel() {
  for (;;) {
    const auto received = ipc::receive(channel_, &message_, 1);
    if (received == ipc::Receive::kEmpty) return true;
    wire::ToRegistrar said;
    if (received != ipc::Receive::kMessage || !ipc::decode(message_.bytes(), &said)) return false;
    if (message_.fds[0].valid()) welcome(std::move(message_.fds[0]), said.caller().pid());
  }
}

bool Registrar::may_call(int fd, std::uint32_t uid) const {
  if (uid == 0) return true;
  if (!group_) return false;
  std::vector<gid_t> groups(kMaxGroups);
  socklen_t length = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
  if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &length) != 0) return false;
  groups.resize(length / sizeof(gid_t));
  return std::find(groups.begin(), groups.end(), *group_) != groups.end();
}

void Registrar::welcome(UniqueFd fd, int pid) {
  ucred peer{};
  socklen_t length = sizeof peer;
  if (getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return;
  const bool member = (group_ && peer.gid == *group_) || may_call(fd.get(), peer.uid);
  if (connections_.size() >= kMaxConnections) connections_.pop_front();
  connections_.push_back({std::move(fd), peer.uid, pid, member, {}});
}

// Whoever may not call can't fill the log either.
void Registrar::refuse_stranger(const Connection& connection) {
  send(connection.fd.get(), error_reply("only root and members of the group that gatehoused was "
                                        "given with --control-group may ask"));
  ++strangers_;
  const std::int64_t now = now_ms();
  if (now - strangers_said_ms_ < kStrangersEvery_ms) return;
  log_.write(ipc::Level::kWarning, caller_text(connection) + " may not call: refused, " +
                                       std::to_string(strangers_) +
                                       " such calls since the last line about them");
  strangers_ = 0;
  strangers_said_ms_ = now;
}

std::string Registrar::caller_text(const Connection& connection) {
  return "uid " + std::to_string(connection.uid) + " pid " + std::to_string(connection.pid);
}

bool Registrar::serve(Connection& connection) {
  std::array<char, ipc::kMaxMessage + 1> buffer;
  const ssize_t n = ::read(connection.fd.get(), buffer.data(), buffer.size());
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  if (n <= 0) return false;
  if (!connection.may_call) {
    refuse_stranger(connection);
    return false;
  }
  const std::string_view octets(buffer.data(), static_cast<std::size_t>(n));
  wire::ClientsRequest request;
  if (octets.size() <= ipc::kMaxMessage && ipc::decode(octets, &request) &&
      ipc::all_known(request.put(), request.remove(), request.list())) {
    connection.done = handle(request, connection.uid, now_ms(), &registry_);
    return true;
  }
  Outcome outcome;
  outcome.what = "a malformed call";
  outcome.reply = error_reply("the call can't be read");
  audit(connection, outcome);
  send(connection.fd.get(), outcome.reply);
  return false;
}

void Registrar::answer_all() {
  const auto waits = [](const Connection& one) { return one.done.has_value(); };
  if (std::none_of(connections_.begin(), connections_.end(), waits)) return;
  const auto resets = [](const Connection& one) { return one.done && one.done->resets; };
  if (std::any_of(connections_.begin(), connections_.end(), resets)) {
    wire::FromRegistrar message;
    message.mutable_connections_end();
    say(message);
  }
  const Status synced = registry_.sync();
  for (Connection& connection : connections_) {
    if (!connection.done) continue;
    Outcome& outcome = *connection.done;
    if (outcome.changed && !synced) {
      outcome.reply =
          error_reply("it is in force, but will not outlive a restart: " + synced.error().what);
    }
    audit(connection, outcome);
    send(connection.fd.get(), outcome.reply);
    connection.done.reset();
  }
  if (const Status shorter = registry_.shorten(); !shorter) {
    log_.write(ipc::Level::kWarning, "the journal can't be shortened: " + shorter.error().what);
  }
}

void Registrar::audit(const Connection& connection, const Outcome& outcome) {
  const bool refused = outcome.reply.has_error();
  std::string text = caller_text(connection) + " " + outcome.what;
  if (refused) text += ": refused: " + outcome.reply.error().text();
  if (outcome.reply.has_done()) {
    text += ": done, number " + std::to_string(outcome.reply.done().number());
  }
  log_.write(refused ? ipc::Level::kWarning : ipc::Level::kInfo, text);
}

}  // namespace gatehouse::registrar
