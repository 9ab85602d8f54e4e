// SPDX-License-Identifier: Apache-2.0
// Moves the content of one direction from source to sink, until one of them has enough.
#pragma once

#include "worker/body_flow.h"
#include "worker/connection.h"

namespace gatehouse::worker {

struct Workspace;

enum class Relay : std::uint8_t {
  kBlocked,       // nothing can be moved now: an event of source or sink will tell
  kYield,         // the share of this turn is used up
  kDone,          // the body has ended; its last octets may still be in sink.out
  kSourceEnded,   // the source ended in the middle of the body
  kSourceFailed,  // the source is broken
  kSinkFailed,    // the sink is broken
  kMalformed,     // flow.refusal() says why; everything before it has been sent
};

struct RelayResult {
  Relay outcome;
  bool moved;  // at least one octet went on
};

RelayResult relay(Workspace& workspace, Connection& source, Connection& sink, BodyFlow& flow);

// Gives the flow's pipe back, with what is in it: the flow is given up.
void abandon(Workspace& workspace, BodyFlow& flow);

// Sends what has been received already of the body, behind the parts given (a head). False: the
// sink is broken. input: the octets, in source.in or (from_scratch) in scratch; what can't be sent
// on stays in source.in.
bool send_with_body(Workspace& workspace, Connection& source, Connection& sink, BodyFlow& flow,
                    Parts& parts, std::string_view input, bool from_scratch);

}  // namespace gatehouse::worker
