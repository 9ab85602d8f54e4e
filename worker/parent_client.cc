// SPDX-License-Identifier: Apache-2.0
#include "worker/parent_client.h"

#include <algorithm>
#include <array>
#include <utility>

#include "ipc/codec.h"

namespace gatehouse::worker {
namespace {

constexpr std::size_t kMostPerRequest = 48;  // octets on the wire, its name apart
// One more than a name can have (RFC 1035 2.3.4): a longer one is refused by the parent all the
// same.
constexpr std::size_t kMostOfName = 254;

}  // namespace

void ParentClient::encode(const Request& request, wire::Request* message) {
  message->set_id(request.ticket);
  switch (request.kind) {
    case Kind::kConnect:
      message->mutable_connect()->mutable_client_destination();
      break;
    case Kind::kConnectGranted: {
      auto* grant = message->mutable_connect()->mutable_forward_grant();
      grant->set_grant(request.number);
      grant->set_port(request.port);
      break;
    }
    case Kind::kConnectServer:
      message->mutable_connect()->mutable_configured_endpoint()->set_id(
          static_cast<std::uint32_t>(request.number));
      break;
    case Kind::kResolve:
      message->mutable_resolve()->set_name(request.name.data(), request.name.size());
      break;
  }
}

// Is it an answer to such a request?
bool ParentClient::answers(Kind kind, const wire::Reply& answer) {
  switch (kind) {
    case Kind::kConnect:
    case Kind::kConnectGranted:
    case Kind::kConnectServer:
      return answer.has_connected() || answer.has_failed() || answer.has_refused();
    case Kind::kResolve:
      return answer.has_resolved() || answer.has_verified() || answer.has_refused();
  }
  return false;
}

ParentClient::ParentClient(UniqueFd channel, Poller* poller, ParentOrders* orders)
    : channel_(std::move(channel)), poller_(poller), orders_(orders) {
  slot_ = poller_->add(channel_.get(), Poller::Interest::kMessages, this, 0);
}

void ParentClient::say_ready() {
  outgoing_.Clear();
  outgoing_.mutable_ready();
  if (ipc::send_message(channel_.get(), outgoing_) != ipc::Send::kSent) gone_ = true;
}

void ParentClient::say_drained() {
  outgoing_.Clear();
  outgoing_.mutable_drained();
  // The worker exits after it; where it can't be sent, the parent sees the end of the channel.
  (void)ipc::send_message(channel_.get(), outgoing_);
}

Ticket ParentClient::ask(Request request) {
  request.ticket = ++counter_;
  queue_.push_back(request);
  return request.ticket;
}

Ticket ParentClient::connect(int client, ParentAnswer* asker) {
  return ask({.kind = Kind::kConnect, .client = client, .asker = asker});
}

Ticket ParentClient::connect_granted(int client, std::uint64_t grant, std::uint16_t port,
                                     ParentAnswer* asker) {
  return ask({.kind = Kind::kConnectGranted,
              .port = port,
              .client = client,
              .number = grant,
              .asker = asker});
}

Ticket ParentClient::connect_server(int client, std::uint32_t id, ParentAnswer* asker) {
  return ask({.kind = Kind::kConnectServer, .client = client, .number = id, .asker = asker});
}

Ticket ParentClient::resolve(int client, std::string_view name, ParentAnswer* asker) {
  return ask({.kind = Kind::kResolve,
              .client = client,
              .name = name.substr(0, kMostOfName),
              .asker = asker});
}

void ParentClient::cancel(Ticket ticket) {
  if (ticket == 0) return;
  for (Request& entry : table_) {
    if (entry.ticket == ticket) {
      entry.asker = nullptr;
      return;
    }
  }
  // What was never sent leaves the queue, which is so bounded by the number of sessions.
  std::erase_if(queue_, [&](const Request& request) { return request.ticket == ticket; });
}

bool ParentClient::has_left(Ticket ticket) const {
  return std::any_of(table_.begin(), table_.end(),
                     [&](const Request& entry) { return entry.ticket == ticket; });
}

void ParentClient::flush() {
  while (send_batch()) {
  }
  if (std::exchange(gone_, false)) orders_->on_parent_gone();
}

bool ParentClient::send_batch() {
  const std::size_t count = std::min({queue_.size(), kMaxOutstanding - outstanding_, ipc::kMaxFds});
  if (gone_ || count == 0) return false;
  std::array<int, ipc::kMaxFds> evidence;
  outgoing_.Clear();
  auto& requests = *outgoing_.mutable_requests();
  std::size_t octets = 0;
  std::size_t taken = 0;
  for (; taken < count; ++taken) {
    const Request& request = queue_[taken];
    octets += kMostPerRequest + request.name.size();
    if (octets > ipc::kMaxMessage) break;
    evidence[taken] = request.client;
    encode(request, requests.add_requests());
  }
  switch (ipc::send_message(channel_.get(), outgoing_, {evidence.data(), taken})) {
    case ipc::Send::kSent:
      break;
    case ipc::Send::kFull:
    case ipc::Send::kExhausted:
      return false;  // tried again every turn; a waiting session's timer makes sure of one
    case ipc::Send::kClosed:
      gone_ = true;
      return false;
  }
  Request* entry = table_.data();
  for (; taken != 0; --taken) {
    while (entry->ticket != 0) ++entry;
    *entry = queue_.front();
    ++outstanding_;
    queue_.pop_front();
  }
  return true;
}

void ParentClient::on_events(unsigned, Events events) {
  if (events.readable) read_answers();
}

void ParentClient::read_answers() {
  for (;;) {
    switch (ipc::receive(channel_.get(), &message_, ipc::kMaxFds)) {
      case ipc::Receive::kMessage:
        if (handle(&message_)) break;
        [[fallthrough]];
      case ipc::Receive::kClosed:
      case ipc::Receive::kViolation:
        orders_->on_parent_gone();
        return;
      case ipc::Receive::kEmpty:
        return;
    }
  }
}

bool ParentClient::handle(ipc::Message* message) {
  if (!ipc::decode(message->bytes(), &incoming_)) return false;
  if (incoming_.has_replies()) return handle_answers(message);
  if (message->fd_count != (incoming_.has_arm() ? 1 : incoming_.has_new_policy() ? 2 : 0)) {
    return false;
  }
  switch (incoming_.body_case()) {
    case wire::ToWorker::kArm:
      orders_->on_arm(incoming_.arm().listener(), incoming_.arm().service(),
                      std::move(message->fds[0]));
      return true;
    case wire::ToWorker::kDisarm:
      orders_->on_disarm(incoming_.disarm().listener());
      return true;
    case wire::ToWorker::kDrain:
      orders_->on_drain(incoming_.drain().within_ms(), incoming_.drain().keep_idle());
      return true;
    case wire::ToWorker::kNewPolicy:
      orders_->on_new_policy(std::move(message->fds[0]), std::move(message->fds[1]));
      return true;
    case wire::ToWorker::kEndConnections:
      return true;  // to be awake is enough: the worker looks in every turn
    default:
      return false;
  }
}

bool ParentClient::handle_answers(ipc::Message* message) {
  std::size_t used = 0;
  for (const wire::Reply& each : incoming_.replies().replies()) {
    UniqueFd socket;
    if (each.has_connected()) {
      if (used == message->fd_count) return false;
      socket = std::move(message->fds[used++]);
    }
    if (!answer(each, std::move(socket))) return false;
  }
  return used == message->fd_count;
}

bool ParentClient::answer(const wire::Reply& answer, UniqueFd socket) {
  const auto entry = std::find_if(table_.begin(), table_.end(), [&](const Request& candidate) {
    return candidate.ticket != 0 && candidate.ticket == answer.id();
  });
  if (entry == table_.end() || !answers(entry->kind, answer)) return false;
  const Request request = std::exchange(*entry, Request{});
  --outstanding_;
  if (request.asker == nullptr) return true;
  if (answer.has_connected()) {
    request.asker->on_connected(request.ticket, std::move(socket));
  } else if (answer.has_failed()) {
    request.asker->on_connect_failed(request.ticket, answer.failed().error());
  } else if (answer.has_refused()) {
    request.asker->on_refused(request.ticket, answer.refused().reason());
  } else if (answer.has_resolved()) {
    request.asker->on_resolved(answer.resolved());
  } else {
    request.asker->on_verified(answer.verified().result());
  }
  return true;
}

}  // namespace gatehouse::worker
