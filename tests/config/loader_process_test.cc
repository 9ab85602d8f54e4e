// SPDX-License-Identifier: Apache-2.0
// The loader as a process, started with the descriptors that its spawner gives it: what it reports
// and that no text makes it report success wrongly. It puts on its own filter, as always.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "base/privileges.h"
#include "base/unique_fd.h"
#include "config/config.h"
#include "ipc/channel.h"
#include "ipc/sealed_memfd.h"
#include "proto/loader.pb.h"

namespace gatehouse {
namespace {

struct Loaded {
  int wait_status = 0;
  bool reported = false;
  wire::LoadResult result;
  std::string output;  // what is in the memfd
};

UniqueFd text_file(std::string_view text) {
  UniqueFd file = std::move(*ipc::make_memfd("text", 0));
  EXPECT_EQ(write(file.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  EXPECT_EQ(lseek(file.get(), 0, SEEK_SET), 0);
  return file;
}

// Runs the loader with text_fd as fd 0, output as fd 4 and resolv_conf as fd 5 (-1: closed), and at
// most so much memory.
Loaded run_loader(int text_fd, int output, rlim_t octets = RLIM_INFINITY, int resolv_conf = -1) {
  ipc::Pair pair = std::move(*ipc::make_pair());
  const pid_t pid = fork();
  if (pid == 0) {
    // Out of the way first: a source may have the number of another one's target.
    const int text = fcntl(text_fd, F_DUPFD, 100), channel = fcntl(pair.theirs.get(), F_DUPFD, 100),
              out = fcntl(output, F_DUPFD, 100), null = open("/dev/null", O_RDWR),
              resolv = fcntl(resolv_conf, F_DUPFD, 100);
    dup2(null, 1);
    dup2(null, 2);
    dup2(text, 0);
    dup2(channel, kChannelFd);
    dup2(out, kLoaderOutputFd);
    if (resolv >= 0) dup2(resolv, kLoaderResolvConfFd);
    close_range(resolv >= 0 ? kLoaderResolvConfFd + 1 : kLoaderResolvConfFd, ~0U, 0);
    const rlimit memory{octets, octets};
    setrlimit(RLIMIT_DATA, &memory);
    char name[] = "gatehouse-loader";
    char* argv[] = {name, nullptr};
    char* environment[] = {nullptr};
    execve(LOADER_BINARY, argv, environment);
    _exit(127);
  }
  pair.theirs.reset();
  Loaded loaded;
  EXPECT_EQ(waitpid(pid, &loaded.wait_status, 0), pid);
  ipc::Message message;
  if (ipc::receive(pair.ours.get(), &message, 0) == ipc::Receive::kMessage) {
    loaded.reported = true;
    EXPECT_TRUE(
        loaded.result.ParseFromArray(message.buffer.data(), static_cast<int>(message.size)));
  }
  char buffer[4096];
  lseek(output, 0, SEEK_SET);
  for (ssize_t n; (n = read(output, buffer, sizeof buffer)) > 0;) {
    loaded.output.append(buffer, static_cast<std::size_t>(n));
  }
  return loaded;
}

Loaded load(std::string_view text) {
  const UniqueFd file = text_file(text);
  const UniqueFd output = std::move(*ipc::make_memfd("output", 0));
  return run_loader(file.get(), output.get());
}

constexpr std::string_view kNeedsNames = "[gateway]\nhost_check = \"tag\"\n";

// On a host with this /etc/resolv.conf.
Loaded load_with_names(int resolv_conf) {
  const UniqueFd file = text_file(kNeedsNames);
  const UniqueFd output = std::move(*ipc::make_memfd("output", 0));
  return run_loader(file.get(), output.get(), RLIM_INFINITY, resolv_conf);
}

bool printable_text(std::string_view text) {
  for (const char c : text) {
    if (c != '\n' && (c < 0x20 || c > 0x7e)) return false;
  }
  return true;
}

TEST(LoaderProcess, EmptyTextIsACompleteConfig) {
  const Loaded loaded = load("");
  ASSERT_TRUE(WIFEXITED(loaded.wait_status)) << WTERMSIG(loaded.wait_status);
  EXPECT_EQ(WEXITSTATUS(loaded.wait_status), 0);
  ASSERT_TRUE(loaded.reported);
  EXPECT_TRUE(loaded.result.loaded()) << loaded.result.error();
  EXPECT_EQ(loaded.result.error(), "");
  EXPECT_EQ(loaded.result.size(), loaded.output.size());
  wire::Config config;
  ASSERT_TRUE(config.ParseFromString(loaded.output));
  EXPECT_EQ(config.listeners_size(), 2);
  EXPECT_EQ(config.quota().burst(), 64U);
}

TEST(LoaderProcess, TheHostsDnsServersAreReadFromTheirDescriptor) {
  const UniqueFd host = text_file("nameserver 192.0.2.53\n");
  const Loaded loaded = load_with_names(host.get());
  EXPECT_TRUE(loaded.result.loaded()) << loaded.result.error();
  wire::Config config;
  ASSERT_TRUE(config.ParseFromString(loaded.output));
  ASSERT_EQ(config.resolver().servers_size(), 1);
  EXPECT_EQ(config.resolver().servers(0).address(), std::string("\xc0\x00\x02\x35", 4));
}

TEST(LoaderProcess, WithoutThemASentenceSaysWhatToDo) {
  const UniqueFd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const UniqueFd directory(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (const int host : {-1, null.get(), directory.get()}) {
    const Loaded loaded = load_with_names(host);
    EXPECT_EQ(loaded.wait_status, 0);
    EXPECT_FALSE(loaded.result.loaded());
    EXPECT_EQ(loaded.result.error(),
              "configuration:2:14: [gateway] host_check: needs names to be resolved, and no DNS "
              "server is known: [resolver] servers is not there, and /etc/resolv.conf of this host "
              "has none; valid with [resolver] servers = [\"192.0.2.53\"], the addresses of yours");
  }
}

// Of a text that is too long, what is read ends with a whole line.
TEST(LoaderProcess, OnlySoMuchOfTheHostsTextIsRead) {
  std::string text = "nameserver 192.0.2.1\n";
  while (text.size() < 65'520) text += "# " + std::string(61, 'x') + "\n";
  text.resize(65'536 - 20);
  text += "\nnameserver 192.0.2.255\n";
  const UniqueFd host = text_file(text);
  const Loaded loaded = load_with_names(host.get());
  wire::Config config;
  ASSERT_TRUE(config.ParseFromString(loaded.output));
  EXPECT_EQ(config.resolver().servers_size(), 1);
}

TEST(LoaderProcess, TwoInstancesHaveTheirOwnPseudonym) {
  wire::Config first, second;
  ASSERT_TRUE(first.ParseFromString(load("").output));
  ASSERT_TRUE(second.ParseFromString(load("").output));
  EXPECT_EQ(first.via_pseudonym().substr(0, 10), "gatehouse-");
  EXPECT_EQ(first.via_pseudonym().size(), 22U);
  EXPECT_NE(first.via_pseudonym(), second.via_pseudonym());
}

TEST(LoaderProcess, MistakesAreReportedAndNothingIsWritten) {
  const Loaded loaded = load("[gateway]\nworkers = 0\nvia = \"of\"\n");
  EXPECT_EQ(loaded.wait_status, 0);
  ASSERT_TRUE(loaded.reported);
  EXPECT_FALSE(loaded.result.loaded());
  EXPECT_EQ(loaded.result.error(),
            "configuration:2:11: [gateway] workers: is 0; valid is \"auto\" (one for each "
            "processor) or an integer from 1 to 64\n"
            "configuration:3:7: [gateway] via: is \"of\" (did you mean \"off\"?); valid is "
            "\"off\", \"request\" or \"both\"");
  EXPECT_EQ(loaded.output, "");
}

TEST(LoaderProcess, ManyHostileMistakesFitTheReport) {
  std::string text = "[gateway]\n";
  for (int i = 0; i < 500; ++i) {
    text += "\"\\u001b[2J\\n" + std::to_string(i) + std::string(300, 'x') + "\" = 1\n";
  }
  const Loaded loaded = load(text);
  EXPECT_EQ(loaded.wait_status, 0);
  EXPECT_FALSE(loaded.result.loaded());
  EXPECT_LE(loaded.result.error().size(), 3072U);
  EXPECT_GT(loaded.result.error().size(), 2000U);
  EXPECT_TRUE(printable_text(loaded.result.error())) << loaded.result.error();
  EXPECT_EQ(loaded.output, "");
}

TEST(LoaderProcess, TextOfOneMebioctetIsReadAndMoreIsRefused) {
  std::string text;
  while (text.size() < config::kMaxText) text += "# all comment\n";
  text.resize(config::kMaxText);
  EXPECT_TRUE(load(text).result.loaded());
  text += '#';
  const Loaded loaded = load(text);
  EXPECT_FALSE(loaded.result.loaded());
  EXPECT_EQ(loaded.result.error(), "configuration: is larger than 1 MiB, the most that is read");
}

TEST(LoaderProcess, UnreadableTextIsReported) {
  const UniqueFd directory(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const UniqueFd output = std::move(*ipc::make_memfd("output", 0));
  const Loaded loaded = run_loader(directory.get(), output.get());
  EXPECT_EQ(loaded.wait_status, 0);
  EXPECT_FALSE(loaded.result.loaded());
  EXPECT_EQ(loaded.result.error(), "configuration: can't be read: EISDIR");
}

TEST(LoaderProcess, UnwritableOutputIsReported) {
  const UniqueFd file = text_file("");
  const UniqueFd output(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const Loaded loaded = run_loader(file.get(), output.get());
  EXPECT_FALSE(loaded.result.loaded());
  EXPECT_EQ(loaded.result.error(), "configuration: the compiled form can't be written: EBADF");
}

// Provokes the rows for abort() in the filter: without them the end would be SIGSYS.
TEST(LoaderProcess, OutOfMemoryEndsByAbortWithoutAReport) {
  std::string text = "x = [\n";
  while (text.size() < 900'000) text += "[],[],[],[],[],[],[],[],[],[],\n";
  const UniqueFd file = text_file(text + "]\n");
  const UniqueFd output = std::move(*ipc::make_memfd("output", 0));
  const Loaded loaded = run_loader(file.get(), output.get(), rlim_t{8} << 20);
  ASSERT_TRUE(WIFSIGNALED(loaded.wait_status));
  EXPECT_EQ(WTERMSIG(loaded.wait_status), SIGABRT);
  EXPECT_FALSE(loaded.reported);
  EXPECT_EQ(loaded.output, "");
}

// Texts that are deep, long or broken in their encoding: a report of failure or a death by
// signal, never a success.
TEST(LoaderProcess, NoHostileTextLooksLikeSuccess) {
  std::string dotted, nested, wide = "[gateway]\nclients = [";
  for (int i = 0; i < 500'000; ++i) dotted += "a.";
  for (int i = 0; i < 500'000; ++i) nested += "[";
  for (int i = 0; i < 90'000; ++i) wide += "\"10.0.0.1\",\n";
  std::string folded = "x = [\n";
  for (int i = 0; i < 240; ++i) {
    folded += "{";
    for (int j = 0; j < 2000; ++j) folded += "a.";
    folded += "a = [\n";
  }
  std::string headers;
  for (int i = 0; i < 40; ++i) {
    headers += "[[b.";
    for (int j = 0; j < 2000; ++j) headers += "a.";
    headers += "c]]\n";
  }
  const std::string texts[] = {
      dotted + "a = 1\n",
      "[" + dotted + "a]\n",
      "x = " + nested,
      wide + "]\n",
      folded,
      headers,
      std::string("\0", 1),
      "\xff\xfe\x00",
      "[gateway]\nworkers = \"\xc3\x28\"\n",
      "[gateway]\nworkers = 99999999999999999999999\n",
      std::string(4097, '#'),
      "[quota]\nburst = -1\n",
      "[quota]\nburst = 4294967297\n",
      "[quota\n",
      "a = \"\"\"",
  };
  for (const std::string& text : texts) {
    const Loaded loaded = load(text);
    SCOPED_TRACE(text.substr(0, 60));
    EXPECT_FALSE(loaded.result.loaded());
    if (WIFSIGNALED(loaded.wait_status)) {
      EXPECT_FALSE(loaded.reported);
      ADD_FAILURE() << "signal " << WTERMSIG(loaded.wait_status);
    } else {
      ASSERT_TRUE(loaded.reported);
      EXPECT_NE(loaded.result.error(), "");
      EXPECT_TRUE(printable_text(loaded.result.error())) << loaded.result.error();
    }
    EXPECT_EQ(loaded.output, "");
  }
}

}  // namespace
}  // namespace gatehouse
