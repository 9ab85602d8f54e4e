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
// What the client would like to be answered in, should it get a page; not of the record.
void note_accept(Exchange& exchange, const http::Head& head);
// The authority that the request is for, when it passed the rules.
void note_host(Exchange& exchange, std::string_view host);
// The end. sent: octets sent to the client so far on its connection.
void note_end(Exchange& exchange, wire::Ending ending, std::string_view reason,
              std::uint64_t client_sent, std::uint64_t now_us);

}  // namespace gatehouse::worker
