// SPDX-License-Identifier: Apache-2.0
#include "worker/http/refusal.h"

#include <array>

#include "base/check.h"

namespace gatehouse::worker::http {
namespace {

struct Row {
  Refusal refusal;
  RefusalText text;
};

constexpr std::size_t kRows = static_cast<std::size_t>(Refusal::kCount);

// In the order of the enum, which is checked below.
constexpr std::array<Row, kRows> kTable = {{
    {Refusal::kNone, {"none", 200, "Nothing is wrong."}},
    {Refusal::kNotHttp, {"not-http", 400, "The data is not an HTTP message."}},
    {Refusal::kBadMethod, {"bad-method", 400, "The method is not a token followed by one space."}},
    {Refusal::kMethodTooLong, {"method-too-long", 501, "The method is longer than any known one."}},
    {Refusal::kBadTarget,
     {"bad-target", 400, "The request target is malformed or of a form that is not valid here."}},
    {Refusal::kStartLineTooLong, {"start-line-too-long", 414, "The first line is too long."}},
    {Refusal::kBadVersion,
     {"bad-version", 400, "The first line does not end with an HTTP version."}},
    {Refusal::kVersionNotSupported,
     {"version-not-supported", 505, "Only HTTP/1.1 and HTTP/1.0 are supported."}},
    {Refusal::kBadStatusLine, {"bad-status-line", 400, "The status line is malformed."}},
    {Refusal::kBadLineEnd,
     {"bad-line-end", 400, "A line does not end with a carriage return and a line feed."}},
    {Refusal::kEmptyLines,
     {"empty-lines", 400, "There is more than one empty line before the request."}},
    {Refusal::kBadFieldName,
     {"bad-field-name", 400, "A header field line does not begin with a name and a colon."}},
    {Refusal::kSpaceBeforeColon,
     {"space-before-colon", 400, "There is whitespace between a header field name and its colon."}},
    {Refusal::kBadFieldValue,
     {"bad-field-value", 400, "A header field value holds a control character."}},
    {Refusal::kFolding, {"folding", 400, "A header field line begins with whitespace."}},
    {Refusal::kFieldTooLong, {"field-too-long", 431, "A header field line is too long."}},
    {Refusal::kHeadTooLong, {"head-too-long", 431, "The header section is too long."}},
    {Refusal::kTooManyFields, {"too-many-fields", 431, "There are too many header fields."}},
    {Refusal::kNoHost, {"no-host", 400, "The Host header field is missing."}},
    {Refusal::kManyHosts, {"many-hosts", 400, "There is more than one Host header field."}},
    {Refusal::kBadHost,
     {"bad-host", 400, "The Host header field is not a host with an optional port."}},
    {Refusal::kHostMismatch,
     {"host-mismatch", 400, "The Host header field differs from the host in the target."}},
    {Refusal::kUserinfo, {"userinfo", 400, "The target holds a user name or password."}},
    {Refusal::kWrongScheme,
     {"wrong-scheme", 421, "The target asks for https on a connection without TLS."}},
    {Refusal::kWrongDestination,
     {"wrong-destination", 421,
      "The Host header field names another address than the one connected to."}},
    {Refusal::kMethodNotAllowed,
     {"method-not-allowed", 405, "The method is not allowed on this connection."}},
    {Refusal::kFramingConflict,
     {"framing-conflict", 400, "Both Content-Length and Transfer-Encoding are present."}},
    {Refusal::kBadContentLength,
     {"bad-content-length", 400, "The Content-Length header field is not a number in range."}},
    {Refusal::kManyContentLengths,
     {"many-content-lengths", 400, "There is more than one Content-Length header field."}},
    {Refusal::kBadTransferEncoding,
     {"bad-transfer-encoding", 400,
      "The Transfer-Encoding header field is malformed or does not end with chunked."}},
    {Refusal::kCodingNotUnderstood,
     {"coding-not-understood", 501, "Of the transfer codings only chunked is supported."}},
    {Refusal::kTransferEncodingVersion,
     {"transfer-encoding-version", 400, "Transfer-Encoding is not valid in HTTP/1.0."}},
    {Refusal::kLengthRequired,
     {"length-required", 411, "The request needs a Content-Length header field."}},
    {Refusal::kBodyTooLong, {"body-too-long", 413, "The content is longer than allowed."}},
    {Refusal::kUnderscore,
     {"underscore", 400, "A header field about framing is written with an underscore."}},
    {Refusal::kBadConnection,
     {"bad-connection", 400,
      "The Connection header field is malformed or names a field that must not be removed."}},
    {Refusal::kUpgradeWithContent,
     {"upgrade-with-content", 400, "A request to switch protocols must have no content."}},
    {Refusal::kContentNotAllowed,
     {"content-not-allowed", 400, "A request with this method must have no content."}},
    {Refusal::kLoop, {"loop", 508, "The request has already passed this gateway."}},
    {Refusal::kBadExpectation,
     {"bad-expectation", 417, "The only expectation supported is 100-continue."}},
    {Refusal::kBadMaxForwards,
     {"bad-max-forwards", 400, "The Max-Forwards header field is not one number."}},
    {Refusal::kUnaskedSwitch,
     {"unasked-switch", 400, "A switch of protocols was announced that nobody asked for."}},
    {Refusal::kInterimFlood,
     {"interim-flood", 400, "There are too many interim responses before the final one."}},
    {Refusal::kBadChunk, {"bad-chunk", 400, "The chunked content is malformed."}},
    {Refusal::kExtensionTooLong,
     {"extension-too-long", 400, "The extensions of the chunked content are too long."}},
    {Refusal::kBadTrailer, {"bad-trailer", 400, "The trailer section is malformed."}},
    {Refusal::kTrailersTooLong, {"trailers-too-long", 431, "The trailer section is too long."}},
    {Refusal::kHeadTimeout, {"head-timeout", 408, "The request did not arrive in time."}},
    {Refusal::kBodyTimeout, {"body-timeout", 408, "The content did not arrive in time."}},
    {Refusal::kBodySlow, {"body-slow", 408, "The content arrived too slowly."}},
    {Refusal::kConnectFailed, {"connect-failed", 502, "The server could not be reached."}},
    {Refusal::kConnectTimeout,
     {"connect-timeout", 504, "The server did not accept the connection in time."}},
    {Refusal::kUpstreamClosed,
     {"upstream-closed", 502, "The server closed the connection before it answered."}},
    {Refusal::kUpstreamReset,
     {"upstream-reset", 502, "The server reset the connection before it answered."}},
    {Refusal::kResponseTimeout, {"response-timeout", 504, "The server did not answer in time."}},
    {Refusal::kUpstreamSlow,
     {"upstream-slow", 504, "The server took the content of the request too slowly."}},
    {Refusal::kNameUnresolved,
     {"name-unresolved", 502, "The name of the server could not be resolved."}},
    {Refusal::kDestinationForbidden,
     {"destination-forbidden", 403, "Connections to this address are not allowed."}},
    {Refusal::kPrivateForbidden,
     {"private-forbidden", 403, "Connections to private addresses are not allowed."}},
    {Refusal::kPortForbidden, {"port-forbidden", 403, "Connections to this port are not allowed."}},
    {Refusal::kHostUnverified,
     {"host-unverified", 421,
      "The Host header field names a server that is not known at the address connected to."}},
    {Refusal::kClientForbidden,
     {"client-forbidden", 403, "Connections from this address are not allowed."}},
    {Refusal::kQuota, {"quota", 503, "Too many connections were asked for in a short time."}},
    {Refusal::kPolicy, {"policy", 403, "The policy of this gateway does not allow this request."}},
    {Refusal::kPolicyFloor,
     {"policy-floor", 403, "The policy of this gateway allows no connection to this server."}},
    {Refusal::kLimit,
     {"limit", 429, "Too many requests were sent in a short time; try again later."}},
    {Refusal::kOverload, {"overload", 503, "The gateway is busy; try again later."}},
    {Refusal::kDraining, {"draining", 503, "The gateway is being stopped."}},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kRows; ++i) {
    if (static_cast<std::size_t>(kTable[i].refusal) != i) return false;
  }
  return true;
}
static_assert(in_order());

}  // namespace

const RefusalText& refusal_text(Refusal refusal) {
  const auto row = static_cast<std::size_t>(refusal);
  CHECK(row < kRows);
  return kTable[row].text;
}

std::uint16_t refusal_status(Refusal refusal, MessageKind kind) {
  const RefusalText& text = refusal_text(refusal);
  const bool message_fault = refusal > Refusal::kNone && refusal < Refusal::kHeadTimeout;
  return kind == MessageKind::kResponse && message_fault ? 502 : text.status;
}

}  // namespace gatehouse::worker::http
