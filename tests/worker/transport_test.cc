// SPDX-License-Identifier: Apache-2.0
#include "worker/transport.h"

#include <gtest/gtest.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

#include "tests/worker/fake_parent.h"
#include "tests/worker/peer.h"
#include "worker/connection.h"
#include "worker/pipe_pool.h"

namespace gatehouse::worker {
namespace {

struct TransportTest : ::testing::Test, EventHandler {
  void SetUp() override {
    signal(SIGPIPE, SIG_IGN);  // as the spawner does
    auto made = EpollPoller::make();
    ASSERT_TRUE(made);
    poller = std::make_unique<EpollPoller>(std::move(*made));
    std::uint16_t port = 0;
    const UniqueFd listener = testing::make_listener(&port);
    peer = std::make_unique<testing::Peer>(testing::Peer::connect(port));
    UniqueFd accepted(accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    ASSERT_TRUE(connection.transport.open(std::move(accepted), poller.get(), this, 0));
    poller->dispatch();
  }
  void TearDown() override { connection.close(poller.get()); }
  void on_events(unsigned, Events events) override { connection.transport.note(events); }
  void wait() { poller->dispatch(1000); }

  std::unique_ptr<EpollPoller> poller;
  std::unique_ptr<testing::Peer> peer;
  Connection connection;
  BlockPool pool;
  char bytes[1024];
};

TEST_F(TransportTest, ShortReadMeansDrained) {
  Transport& t = connection.transport;
  EXPECT_FALSE(t.readable());
  peer->send("hello");
  wait();
  ASSERT_TRUE(t.readable());
  EXPECT_EQ(t.read(bytes, sizeof bytes).n, 5u);
  EXPECT_FALSE(t.readable());
}

TEST_F(TransportTest, FullReadLeavesItReadableUntilEagain) {
  Transport& t = connection.transport;
  peer->send("hello");
  wait();
  EXPECT_EQ(t.read(bytes, 5).n, 5u);
  EXPECT_TRUE(t.readable());
  EXPECT_EQ(t.read(bytes, 5).kind, Moved::kBlocked);
  EXPECT_FALSE(t.readable());
}

TEST_F(TransportTest, ShortReadAfterFinIsFollowedByTheEnd) {
  Transport& t = connection.transport;
  peer->send("hello");
  peer->finish_sending();
  while (!t.peer_closed()) wait();
  EXPECT_EQ(t.read(bytes, sizeof bytes).n, 5u);
  EXPECT_TRUE(t.readable());
  EXPECT_EQ(t.read(bytes, sizeof bytes).kind, Moved::kEnd);
  EXPECT_TRUE(t.read_over());
  EXPECT_FALSE(t.readable());
}

TEST_F(TransportTest, ResetBreaksBothDirections) {
  Transport& t = connection.transport;
  peer->reset();
  while (!t.broken()) wait();
  EXPECT_EQ(t.read(bytes, sizeof bytes).kind, Moved::kFailed);
  iovec part{bytes, 1};
  EXPECT_EQ(t.write({&part, 1}).kind, Moved::kFailed);
  EXPECT_TRUE(t.write_over());
}

TEST_F(TransportTest, WhatTheKernelDoesNotTakeWaitsInOrder) {
  const std::string block = testing::pattern(300'000);
  std::string expected;
  while (connection.out.empty()) {
    Parts parts;
    parts.add(std::string_view(block).substr(0, 1000));
    parts.add(std::string_view(block).substr(1000));
    ASSERT_TRUE(connection.send(pool, parts));
    expected += block;
  }
  EXPECT_FALSE(connection.transport.writable());
  Parts tail;
  tail.add("tail");
  ASSERT_TRUE(connection.send(pool, tail));  // behind what waits, though nothing can be written
  expected += "tail";
  std::thread reader([&] { EXPECT_EQ(peer->receive_exactly(expected.size()), expected); });
  while (!connection.out.empty()) {
    wait();
    ASSERT_TRUE(connection.flush());
  }
  reader.join();
  EXPECT_EQ(connection.transport.sent(), expected.size());
  EXPECT_EQ(pool.octets_in_use(), 0u);
}

unsigned segments_sent(int fd) {
  tcp_info info{};
  socklen_t length = sizeof info;
  EXPECT_EQ(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length), 0);
  return info.tcpi_segs_out;
}

TEST_F(TransportTest, TheLastOctetsLeaveWithTheFin) {
  const int fd = connection.transport.fd();
  const unsigned before = segments_sent(fd);
  Parts parts;
  parts.add("head ");
  parts.add("and body");
  ASSERT_TRUE(connection.send(pool, parts, true));
  connection.transport.finish_sending();
  EXPECT_EQ(segments_sent(fd), before + 1);
  EXPECT_EQ(peer->receive_all(), "head and body");
  EXPECT_EQ(connection.transport.sent(), 13u);
}

// What is too long for one piece is sent as ever.
TEST_F(TransportTest, LongLastOctetsArriveWhole) {
  const std::string block = testing::pattern(20'000);
  Parts parts;
  parts.add("head ");
  parts.add(block);
  std::thread reader([&] { EXPECT_EQ(peer->receive_all(), "head " + block); });
  ASSERT_TRUE(connection.send(pool, parts, true));
  while (!connection.out.empty()) {
    wait();
    ASSERT_TRUE(connection.flush());
  }
  connection.transport.finish_sending();
  reader.join();
}

TEST_F(TransportTest, SplicesThroughAPipeBothWays) {
  auto made = PipePool::make();
  ASSERT_TRUE(made);
  Pipe* pipe = made->take();
  const std::string sent = testing::pattern(20'000);
  peer->send(sent);
  std::size_t in = 0;
  while (in < sent.size()) {
    const Moved moved = connection.transport.splice_to_pipe(pipe->write_end.get(), 1 << 20);
    if (moved.kind == Moved::kBlocked) {
      wait();
    } else {
      in += moved.n;
    }
  }
  std::size_t out = 0;
  while (out < in) {
    out += connection.transport.splice_from_pipe(pipe->read_end.get(), in - out).n;
  }
  EXPECT_EQ(peer->receive_exactly(sent.size()), sent);
  made->give_back(pipe);
}

TEST(PipePool, GivesBackAnEmptyPipeWhateverWasInIt) {
  auto pool = PipePool::make();
  ASSERT_TRUE(pool);
  for (std::size_t round = 0; round < 2 * PipePool::kPipes; ++round) {
    Pipe* pipe = pool->take();
    ASSERT_NE(pipe, nullptr);
    char byte;
    EXPECT_EQ(read(pipe->read_end.get(), &byte, 1), -1);
    EXPECT_EQ(errno, EAGAIN);
    ASSERT_EQ(write(pipe->write_end.get(), "leftover", 8), 8);
    pipe->filled = 8;
    pool->give_back(pipe);
  }
  for (std::size_t i = 0; i < PipePool::kPipes; ++i) EXPECT_NE(pool->take(), nullptr);
  EXPECT_EQ(pool->take(), nullptr);
}

TEST(Buffer, KeepsOrderThroughGrowthAndConsumption) {
  BlockPool pool;
  const std::string all = testing::pattern(900'000);
  {
    Buffer buffer;
    std::string got;
    std::size_t put = 0;
    while (got.size() < all.size()) {
      const std::size_t n = std::min<std::size_t>(all.size() - put, 1 + put % 70'001);
      buffer.append(pool, std::string_view(all).substr(put, n));
      put += n;
      const std::size_t take = put == all.size() ? buffer.size() : buffer.size() / 3;
      got += buffer.view().substr(0, take);
      buffer.consume(take);
    }
    EXPECT_EQ(got, all);
    EXPECT_TRUE(buffer.empty());
    buffer.append(pool, "x");
    EXPECT_EQ(pool.octets_in_use(), BlockPool::kSizes[0]);
  }
  EXPECT_EQ(pool.octets_in_use(), 0u);
}

}  // namespace
}  // namespace gatehouse::worker
