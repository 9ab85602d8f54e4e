// SPDX-License-Identifier: Apache-2.0
#include "worker/parent_client.h"

#include <algorithm>
#include <utility>

#include "ipc/codec.h"

namespace gatehouse::worker {

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
  (request.kind == Kind::kReset ? resets_ : others_).push_back(request);
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
  return ask({.kind = Kind::kResolve, .client = client, .name = name, .asker = asker});
}

Ticket ParentClient::reset(int client, ResetAnswer* asker) {
  return ask({.kind = Kind::kReset, .client = client, .resetter = asker});
}

void ParentClient::cancel(Ticket ticket) {
  if (ticket == 0) return;
  for (Request& entry : table_) {
    if (entry.ticket == ticket) {
      entry.asker = nullptr;
      entry.resetter = nullptr;
      return;
    }
  }
  // What was never sent leaves the queue, which is so bounded by the number of sessions.
  for (auto* queue : {&resets_, &others_}) {
    std::erase_if(*queue, [&](const Request& request) { return request.ticket == ticket; });
  }
}

bool ParentClient::has_left(Ticket ticket) const {
  return std::any_of(table_.begin(), table_.end(),
                     [&](const Request& entry) { return entry.ticket == ticket; });
}

bool ParentClient::send_request(const Request& request) {
  outgoing_.Clear();
  outgoing_.set_id(request.ticket);
  switch (request.kind) {
    case Kind::kConnect:
      outgoing_.mutable_connect()->mutable_client_destination();
      break;
    case Kind::kConnectGranted: {
      auto* grant = outgoing_.mutable_connect()->mutable_forward_grant();
      grant->set_grant(request.number);
      grant->set_port(request.port);
      break;
    }
    case Kind::kConnectServer:
      outgoing_.mutable_connect()->mutable_configured_endpoint()->set_id(
          static_cast<std::uint32_t>(request.number));
      break;
    case Kind::kResolve:
      outgoing_.mutable_resolve()->set_name(request.name.data(), request.name.size());
      break;
    case Kind::kReset:
      outgoing_.mutable_reset();
      break;
  }
  switch (ipc::send_message(channel_.get(), outgoing_, {&request.client, 1})) {
    case ipc::Send::kSent:
      return true;
    case ipc::Send::kFull:
    case ipc::Send::kExhausted:
      return false;  // tried again every turn; a waiting session's timer makes sure of one
    case ipc::Send::kClosed:
      gone_ = true;
      return false;
  }
  return false;
}

void ParentClient::flush() {
  send_queue(resets_, kMaxOutstanding);
  send_queue(others_, kMaxOutstanding - kForResets);
  if (std::exchange(gone_, false)) orders_->on_parent_gone();
}

void ParentClient::send_queue(std::deque<Request>& queue, std::size_t limit) {
  while (!queue.empty() && !gone_ && outstanding_ < limit && send_request(queue.front())) {
    Request* entry = table_.data();
    while (entry->ticket != 0) ++entry;
    *entry = queue.front();
    ++outstanding_;
    queue.pop_front();
  }
}

void ParentClient::on_events(unsigned, Events events) {
  if (events.readable) read_answers();
}

void ParentClient::read_answers() {
  for (;;) {
    switch (ipc::receive(channel_.get(), &message_, 1)) {
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
  const bool needs_fd = incoming_.has_arm() || incoming_.has_connected();
  if (message->fd_count != (needs_fd ? 1 : 0)) return false;
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
    case wire::ToWorker::kConnected:
    case wire::ToWorker::kRefused:
    case wire::ToWorker::kFailed:
    case wire::ToWorker::kResetDone:
    case wire::ToWorker::kResolved:
    case wire::ToWorker::kVerified:
      return answer(message);
    case wire::ToWorker::BODY_NOT_SET:
      break;
  }
  return false;
}

// Is the incoming answer one to such a request?
bool ParentClient::answers(Kind kind) const {
  switch (kind) {
    case Kind::kConnect:
    case Kind::kConnectGranted:
    case Kind::kConnectServer:
      return incoming_.has_connected() || incoming_.has_failed() || incoming_.has_refused();
    case Kind::kResolve:
      return incoming_.has_resolved() || incoming_.has_verified() || incoming_.has_refused();
    case Kind::kReset:
      return incoming_.has_reset_done();
  }
  return false;
}

bool ParentClient::answer(ipc::Message* message) {
  const auto entry = std::find_if(table_.begin(), table_.end(), [&](const Request& candidate) {
    return candidate.ticket != 0 && candidate.ticket == incoming_.id();
  });
  if (entry == table_.end() || !answers(entry->kind)) return false;
  const Request request = std::exchange(*entry, Request{});
  --outstanding_;
  if (request.resetter != nullptr) request.resetter->on_reset_done();
  if (request.asker == nullptr) return true;
  if (incoming_.has_connected()) {
    request.asker->on_connected(request.ticket, std::move(message->fds[0]));
  } else if (incoming_.has_failed()) {
    request.asker->on_connect_failed(request.ticket, incoming_.failed().error());
  } else if (incoming_.has_refused()) {
    request.asker->on_refused(request.ticket, incoming_.refused().reason());
  } else if (incoming_.has_resolved()) {
    request.asker->on_resolved(incoming_.resolved());
  } else {
    request.asker->on_verified(incoming_.verified().result());
  }
  return true;
}

}  // namespace gatehouse::worker
