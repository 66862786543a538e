#pragma once

#include <cstdint>
#include <functional>

namespace signet::kernels {

/// Calls body(begin, end) on parts of [0, count), on LibTorch's threads if
/// there are more than `grain`.
/// Behind a function because at::parallel_for runs on one thread in a file
/// compiled without OpenMP, and only parallel.cpp is compiled with it.
void for_each_part(int64_t count, int64_t grain,
                   const std::function<void(int64_t, int64_t)>& body);

/// Calls body(first, count) on ranges that cover `count` elements, on
/// LibTorch's threads if they are many. Every `first` is a multiple of kGroup.
void for_each_range(int64_t count,
                    const std::function<void(int64_t, int64_t)>& body);

}  // namespace signet::kernels
