// SPDX-License-Identifier: Apache-2.0
// The way of an ordinary exchange through this directory's code allocates nothing.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "worker/http/chunk_decoder.h"
#include "worker/http/head_parser.h"
#include "worker/http/head_writer.h"

namespace {
std::size_t allocations = 0;
}

void* operator new(std::size_t size) {
  ++allocations;
  void* const memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace gatehouse::worker::http {
namespace {

TEST(Allocation, NoneOnTheHotPath) {
  static char out[4096];
  HeadParser requests(MessageKind::kRequest);
  HeadParser responses(MessageKind::kResponse);
  RequestPlan plan;
  ResponsePlan response_plan;
  const std::size_t before = allocations;
  ASSERT_EQ(requests.parse("POST / HTTP/1.1\r\nHost: [2001:db8::1]\r\nVia: 1.1 x\r\n"
                           "Connection: a\r\nTransfer-Encoding: chunked\r\n\r\n"),
            ParseStatus::kComplete);
  ASSERT_EQ(check_request(requests.head(), {}, {}, plan), Refusal::kNone);
  ASSERT_NE(write_request_head(requests.head(), plan, {}, out), 0u);
  ChunkDecoder decoder(true);
  ASSERT_EQ(decoder.decode("5;a=b\r\nhello\r\n").status, ChunkStatus::kData);
  ASSERT_EQ(decoder.decode("\r\n0\r\n\r\n").status, ChunkStatus::kEnd);
  ASSERT_EQ(responses.parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
            ParseStatus::kComplete);
  ASSERT_EQ(check_response(responses.head(), plan.facts, 0, 16, response_plan), Refusal::kNone);
  ASSERT_NE(write_response_head(responses.head(), response_plan, plan.facts, {}, out), 0u);
  EXPECT_EQ(allocations, before);
}

}  // namespace
}  // namespace gatehouse::worker::http
