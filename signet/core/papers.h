#pragma once

#include "signet/base/paper.h"

// Papers that several records cite. One that a single record cites stands in
// that record.

namespace signet {

inline const Paper kShekhovtsovYanush2021{
    .key = "shekhovtsov2021reintroducing",
    .authors = "Alexander Shekhovtsov and Viktor Yanush",
    .title =
        "Reintroducing Straight-Through Estimators as Principled Methods "
        "for Stochastic Binary Networks",
    .year = 2021,
    .venue = "DAGM German Conference on Pattern Recognition",
    .arxiv = "2006.06880"};

inline const Paper kShekhovtsov2021{
    .key = "shekhovtsov2021bias",
    .authors = "Alexander Shekhovtsov",
    .title =
        "Bias-Variance Tradeoffs in Single-Sample Binary Gradient "
        "Estimators",
    .year = 2021,
    .venue = "DAGM German Conference on Pattern Recognition",
    .arxiv = "2110.03549"};

inline const Paper kShekhovtsovYanushFlach2020{
    .key = "shekhovtsov2020path",
    .authors = "Alexander Shekhovtsov and Viktor Yanush and Boris Flach",
    .title =
        "Path Sample-Analytic Gradient Estimators for Stochastic Binary "
        "Networks",
    .year = 2020,
    .venue = "Advances in Neural Information Processing Systems",
    .arxiv = "2006.03143"};

inline const Paper kBengio2013{
    .key = "bengio2013estimating",
    .authors = "Yoshua Bengio and Nicholas Leonard and Aaron Courville",
    .title =
        "Estimating or Propagating Gradients Through Stochastic Neurons "
        "for Conditional Computation",
    .year = 2013,
    .arxiv = "1308.3432"};

inline const Paper kR2rt2016{
    .key = "r2rt2016binary",
    .authors = "R2RT",
    .title = "Binary Stochastic Neurons in TensorFlow",
    .year = 2016,
    .url = "https://r2rt.com/binary-stochastic-neurons-in-tensorflow.html"};

inline const Paper kHubara2016{
    .key = "hubara2016binarized",
    .authors =
        "Itay Hubara and Matthieu Courbariaux and Daniel Soudry and Ran "
        "El-Yaniv and Yoshua Bengio",
    .title = "Binarized Neural Networks",
    .year = 2016,
    .venue = "Advances in Neural Information Processing Systems",
    .arxiv = "1602.02830"};

inline const Paper kChung2017{
    .key = "chung2017hierarchical",
    .authors = "Junyoung Chung and Sungjin Ahn and Yoshua Bengio",
    .title = "Hierarchical Multiscale Recurrent Neural Networks",
    .year = 2017,
    .venue = "International Conference on Learning Representations",
    .arxiv = "1609.01704"};

inline const Paper kJang2017{
    .key = "jang2017categorical",
    .authors = "Eric Jang and Shixiang Gu and Ben Poole",
    .title = "Categorical Reparameterization with Gumbel-Softmax",
    .year = 2017,
    .venue = "International Conference on Learning Representations",
    .arxiv = "1611.01144"};

inline const Paper kMaddison2017{
    .key = "maddison2017concrete",
    .authors = "Chris J. Maddison and Andriy Mnih and Yee Whye Teh",
    .title =
        "The Concrete Distribution: A Continuous Relaxation of Discrete "
        "Random Variables",
    .year = 2017,
    .venue = "International Conference on Learning Representations",
    .arxiv = "1611.00712"};

inline const Paper kGregor2014{
    .key = "gregor2014deep",
    .authors =
        "Karol Gregor and Ivo Danihelka and Andriy Mnih and Charles "
        "Blundell and Daan Wierstra",
    .title = "Deep AutoRegressive Networks",
    .year = 2014,
    .venue = "International Conference on Machine Learning",
    .arxiv = "1310.8499"};

inline const Paper kPervez2020{
    .key = "pervez2020low",
    .authors = "Adeel Pervez and Taco Cohen and Efstratios Gavves",
    .title =
        "Low Bias Low Variance Gradient Estimates for Boolean Stochastic "
        "Networks",
    .year = 2020,
    .venue = "International Conference on Machine Learning"};

inline const Paper kLiu2023{
    .key = "liu2023bridging",
    .authors =
        "Liyuan Liu and Chengyu Dong and Xiaodong Liu and Bin Yu and "
        "Jianfeng Gao",
    .title =
        "Bridging Discrete and Backpropagation: Straight-Through and "
        "Beyond",
    .year = 2023,
    .venue = "Advances in Neural Information Processing Systems",
    .arxiv = "2304.08612"};

inline const Paper kShekhovtsov2023{
    .key = "shekhovtsov2023cold",
    .authors = "Alexander Shekhovtsov",
    .title =
        "Cold Analysis of Rao-Blackwellized Straight-Through "
        "Gumbel-Softmax Gradient Estimator",
    .year = 2023,
    .venue = "International Conference on Machine Learning"};

inline const Paper kPaulus2021{
    .key = "paulus2021rao",
    .authors = "Max B. Paulus and Chris J. Maddison and Andreas Krause",
    .title =
        "Rao-Blackwellizing the Straight-Through Gumbel-Softmax Gradient "
        "Estimator",
    .year = 2021,
    .venue = "International Conference on Learning Representations",
    .arxiv = "2010.04838"};

inline const Paper kYinZhou2019{
    .key = "yin2019arm",
    .authors = "Mingzhang Yin and Mingyuan Zhou",
    .title =
        "ARM: Augment-REINFORCE-Merge Gradient for Stochastic Binary "
        "Networks",
    .year = 2019,
    .venue = "International Conference on Learning Representations",
    .arxiv = "1807.11143"};

inline const Paper kMnihGregor2014{
    .key = "mnih2014neural",
    .authors = "Andriy Mnih and Karol Gregor",
    .title = "Neural Variational Inference and Learning in Belief Networks",
    .year = 2014,
    .venue = "International Conference on Machine Learning",
    .arxiv = "1402.0030"};

inline const Paper kWilliams1992{
    .key = "williams1992simple",
    .authors = "Ronald J. Williams",
    .title =
        "Simple Statistical Gradient-Following Algorithms for "
        "Connectionist Reinforcement Learning",
    .year = 1992,
    .venue = "Machine Learning 8, 229-256"};

}  // namespace signet
