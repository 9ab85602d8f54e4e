// SPDX-License-Identifier: Apache-2.0
// gatehouse-loader: configuration text on fd 0, the host's resolv.conf on fd 6, the directories of
// rule files and time zones on fds 7 and 8; the compiled Config into fd 4, compiled lists into fd
// 5, LoadResult on fd 3.
//
// Runs once, confined, for each load. Trusts: nothing it reads. Whatever happens before the last
// statement of main(), the parent sees no success: LoadResult.loaded is sent once, after the whole
// Config is written.
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/privileges.h"
#include "base/sandbox.h"
#include "config/config.h"
#include "config/diagnostics.h"
#include "config/directory.h"
#include "config/values.h"
#include "ipc/channel.h"
#include "proto/loader.pb.h"

namespace gatehouse::config {
namespace {

constexpr std::size_t kMaxError = 3072;                      // octets of LoadResult.error
constexpr std::size_t kMaxRemarks = 3072, kMaxRemark = 300;  // octets of all, of each

enum Exit { kReported = 0, kUnconfined = 1, kNoChannel = 2 };

// True: *text is all of fd 0. False: *problem says why not.
bool read_text(std::string* text, std::string* problem) {
  text->resize(kMaxText + 1);
  std::size_t have = 0;
  while (have < text->size()) {
    const ssize_t n = ::read(STDIN_FILENO, text->data() + have, text->size() - have);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      *problem = std::string("can't be read: ") + strerrorname_np(errno);
      return false;
    }
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
  }
  text->resize(have);
  if (have <= kMaxText) return true;
  *problem = "is larger than 1 MiB, the most that is read";
  return false;
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

wire::LoadResult failure(std::string error) {
  wire::LoadResult result;
  result.set_error(std::move(error));
  return result;
}

// Warnings as `gatehouse check` has them; those that a log has no room for are counted.
void add_remarks(const std::vector<std::string>& warnings, wire::LoadResult* result) {
  std::size_t octets = 0;
  for (std::size_t i = 0; i < warnings.size(); ++i) {
    std::string remark = printable(warnings[i], kMaxRemark);
    octets += remark.size();
    if (octets > kMaxRemarks) {
      remark = "and " + std::to_string(warnings.size() - i) +
               " more warnings, which `gatehouse check` shows";
    }
    result->add_remarks(std::move(remark));
    if (octets > kMaxRemarks) return;
  }
}

wire::LoadResult load(const std::string& file_name, Surroundings surroundings) {
  std::string text, problem;
  surroundings.resolv_conf = read_resolv_conf_text(kLoaderResolvConfFd);
  Directory files(kLoaderDirectoryFd, kLoaderZonesFd);
  surroundings.files = &files;
  if (!read_text(&text, &problem)) return failure(file_name + ": " + problem);
  const Outcome outcome = parse(text, file_name, surroundings);
  if (!outcome.errors.empty()) return failure(join_sentences(outcome.errors, kMaxError));
  const std::string bytes = outcome.config.SerializeAsString();
  const std::string_view lists(reinterpret_cast<const char*>(outcome.lists.data()),
                               outcome.lists.size());
  if (!write_all(kLoaderOutputFd, bytes) || !write_all(kLoaderListsFd, lists)) {
    return failure(file_name + ": the compiled form can't be written: " + strerrorname_np(errno));
  }
  wire::LoadResult result;
  result.set_loaded(true);
  result.set_size(static_cast<std::uint32_t>(bytes.size()));
  result.set_lists_size(lists.size());
  add_remarks(outcome.warnings, &result);
  return result;
}

int run(std::string file_name) {
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return kUnconfined;
  const Surroundings surroundings = look_around();
  if (!install_filter(privileges(Role::kLoader).own)) return kUnconfined;
  const wire::LoadResult result = load(file_name, surroundings);
  std::string bytes;
  result.SerializeToString(&bytes);
  return ipc::send(kChannelFd, bytes) == ipc::Send::kSent ? kReported : kNoChannel;
}

}  // namespace
}  // namespace gatehouse::config

int main(int argc, char** argv) {
  // _exit: nothing of ours needs destructors, and what they call is not in the filter.
  ::_exit(gatehouse::config::run(argc > 1 ? argv[1] : "configuration"));
}
