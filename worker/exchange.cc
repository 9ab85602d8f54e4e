// SPDX-License-Identifier: Apache-2.0
#include "worker/exchange.h"

#include "base/check.h"

namespace gatehouse::worker {

void Exchange::reset() {
  CHECK(partial == nullptr && !finder.busy());
  facts = {};
  request.begin(http::Framing::kNone, http::Framing::kNone, 0, false, 0);
  response.begin(http::Framing::kNone, http::Framing::kNone, 0, false, 0);
  request_head.clear();
  unverified_head.clear();
  rule = limit = too_large = nullptr;
  later.clear();
  most = 0;
  policy_waits = false;
  interims = head_size = 0;
  head_known = request_head_sent = response_begun = responded = tunnel = false;
  upstream_used_before = retried = repeatable = host_checked = server_failed = upstream_keep =
      client_close = upstream_deaf = continued = continued_here = raw = false;
  started = connect_asked = request_sent = client_sent_before = 0;
  pace.body = Pace::kNone;
  pace.running = false;
  accept.clear();
  record.Clear();
}

Exchange* ExchangePool::take() {
  if (free_.empty()) return std::make_unique<Exchange>().release();
  Exchange* exchange = free_.back().release();
  free_.pop_back();
  return exchange;
}

void ExchangePool::give_back(Exchange* exchange) {
  std::unique_ptr<Exchange> owned(exchange);
  if (free_.size() == kKeep) return;
  owned->reset();
  free_.push_back(std::move(owned));
}

}  // namespace gatehouse::worker
