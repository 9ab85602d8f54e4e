// SPDX-License-Identifier: Apache-2.0
#include "worker/workspace.h"

namespace gatehouse::worker {
namespace {

http::HeadLimits head_limits_of(const wire::ConfigLimits& limits) {
  http::HeadLimits result;
  result.start_line = limits.request_line();
  result.field_line = limits.field_line();
  result.head = limits.head();
  result.fields = limits.fields();
  return result;
}

}  // namespace

Workspace::Workspace(const wire::Config& settings, Poller* p, ParentClient* up, LogPipe* l,
                     PipePool* pp, MetricsPage* m, SessionOwner* o)
    : config(settings),
      head_limits(head_limits_of(settings.limits())),
      via_in_requests(settings.via() == wire::VIA_OFF ? "" : settings.via_pseudonym()),
      via_in_responses(settings.via() == wire::VIA_BOTH ? settings.via_pseudonym() : ""),
      logging(settings.log().target() != wire::ConfigLog::OFF),
      poller(p),
      parent(up),
      log(l),
      pipes(pp),
      metrics(m),
      owner(o),
      wheel(clock.now_ms()),
      request_parser(http::MessageKind::kRequest, head_limits),
      response_parser(http::MessageKind::kResponse, http::response_limits(head_limits)),
      scratch(std::make_unique<std::array<char, kScratch>>()),
      head(std::make_unique<std::array<char, kHeadSpace>>()) {}

}  // namespace gatehouse::worker
