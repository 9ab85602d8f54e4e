// SPDX-License-Identifier: Apache-2.0
#include "tests/worker_http/play.h"

#include <algorithm>

#include "base/check.h"
#include "worker/http/chunk_decoder.h"
#include "worker/http/error_page.h"
#include "worker/http/head_writer.h"

namespace gatehouse::worker::http {
namespace {

constexpr std::uint32_t kInterimLimit = 16;

// Reads a body from the front of octets that keep arriving.
class Body {
 public:
  Body(Framing framing, std::uint64_t length, bool keep_trailers, Framing written)
      : framing_(framing), written_(written), left_(length), decoder_(keep_trailers) {}

  // Consumes from input, appends to out.
  void read(std::string_view& input, std::string& out) {
    if (framing_ == Framing::kUntilClose) {
      out.append(input);
      input = {};
    } else if (framing_ == Framing::kLength) {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
      out.append(input.substr(0, size));
      input.remove_prefix(size);
      left_ -= size;
    } else if (framing_ == Framing::kChunked) {
      read_chunks(input, out);
    }
  }

  bool done() const {
    if (framing_ == Framing::kLength) return left_ == 0;
    return framing_ == Framing::kNone || (framing_ == Framing::kChunked && decoder_.ended());
  }
  Refusal refusal() const { return decoder_.refusal(); }

 private:
  void read_chunks(std::string_view& input, std::string& out) {
    const bool rewrap = written_ == Framing::kChunked;
    while (!input.empty() && !decoder_.ended()) {
      const ChunkStep step = decoder_.decode(input);
      input.remove_prefix(step.consumed);
      if (step.status == ChunkStatus::kRefused) return;
      if (step.chunk_begins != 0 && rewrap) out.append(encode_chunk_size(step.chunk_begins).view());
      out.append(step.data);
      if (step.chunk_ends && rewrap) out.append(kChunkEnd);
      if (step.status == ChunkStatus::kEnd && rewrap) {
        out.append(kLastChunkLine).append(decoder_.trailers()).append(kChunkEnd);
      }
    }
  }

  Framing framing_;
  Framing written_;
  std::uint64_t left_;
  ChunkDecoder decoder_;
};

class RequestPlayer {
 public:
  explicit RequestPlayer(const PlaySettings& settings)
      : settings_(settings), parser_(MessageKind::kRequest, settings.limits) {}

  RequestRecord run(const Pieces& pieces) {
    for (const std::string_view piece : pieces) {
      if (closed_) {
        record_.unread += piece.size();
        continue;
      }
      // Elsewhere in memory each time, as in a relay.
      std::string grown = input_;
      grown.append(piece);
      input_.swap(grown);
      while (!closed_ && step()) {
      }
    }
    if (closed_) record_.unread += input_.size();
    return record_;
  }

 private:
  // One message or part of one; false: more octets are needed.
  bool step() {
    if (!in_body_ && !begin()) return false;
    std::string_view rest = input_;
    body_.read(rest, message_);
    input_ = std::string(rest);
    if (body_.refusal() != Refusal::kNone) return refuse(body_.refusal());
    if (!body_.done()) return false;
    in_body_ = false;
    record_.forwarded.push_back(message_);
    record_.facts.push_back(plan_.facts);
    closed_ = !plan_.facts.keep_alive;
    return true;
  }

  // Reads a head; true: its body is next.
  bool begin() {
    const ParseStatus status = parser_.parse(input_);
    if (status == ParseStatus::kIncomplete) return false;
    if (status == ParseStatus::kRefused) return refuse(parser_.refusal());
    Head& head = parser_.head();
    const Refusal refusal = check_request(head, settings_.request, settings_.destination, plan_);
    if (refusal != Refusal::kNone) return refuse(refusal);
    if (plan_.recipient != Recipient::kUpstream) return answer(head);
    RequestWriteOptions options;
    options.via_pseudonym = settings_.via;
    options.destination = settings_.destination;
    message_.resize(request_head_bound(head, options));
    const std::size_t size = write_request_head(head, plan_, options, message_);
    CHECK(size != 0);
    message_.resize(size);
    next_message(head);
    return true;
  }

  void next_message(const Head& head) {
    body_ = Body(plan_.framing, plan_.content_length, false, plan_.framing);
    in_body_ = true;
    input_.erase(0, head.size);
    parser_.reset();
  }

  bool refuse(Refusal refusal) {
    record_.refusal = refusal;
    record_.answer = std::to_string(refusal_status(refusal, MessageKind::kRequest)) + "C";
    closed_ = true;
    return false;
  }

  bool answer(const Head& head) {
    std::string page(head.size + head.field_count + kErrorPageBound, '\0');
    page.resize(write_gateway_answer(head, plan_, !plan_.facts.keep_alive, page));
    CHECK(page.starts_with("HTTP/1.1 200 OK\r\n"));
    record_.answer = plan_.facts.keep_alive ? "200" : "200C";
    closed_ = true;  // the record holds one answer
    input_.erase(0, head.size);
    return false;
  }

  const PlaySettings& settings_;
  HeadParser parser_;
  RequestRecord record_;
  RequestPlan plan_;
  Body body_{Framing::kNone, 0, false, Framing::kNone};
  std::string input_;
  std::string message_;
  bool in_body_ = false;
  bool closed_ = false;
};

class ResponsePlayer {
 public:
  ResponsePlayer(const RequestFacts& request, const PlaySettings& settings)
      : request_(request),
        settings_(settings),
        parser_(MessageKind::kResponse, response_limits(settings.limits)) {}

  ResponseRecord run(const Pieces& pieces) {
    for (const std::string_view piece : pieces) {
      std::string grown = input_;
      grown.append(piece);
      input_.swap(grown);
      while (record_.outcome.empty() && !head_done_ && begin()) {
      }
      if (!record_.outcome.empty()) return record_;
      if (!head_done_) continue;
      std::string_view rest = input_;
      if (!body_.done()) body_.read(rest, record_.to_client);
      input_ = std::string(rest);
      if (body_.refusal() != Refusal::kNone) {
        record_.refusal = body_.refusal();
        record_.outcome = "ABORT";
        return record_;
      }
    }
    return finish();
  }

 private:
  // Reads one head; true: another may follow.
  bool begin() {
    const ParseStatus status = parser_.parse(input_);
    if (status == ParseStatus::kIncomplete) return false;
    if (status == ParseStatus::kRefused) return refuse(parser_.refusal());
    Head& head = parser_.head();
    const Refusal refusal = check_response(head, request_, interim_seen_, kInterimLimit, plan_);
    if (refusal != Refusal::kNone) return refuse(refusal);
    if (plan_.forward) {
      ResponseWriteOptions options;
      options.via_pseudonym = settings_.via;
      options.close = !plan_.client_keep;
      std::string out(response_head_bound(head, options), '\0');
      const std::size_t size = write_response_head(head, plan_, request_, options, out);
      CHECK(size != 0);
      record_.to_client.append(out, 0, size);
    }
    input_.erase(0, head.size);
    parser_.reset();
    if (plan_.interim) {
      ++interim_seen_;
      return true;
    }
    head_done_ = true;
    body_ = Body(plan_.framing, plan_.content_length, request_.te_trailers, plan_.client_framing);
    return false;
  }

  bool refuse(Refusal refusal) {
    record_.refusal = refusal;
    record_.outcome = std::to_string(refusal_status(refusal, MessageKind::kResponse)) + "C";
    return false;
  }

  ResponseRecord finish() {
    if (!head_done_) {
      refuse(Refusal::kUpstreamClosed);
    } else if (!body_.done() && plan_.framing != Framing::kUntilClose) {
      record_.outcome = "ABORT";
    } else {
      record_.outcome = input_.empty() && plan_.upstream_keep ? "OK" : "OKU";
    }
    return record_;
  }

  const RequestFacts& request_;
  const PlaySettings& settings_;
  HeadParser parser_;
  ResponseRecord record_;
  ResponsePlan plan_;
  Body body_{Framing::kNone, 0, false, Framing::kNone};
  std::string input_;
  std::uint32_t interim_seen_ = 0;
  bool head_done_ = false;
};

}  // namespace

// The facts follow from the forwarded octets; unread is what's left of the same input.
bool RequestRecord::operator==(const RequestRecord& other) const {
  return forwarded == other.forwarded && answer == other.answer && refusal == other.refusal &&
         unread == other.unread;
}

RequestRecord play_requests(const Pieces& pieces, const PlaySettings& settings) {
  return RequestPlayer(settings).run(pieces);
}

ResponseRecord play_response(const Pieces& pieces, const RequestFacts& request,
                             const PlaySettings& settings) {
  return ResponsePlayer(request, settings).run(pieces);
}

}  // namespace gatehouse::worker::http
