// SPDX-License-Identifier: Apache-2.0
#include "worker/buffer.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "base/check.h"

namespace gatehouse::worker {

BlockPool::~BlockPool() {
  for (Block* block : free_) {
    while (block != nullptr) {
      Block* next = block->next_free;
      std::free(block);
      block = next;
    }
  }
}

Block* BlockPool::take(std::size_t size) {
  std::uint32_t size_class = 0;
  while (size_class < kSizes.size() && kSizes[size_class] < size) ++size_class;
  Block* block = size_class < kSizes.size() ? free_[size_class] : nullptr;
  if (block != nullptr) {
    free_[size_class] = block->next_free;
    --kept_[size_class];
  } else {
    const std::size_t capacity = size_class < kSizes.size() ? kSizes[size_class] : size;
    block = static_cast<Block*>(std::malloc(sizeof(Block) + capacity));
    CHECK(block != nullptr);
    block->pool = this;
    block->capacity = static_cast<std::uint32_t>(capacity);
    block->size_class = size_class;
  }
  block->begin = block->end = 0;
  in_use_ += block->capacity;
  peak_ = std::max(peak_, in_use_);
  return block;
}

void BlockPool::give_back(Block* block) {
  in_use_ -= block->capacity;
  const std::uint32_t size_class = block->size_class;
  if (size_class >= kSizes.size() || kept_[size_class] == kKeep[size_class]) {
    std::free(block);
    return;
  }
  block->next_free = free_[size_class];
  free_[size_class] = block;
  ++kept_[size_class];
}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  if (this != &other) {
    clear();
    block_ = other.block_;
    other.block_ = nullptr;
  }
  return *this;
}

void Buffer::append(BlockPool& pool, std::string_view octets) {
  if (octets.empty()) return;
  if (empty()) block_ = pool.take(octets.size());
  if (block_->capacity - block_->end < octets.size()) {
    if (block_->capacity - size() >= octets.size()) {
      std::memmove(block_->data(), block_->data() + block_->begin, size());
      block_->end -= block_->begin;
      block_->begin = 0;
    } else {
      Block* larger = pool.take(size() + octets.size());
      std::memcpy(larger->data(), block_->data() + block_->begin, size());
      larger->end = static_cast<std::uint32_t>(size());
      pool.give_back(block_);
      block_ = larger;
    }
  }
  std::memcpy(block_->data() + block_->end, octets.data(), octets.size());
  block_->end += static_cast<std::uint32_t>(octets.size());
}

void Buffer::consume(std::size_t n) {
  if (n == 0) return;
  CHECK(n <= size());
  block_->begin += static_cast<std::uint32_t>(n);
  if (block_->begin == block_->end) clear();
}

void Buffer::clear() {
  if (empty()) return;
  block_->pool->give_back(block_);
  block_ = nullptr;
}

}  // namespace gatehouse::worker
