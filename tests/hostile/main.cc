// SPDX-License-Identifier: Apache-2.0
// A program that the tests put in the place of gatehouse-worker. The spawner starts it with the
// descriptors, the user, the namespaces and the filter of a worker; its argument vector and
// environment are fixed and it can open nothing, so the test writes the name of the attempt into
// the file (kSelection), as NAME, NAME=ARGUMENT, with "bare " before it to leave out its own
// filter.
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "base/privileges.h"
#include "tests/hostile/attempts.h"
#include "tests/hostile/report.h"

namespace gatehouse::hostile {
namespace {

// Written over in the file; volatile, so that the compiler believes nothing about it.
volatile char kSelection[128] = "HOSTILE-SELECTION:";

std::string selection() {
  std::string text;
  for (std::size_t i = std::strlen("HOSTILE-SELECTION:"); kSelection[i] != '\0'; ++i)
    text += kSelection[i];
  return text;
}

const Attempt* find(std::string_view name) {
  for (const auto table : {system_attempts(), socket_attempts(), message_attempts()}) {
    for (const Attempt& attempt : table) {
      if (attempt.name == name) return &attempt;
    }
  }
  return nullptr;
}

// As an honest worker does it (worker/confine.cc).
[[noreturn]] void be_canary(Worker& worker, std::string_view which) {
  worker.confine();
  const char reached = 1;
  (void)!write(kWorkerLogFd, &reached, 1);
  char name[16];
  if (which == "1") (void)!socket(AF_INET, SOCK_STREAM, 0);
  if (which == "2") prctl(PR_GET_NAME, name, 0, 0, 0);
  _exit(3);
}

void attempt_and_report(Worker& worker, const Attempt& attempt, const std::string& argument) {
  const int error = attempt.make(worker, argument);
  report(error == 0 ? "success" : "errno " + std::to_string(error) + " (" + strerror(error) + ")");
}

[[noreturn]] void run(const char* canary) {
  std::string name = selection(), argument;
  const bool bare = name.rfind("bare ", 0) == 0;
  if (bare) name.erase(0, 5);
  if (const auto at = name.find('='); at != std::string::npos) {
    argument = name.substr(at + 1);
    name.erase(at);
  }
  if (canary != nullptr) {
    Manners manners;
    // The one attempt that is about canaries: a filter that forbids nothing.
    manners.allow_all = name == "canary_allow_all";
    manners.own_filter = name != "canary_no_filter";
    Worker worker(manners);
    be_canary(worker, canary);
  }
  const Attempt* attempt = find(name);
  if (attempt == nullptr) _exit(95);
  Manners manners = attempt->manners;
  if (bare) manners.own_filter = false;

  Worker worker(manners);
  if (manners.before_filter) attempt_and_report(worker, *attempt, argument);
  worker.confine();
  if (manners.before_ready) attempt_and_report(worker, *attempt, argument);
  worker.say_ready();
  if (manners.wants_client) worker.wait_for_client();
  if (manners.wants_upstream) {
    if (!worker.connect_upstream()) report("no upstream connection");
  }
  if (!manners.before_filter && !manners.before_ready)
    attempt_and_report(worker, *attempt, argument);
  worker.serve();
}

}  // namespace
}  // namespace gatehouse::hostile

int main(int argc, char** argv) { gatehouse::hostile::run(argc > 1 ? argv[1] : nullptr); }
