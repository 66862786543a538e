#pragma once

#include "signet/base/paper.h"

namespace signet {

// Cited by the quantisers and by the experiments on them.
inline const Paper kYinLyu2019{
    .key = "yin2019understanding",
    .authors =
        "Penghang Yin and Jiancheng Lyu and Shuai Zhang and Stanley Osher "
        "and Yingyong Qi and Jack Xin",
    .title =
        "Understanding Straight-Through Estimator in Training Activation "
        "Quantized Neural Nets",
    .year = 2019,
    .venue = "International Conference on Learning Representations",
    .arxiv = "1903.05662"};

}  // namespace signet
