// SPDX-License-Identifier: Apache-2.0
// The commands that ask a running gateway, against a control socket of the test's own.
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <filesystem>

#include "ipc/channel.h"
#include "ipc/codec.h"
#include "proto/control.pb.h"
#include "tests/cli/cli_process.h"

namespace gatehouse::cli {
namespace {

class ControlProcess : public ::testing::Test {
 protected:
  ControlProcess() {
    char name[] = "/tmp/gatehouse-cli-test-XXXXXX";
    directory_ = mkdtemp(name);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, (directory_ + "/control.sock").c_str());
    listener_.reset(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    EXPECT_EQ(bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(listener_.get(), 4), 0);
  }
  ~ControlProcess() override { std::filesystem::remove_all(directory_); }

  // Runs the command, notes what it asks and answers.
  Ran answer(std::vector<std::string> words, const wire::ControlReply& reply) {
    words.insert(words.end(), {"--run-dir", directory_});
    Running command(words);
    const UniqueFd client(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    pollfd ready{client.get(), POLLIN, 0};
    EXPECT_EQ(poll(&ready, 1, 5000), 1);
    ipc::Message message;
    EXPECT_EQ(ipc::receive(client.get(), &message, 0), ipc::Receive::kMessage);
    EXPECT_TRUE(ipc::decode(message.bytes(), &request_));
    EXPECT_EQ(ipc::send_message(client.get(), reply), ipc::Send::kSent);
    return command.finish();
  }

  std::string directory_;
  UniqueFd listener_;
  wire::ControlRequest request_;
};

wire::ControlReply done(const char* text) {
  wire::ControlReply reply;
  reply.mutable_done()->set_text(text);
  return reply;
}

TEST_F(ControlProcess, EachCommandAsksItsQuestion) {
  const Ran reload = answer({"reload"}, done("the new configuration is in force"));
  EXPECT_EQ(reload.code, 0);
  EXPECT_EQ(reload.out, "the new configuration is in force\n");
  EXPECT_TRUE(request_.has_reload());
  EXPECT_EQ(request_.version(), 1U);
  EXPECT_EQ(answer({"reopen"}, done("x")).code, 0);
  EXPECT_TRUE(request_.has_reopen());
  EXPECT_EQ(answer({"stop"}, done("x")).code, 0);
  EXPECT_TRUE(request_.has_stop());
}

TEST_F(ControlProcess, ARefusalIsShownLineByLineWithoutControlOctets) {
  wire::ControlReply reply;
  reply.mutable_error()->set_text("g.toml:1:1: first\ng.toml:2:1: second \x1b[2J");
  const Ran ran = answer({"reload"}, reply);
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.err, "gatehouse reload: g.toml:1:1: first\ng.toml:2:1: second \\x1b[2J\n");
  EXPECT_EQ(ran.out, "");
}

wire::ControlReply status_reply() {
  wire::ControlReply reply;
  wire::StatusReply* status = reply.mutable_status();
  wire::ProcessStatus* worker = status->add_processes();
  worker->set_role(2);
  worker->set_slot(11);
  worker->set_pid(4711);
  worker->set_phase("serving");
  worker->set_listeners(16);
  worker->set_mode("forward");
  wire::ProcessStatus* resolver = status->add_processes();
  resolver->set_role(8);
  resolver->set_pid(4712);
  resolver->set_phase("serving");
  status->set_connects(5);
  status->set_refusals(4);
  status->set_violations(3);
  status->set_restarts(2);
  status->add_missing_layers("no \"Landlock\"");
  return reply;
}

TEST_F(ControlProcess, StatusAsATable) {
  const Ran ran = answer({"status"}, status_reply());
  EXPECT_EQ(ran.code, 0);
  EXPECT_TRUE(request_.has_status());
  EXPECT_EQ(ran.out,
            "ROLE      SLOT  MODE     PID   PHASE    LISTENERS\n"
            "worker    11    forward  4711  serving  16\n"
            "resolver  0     -        4712  serving  0\n"
            "\n"
            "upstream connections: 5, refusals: 4, violations: 3, restarts: 2\n"
            "missing layer: no \"Landlock\"\n");
}

TEST_F(ControlProcess, StatusAsJson) {
  const Ran ran = answer({"status", "--json"}, status_reply());
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(
      ran.out,
      "{\"processes\":[{\"role\":\"worker\",\"slot\":11,\"mode\":\"forward\",\"pid\":4711,"
      "\"phase\":\"serving\",\"listeners\":16},{\"role\":\"resolver\",\"slot\":0,\"pid\":4712,"
      "\"phase\":\"serving\",\"listeners\":0}],\"connects\":5,\"refusals\":4,\"violations\":3,"
      "\"restarts\":2,"
      "\"missing_layers\":[\"no \\\"Landlock\\\"\"]}\n");
}

TEST_F(ControlProcess, AnAnswerToAnotherQuestionIsAFailure) {
  const Ran ran = answer({"status"}, done("x"));
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.err, "gatehouse status: gatehoused answers something else\n");
}

// The test's own process plays the parent: it is no gatehoused, and posture must say so.
TEST_F(ControlProcess, PostureFindsAnImpostor) {
  wire::ControlReply reply;
  reply.mutable_status();
  std::vector<std::string> words = {"posture", "--run-dir", directory_};
  Running command(words);
  for (int attempt = 0; attempt < 3; ++attempt) {  // a difference must be one three times
    const UniqueFd client(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    pollfd ready{client.get(), POLLIN, 0};
    ASSERT_EQ(poll(&ready, 1, 5000), 1);
    ASSERT_EQ(ipc::send_message(client.get(), reply), ipc::Send::kSent);
    ipc::Message message;
    ipc::receive(client.get(), &message, 0);
  }
  const Ran ran = command.finish();
  EXPECT_EQ(ran.code, 1);
  const std::string who = "DIFFERENCE: The parent with pid " + std::to_string(getpid()) + ": ";
  EXPECT_NE(ran.out.find(who), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("DIFFERENCE: There is no worker.\n"), std::string::npos);
  EXPECT_EQ(ran.out.find("as declared.\n"), std::string::npos);
}

}  // namespace
}  // namespace gatehouse::cli
