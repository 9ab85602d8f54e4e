// SPDX-License-Identifier: Apache-2.0
#include "worker/parent_client.h"

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

ParentClient::Ticket ParentClient::ask(Kind kind, int client, ParentAnswer* asker) {
  const Ticket ticket = ++counter_;
  queue_[kind].push_back(Request{ticket, client, asker, kind});
  return ticket;
}

ParentClient::Ticket ParentClient::connect(int client, ParentAnswer* asker) {
  return ask(kConnect, client, asker);
}

ParentClient::Ticket ParentClient::reset(int client, ParentAnswer* asker) {
  return ask(kReset, client, asker);
}

void ParentClient::cancel(Ticket ticket) {
  for (Outstanding& entry : table_) {
    if (entry.ticket == ticket) {
      entry.asker = nullptr;
      return;
    }
  }
  // What was never sent leaves the queue, which is so bounded by the number of sessions.
  for (auto& queue : queue_) {
    std::erase_if(queue, [&](const Request& request) { return request.ticket == ticket; });
  }
}

bool ParentClient::send_request(const Request& request) {
  outgoing_.Clear();
  outgoing_.set_id(request.ticket);
  if (request.kind == kConnect) {
    outgoing_.mutable_connect()->mutable_client_destination();
  } else {
    outgoing_.mutable_reset();
  }
  switch (ipc::send_message(channel_.get(), outgoing_, {&request.client, 1})) {
    case ipc::Send::kSent:
      return true;
    case ipc::Send::kFull:
      return false;  // tried again every turn; a waiting session's timer makes sure of one
    case ipc::Send::kClosed:
      gone_ = true;
      return false;
  }
  return false;
}

void ParentClient::flush() {
  for (const Kind kind : {kReset, kConnect}) {
    auto& queue = queue_[kind];
    while (!queue.empty() && !gone_) {
      const Request request = queue.front();
      if (sent_[kind] == kMaxOutstanding || !send_request(request)) break;
      Outstanding* entry = table_.data();
      while (entry->ticket != 0) ++entry;
      *entry = Outstanding{request.ticket, request.asker, kind};
      ++sent_[kind];
      queue.pop_front();
    }
  }
  if (std::exchange(gone_, false)) orders_->on_parent_gone();
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
      return answer(message);
    default:  // nothing, or the answer to a question that this worker never asks
      return false;
  }
}

bool ParentClient::answer(ipc::Message* message) {
  Outstanding* entry = nullptr;
  for (Outstanding& candidate : table_) {
    if (candidate.ticket != 0 && candidate.ticket == incoming_.id()) entry = &candidate;
  }
  if (entry == nullptr || (entry->kind == kReset) != incoming_.has_reset_done()) return false;
  ParentAnswer* asker = entry->asker;
  --sent_[entry->kind];
  *entry = Outstanding{};
  if (asker == nullptr) return true;
  if (incoming_.has_connected()) {
    asker->on_connected(std::move(message->fds[0]));
  } else if (incoming_.has_refused()) {
    asker->on_refused(incoming_.refused().reason());
  } else if (incoming_.has_failed()) {
    asker->on_connect_failed(incoming_.failed().error());
  } else {
    asker->on_reset_done();
  }
  return true;
}

}  // namespace gatehouse::worker
