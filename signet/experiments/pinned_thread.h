#pragma once

#include <vector>

namespace signet {

/// Pins the calling thread to one processor until it goes out of scope.
class PinnedThread {
 public:
  PinnedThread();
  ~PinnedThread();
  PinnedThread(const PinnedThread&) = delete;
  PinnedThread& operator=(const PinnedThread&) = delete;

  int processor() const { return processor_; }  ///< -1: could not be pinned

 private:
  int processor_ = -1;
  std::vector<unsigned char> before_;
};

}  // namespace signet
