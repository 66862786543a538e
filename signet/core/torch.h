#pragma once

// What our .cpp files use of LibTorch, and the precompiled header of all of
// them: operators, autograd functions, modules. The whole of torch/torch.h
// costs 7 s a file here even precompiled; this costs 3 s.

#include <torch/csrc/autograd/custom_function.h>  // IWYU pragma: export
#include <torch/nn/module.h>                      // IWYU pragma: export
#include <torch/types.h>                          // IWYU pragma: export
#include <torch/utils.h>                          // IWYU pragma: export
