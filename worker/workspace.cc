// SPDX-License-Identifier: Apache-2.0
#include "worker/workspace.h"

#include "base/check.h"
#include "worker/policy_hook.h"

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

http::Mode http_mode(wire::ConfigMode mode) {
  switch (mode) {
    case wire::FORWARD:
      return http::Mode::kForward;
    case wire::REVERSE:
      return http::Mode::kReverse;
    default:
      return http::Mode::kTransparent;
  }
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
      error_template(settings.error_template()),
      sources(settings.limits().connections_per_source(), settings.limits().connections(),
              random_seed()),
      references(random_seed()),
      wheel(clock.now_ms()),
      host_checks(up, l),
      request_parser(http::MessageKind::kRequest, head_limits),
      response_parser(http::MessageKind::kResponse, http::response_limits(head_limits)),
      scratch(std::make_unique<std::array<char, kScratch>>()),
      head(std::make_unique<std::array<char, kHeadSpace>>()) {
  for (const wire::ConfigUpstream& upstream : config.upstreams()) {
    groups.push_back(std::make_unique<UpstreamGroup>(upstream, log));
  }
  for (const wire::ConfigListener& listener : config.listeners()) {
    Service service;
    service.listener = &listener;
    service.mode = listener.mode();
    service.request.mode = http_mode(listener.mode());
    service.request.body_limit = config.limits().body();
    service.request.via_pseudonym = via_in_requests;
    if (service.mode == wire::TRANSPARENT) service.host_check = config.host_check();
    if (service.mode == wire::REVERSE) {
      CHECK(listener.upstream() < groups.size());  // the loader's word, checked by the parent
      service.group = groups[listener.upstream()].get();
    }
    service.tunnel_not_http = service.mode == wire::TRANSPARENT && listener.tunnel_not_http();
    for (const wire::ConfigNetwork& peer : listener.proxy_from()) {
      const auto address = address_from_bytes(peer.address());
      if (address) service.proxy_from.push_back({*address, peer.prefix()});
    }
    services.push_back(std::move(service));
  }
}

Workspace::~Workspace() = default;

UpstreamGroup* Workspace::group_named(std::string_view name) const {
  for (const auto& group : groups) {
    if (group->config().name() == name) return group.get();
  }
  CHECK(false);  // looked at when the policy was taken
  return nullptr;
}

}  // namespace gatehouse::worker
