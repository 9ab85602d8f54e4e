// SPDX-License-Identifier: Apache-2.0
#include "privileged/config_source.h"

#include "ipc/codec.h"
#include "ipc/sealed_memfd.h"
#include "proto/loader.pb.h"

namespace gatehouse::privileged {
namespace {
constexpr auto kLoadTime = std::chrono::seconds(90);  // 20 million names of lists take 10
constexpr std::size_t kLargestConfig = 16UL << 20;    // octets
constexpr std::uint64_t kLargestLists = 1ULL << 30;   // octets

// A taken-over loader must not write to the administrator's terminal but text.
std::string printable(std::string text) {
  for (char& c : text) {
    if ((c < ' ' || c > '~') && c != '\n') c = '?';
  }
  return text;
}
}  // namespace

void ConfigSource::load(Done done) {
  CHECK(!busy());
  done_ = std::move(done);
  deadline_ = Clock::now() + kLoadTime;
  auto memfd = ipc::make_memfd("gatehouse-config", 0);
  auto lists = ipc::make_memfd("gatehouse-lists", 0);
  if (!memfd) return finish(memfd.error());
  if (!lists) return finish(lists.error());
  memfd_ = std::move(*memfd);
  lists_ = std::move(*lists);
  const int fds[] = {memfd_.get(), lists_.get()};
  if (!loader_.start(fds)) finish(Error{0, "the loader can't be started"});
}

void ConfigSource::on_channel() {
  ipc::Message message;
  const auto received = ipc::receive(loader_.channel(), &message, 0);
  if (received == ipc::Receive::kEmpty) return;
  wire::LoadResult result;
  if (received != ipc::Receive::kMessage ||
      !result.ParseFromArray(message.buffer.data(), static_cast<int>(message.size))) {
    return loader_.hang_up();  // its end says why: child_exited
  }
  for (const std::string& remark : result.remarks()) log_.write(Level::kWarning, printable(remark));
  finish(result.loaded() ? take(result.size(), result.lists_size())
                         : Result<LoadedConfig>(Error{EINVAL, printable(result.error())}));
}

// Of the lists only the length is looked at: workers read them, and trust nothing in them.
Result<LoadedConfig> ConfigSource::take(std::size_t size, std::uint64_t lists_size) {
  for (const int memfd : {memfd_.get(), lists_.get()}) {
    if (auto status = ipc::seal(memfd, true); !status) return status.error();
  }
  if (size > kLargestConfig || lists_size > kLargestLists) {
    return Error{EMSGSIZE, "the loader's result is refused: it is too long"};
  }
  const auto lists_octets = ipc::sealed_size(lists_.get());
  if (!lists_octets) return lists_octets.error();
  if (*lists_octets != lists_size) {
    return Error{EMSGSIZE, "the loader's result is refused: its lists are not as long as it says"};
  }
  auto text = ipc::read_sealed(memfd_.get(), size);
  if (!text) return text.error();
  auto settings = settings_from(*text);
  if (!settings) return settings.error();
  return LoadedConfig{std::move(*settings), std::move(memfd_), std::move(lists_)};
}

void ConfigSource::child_exited(const wire::Exited& exited) {
  if (!loader_.is(exited.child())) return;
  if (loader_.channel() >= 0) on_channel();  // its result may still be there
  if (!busy()) return;
  std::string why = "the loader ended without a result (" + ending(exited) + ")";
  // The spawner exits with errno where it can't open the file.
  if (!exited.killed() && exited.status() > 0 && exited.status() < 126) {
    why = path_ + ": can't be opened by the loader's user: " + std::strerror(exited.status());
  }
  finish(Error{0, why});
}

void ConfigSource::expire(TimePoint now) {
  if (!busy() || now < deadline_) return;
  loader_.stop();
  finish(Error{ETIMEDOUT, path_ + ": took longer than 90 s to load"});
}

void ConfigSource::finish(Result<LoadedConfig> result) {
  loader_.forget();
  memfd_.reset();
  lists_.reset();
  const Done done = std::move(done_);
  done_ = nullptr;
  done(std::move(result));
}

}  // namespace gatehouse::privileged
