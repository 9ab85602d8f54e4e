// SPDX-License-Identifier: Apache-2.0
// Objects of one type in slabs, for what exists by the thousand: no header per object, and memory
// that is used again in the order in which it became free.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace gatehouse::worker {

template <class T, std::size_t kPerSlab = 64>
class Slab {
 public:
  Slab() = default;
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;

  template <class... Arguments>
  T* make(Arguments&&... arguments) {
    if (free_ == nullptr) grow();
    Cell* cell = free_;
    free_ = cell->next;
    ++in_use_;
    return new (cell->storage) T(std::forward<Arguments>(arguments)...);
  }
  void destroy(T* object) {
    object->~T();
    Cell* cell = reinterpret_cast<Cell*>(object);
    cell->next = free_;
    free_ = cell;
    --in_use_;
  }
  std::size_t in_use() const { return in_use_; }

 private:
  union Cell {
    Cell* next;
    alignas(T) std::byte storage[sizeof(T)];
  };
  void grow() {
    slabs_.push_back(std::make_unique<Cell[]>(kPerSlab));
    for (std::size_t i = kPerSlab; i-- > 0;) {
      slabs_.back()[i].next = free_;
      free_ = &slabs_.back()[i];
    }
  }

  std::vector<std::unique_ptr<Cell[]>> slabs_;
  Cell* free_ = nullptr;
  std::size_t in_use_ = 0;
};

}  // namespace gatehouse::worker
