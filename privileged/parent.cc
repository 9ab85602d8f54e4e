// SPDX-License-Identifier: Apache-2.0
#include "privileged/parent.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "ipc/codec.h"
#include "privileged/config_source.h"
#include "privileged/control.h"
#include "privileged/logger_link.h"
#include "privileged/registrar_link.h"
#include "privileged/resolver_link.h"
#include "privileged/supervisor.h"

namespace gatehouse::privileged {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitConfiguration = 2;
constexpr auto kReloadTime = std::chrono::seconds(15);  // until every new worker serves
constexpr auto kWorkersTime = std::chrono::seconds(1);  // to be gone after SIGKILL
constexpr auto kLoggerTime = std::chrono::seconds(3);   // to write what is left

class Parent {
 public:
  Parent(Inheritance from, Loop loop)
      : from_(std::move(from)),
        loop_(std::move(loop)),
        logger_(loop_, log_, from_.logger_spawner.channel.get()),
        source_(loop_, log_, from_.loader_spawner.channel.get(), from_.options.config),
        resolver_(loop_, log_, from_.resolver_spawner.channel.get()),
        registrar_(loop_, log_, logger_, from_.registrar_spawner.channel.get(),
                   from_.clients_socket.get(), from_.clients_page.get(),
                   [this] { supervisor_.end_connections(); }),
        supervisor_({loop_, log_, logger_, resolver_, from_.worker_spawner.channel.get(),
                     from_.clients_read.get(), from_.proc.get(), from_.worker_uid,
                     from_.inherited_filters, from_.options.lifted}) {}

  int run();

 private:
  using Exited = std::function<void(const wire::Exited&)>;

  Status watch();
  Status watch_spawner(const SpawnerProcess& spawner, const char* name, Exited exited);
  bool load_first();
  void turn();
  void on_signal();
  void reload(std::function<void(Status)> done);
  void finish_reload();
  void stop();
  void finish();

  Inheritance from_;
  EventLog log_;
  Loop loop_;
  LoggerLink logger_;
  ConfigSource source_;
  ResolverLink resolver_;
  RegistrarLink registrar_;
  Supervisor supervisor_;
  std::unique_ptr<Control> control_;
  std::function<void(Status)> reload_done_;  // a reload whose workers are still to come
  TimePoint reload_until_ = TimePoint::max();
  bool was_ready_ = false;
  bool stopping_ = false;
  int exit_code_ = -1;  // >= 0: leave the loop
};

Status Parent::watch_spawner(const SpawnerProcess& spawner, const char* name, Exited exited) {
  const int fd = spawner.channel.get();
  return loop_.add(fd, EPOLLIN, [this, fd, name, exited = std::move(exited)](std::uint32_t) {
    ipc::Message message;
    wire::FromSpawner report;
    const auto received = ipc::receive(fd, &message, 0);
    if (received == ipc::Receive::kEmpty) return;
    if (received == ipc::Receive::kMessage && ipc::decode(message.bytes(), &report))
      return exited(report.exited());
    // All its children died with it (pid namespace); nothing can be replaced any more.
    log_.write(Level::kError, std::string("the ") + name + " spawner has ended; gatehoused stops");
    loop_.remove(fd);
    exit_code_ = kExitFailed;
  });
}

Status Parent::watch() {
  const struct {
    const SpawnerProcess& spawner;
    const char* name;
    Exited exited;
  } all[] = {
      {from_.worker_spawner, "worker", [this](auto& child) { supervisor_.child_exited(child); }},
      {from_.loader_spawner, "loader", [this](auto& child) { source_.child_exited(child); }},
      {from_.logger_spawner, "logger", [this](auto& child) { logger_.child_exited(child); }},
      {from_.resolver_spawner, "resolver", [this](auto& child) { resolver_.child_exited(child); }},
      {from_.registrar_spawner, "registrar",
       [this](auto& child) { registrar_.child_exited(child); }},
  };
  for (const auto& each : all) {
    if (auto status = watch_spawner(each.spawner, each.name, each.exited); !status) return status;
  }
  return loop_.add(from_.signals.get(), EPOLLIN, [this](std::uint32_t) { on_signal(); });
}

// What holds at run time comes first, as the first worker must know it. Then the first
// configuration: without it nothing is started.
bool Parent::load_first() {
  registrar_.start();
  while (!registrar_.was_ready() && !registrar_.failed() && exit_code_ < 0) turn();
  if (!registrar_.was_ready()) {
    exit_code_ = kExitFailed;
    return false;
  }
  bool loaded = false;
  source_.load([&](Result<LoadedConfig> config) {
    Status status = config ? supervisor_.apply(std::move(*config)) : Status(config.error());
    if (!status) {
      log_.write(Level::kError, "not started: " + status.error().what);
      exit_code_ = kExitConfiguration;
    }
    loaded = true;
  });
  while (!loaded && exit_code_ < 0) turn();
  if (exit_code_ >= 0) return false;
  if (Status status = from_.final_drop(); !status) {
    log_.write(Level::kError, "not started: " + status.error().what);
    exit_code_ = kExitFailed;
  }
  return exit_code_ < 0;
}

int Parent::run() {
  if (Status status = watch(); !status) {
    log_.write(Level::kError, status.error().what);
    return kExitFailed;
  }
  if (!load_first()) return exit_code_;
  for (const std::string& layer : from_.missing_layers) log_.write(Level::kWarning, layer);
  control_ =
      std::make_unique<Control>(loop_, std::move(from_.control),
                                Control::Actions{
                                    .status =
                                        [this](wire::StatusReply* reply) {
                                          supervisor_.describe(reply);
                                          for (const std::string& layer : from_.missing_layers)
                                            reply->add_missing_layers(layer);
                                        },
                                    .reload = [this](auto done) { reload(std::move(done)); },
                                    .reopen = [this] { logger_.reopen(); },
                                    .stop = [this] { stop(); },
                                });
  while (exit_code_ < 0) {
    turn();
    finish_reload();
    was_ready_ = was_ready_ || supervisor_.ready();
    if (!was_ready_ && supervisor_.unprovable()) {
      log_.write(Level::kError, "not started: confinement does not hold on this host");
      exit_code_ = kExitFailed;
    }
    if (stopping_ && supervisor_.empty()) exit_code_ = 0;
  }
  finish();
  return exit_code_;
}

void Parent::turn() {
  loop_.wait(
      std::min({supervisor_.next_deadline(), source_.next_deadline(), logger_.next_deadline(),
                resolver_.next_deadline(), registrar_.next_deadline(), reload_until_}));
  const TimePoint now = Clock::now();
  if (supervisor_.next_deadline() <= now) supervisor_.expire(now);
  source_.expire(now);
  logger_.expire(now);
  resolver_.expire(now);
  registrar_.expire(now);
  supervisor_.finish_turn();
}

void Parent::on_signal() {
  signalfd_siginfo info{};
  if (read(from_.signals.get(), &info, sizeof info) != sizeof info) return;
  switch (info.ssi_signo) {
    case SIGHUP:
      return reload([this](const Status& status) {
        if (status) return log_.write(Level::kInfo, "reload: the new configuration is in force");
        log_.write(Level::kError, "reload: the old configuration stays: " + status.error().what);
      });
    case SIGUSR1:
      return logger_.reopen();
    default:
      return stop();
  }
}

void Parent::reload(std::function<void(Status)> done) {
  if (stopping_) return done(Error{0, "gatehoused is stopping"});
  if (source_.busy() || reload_done_) return done(Error{0, "another reload is under way"});
  source_.load([this, done = std::move(done)](Result<LoadedConfig> config) {
    const Status applied = config ? supervisor_.apply(std::move(*config)) : Status(config.error());
    if (!applied) return done(applied);
    reload_done_ = done;
    reload_until_ = Clock::now() + kReloadTime;
  });
}

// A reload is over when every new worker serves.
void Parent::finish_reload() {
  if (!reload_done_) return;
  const bool ready = supervisor_.ready();
  if (!ready && !stopping_ && Clock::now() < reload_until_) return;
  const auto done = std::move(reload_done_);
  reload_done_ = nullptr;
  reload_until_ = TimePoint::max();
  done(ready ? ok() : Status(Error{0, "new workers did not start in time; the old ones serve on"}));
}

// First drain, then at once.
void Parent::stop() {
  if (stopping_) {
    log_.write(Level::kWarning, "stopped before all exchanges had finished");
    exit_code_ = 0;
    return;
  }
  stopping_ = true;
  log_.write(Level::kInfo, "draining: no new connections; a second signal stops at once");
  supervisor_.drain();
}

// Ends the workers that are left, then the logger, once it has read what they wrote.
void Parent::finish() {
  supervisor_.abandon();
  TimePoint until = Clock::now() + kWorkersTime;
  while (!supervisor_.empty() && Clock::now() < until) loop_.wait(until);
  registrar_.finish();  // the logger waits for the end of every pipe
  log_.write(Level::kInfo, "stopped");
  logger_.finish();
  until = Clock::now() + kLoggerTime;
  while (logger_.running() && Clock::now() < until) loop_.wait(until);
}

}  // namespace

int run_parent(Inheritance inheritance) {
  auto loop = Loop::make();
  if (!loop) return kExitFailed;
  Parent parent(std::move(inheritance), std::move(*loop));
  return parent.run();
}

}  // namespace gatehouse::privileged
