// SPDX-License-Identifier: Apache-2.0
#include "worker/http/request_target.h"

#include <algorithm>

#include "worker/http/scan.h"

namespace gatehouse::worker::http {
namespace {

Span span_of(const Head& head, std::string_view text) {
  return {static_cast<std::uint32_t>(text.data() - head.base),
          static_cast<std::uint32_t>(text.size())};
}

Refusal read_authority_form(const Head& head, std::string_view target, RequestPlan& plan,
                            std::optional<Authority>& authority) {
  plan.form = TargetForm::kAuthority;
  authority = parse_authority(target);
  if (!authority || authority->port == 0) return Refusal::kBadTarget;
  plan.authority = plan.path = span_of(head, target);
  return Refusal::kNone;
}

Refusal read_absolute_form(const Head& head, std::string_view target, RequestPlan& plan,
                           std::optional<Authority>& authority) {
  constexpr std::string_view kMark = "://";
  const std::size_t mark = target.find(kMark);
  if (mark == std::string_view::npos) return Refusal::kBadTarget;
  const std::string_view scheme = target.substr(0, mark);
  if (equals_ignoring_case(scheme, "https")) return Refusal::kWrongScheme;
  if (!equals_ignoring_case(scheme, "http")) return Refusal::kBadTarget;
  plan.form = TargetForm::kAbsolute;

  const std::string_view rest = target.substr(mark + kMark.size());
  const std::size_t authority_size = std::min(rest.find_first_of("/?"), rest.size());
  const std::string_view text = rest.substr(0, authority_size);
  if (text.find('@') != std::string_view::npos) return Refusal::kUserinfo;
  authority = parse_authority(text);
  if (!authority) return Refusal::kBadTarget;
  plan.authority = span_of(head, text);

  const std::string_view path = rest.substr(authority_size);
  plan.path = span_of(head, path);
  // RFC 9112 3.2.4: OPTIONS without path and query means the server as a whole.
  plan.asterisk = path.empty() && head.method == Method::kOptions;
  plan.path_prefix_slash = !plan.asterisk && !path.starts_with('/');
  return Refusal::kNone;
}

}  // namespace

Refusal read_target(const Head& head, Mode mode, RequestPlan& plan,
                    std::optional<Authority>& authority) {
  const std::string_view target = head.text(head.target);
  if (head.method == Method::kConnect) return read_authority_form(head, target, plan, authority);
  if (target.starts_with('/')) {
    plan.form = TargetForm::kOrigin;
    plan.path = head.target;
    // RFC 9112 3.2.2: a request to a forward proxy names its server in the target.
    return mode == Mode::kForward ? Refusal::kBadTarget : Refusal::kNone;
  }
  if (target == "*") {
    plan.form = TargetForm::kAsterisk;
    plan.path = head.target;
    return head.method == Method::kOptions ? Refusal::kNone : Refusal::kBadTarget;
  }
  return read_absolute_form(head, target, plan, authority);
}

}  // namespace gatehouse::worker::http
