// SPDX-License-Identifier: Apache-2.0
#include "worker/body_relay.h"

#include <algorithm>

#include "worker/workspace.h"

namespace gatehouse::worker {
namespace {

// Octets that one flow moves before other sessions get their turn.
constexpr std::uint64_t kShare = 2 * 1024 * 1024;

void give_pipe_back(Workspace& workspace, BodyFlow& flow) {
  workspace.pipes->give_back(flow.pipe());
  flow.set_pipe(nullptr);
}

// One filling or emptying of the flow's pipe. The pipe is kept only while there is something in
// it or more is coming.
Relay splice_step(Workspace& workspace, Connection& source, Connection& sink, BodyFlow& flow,
                  std::size_t* moved) {
  Pipe& pipe = *flow.pipe();
  if (pipe.filled == 0) {
    const Moved in =
        source.transport.readable()
            ? source.transport.splice_to_pipe(pipe.write_end.get(), flow.splice_size(pipe.capacity))
            : Moved{Moved::kBlocked};
    if (in.kind != Moved::kOctets) give_pipe_back(workspace, flow);
    if (in.kind == Moved::kBlocked) return Relay::kBlocked;
    if (in.kind == Moved::kFailed) return Relay::kSourceFailed;
    if (in.kind == Moved::kEnd) return flow.end_of_source() ? Relay::kDone : Relay::kSourceEnded;
    pipe.filled = in.n;
    flow.spliced(in.n);
  }
  if (!sink.transport.writable())
    return sink.transport.write_over() ? Relay::kSinkFailed : Relay::kBlocked;
  const Moved out = sink.transport.splice_from_pipe(pipe.read_end.get(), pipe.filled);
  if (out.kind == Moved::kFailed) return Relay::kSinkFailed;
  if (out.kind == Moved::kBlocked) return Relay::kBlocked;
  pipe.filled -= out.n;
  *moved = out.n;
  MetricsPage::add(workspace.metrics->spliced, out.n);
  if (pipe.filled == 0 && !flow.may_splice()) give_pipe_back(workspace, flow);
  return flow.done() ? Relay::kDone : Relay::kYield;
}

// One block from source.in or from the socket.
Relay copy_step(Workspace& workspace, Connection& source, Connection& sink, BodyFlow& flow,
                std::size_t* moved) {
  std::string_view input = source.in.view();
  const bool from_scratch = input.empty();
  if (from_scratch) {
    if (source.transport.read_over())
      return flow.end_of_source() ? Relay::kDone : Relay::kSourceEnded;
    if (!source.transport.readable()) return Relay::kBlocked;
    const Moved in = source.transport.read(workspace.scratch->data(), flow.window());
    if (in.kind == Moved::kBlocked) return Relay::kBlocked;
    if (in.kind == Moved::kFailed) return Relay::kSourceFailed;
    if (in.kind == Moved::kEnd) return flow.end_of_source() ? Relay::kDone : Relay::kSourceEnded;
    input = {workspace.scratch->data(), in.n};
  }
  *moved = input.size();
  const bool filled = input.size() >= flow.window();
  Parts& parts = workspace.fresh_parts();
  if (!send_with_body(workspace, source, sink, flow, parts, input, from_scratch)) {
    return Relay::kSinkFailed;
  }
  flow.adapt_window(sink.out.empty(), filled);
  if (flow.refusal() != http::Refusal::kNone) return Relay::kMalformed;
  return flow.done() ? Relay::kDone : Relay::kYield;
}

}  // namespace

bool send_with_body(Workspace& workspace, Connection& source, Connection& sink, BodyFlow& flow,
                    Parts& parts, std::string_view input, bool from_scratch) {
  std::size_t consumed = flow.take(input, &parts);
  bool sent = sink.send(workspace.blocks, parts, flow.ends_sink() && flow.done());
  while (sent && sink.out.empty() && consumed < input.size() && !flow.done()) {
    if (flow.refusal() != http::Refusal::kNone) break;
    parts.clear();
    const std::size_t n = flow.take(input.substr(consumed), &parts);
    if (n == 0) break;
    consumed += n;
    sent = sink.send(workspace.blocks, parts, flow.ends_sink() && flow.done());
  }
  if (from_scratch) {
    source.in.append(workspace.blocks, input.substr(consumed));
  } else {
    source.in.consume(consumed);
  }
  return sent;
}

RelayResult relay(Workspace& workspace, Connection& source, Connection& sink, BodyFlow& flow) {
  std::uint64_t total = 0;
  if (flow.refusal() != http::Refusal::kNone) return {Relay::kMalformed, false};
  while (!flow.done()) {
    if (!sink.out.empty()) return {Relay::kBlocked, total > 0};
    if (flow.pipe() == nullptr && source.in.empty() && flow.may_splice() &&
        source.transport.readable()) {
      flow.set_pipe(workspace.pipes->take());
    }
    std::size_t moved = 0;
    const Relay outcome = flow.pipe() != nullptr
                              ? splice_step(workspace, source, sink, flow, &moved)
                              : copy_step(workspace, source, sink, flow, &moved);
    total += moved;
    if (outcome != Relay::kYield) return {outcome, total > 0};
    if (total >= kShare) return {Relay::kYield, true};
  }
  return {Relay::kDone, total > 0};
}

void abandon(Workspace& workspace, BodyFlow& flow) {
  if (flow.pipe() != nullptr) give_pipe_back(workspace, flow);
}

}  // namespace gatehouse::worker
