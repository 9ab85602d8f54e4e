// SPDX-License-Identifier: Apache-2.0
// Fills in the log record of an exchange, step by step.
#pragma once

#include <string_view>

#include "base/address.h"
#include "worker/exchange.h"
#include "worker/http/head.h"

namespace gatehouse::worker {

// Who and where, and the number of the exchange within this worker.
void note_connection(Exchange& exchange, const Endpoint& client, const Endpoint& destination,
                     std::uint64_t number);
// What the request head says, also one that was refused halfway. Long values are cut.
void note_request(Exchange& exchange, const http::Head& head, std::uint64_t now_us);
// The value of Accept, which note_request() takes as well: not for the record, but for the page
// that the client may get.
void note_accept(Exchange& exchange, std::string_view accept);
// The rule that has decided, and the others that matched.
void note_policy(Exchange& exchange, const PolicyVerdict& verdict);
// The same of rules about the response; one that denies takes the place of the one that allowed.
void note_response_policy(Exchange& exchange, const policy::ResponseDecision& decision);
// The rule of a limit that has refused the exchange or slows it down.
void note_limit(Exchange& exchange, std::string_view rule);
// The authority that the request is for, when it passed the rules.
void note_host(Exchange& exchange, std::string_view host);
// The end. sent: octets sent to the client so far on its connection.
void note_end(Exchange& exchange, wire::Ending ending, std::string_view reason,
              std::uint64_t client_sent, std::uint64_t now_us);

}  // namespace gatehouse::worker
