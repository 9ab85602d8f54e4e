// SPDX-License-Identifier: Apache-2.0
#include "worker/host_check.h"

#include <utility>

#include "worker/http/scan.h"

namespace gatehouse::worker {

HostCheck::HostCheck(HostChecks* owner, int client, std::string_view name)
    : owner_(owner), name_(name) {
  ticket_ = owner_->parent_->resolve(client, name_, this);
}

HostCheck::~HostCheck() { owner_->parent_->cancel(ticket_); }

bool HostCheck::is_about(std::string_view name) const {
  return http::equals_ignoring_case(name, name_);
}

void HostCheck::write(wire::AccessRecord& record) {
  if (pending() && owner_->waiting_ < HostChecks::kMaxWaiting) {
    ++owner_->waiting_;
    waiting_.push_back(record);
    return;
  }
  record.set_host_check(pending() ? wire::AccessRecord::UNKNOWN : result_);
  owner_->log_->write(record);
}

void HostCheck::on_verified(wire::Verified::Result result) {
  switch (result) {
    case wire::Verified::MATCH:
      return settle(wire::AccessRecord::MATCH);
    case wire::Verified::MISMATCH:
      return settle(wire::AccessRecord::MISMATCH);
    default:
      return settle(wire::AccessRecord::UNKNOWN);
  }
}

void HostCheck::on_refused(Ticket, wire::Refused::Reason) { settle(wire::AccessRecord::UNKNOWN); }

// Only a parent that takes this listener for a forward one says so.
void HostCheck::on_resolved(const wire::Resolved&) { settle(wire::AccessRecord::UNKNOWN); }

void HostCheck::settle(Result result) {
  ticket_ = 0;
  result_ = result;
  for (wire::AccessRecord& record : waiting_) {
    record.set_host_check(result);
    owner_->log_->write(record);
  }
  owner_->waiting_ -= waiting_.size();
  waiting_.clear();
  if (HostCheckClient* const client = std::exchange(client_, nullptr); client != nullptr) {
    return client->on_host_checked();
  }
  if (left_) owner_->checks_.erase(self_);
}

HostCheck* HostChecks::begin(int client, std::string_view name) {
  checks_.emplace_back(this, client, name);
  checks_.back().self_ = std::prev(checks_.end());
  return &checks_.back();
}

void HostChecks::leave(HostCheck* check) {
  check->client_ = nullptr;
  check->left_ = true;
  if (!check->pending() || check->waiting_.empty()) {
    checks_.erase(check->self_);
  } else if (!parent_->has_left(check->ticket_)) {
    // The evidence will soon be closed.
    parent_->cancel(check->ticket_);
    check->settle(wire::AccessRecord::UNKNOWN);
  }
}

void HostChecks::settle_all() {
  for (auto check = checks_.begin(); check != checks_.end();) {
    HostCheck& current = *check++;
    if (!current.left_) continue;
    parent_->cancel(current.ticket_);
    current.settle(wire::AccessRecord::UNKNOWN);
  }
}

}  // namespace gatehouse::worker
