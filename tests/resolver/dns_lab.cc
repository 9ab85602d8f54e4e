// SPDX-License-Identifier: Apache-2.0
#include "tests/resolver/dns_lab.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/check.h"

namespace gatehouse::resolver {
namespace {

// The text after `"key": ` in a line of JSON that the server wrote, without quotes.
std::string value(const std::string& line, const std::string& key) {
  const std::string start = "\"" + key + "\": ";
  std::size_t at = line.find(start);
  CHECK(at != line.npos);
  at += start.size();
  if (line[at] == '"') return line.substr(at + 1, line.find('"', at + 1) - at - 1);
  return line.substr(at, line.find_first_of(",}", at) - at);
}

Endpoint parse(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  std::string host = text.substr(0, colon);
  if (host.front() == '[') host = host.substr(1, host.size() - 2);
  Endpoint endpoint;
  endpoint.address.family = host.find(':') == host.npos ? AF_INET : AF_INET6;
  CHECK(inet_pton(endpoint.address.family, host.c_str(), endpoint.address.octets.data()) == 1);
  endpoint.port = static_cast<std::uint16_t>(std::stoi(text.substr(colon + 1)));
  return endpoint;
}

}  // namespace

DnsLab::DnsLab(const std::string& zone, const std::string& host) {
  char directory[] = "/tmp/gatehouse-dns-test-XXXXXX";
  CHECK(mkdtemp(directory) != nullptr);
  directory_ = directory;
  std::ofstream(directory_ + "/zone") << zone;
  int pipe_fds[2];
  CHECK(pipe2(pipe_fds, O_CLOEXEC) == 0);
  pid_ = fork();
  CHECK(pid_ >= 0);
  const std::string zone_file = directory_ + "/zone", log_file = directory_ + "/log";
  const std::string address = host + ":0";
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // also when the test ends by a CHECK
    dup2(pipe_fds[1], 1);
    execl("/usr/bin/python3", "python3", "-B", DNS_SERVER, "--zone", zone_file.c_str(), "--log",
          log_file.c_str(), address.c_str(), nullptr);
    _exit(127);
  }
  close(pipe_fds[1]);
  const UniqueFd output(pipe_fds[0]);
  std::string line;
  char c;
  while (read(output.get(), &c, 1) == 1 && c != '\n') line += c;
  CHECK(line.starts_with("listening "));
  endpoint_ = parse(line.substr(10));
}

DnsLab::~DnsLab() {
  stop();
  std::filesystem::remove_all(directory_);
}

void DnsLab::stop() {
  if (pid_ <= 0) return;
  kill(pid_, SIGTERM);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

std::vector<LoggedQuery> DnsLab::queries() {
  // The log is written in every turn of the server's loop, before it waits again.
  usleep(50'000);
  stop();
  std::vector<LoggedQuery> queries;
  std::ifstream log(directory_ + "/log");
  for (std::string line; std::getline(log, line);) {
    queries.push_back({static_cast<unsigned>(std::stoul(value(line, "id"))),
                       static_cast<unsigned>(std::stoul(value(line, "port"))),
                       value(line, "tcp") == "true", value(line, "name"), value(line, "type")});
  }
  return queries;
}

UniqueFd connected_socket(const Endpoint& endpoint, bool tcp) {
  const int type = (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
  UniqueFd fd(socket(endpoint.address.family, type, 0));
  const SocketAddress address = to_socket_address(endpoint);
  CHECK(fd.valid());
  // On the loopback a refusal may come at once.
  if (connect(fd.get(), address.get(), address.length) != 0 && errno != EINPROGRESS) fd.reset();
  return fd;
}

long resident_kb(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stol(line.substr(6));
  }
  return -1;
}

int descriptors(pid_t pid) {
  const std::filesystem::directory_iterator all("/proc/" + std::to_string(pid) + "/fd");
  return static_cast<int>(std::distance(begin(all), end(all)));
}

}  // namespace gatehouse::resolver
