// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/privileges.h"
#include "tests/hostile/attempts.h"
#include "tests/hostile/report.h"

namespace gatehouse::hostile {
namespace {

constexpr Manners kAlone = {.wants_client = true, .wants_upstream = false};
constexpr Manners kAtOnce = {.wants_client = false, .wants_upstream = false};

#define ATTEMPT(name, expression)                           \
  {                                                         \
    name,                                                   \
        [](Worker&, const std::string&) -> int {            \
          return outcome_of(static_cast<long>(expression)); \
        },                                                  \
        kAlone                                              \
  }

int open_path(Worker&, const std::string& path) { return outcome_of(open(path.c_str(), O_RDONLY)); }
int create(Worker&, const std::string& path) {
  return outcome_of(open(path.c_str(), O_WRONLY | O_CREAT, 0600));
}
int make_directory(Worker&, const std::string& path) {
  return outcome_of(mkdir(path.c_str(), 0700));
}
int execute(Worker&, const std::string& path) {
  char* const argv[] = {const_cast<char*>(path.c_str()), nullptr};
  char* const environment[] = {nullptr};
  return outcome_of(execve(path.c_str(), argv, environment));
}

// A child that ends at once; the parent of it reaps nothing, which is the spawner's worry.
int fork_child(long pid) {
  if (pid == 0) syscall(SYS_exit_group, 0);
  return outcome_of(pid);
}

// The first foreign process that takes it. Itself and its own parent are no foreigners.
template <class Try>
int sweep(Try attempt) {
  int last = attempt(1);
  if (last == 0 && getppid() != 1) return 0;
  for (pid_t pid = 2; pid <= 32768; ++pid) {
    const int error = attempt(pid);
    if (error == 0 && pid != getpid() && pid != getppid()) return 0;
    if (error != 0 && error != ESRCH) last = error;
  }
  return last == 0 ? ESRCH : last;
}
int signal_others(Worker&, const std::string&) {
  return sweep([](pid_t pid) { return outcome_of(kill(pid, 0)); });
}
int trace_others(Worker&, const std::string&) {
  return sweep([](pid_t pid) { return outcome_of(ptrace(PTRACE_SEIZE, pid, nullptr, nullptr)); });
}
int read_others(Worker&, const std::string&) {
  return sweep([](pid_t pid) {
    char octet;
    const iovec local{&octet, 1}, remote{reinterpret_cast<void*>(0x1000), 1};
    const int error = outcome_of(process_vm_readv(pid, &local, 1, &remote, 1, 0));
    return error == EFAULT ? 0 : error;  // allowed, only nothing is mapped there
  });
}

int write_run_time_table(Worker&, const std::string&) {
  return mmap(nullptr, kClientsPageSize, PROT_READ | PROT_WRITE, MAP_SHARED, kWorkerClientsFd, 0) ==
                 MAP_FAILED
             ? errno
             : 0;
}
// The first call is what an honest worker does.
int make_run_time_table_writable(Worker&, const std::string&) {
  void* page = mmap(nullptr, kClientsPageSize, PROT_READ, MAP_SHARED, kWorkerClientsFd, 0);
  if (page == MAP_FAILED) return ENOMEM;
  return outcome_of(mprotect(page, 4096, PROT_READ | PROT_WRITE));
}

int take_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {{1U << CAP_NET_ADMIN, 1U << CAP_NET_ADMIN, 0}, {0, 0, 0}};
  return static_cast<int>(syscall(SYS_capset, &header, data));
}

int raise_limit() {
  const rlimit more{1 << 20, 1 << 20};
  return static_cast<int>(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &more, nullptr));
}

long int80() {
  long result = 20;  // getpid in the 32-bit table
  __asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
  return result;
}

int grow_memory(Worker&, const std::string&) {
  for (;;) {
    void* more =
        mmap(nullptr, 64 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (more == MAP_FAILED) return errno;
  }
}
int fault(Worker&, const std::string&) {
  volatile int* volatile nowhere = nullptr;
  *nowhere = 1;
  return 0;
}
int give_up(Worker&, const std::string&) { std::abort(); }
int leave(Worker&, const std::string&) { _exit(42); }

int write_memory_file() {
  const long fd = syscall(SYS_memfd_create, "x", 0);
  return fd < 0 ? -1 : static_cast<int>(write(static_cast<int>(fd), "x", 1));
}

// Being armed is the success; the parent's refusal leaves no listener. run.py looks at that.
int do_nothing(Worker&, const std::string&) { return 0; }

// A line for each octet that could break one, then more than the log should take.
int flood_log(Worker&, const std::string&) {
  write_event("line one\r\ngatehoused: error: line two\x1b[2J\x07\xff");
  for (int i = 0; i < 100'000; ++i) write_event("flood");
  report("flooded");
  write_log(std::string("\xff\xff\xff\xff", 4));  // no such length
  return 0;
}

int second_thread(Worker&, const std::string&) {
  static char stack[16384];
  constexpr int kFlags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;
  return outcome_of(clone(
      [](void*) -> int {
        for (;;) syscall(SYS_pause);  // never returns: errno is the first thread's too
      },
      stack + sizeof stack, kFlags, nullptr));
}

constexpr Attempt kAttempts[] = {
    {"open", open_path, kAlone},
    {"creat", create, kAlone},
    {"mkdir", make_directory, kAlone},
    ATTEMPT("memfd_write", write_memory_file()),
    {"execve", execute, kAlone},
    ATTEMPT("execveat_fd",
            syscall(SYS_execveat, kWorkerMetricsFd, "", nullptr, nullptr, AT_EMPTY_PATH)),
    ATTEMPT("fork", fork_child(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)) == 0 ? 0 : -1),
    ATTEMPT("vfork", fork_child(syscall(SYS_vfork)) == 0 ? 0 : -1),
    {"thread", second_thread, kAlone},
    ATTEMPT("clone3", syscall(SYS_clone3, nullptr, 0)),
    ATTEMPT("unshare_user", unshare(CLONE_NEWUSER)),
    ATTEMPT("unshare_net", unshare(CLONE_NEWNET)),
    ATTEMPT("unshare_mount", unshare(CLONE_NEWNS)),
    ATTEMPT("unshare_pid", unshare(CLONE_NEWPID)),
    ATTEMPT("setns", setns(kChannelFd, 0)),
    ATTEMPT("chroot", chroot("/")),
    ATTEMPT("mount", syscall(SYS_mount, "x", "/", "tmpfs", 0, nullptr)),
    {"signal_others", signal_others, kAlone},
    {"trace_others", trace_others, kAlone},
    {"read_others", read_others, kAlone},
    ATTEMPT("pidfd_open", syscall(SYS_pidfd_open, 1, 0)),
    ATTEMPT("pidfd_getfd", syscall(SYS_pidfd_getfd, 3, 0, 0)),
    ATTEMPT("setuid", setuid(0)),
    ATTEMPT("setgroups", syscall(SYS_setgroups, 0, nullptr)),
    ATTEMPT("capset", take_capabilities()),
    ATTEMPT("dumpable", prctl(PR_SET_DUMPABLE, 1)),
    ATTEMPT("securebits", prctl(PR_SET_SECUREBITS, 0)),
    ATTEMPT("death_signal", prctl(PR_SET_PDEATHSIG, 0)),
    ATTEMPT("raise_limit", raise_limit()),
    ATTEMPT("mmap_exec", reinterpret_cast<long>(mmap(nullptr, 4096, PROT_READ | PROT_EXEC,
                                                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))),
    ATTEMPT("mmap_shared", reinterpret_cast<long>(
                               mmap(nullptr, 4096, PROT_READ, MAP_SHARED, kWorkerMetricsFd, 0))),
    ATTEMPT("map_limits", reinterpret_cast<long>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE,
                                                      MAP_SHARED, kWorkerLimitsFd, 0))),
    ATTEMPT("grow_limits", ftruncate(kWorkerLimitsFd, 2 * kLimitsSize)),
    ATTEMPT("mprotect_exec", syscall(SYS_mprotect, nullptr, 4096, PROT_READ | PROT_EXEC)),
    ATTEMPT("pkey_mprotect", syscall(SYS_pkey_mprotect, nullptr, 4096, PROT_EXEC, -1)),
    ATTEMPT("int80", int80()),
    ATTEMPT("x32", syscall(SYS_read | 0x4000'0000, -1, nullptr, 0)),
    ATTEMPT("number_minus_1", syscall(-1)),
    ATTEMPT("number_2_31", syscall(0x8000'0000L)),
    ATTEMPT("io_uring", syscall(SYS_io_uring_setup, 1, nullptr)),
    ATTEMPT("bpf", syscall(SYS_bpf, 0, nullptr, 0)),
    ATTEMPT("userfaultfd", syscall(SYS_userfaultfd, 0)),
    ATTEMPT("perf_event", syscall(SYS_perf_event_open, nullptr, 0, -1, -1, 0)),
    ATTEMPT("add_key", syscall(SYS_add_key, "user", "x", "x", 1, -4)),
    ATTEMPT("keyctl", syscall(SYS_keyctl, 0, -4, 1)),
    ATTEMPT("seccomp_again", syscall(SYS_seccomp, 1, 0, nullptr)),
    {"write_run_time_table", write_run_time_table, kAlone},
    {"make_run_time_table_writable",
     make_run_time_table_writable,
     {.before_filter = true, .wants_client = true, .wants_upstream = false}},
    {"memory", grow_memory, kAlone},
    {"fault", fault, kAlone},
    {"abort", give_up, kAlone},
    {"exit", leave, kAlone},
    {"log_flood", flood_log, kAlone},
    {"no_own_filter",
     do_nothing,
     {.own_filter = false, .wants_client = true, .wants_upstream = false}},
    {"allow_all_filter",
     [](Worker&, const std::string&) -> int { return outcome_of(socket(AF_INET, SOCK_STREAM, 0)); },
     {.allow_all = true, .wants_client = true, .wants_upstream = false}},
    {"socket_before_filter",
     [](Worker&, const std::string&) -> int { return outcome_of(socket(AF_INET, SOCK_STREAM, 0)); },
     {.before_filter = true, .wants_client = false, .wants_upstream = false}},
    {"open_before_filter",
     [](Worker&, const std::string&) -> int { return outcome_of(open("/", O_RDONLY)); },
     {.before_filter = true, .wants_client = false, .wants_upstream = false}},
    {"thread_before_ready",
     second_thread,
     {.before_filter = true, .wants_client = true, .wants_upstream = false}},
    {"canary_allow_all", do_nothing, kAtOnce},
    {"canary_no_filter", do_nothing, kAtOnce},
};
#undef ATTEMPT

}  // namespace

std::span<const Attempt> system_attempts() { return kAttempts; }

}  // namespace gatehouse::hostile
