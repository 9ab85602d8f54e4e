// SPDX-License-Identifier: Apache-2.0
#include "privileged/spawner.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <map>
#include <vector>

#include "base/sandbox.h"
#include "ipc/channel.h"
#include "ipc/codec.h"
#include "privileged/confine.h"
#include "proto/spawner.pb.h"

namespace gatehouse::privileged {
namespace {

// Read for its DNS servers; a link into /run where systemd-resolved is in use.
constexpr char kResolvConf[] = "/etc/resolv.conf";
constexpr char kZones[] = "/usr/share/zoneinfo";
constexpr const char* kResolvConfFolders[] = {"/etc", "/run/systemd/resolve"};
constexpr int kSignalFd = 12;
constexpr std::size_t kMaxChildFds = 7;  // of one child; a worker's
constexpr int kParked = 20;              // descriptors on their way to a child wait from here on

class Spawner {
 public:
  explicit Spawner(const SpawnerSpec& spec) : spec_(spec), privileges_(privileges(spec.spawner)) {}

  void settle(int channel);  // descriptors at their fixed numbers
  void confine();
  [[noreturn]] void run();

 private:
  bool handle_message();
  void spawn(const wire::Spawn& spawn, ipc::Message& message);
  [[noreturn]] void become_child(std::uint32_t canary, int fd_count);
  void reap();
  void report(std::uint32_t child, bool killed, int status);

  const SpawnerSpec& spec_;
  const RolePrivileges& privileges_;
  std::map<pid_t, std::uint32_t> children_;
};

// A copy at or above 64, so that the fixed numbers below can be filled in any order.
int above(int fd) { return fcntl(fd, F_DUPFD_CLOEXEC, 64); }
void place(int fd, int number) {
  if (dup3(fd, number, O_CLOEXEC) != number) give_up("spawner: moving descriptors failed");
}
int open_path(const std::string& path, int flags) {
  const int fd = open(path.c_str(), O_PATH | O_CLOEXEC | flags);
  if (fd < 0) give_up(errno_error("opening " + path).what);
  return above(fd);
}

void Spawner::settle(int channel) {
  sigset_t chld;
  sigemptyset(&chld);
  sigaddset(&chld, SIGCHLD);
  sigprocmask(SIG_SETMASK, &chld, nullptr);
  const int signals = above(signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK));
  const int channel_copy = above(channel);
  const int binary = open_path(spec_.binary, 0);
  const int directory = spec_.directory.empty() ? -1 : open_path(spec_.directory, O_DIRECTORY);

  place(open("/dev/null", O_RDWR | O_CLOEXEC), 0);
  place(channel_copy, kChannelFd);
  place(binary, kSpawnerBinaryFd);
  place(signals, kSignalFd);
  // Without a directory the number holds /dev/null, so that nothing else can ever land there.
  place(directory < 0 ? 0 : directory, kSpawnerDirectoryFd);
  if (close_range(kChannelFd + 1, kSpawnerBinaryFd - 1, 0) != 0 ||
      close_range(kSignalFd + 1, ~0U, 0) != 0) {
    give_up("spawner: closing descriptors failed");
  }
  for (const int fd : {0, 1, 2}) fcntl(fd, F_SETFD, 0);
}

void Spawner::confine() {
  const std::string name = std::string(privileges_.name) + ": ";
  must(set_limits(privileges_.limits), name);
  if (privileges_.empty_root && !omitted("root")) must(enter_empty_root(), name);
  if (!omitted("uid")) must(become(spec_.uid, privileges_.capabilities), name);
  must(set_no_new_privileges(), name);

  std::vector<LandlockAllow> allow = {{kSpawnerBinaryFd, kLandlockExecute | kLandlockReadFile}};
  if (spec_.child == Role::kLoader)
    allow.push_back({kSpawnerDirectoryFd, kLandlockReadFile | kLandlockReadDir});
  if (spec_.child == Role::kLogger)
    allow.push_back({kSpawnerDirectoryFd, kLandlockWriteFile | kLandlockMakeReg});
  if (spec_.child == Role::kRegistrar)
    allow.push_back({kSpawnerDirectoryFd, kLandlockReadFile | kLandlockReadDir |
                                              kLandlockWriteFile | kLandlockMakeReg |
                                              kLandlockTruncate});
  std::vector<UniqueFd> readable;  // for the DNS servers of the host
  for (const char* folder : kResolvConfFolders) {
    if (spec_.child != Role::kLoader) break;
    readable.emplace_back(open(folder, O_PATH | O_CLOEXEC));
    if (readable.back().valid()) allow.push_back({readable.back().get(), kLandlockReadFile});
  }
  const UniqueFd zones(spec_.child == Role::kLoader ? open(kZones, O_PATH | O_CLOEXEC) : -1);
  if (zones.valid()) allow.push_back({zones.get(), kLandlockReadFile | kLandlockReadDir});
  if (!omitted("landlock")) must(landlock_restrict(allow, true), name);
  if (!omitted("seccomp")) must(install_filter(privileges_.own), name);
  // Only the logger writes to what gatehoused got as standard output and error.
  if (spec_.child != Role::kLogger && (dup2(0, 1) != 1 || dup2(0, 2) != 2)) _exit(1);
}

void Spawner::run() {
  for (;;) {
    pollfd fds[2] = {{kChannelFd, POLLIN, 0}, {kSignalFd, POLLIN, 0}};
    ppoll(fds, 2, nullptr, nullptr);
    if (fds[1].revents != 0) {
      signalfd_siginfo ignored;
      (void)!read(kSignalFd, &ignored, sizeof ignored);
      reap();
    }
    if (fds[0].revents != 0 && !handle_message()) _exit(0);
  }
}

bool Spawner::handle_message() {
  ipc::Message message;
  switch (ipc::receive(kChannelFd, &message, kMaxChildFds)) {
    case ipc::Receive::kEmpty:
      return true;
    case ipc::Receive::kMessage:
      break;
    default:
      return false;
  }
  wire::ToSpawner request;
  if (!ipc::decode(message.bytes(), &request)) return false;
  if (request.has_spawn()) {
    spawn(request.spawn(), message);
  } else {
    for (const auto& [pid, child] : children_) {
      if (child == request.kill().child()) kill(pid, SIGKILL);
    }
  }
  return true;
}

void Spawner::spawn(const wire::Spawn& spawn, ipc::Message& message) {
  const int count = static_cast<int>(message.fd_count);
  for (UniqueFd& fd : message.fds) {  // out of the way of the fixed numbers
    if (fd.valid()) fd.reset(fcntl(fd.get(), F_DUPFD_CLOEXEC, kParked));
  }
  const pid_t pid = fork();
  if (pid == 0) {
    for (int i = 0; i < count; ++i) {
      if (dup2(message.fds[static_cast<std::size_t>(i)].get(), kChannelFd + i) < 0) _exit(126);
    }
    become_child(spawn.canary(), count);
  }
  if (pid < 0) {
    report(spawn.child(), false, 126);
  } else {
    children_[pid] = spawn.child();
  }
}

// Where no fixed number is: dup2(2) onto itself would leave it closed by exec.
int open_parked(const char* path) {
  const UniqueFd fd(openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  return fd.valid() ? fcntl(fd.get(), F_DUPFD_CLOEXEC, kParked) : -1;
}

// What a loader may open: its rule files and time zones, and its own binary for exec.
bool narrow_view(bool with_zones) {
  std::vector<LandlockAllow> allow = {{kSpawnerBinaryFd, kLandlockExecute | kLandlockReadFile},
                                      {kLoaderDirectoryFd, kLandlockReadFile}};
  if (with_zones) allow.push_back({kLoaderZonesFd, kLandlockReadFile});
  return omitted("landlock") || static_cast<bool>(landlock_restrict(allow, true));
}

void Spawner::become_child(std::uint32_t canary, int fd_count) {
  int last = kChannelFd + fd_count - 1;
  if (spec_.child == Role::kLogger || spec_.child == Role::kRegistrar) {
    last = spec_.child == Role::kLogger ? kLoggerDirectoryFd : kRegistrarDirectoryFd;
    if (dup2(kSpawnerDirectoryFd, last) < 0) _exit(126);
  }
  if (spec_.child == Role::kLoader) {
    const int text =
        openat(kSpawnerDirectoryFd, spec_.file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    // The loader reports a missing descriptor 0 as a file that can't be read: with errno as exit.
    if (text < 0) _exit(errno);
    if (dup2(text, 0) != 0) _exit(126);
    const int resolv = open_parked(kResolvConf), zones = open_parked(kZones);
    if (dup2(resolv < 0 ? 1 : resolv, kLoaderResolvConfFd) < 0 ||
        dup2(kSpawnerDirectoryFd, kLoaderDirectoryFd) < 0 ||
        dup2(zones < 0 ? 1 : zones, kLoaderZonesFd) < 0 || !narrow_view(zones >= 0)) {
      _exit(126);
    }
    last = kLoaderZonesFd;
  }
  // The binary closes itself in exec; everything between and above goes now.
  close_range(static_cast<unsigned>(last) + 1, kSpawnerBinaryFd - 1, 0);
  close_range(kSpawnerBinaryFd + 1, ~0U, 0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);

  const RolePrivileges& role = privileges(spec_.child);
  if (!omitted("limits") && !set_limits(role.limits)) _exit(126);
  if (!omitted("seccomp") && !install_filter(role.own, role.start, static_start_rules()))
    _exit(126);
  char name[32];
  std::snprintf(name, sizeof name, "gatehouse-%.*s", static_cast<int>(role.name.size()),
                role.name.data());
  char number[16];
  std::snprintf(number, sizeof number, "%u", canary);
  std::string file = spec_.file;
  char* second = canary != 0 ? number : file.empty() ? nullptr : file.data();
  char* const argv[] = {name, second, nullptr};
  char* const environment[] = {nullptr};
  syscall(SYS_execveat, kSpawnerBinaryFd, "", argv, environment, AT_EMPTY_PATH);
  _exit(127);
}

void Spawner::reap() {
  for (;;) {
    siginfo_t info{};
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0) return;
    const auto found = children_.find(info.si_pid);
    if (found == children_.end()) continue;
    report(found->second, info.si_code != CLD_EXITED, info.si_status);
    children_.erase(found);
  }
}

void Spawner::report(std::uint32_t child, bool killed, int status) {
  wire::FromSpawner message;
  message.mutable_exited()->set_child(child);
  message.mutable_exited()->set_killed(killed);
  message.mutable_exited()->set_status(status);
  // The parent reads its spawners in every turn; without an answer it could not go on.
  if (ipc::send_message(kChannelFd, message) != ipc::Send::kSent) _exit(1);
}

}  // namespace

Result<SpawnerProcess> start_spawner(const SpawnerSpec& spec) {
  auto pair = ipc::make_pair();
  if (!pair) return pair.error();
  unsigned long flags = SIGCHLD | privileges(spec.spawner).namespaces;
  // Without an own mount namespace there must be no change of root either.
  if (omitted("namespaces") && omitted("root")) flags = SIGCHLD;
  // fork(2) into new namespaces.
  const long pid = syscall(SYS_clone, flags, nullptr, nullptr, nullptr, nullptr);
  if (pid < 0)
    return errno_error("making the namespaces of the " +
                       std::string(privileges(spec.spawner).name));
  if (pid == 0) {
    signal(SIGPIPE, SIG_IGN);
    setsid();  // signals of a terminal are for the parent
    prctl(PR_SET_NAME, ("gh-" + std::string(privileges(spec.spawner).name)).substr(0, 15).c_str());
    Spawner spawner(spec);
    spawner.settle(pair->theirs.get());
    spawner.confine();
    spawner.run();
  }
  return SpawnerProcess{std::move(pair->ours), static_cast<pid_t>(pid)};
}

}  // namespace gatehouse::privileged
