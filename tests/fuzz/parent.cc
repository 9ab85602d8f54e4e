// SPDX-License-Identifier: Apache-2.0
// Any sequence of messages and descriptors from a worker, against the parent's supervisor and
// broker with the real kernel's sockets, in a network namespace of its own. The input is a program:
// one octet chooses a step, the next ones its details.
//
// Oracles: no crash; no connection but to the one address that the configuration and the command
// line allow; at most one connection for each Connect with a client as evidence; no descriptor left
// when all workers have ended.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vector>

#include "ipc/codec.h"
#include "privileged/supervisor.h"
#include "proto/spawner.pb.h"
#include "tests/fuzz/parent_surroundings.h"

namespace gatehouse::privileged {
namespace {

constexpr std::uint16_t kOtherPort = 20081;
constexpr int kMaxSteps = 200;

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  bool more() const { return at_ < size_; }
  std::uint8_t octet() { return more() ? data_[at_++] : 0; }
  std::string bytes(std::size_t n) {
    n = std::min(n, size_ - at_);
    std::string text(reinterpret_cast<const char*>(data_) + at_, n);
    at_ += n;
    return text;
  }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
  std::size_t at_ = 0;
};

// The parent's half is real; spawner, logger and worker are played here.
class World {
 public:
  explicit World(int proc)
      : loop_(must(Loop::make())),
        worker_spawner_(must(ipc::make_pair())),
        other_spawner_(must(ipc::make_pair())),
        logger_(loop_, log_, other_spawner_.ours.get()),
        resolver_(loop_, log_, other_spawner_.ours.get()),
        supervisor_({loop_, log_, logger_, resolver_, worker_spawner_.ours.get(), proc, proc, 1, 0,
                     Floor::Lifted{{Network{loopback(1), 32}}, {}}}) {
    log_.use_pipe(UniqueFd(open("/dev/null", O_WRONLY | O_CLOEXEC)));
    must(supervisor_.apply(load()));
    turn();
  }

  void play(Input& input) {
    for (int i = 0; i < kMaxSteps && input.more(); ++i) {
      step(input);
      turn();
    }
    supervisor_.drain();
    supervisor_.abandon();
    for (int i = 0; i < 8; ++i) turn();
    if (!supervisor_.empty()) broken("a worker is left");
    wire::StatusReply status;
    supervisor_.describe(&status);
    if (status.connects() > valid_connects_) broken("more connections than clients asked for");
    for (const UniqueFd* forbidden : {&floor_, &port_}) {
      while (accept_from(forbidden->get()).valid()) {
        if (--own_connections_ < 0) broken("a connection to where no policy leads");
      }
    }
  }

 private:
  void turn() {
    loop_.wait(Clock::now());
    supervisor_.expire(Clock::now());
    supervisor_.finish_turn();
    answer_spawner();
    loop_.wait(Clock::now());
    supervisor_.finish_turn();
    for (ipc::Message drained; ipc::receive(other_spawner_.theirs.get(), &drained, ipc::kMaxFds) ==
                               ipc::Receive::kMessage;) {
    }
  }

  void answer_spawner() {
    ipc::Message message;
    while (ipc::receive(worker_spawner_.theirs.get(), &message, ipc::kMaxFds) ==
           ipc::Receive::kMessage) {
      wire::ToSpawner request;
      if (!ipc::decode(message.bytes(), &request)) broken("the parent's own message");
      if (request.has_kill()) {
        if (request.kill().child() == child_) forget_worker();
        child_exited(request.kill().child(), true, SIGKILL);
      } else if (request.spawn().canary() != 0) {
        if (write(message.fds[1].get(), "\1", 1) != 1) broken("the canary's pipe");
        child_exited(request.spawn().child(), true, SIGSYS);
      } else {
        forget_worker();
        child_ = request.spawn().child();
        channel_ = std::move(message.fds[0]);
      }
    }
  }

  void child_exited(std::uint32_t child, bool killed, int status) {
    wire::Exited exited;
    exited.set_child(child);
    exited.set_killed(killed);
    exited.set_status(status);
    supervisor_.child_exited(exited);
  }

  void forget_worker() {
    channel_.reset();
    listener_.reset();
    upstream_.reset();
    child_ = 0;
  }

  void hear() {
    ipc::Message message;
    while (channel_.valid() &&
           ipc::receive(channel_.get(), &message, ipc::kMaxFds) == ipc::Receive::kMessage) {
      wire::ToWorker said;
      if (!ipc::decode(message.bytes(), &said)) broken("the parent's own message");
      if (said.has_arm()) listener_ = std::move(message.fds[0]);
      std::size_t connected = 0;
      for (const wire::Reply& reply : said.replies().replies()) {
        if (!reply.has_connected()) continue;
        if (connected == message.fd_count) broken("Connected without its socket");
        UniqueFd& made = message.fds[connected++];
        const auto peer = remote_endpoint(made.get());
        if (peer && !(*peer == Endpoint{loopback(1), kAllowedPort}))
          broken("an upstream that no policy allows");
        upstream_ = std::move(made);
      }
      if (said.has_replies() && connected != message.fd_count) broken("a socket for nobody");
    }
  }

  // A descriptor of some kind, valid or not for what it is sent with.
  UniqueFd make_fd(unsigned kind, bool* is_client) {
    *is_client = false;
    const auto client_of = [&](int listener, const Endpoint& endpoint, bool forbidden) {
      clients_.push_back(connect_to(endpoint));
      if (forbidden && clients_.back().valid()) ++own_connections_;
      UniqueFd accepted = accept_from(listener);
      if (forbidden && accepted.valid()) --own_connections_;
      return accepted;
    };
    switch (kind % 10) {
      case 0: {
        if (!listener_.valid()) return UniqueFd(open("/dev/null", O_RDONLY | O_CLOEXEC));
        UniqueFd fd = client_of(listener_.get(), {loopback(1), kAllowedPort}, false);
        *is_client = fd.valid();
        return fd;
      }
      case 1:
        return client_of(floor_.get(), {loopback(2), kAllowedPort}, true);
      case 2:
        return client_of(port_.get(), {loopback(1), kOtherPort}, true);
      case 3:
        return UniqueFd(dup(listener_.get()));
      case 4:
        return UniqueFd(dup(upstream_.get()));
      case 5:
        return UniqueFd(dup(channel_.get()));
      case 6:
        return UniqueFd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      case 7: {  // a connection to itself
        UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        SocketAddress address = to_socket_address({loopback(3), 0});
        if (bind(fd.get(), address.get(), address.length) == 0 &&
            getsockname(fd.get(), address.get(), &address.length) == 0)
          (void)connect(fd.get(), address.get(), address.length);
        return fd;
      }
      case 8: {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0) return UniqueFd();
        const UniqueFd write_end(ends[1]);
        return UniqueFd(ends[0]);
      }
      default: {
        if (clients_.empty()) return UniqueFd();
        clients_.pop_back();  // a client goes away
        return UniqueFd(memfd_create("x", MFD_CLOEXEC));
      }
    }
  }

  void say(std::string_view bytes, unsigned kind, unsigned copies, bool connects) {
    if (!channel_.valid() || bytes.empty()) return;
    bool is_client = false;
    UniqueFd fd;
    if (copies != 0) fd = make_fd(kind, &is_client);
    const std::vector<int> fds(fd.valid() ? copies : 0, fd.get());
    if (is_client) last_client_ = UniqueFd(dup(fd.get()));
    if (ipc::send(channel_.get(), bytes.substr(0, ipc::kMaxMessage), fds) == ipc::Send::kSent &&
        connects && copies == 1 && is_client)
      ++valid_connects_;
  }

  // Several requests at once, each with a descriptor of some kind; sometimes one too few.
  void say_batch(Input& input) {
    if (!channel_.valid()) return;
    const unsigned count = 1 + input.octet() % (ipc::kMaxFds + 1);
    wire::FromWorker message;
    std::vector<UniqueFd> made;
    std::vector<int> fds;
    std::uint64_t valid = 0;
    for (unsigned i = 0; i < count; ++i) {
      wire::Request& request = *message.mutable_requests()->add_requests();
      request.set_id(input.octet());
      request.mutable_connect()->mutable_client_destination();
      const std::uint8_t kind = input.octet();
      bool is_client = false;
      made.push_back(make_fd(kind < 0xc0 ? 0 : kind, &is_client));
      if (made.back().valid() && fds.size() < ipc::kMaxFds) fds.push_back(made.back().get());
      if (is_client) ++valid;
    }
    if (ipc::send(channel_.get(), message.SerializeAsString(), fds) == ipc::Send::kSent)
      valid_connects_ += valid;
  }

  void step(Input& input) {
    const std::uint8_t what = input.octet();
    wire::FromWorker message;
    // The body of the steps that make one; Ready and Drained take its place.
    wire::Request& request = *message.mutable_requests()->add_requests();
    switch (what % 12) {
      case 0: {
        const std::uint8_t details = input.octet();
        const std::string bytes = input.bytes(input.octet());
        wire::FromWorker probe;
        // What it says is only known after the parent's own way of reading it.
        const bool connects = ipc::decode(bytes, &probe) && probe.requests().requests_size() == 1 &&
                              probe.requests().requests(0).has_connect();
        return say(bytes, details & 0xf, details >> 4 & 3, connects);
      }
      case 1:
        message.mutable_ready();
        return say(message.SerializeAsString(), input.octet(), what >> 4 & 1, false);
      case 2:
      case 3:
        request.set_id(input.octet() & 0x1f);
        request.mutable_connect()->mutable_client_destination();
        return say(message.SerializeAsString(), what % 12 == 2 ? 0 : input.octet(), 1, true);
      case 4:
        request.set_id(input.octet());
        request.mutable_resolve()->set_name("a.test");
        return say(message.SerializeAsString(), input.octet(), 1, false);
      case 5:
        message.mutable_drained();
        return say(message.SerializeAsString(), 0, 0, false);
      case 6:
        return hear();
      case 7:
        return supervisor_.expire(Clock::now() + std::chrono::hours(1));
      case 8:
        if (what >= 0xf0) {
          draining_ = true;
          return supervisor_.drain();
        }
        if (what < 0x40 && !draining_) must(supervisor_.apply(load()));
        return;
      case 9: {
        const std::uint32_t child = child_;
        forget_worker();
        if (child != 0) child_exited(child, (what & 0x10) != 0, input.octet());
        return;
      }
      case 10:
        if (what >= 0x80) return say_batch(input);
        channel_.reset();
        return;
      default:
        request.set_id(input.octet());
        request.mutable_resolve()->set_name(input.bytes(input.octet() & 0x1f));
        return say(message.SerializeAsString(), 0, 1, false);
    }
  }

  Loop loop_;
  EventLog log_;
  ipc::Pair worker_spawner_, other_spawner_;
  LoggerLink logger_;
  ResolverLink resolver_;
  Supervisor supervisor_;

  // The worker's side.
  std::uint32_t child_ = 0;
  UniqueFd channel_, listener_, upstream_, last_client_;
  std::vector<UniqueFd> clients_;
  UniqueFd floor_ = transparent_listener({loopback(2), kAllowedPort});
  UniqueFd port_ = transparent_listener({loopback(1), kOtherPort});
  std::uint64_t valid_connects_ = 0;
  long own_connections_ = 0;
  bool draining_ = false;
};

}  // namespace
}  // namespace gatehouse::privileged

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatehouse::privileged;
  static const Surroundings surroundings;
  const int before = gatehouse::open_fds();
  {
    Input input(data, size);
    World world(surroundings.proc());
    world.play(input);
  }
  if (gatehouse::open_fds() != before) broken("descriptors are left");
  return 0;
}
