// SPDX-License-Identifier: Apache-2.0
// Pooled blocks of memory, and the octets of one connection that could not be moved on at once.
//
// A connection owns a block only while it has an incomplete head or an unsent remainder; what is
// relayed in one go never leaves the worker's shared scratch memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gatehouse::worker {

class BlockPool;

// The header of a block; its octets follow directly.
struct Block {
  BlockPool* pool;
  Block* next_free;
  std::uint32_t capacity;
  std::uint32_t size_class;
  std::uint32_t begin;  // of what is stored
  std::uint32_t end;
  char* data() { return reinterpret_cast<char*>(this + 1); }
};

// Blocks by size class, kept for reuse up to a bound for each class. Outlives its blocks.
class BlockPool {
 public:
  // The reading windows (worker/body_flow.h) with a chunk's lines or a head around them.
  static constexpr std::array<std::uint32_t, 4> kSizes = {4096, 20480, 86016, 270336};
  // At most this many free blocks are kept, about 1 MiB of each size.
  static constexpr std::array<std::uint32_t, 4> kKeep = {128, 64, 16, 4};

  BlockPool() = default;
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;
  ~BlockPool();

  // A block for at least size octets. Larger than the largest class: made and freed each time.
  Block* take(std::size_t size);
  void give_back(Block* block);
  // Octets in blocks that are in use, for tests of bounded memory.
  std::size_t octets_in_use() const { return in_use_; }
  std::size_t peak_octets() const { return peak_; }

 private:
  std::array<Block*, kSizes.size()> free_{};
  std::array<std::uint32_t, kSizes.size()> kept_{};
  std::size_t in_use_ = 0;
  std::size_t peak_ = 0;
};

// A queue of octets in one block: 8 octets while it is empty.
class Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer&& other) noexcept : block_(other.block_) { other.block_ = nullptr; }
  Buffer& operator=(Buffer&& other) noexcept;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { clear(); }

  bool empty() const { return block_ == nullptr; }
  std::size_t size() const { return empty() ? 0 : block_->end - block_->begin; }
  // Valid until the buffer is changed.
  std::string_view view() const {
    return empty() ? std::string_view() : std::string_view(block_->data() + block_->begin, size());
  }
  char* data() { return empty() ? nullptr : block_->data() + block_->begin; }
  void append(BlockPool& pool, std::string_view octets);
  // Takes n octets off the front; gives the block back with the last one.
  void consume(std::size_t n);
  void clear();

 private:
  Block* block_ = nullptr;
};

}  // namespace gatehouse::worker
