// Zeroed memory that starts on a cache line.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>

namespace signet::runtime {

/// A fixed number of bytes, zero at first, aligned to 64.
class AlignedBuffer {
 public:
  static constexpr std::align_val_t kAlignment{64};

  explicit AlignedBuffer(std::size_t bytes)
      : size_(bytes),
        data_(static_cast<std::byte*>(::operator new(bytes, kAlignment))) {
    std::memset(data_.get(), 0, bytes);
  }

  std::size_t size() const { return size_; }
  void* data() { return data_.get(); }
  const void* data() const { return data_.get(); }

 private:
  struct Free {
    void operator()(std::byte* p) const { ::operator delete(p, kAlignment); }
  };
  std::size_t size_;
  std::unique_ptr<std::byte, Free> data_;
};

}  // namespace signet::runtime
