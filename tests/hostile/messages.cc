// SPDX-License-Identifier: Apache-2.0
#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <numeric>

#include "base/privileges.h"
#include "tests/hostile/attempts.h"
#include "tests/hostile/report.h"

namespace gatehouse::hostile {
namespace {

constexpr Manners kAlone = {.wants_client = true, .wants_upstream = false};
constexpr Manners kBoth = {};
constexpr Manners kStays = {.wants_client = true, .wants_upstream = false, .stays = true};

// How the parent answered; it ends the worker (SIGKILL) before it could read this where the message
// was a violation.
int answer(Worker& worker) {
  wire::ToWorker message;
  do {
    if (!worker.hear(&message, 1500)) return ETIMEDOUT;
  } while (!message.has_replies());
  for (const wire::Reply& reply : message.replies().replies()) {
    if (reply.has_failed()) return reply.failed().error();
    if (!reply.has_refused()) continue;
    report("refused " + std::to_string(reply.refused().reason()));
    worker.serve();
  }
  return 0;
}

int say(Worker& worker, std::string_view bytes, const std::vector<std::vector<int>>& fds = {}) {
  if (!worker.send_raw(bytes, fds)) return errno;
  return answer(worker);
}

template <class Change>
std::string message(Change change) {
  wire::FromWorker said;
  change(said);
  return said.SerializeAsString();
}

// A Request of these octets as the only one of a message.
std::string with_request(const std::string& octets) {
  const auto sized = [](char tag, const std::string& inner) {
    return std::string{tag, static_cast<char>(inner.size())} + inner;
  };
  return sized('\x12', sized('\x0a', octets));
}

std::vector<std::uint64_t> ids(std::size_t count) {
  std::vector<std::uint64_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), 100);
  return numbers;
}

int present(Worker& worker, int fd) { return say(worker, connect_bytes({7}), {{fd}}); }
std::vector<int> copies(Worker& worker, std::size_t n) {
  return std::vector<int>(n, worker.client.get());
}

// With the client as evidence: asks about a name. The reply, empty where none comes.
wire::Reply resolve(Worker& worker, const std::string& name) {
  wire::ToWorker said;
  worker.send_raw(message([&](auto& m) {
                    auto& request = *m.mutable_requests()->add_requests();
                    request.set_id(6);
                    request.mutable_resolve()->set_name(name);
                  }),
                  {{worker.client.get()}});
  while (worker.hear(&said, 3000)) {
    if (said.has_replies()) return said.replies().replies(0);
  }
  return {};
}

// A name whose address is the client's destination, by nobody's word but its own.
int prove_by_itself(Worker& worker, const std::string& name) {
  if (resolve(worker, name).verified().result() != wire::Verified::MATCH) report("no match");
  return present(worker, worker.client.get());
}

// Forward mode, "NAME:PORT".
int take_grant(Worker& worker, const std::string& target) {
  const std::size_t colon = target.find(':');
  const wire::Reply reply = resolve(worker, target.substr(0, colon));
  if (reply.resolved().grants().empty()) report("no grant");
  return say(worker, message([&](auto& m) {
               auto& request = *m.mutable_requests()->add_requests();
               request.set_id(7);
               auto& grant = *request.mutable_connect()->mutable_forward_grant();
               grant.set_grant(reply.resolved().grants(0).grant());
               grant.set_port(static_cast<std::uint32_t>(std::atoi(&target[colon + 1])));
             }),
             {{worker.client.get()}});
}

// After so many seconds, in which the configuration may be another one.
int present_later(Worker& worker, const std::string& seconds) {
  worker.wait(worker.client.get(), 0, 1000 * std::atoi(seconds.c_str()));
  return present(worker, worker.client.get());
}

int client_has_gone(Worker& worker, const std::string&) {
  worker.wait(worker.client.get(), EPOLLHUP, 3000);
  return present(worker, worker.client.get());
}

// Hears so many replies.
bool count_connected(Worker& worker, std::size_t replies, int* connected) {
  while (replies > 0) {
    wire::ToWorker said;
    if (!worker.hear(&said, 3000)) return false;
    for (const wire::Reply& reply : said.replies().replies()) {
      if (reply.has_connected()) ++*connected;
      --replies;
    }
  }
  return true;
}

// One client connection as evidence, over and over: the quota must end it.
int replay(Worker& worker, const std::string& times) {
  int connected = 0;
  for (int i = 0; i < std::atoi(times.c_str()); ++i) {
    if (!worker.send_raw(connect_bytes({static_cast<std::uint64_t>(i) + 10}),
                         {{worker.client.get()}}))
      return errno;
    if (!count_connected(worker, 1, &connected)) return ETIMEDOUT;
    worker.upstream.reset();
  }
  report("connected " + std::to_string(connected));
  worker.serve();
}

// The same in one message: a batch costs what its requests cost.
int replay_batch(Worker& worker, const std::string&) {
  int connected = 0;
  if (!worker.send_raw(connect_bytes(ids(ipc::kMaxFds)), {copies(worker, ipc::kMaxFds)}))
    return errno;
  if (!count_connected(worker, ipc::kMaxFds, &connected)) return ETIMEDOUT;
  report("connected " + std::to_string(connected));
  worker.serve();
}

int flood(Worker& worker, const std::string&) {
  for (std::uint64_t id = 100;; ++id) {
    if (!worker.send_raw(connect_bytes({id}), {{worker.client.get()}}) && errno != EAGAIN)
      return errno;
  }
}

int random_messages(Worker& worker, const std::string&) {
  std::uint32_t state = 1;
  const auto next = [&] { return state = state * 1664525 + 1013904223; };
  for (int i = 0; i < 1'000'000; ++i) {
    std::string bytes(1 + (next() >> 8) % 40, '\0');
    for (char& c : bytes) c = static_cast<char>(next() >> 16);
    if (!worker.send_raw(bytes) && errno != EAGAIN) return errno;
  }
  return answer(worker);
}

#define SAY(name, ...)                                                                        \
  {                                                                                           \
    name, [](Worker& worker, const std::string&) -> int { return say(worker, __VA_ARGS__); }, \
        kAlone                                                                                \
  }
#define PRESENT(name, fd, manners)                                                               \
  {                                                                                              \
    name, [](Worker& worker, const std::string&) -> int { return present(worker, fd); }, manners \
  }

const std::string kConnect = connect_bytes({7});
const std::string kRequest("\x08\x07\x12\x02\x0a\x00", 6);  // the same, without what is around it

const Attempt kAttempts[] = {
    PRESENT("present_client", worker.client.get(), kAlone),  // the honest one, for comparison
    PRESENT("present_upstream", worker.upstream.get(), kBoth),
    PRESENT("present_listener", worker.listeners.front().get(), kAlone),
    PRESENT("present_channel", kChannelFd, kAlone),
    PRESENT("present_pipe", kWorkerLogFd, kAlone),
    PRESENT("present_memory", kWorkerMetricsFd, kAlone),
    {"present_gone_client", client_has_gone, kAlone},
    {"prove_by_itself", prove_by_itself, kAlone},
    {"take_grant", take_grant, kAlone},
    {"present_later", present_later, kStays},
    SAY("take_endpoint", message([](auto& m) {
          auto& request = *m.mutable_requests()->add_requests();
          request.set_id(7);
          request.mutable_connect()->mutable_configured_endpoint()->set_id(1);
        }),
        {copies(worker, 1)}),
    {"replay", replay, kAlone},
    {"replay_batch", replay_batch, kAlone},
    {"flood", flood, kAlone},
    {"random", random_messages, kAlone},
    SAY("no_fd", kConnect),
    SAY("two_fds", kConnect, {copies(worker, 2)}),
    SAY("five_fds", kConnect, {copies(worker, 2), copies(worker, 2), copies(worker, 1)}),
    SAY("many_fds", kConnect, {copies(worker, 253)}),
    SAY("fd_with_ready", message([](auto& m) { m.mutable_ready(); }), {copies(worker, 1)}),
    SAY("fd_with_drained", message([](auto& m) { m.mutable_drained(); }), {copies(worker, 1)}),
    SAY("resolve_without_fd",
        message([](auto& m) { m.mutable_requests()->add_requests()->mutable_resolve(); })),
    SAY("batch_of_none", message([](auto& m) { m.mutable_requests(); })),
    SAY("batch_with_too_few_fds", connect_bytes(ids(3)), {copies(worker, 2)}),
    SAY("batch_of_too_many", connect_bytes(ids(17)), {copies(worker, 17)}),
    SAY("batch_with_one_id", connect_bytes({7, 7}), {copies(worker, 2)}),
    // A good request before and one after the evidence that is none.
    {"batch_with_upstream",
     [](Worker& worker, const std::string&) -> int {
       const int client = worker.client.get();
       return say(worker, connect_bytes(ids(3)), {{client, worker.upstream.get(), client}});
     },
     kBoth},
    SAY("ready_twice", message([](auto& m) { m.mutable_ready(); })),
    SAY("drained_while_serving", message([](auto& m) { m.mutable_drained(); })),
    SAY("no_destination",
        message([](auto& m) { m.mutable_requests()->add_requests()->mutable_connect(); }),
        {copies(worker, 1)}),
    SAY("no_request", with_request("\x08\x07"), {copies(worker, 1)}),
    SAY("empty", ""),
    SAY("truncated", kConnect.substr(0, kConnect.size() - 1), {copies(worker, 1)}),
    SAY("too_long", std::string(5000, '\x08'), {copies(worker, 1)}),
    SAY("huge", std::string(128 << 10, '\x08'), {copies(worker, 1)}),
    SAY("unknown_field", kConnect + std::string("\x78\x01", 2), {copies(worker, 1)}),
    SAY("unknown_field_inside", with_request(kRequest + std::string("\x78\x01", 2)),
        {copies(worker, 1)}),
    SAY("unknown_field_deep", with_request(std::string("\x08\x07\x12\x04\x0a\x02\x78\x01", 8)),
        {copies(worker, 1)}),
    SAY("long_varint", with_request("\x08" + std::string(11, '\xff') + kRequest),
        {copies(worker, 1)}),
    SAY("padded_varint", with_request(std::string("\x08\x87\x00\x12\x02\x0a\x00", 7)),
        {copies(worker, 1)}),
    {"id_in_use",
     [](Worker& worker, const std::string&) -> int {
       worker.send_raw(kConnect, {{worker.client.get()}});
       return say(worker, kConnect, {{worker.client.get()}});
     },
     kAlone},
    {"request_before_ready",
     [](Worker& worker, const std::string&) -> int {
       return say(worker, kConnect, {{kWorkerLogFd}});
     },
     {.before_ready = true, .wants_client = false, .wants_upstream = false}},
};

}  // namespace

std::span<const Attempt> message_attempts() { return kAttempts; }

}  // namespace gatehouse::hostile
