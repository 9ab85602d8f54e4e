// SPDX-License-Identifier: Apache-2.0
// Large bodies through the real loop: content, bounded memory, splicing.
#include <gtest/gtest.h>

#include "tests/worker/gateway.h"

namespace gatehouse::worker::testing {
namespace {

constexpr std::size_t kLarge = 100'000'000;

struct Digest {
  std::uint64_t sum = checksum("");
  std::size_t size = 0;
  void add(std::string_view octets) {
    sum = checksum(octets, sum);
    size += octets.size();
  }
  bool operator==(const Digest&) const = default;
};

void send_large(Peer& peer, std::size_t size) {
  static const std::string block = pattern(1'000'000);
  for (std::size_t sent = 0; sent < size; sent += block.size()) {
    if (!peer.send(std::string_view(block).substr(0, size - sent))) return;
  }
}

Digest large_digest(std::size_t size) {
  static const std::string block = pattern(1'000'000);
  Digest digest;
  for (std::size_t done = 0; done < size; done += block.size()) {
    digest.add(std::string_view(block).substr(0, size - done));
  }
  return digest;
}

Digest receive_digest(Peer& peer, std::size_t size) {
  Digest digest;
  while (digest.size < size) {
    const std::string more = peer.receive_some(std::min<std::size_t>(size - digest.size, 262144));
    if (more.empty()) break;
    digest.add(more);
  }
  return digest;
}

TEST(BodyRelay, LargeDownloadByLength) {
  Origin origin([](Peer& peer) {
    peer.receive_head();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kLarge) + "\r\n\r\n");
    send_large(peer, kLarge);
    peer.receive_some();
  });
  Gateway gateway(origin.port());
  Peer client = gateway.connect();
  client.send("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
  client.receive_head();
  EXPECT_EQ(receive_digest(client, kLarge), large_digest(kLarge));
  EXPECT_EQ(gateway.parent().wait_for_records(1).size(), 1u);
  EXPECT_GT(gateway.metrics().spliced.load(), kLarge / 2);
  EXPECT_LE(gateway.workspace().blocks.peak_octets(), 512u * 1024);
}

TEST(BodyRelay, LargeUploadByLength) {
  Origin origin([](Peer& peer) {
    peer.receive_head();
    const Digest digest = receive_digest(peer, kLarge);
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" +
              std::string(digest == large_digest(kLarge) ? "=" : "!"));
    peer.receive_some();
  });
  Gateway gateway(origin.port());
  Peer client = gateway.connect();
  client.send("PUT / HTTP/1.1\r\nHost: a.test\r\nContent-Length: " + std::to_string(kLarge) +
              "\r\n\r\n");
  send_large(client, kLarge);
  EXPECT_TRUE(client.receive_message().ends_with("="));
  EXPECT_GT(gateway.metrics().spliced.load(), kLarge / 2);
  EXPECT_EQ(gateway.parent().wait_for_records(1).size(), 1u);
  EXPECT_LE(gateway.workspace().blocks.peak_octets(), 512u * 1024);
}

TEST(BodyRelay, LargeCloseDelimitedDownload) {
  Origin origin([](Peer& peer) {
    peer.receive_head();
    peer.send("HTTP/1.0 200 OK\r\n\r\n");
    send_large(peer, kLarge);
  });
  Gateway gateway(origin.port());
  Peer client = gateway.connect();
  client.send("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
  client.receive_head();
  EXPECT_EQ(receive_digest(client, kLarge + 1), large_digest(kLarge));
  EXPECT_EQ(client.end(), End::kFin);
}

TEST(BodyRelay, LargeChunkedBothWays) {
  constexpr std::size_t kSize = 20'000'000;
  Origin origin([](Peer& peer) {
    // Chunks of very different sizes, back as they come in.
    peer.receive_head();
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    std::string tail;
    while (!tail.ends_with("0\r\n\r\n")) {
      const std::string more = peer.receive_some();
      if (more.empty() || !peer.send(more)) return;
      tail =
          (tail + more).substr(tail.size() + more.size() > 5 ? tail.size() + more.size() - 5 : 0);
    }
    peer.receive_some();
  });
  Gateway gateway(origin.port());
  Peer client = gateway.connect();
  const std::string content = pattern(kSize);
  std::thread sender([&] {
    client.send("POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n");
    std::size_t at = 0;
    for (int i = 0; at < content.size(); ++i) {
      const std::size_t n = std::min<std::size_t>(
          content.size() - at, i % 7 == 0 ? 1 + i % 100 : 1000 + i * 37 % 50'000);
      char line[32];
      snprintf(line, sizeof line, "%zx\r\n", n);
      client.send(line + content.substr(at, n) + "\r\n");
      at += n;
    }
    client.send("0\r\n\r\n");
  });
  client.receive_head();
  std::string got;
  while (true) {
    const std::size_t size = std::stoul(client.receive_until("\r\n"), nullptr, 16);
    got += client.receive_exactly(size);
    EXPECT_EQ(client.receive_exactly(2), "\r\n");
    if (size == 0) break;
  }
  sender.join();
  EXPECT_TRUE(got == content);
  EXPECT_EQ(gateway.parent().wait_for_records(1).size(), 1u);
  EXPECT_LE(gateway.workspace().blocks.peak_octets(), 2u * 1024 * 1024);
}

TEST(BodyRelay, MoreFlowsThanPipesFallBackToCopying) {
  constexpr std::size_t kSize = 8'000'000;
  Origin origin([](Peer& peer) {
    peer.receive_head();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kSize) + "\r\n\r\n");
    send_large(peer, kSize);
    peer.receive_some();
  });
  Gateway gateway(origin.port());
  const Digest expected = large_digest(kSize);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 2 * PipePool::kPipes; ++i) {
    threads.emplace_back([&] {
      Peer client = gateway.connect();
      client.send("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
      client.receive_head();
      EXPECT_EQ(receive_digest(client, kSize), expected);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(BodyRelay, SlowReadersOwnLittleMemory) {
  constexpr int kReaders = 40;
  Origin origin([](Peer& peer) {
    peer.receive_head();
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    const std::string data = pattern(50'000);
    peer.set_timeout_ms(1000);
    for (int i = 0; i < 400; ++i) {  // 20 MB, far more than the kernel buffers
      if (!peer.send("c350\r\n" + data + "\r\n")) return;
    }
  });
  Gateway gateway(origin.port());
  std::vector<Peer> clients;
  for (int i = 0; i < kReaders; ++i) {
    clients.push_back(gateway.connect(65536));
    clients.back().send("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  for (Peer& client : clients) EXPECT_EQ(client.receive_exactly(1000).size(), 1000u);
  for (Peer& client : clients) client.reset();
  EXPECT_EQ(gateway.parent().wait_for_records(kReaders).size(), static_cast<std::size_t>(kReaders));
  EXPECT_LE(gateway.workspace().blocks.peak_octets(), kReaders * std::size_t{BlockPool::kSizes[2]});
}

}  // namespace
}  // namespace gatehouse::worker::testing
