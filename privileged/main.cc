// SPDX-License-Identifier: Apache-2.0
// gatehoused: the launcher, which is root for a moment and becomes the parent. main() reads as the
// order in which privilege is lost.
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "base/sandbox.h"
#include "ipc/sealed_memfd.h"
#include "privileged/confine.h"
#include "privileged/control.h"
#include "privileged/evidence.h"
#include "privileged/options.h"
#include "privileged/parent.h"

namespace gatehouse::privileged {
namespace {

constexpr int kNice = -10;  // of the parent
constexpr std::uint64_t kForListeners =
    1ULL << CAP_NET_ADMIN | 1ULL << CAP_NET_BIND_SERVICE | 1ULL << CAP_SETPCAP;

// A first octet of a /proc/sys file; '0' where there is none.
char sysctl(const char* path) {
  char value = '0';
  const UniqueFd file(open(path, O_RDONLY | O_CLOEXEC));
  if (file.valid()) (void)!read(file.get(), &value, 1);
  return value;
}

// What the kernel or the host lacks of the layers that docs/threat-model.md describes.
std::vector<std::string> missing_layers() {
  std::vector<std::string> missing;
  const int abi = landlock_abi();
  if (abi == 0)
    missing.push_back(
        "this kernel has no Landlock: the worker's seccomp filter and empty root stand alone");
  else if (abi < 4)
    missing.push_back(
        "Landlock knows no network rules before Linux 6.7: seccomp alone forbids bind and connect");
  else if (abi < 6)
    missing.push_back(
        "Landlock knows no scopes before Linux 6.12: namespaces alone separate signals");
  if ((sysctl("/proc/sys/net/ipv4/tcp_fastopen") & 1) != 0) {
    missing.push_back(
        "net.ipv4.tcp_fastopen allows MSG_FASTOPEN for clients; set it to 0 or 2 for one layer "
        "more");
  }
  return missing;
}

// Those that gatehoused was started under, by a container or a unit.
unsigned inherited_filters() {
  std::string text(8192, '\0');
  const UniqueFd file(open("/proc/self/status", O_RDONLY | O_CLOEXEC));
  const ssize_t size = read(file.get(), text.data(), text.size());
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  const std::size_t at = text.find("\nSeccomp_filters:");
  return at == std::string::npos
             ? 0
             : static_cast<unsigned>(std::strtoul(text.c_str() + at + 17, nullptr, 10));
}

void check_host(const Options& options, const std::vector<std::string>& missing) {
  if (geteuid() != 0) give_up("must be started as root; it gives root up itself");
  for (const char* path :
       {"/proc/sys/net/ipv4/ip_nonlocal_bind", "/proc/sys/net/ipv6/ip_nonlocal_bind"}) {
    if (sysctl(path) != '0')
      give_up(std::string(path) + " is set, so local addresses can't be told apart; set it to 0");
  }
  if (options.require_all && !missing.empty()) give_up("--require-all: " + missing.front());
}

void make_directory(const std::string& path, uid_t owner, mode_t mode) {
  if (mkdir(path.c_str(), mode) != 0 && errno != EEXIST)
    give_up(errno_error("making the directory " + path).what);
  if (chown(path.c_str(), owner, owner) != 0) give_up(errno_error("giving away " + path).what);
}

UniqueFd open_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) sigaddset(&set, number);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return UniqueFd(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

void start_spawners(const Options& options, Inheritance* parent) {
  const std::size_t slash = options.config.rfind('/');
  const std::string directory =
      slash == std::string::npos ? "." : options.config.substr(0, slash + 1);
  const auto spec = [&](Role spawner, Role child) {
    return SpawnerSpec{
        .spawner = spawner,
        .child = child,
        .uid = options.uid_base + privileges(spawner).uid_offset,
        .binary = options.libexec + "/gatehouse-" + std::string(privileges(child).name),
        .directory = {},
        .file = {}};
  };
  SpawnerSpec loader = spec(Role::kLoaderSpawner, Role::kLoader);
  loader.directory = directory;
  loader.file = slash == std::string::npos ? options.config : options.config.substr(slash + 1);
  SpawnerSpec logger = spec(Role::kLoggerSpawner, Role::kLogger);
  logger.directory = options.log_directory;
  parent->worker_spawner = must(start_spawner(spec(Role::kWorkerSpawner, Role::kWorker)));
  parent->loader_spawner = must(start_spawner(loader));
  parent->logger_spawner = must(start_spawner(logger));
  parent->resolver_spawner = must(start_spawner(spec(Role::kResolverSpawner, Role::kResolver)));
  SpawnerSpec registrar = spec(Role::kRegistrarSpawner, Role::kRegistrar);
  registrar.directory = options.state_directory;
  registrar.file = options.control_group;
  parent->registrar_spawner = must(start_spawner(registrar));
}

// The page of the run-time table. Workers get a descriptor with which nobody can write, whatever
// else of their confinement fails.
void make_clients_page(Inheritance* parent) {
  parent->clients_page = must(ipc::make_memfd("gatehouse-clients", kClientsPageSize));
  must(ipc::seal(parent->clients_page.get(), false));
  const std::string path = "/proc/self/fd/" + std::to_string(parent->clients_page.get());
  const int access = omitted("descriptor") ? O_RDWR : O_RDONLY;
  parent->clients_read = UniqueFd(open(path.c_str(), access | O_CLOEXEC));
  if (!parent->clients_read.valid() || fchmod(parent->clients_page.get(), 0) != 0)
    give_up(errno_error("making the run-time table read-only for workers").what);
}

// The end of being root. What is left is enough for the listeners, and final_drop takes that too.
void drop(const Options& options, const Inheritance& parent) {
  const RolePrivileges& role = privileges(Role::kParent);
  const LandlockAllow proc{parent.proc.get(), kLandlockReadFile | kLandlockReadDir};
  // Its few microseconds are what everyone waits for: a worker that wakes should not interrupt a
  // batch. Where it is not allowed it is slower, no more.
  (void)setpriority(PRIO_PROCESS, 0, kNice);
  must(become(options.uid_base + role.uid_offset, kForListeners));
  must(set_limits(role.limits));
  // Its own sockets need the network; what it may do there is in its filter.
  must(landlock_restrict({&proc, 1}, false));
  must(install_filter(role.own, role.start));
}

// Standard output and error belong to the logger by now; the parent writes to its pipe.
Status final_drop() {
  if (dup2(STDIN_FILENO, STDOUT_FILENO) < 0 || dup2(STDIN_FILENO, STDERR_FILENO) < 0) {
    return errno_error("leaving standard output to the logger");
  }
  if (auto status = keep_only(privileges(Role::kParent).capabilities); !status) return status;
  return install_filter(privileges(Role::kParent).own);
}

int run(int argc, char** argv) {
  // Descriptors 0 to 2 are there, 0 is /dev/null, and nothing that whoever started us left open.
  for (int fd = open("/dev/null", O_RDWR); fd >= 0 && fd <= STDERR_FILENO;) fd = dup(fd);
  const int null = open("/dev/null", O_RDWR);
  if (null < 0 || dup2(null, STDIN_FILENO) < 0) give_up(errno_error("opening /dev/null").what);
  close_range(STDERR_FILENO + 1, ~0U, 0);
  auto parsed = parse_options(argc, argv);
  if (!parsed) give_up(parsed.error().what, 2);
  const Options& options = *parsed;
  if (options.help) return dprintf(STDOUT_FILENO, "%s", kHelp) > 0 ? 0 : 1;
  if (options.version)
    return dprintf(STDOUT_FILENO, "gatehoused %s\n", GATEHOUSE_VERSION) > 0 ? 0 : 1;

  Inheritance parent;
  parent.options = options;
  parent.worker_uid = options.uid_base + privileges(Role::kWorker).uid_offset;
  parent.inherited_filters = inherited_filters();
  parent.missing_layers = missing_layers();
  parent.final_drop = final_drop;
  check_host(options, parent.missing_layers);
  umask(022);
  make_directory(options.run_directory, options.uid_base, 0755);
  umask(027);
  make_directory(options.log_directory, options.uid_base + privileges(Role::kLogger).uid_offset,
                 0750);
  make_directory(options.state_directory,
                 options.uid_base + privileges(Role::kRegistrar).uid_offset, 0700);
  start_spawners(options, &parent);
  const std::string run = options.run_directory;
  parent.control =
      must(open_control_socket(run + "/control.sock", options.uid_base, options.uid_base));
  const unsigned long group = std::strtoul(options.control_group.c_str(), nullptr, 10);
  parent.clients_socket =
      must(open_control_socket(run + "/clients.sock", 0, static_cast<gid_t>(group)));
  make_clients_page(&parent);
  parent.proc = UniqueFd(open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
  parent.signals = open_signals();
  drop(options, parent);
  return run_parent(std::move(parent));
}

}  // namespace
}  // namespace gatehouse::privileged

int main(int argc, char** argv) { return gatehouse::privileged::run(argc, argv); }
