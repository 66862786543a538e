#pragma once

#include <cmath>

#include "signet/report/page.h"

namespace signet::report {

// A page as `signet report` makes them, with every kind of block: learning
// curves of 15 epochs and a confusion matrix of Fashion-MNIST.
inline Page sample_page() {
  Series train{.label = "train", .dashed = true};
  Series validation{.label = "validation"};
  Series accuracy{.label = "validation"};
  for (int epoch = 1; epoch <= 15; ++epoch) {
    for (Series* series : {&train, &validation, &accuracy}) {
      series->x.push_back(epoch);
    }
    train.y.push_back(0.22 + 0.55 * std::exp(-epoch / 3.0));
    validation.y.push_back(0.31 + 0.40 * std::exp(-epoch / 2.5) +
                           0.006 * std::sin(3.0 * epoch));
    accuracy.y.push_back(89.4 - 9 * std::exp(-epoch / 3.0));
  }
  LineChart bias{.title = "Bias of the gradient",
                 .x_label = "number of samples",
                 .y_label = "root mean square error",
                 .log_x = true,
                 .log_y = true};
  for (const char* name :
       {"straight-through", "gumbel(temperature=0.5)", "reinforce", "disarm"}) {
    Series series{.label = name};
    const auto power = 0.2 * static_cast<double>(bias.series.size());
    for (int k = 0; k <= 10; ++k) {
      series.x.push_back(std::exp2(k));
      series.y.push_back(0.3 * std::exp2(-k * power));
    }
    bias.series.push_back(series);
  }
  const Matrix confusion{
      .title = "Confusion matrix, 10,000 test images",
      .names = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal",
                "Shirt", "Sneaker", "Bag", "Ankle boot"},
      .values = {{847, 1, 15, 19, 4, 1, 105, 0, 8, 0},
                 {2, 976, 1, 14, 3, 0, 3, 0, 1, 0},
                 {16, 1, 826, 10, 79, 0, 67, 0, 1, 0},
                 {20, 6, 13, 899, 32, 0, 26, 0, 4, 0},
                 {0, 1, 74, 25, 838, 0, 59, 0, 3, 0},
                 {0, 0, 0, 1, 0, 962, 0, 23, 1, 13},
                 {118, 1, 72, 26, 61, 0, 712, 0, 10, 0},
                 {0, 0, 0, 0, 0, 14, 0, 969, 0, 17},
                 {3, 0, 4, 4, 3, 2, 6, 4, 974, 0},
                 {0, 0, 0, 0, 0, 6, 1, 37, 0, 956}}};
  const Table layers{
      .title = "Layers",
      .columns = {"layer", "weights", "parameters", "bytes", "share"},
      .rows = {
          {"binary_linear 784 -> 1024", "signs", "802,816", "100,352", "42 %"},
          {"batch_norm + sign", "-", "2,048", "4,096", "2 %"},
          {"binary_linear 1024 -> 1024", "signs", "1,048,576", "131,072",
           "55 %"},
          {"binary_linear 1024 -> 10", "signs", "10,240", "1,280", "1 %"}}};
  return {
      .title = "mlp",
      .subtitle =
          "784-1024-1024-10 binary perceptron on fashion-mnist, "
          "straight-through, seed 1",
      .figures = {{"Test accuracy", "89.5 %", "mode network, 10,000 images"},
                  {"Ensemble of 10", "89.9 %", "sampled units"},
                  {"Training time", "4 min 12 s", "15 epochs, 2 threads"},
                  {"Packed size", "238 kB", "1/31 of fp32"}},
      .blocks = {LineChart{.title = "Loss",
                           .x_label = "epoch",
                           .y_label = "cross-entropy",
                           .series = {train, validation}},
                 LineChart{.title = "Accuracy",
                           .x_label = "epoch",
                           .y_label = "accuracy in %",
                           .series = {accuracy}},
                 confusion, layers, bias,
                 Text{.title = "What this is",
                      .body = "Every weight and every hidden unit is a sign. "
                              "The packed network gives the same bits as the "
                              "trained one."},
                 Text{.title = "Recipe",
                      .body =
                          "[data]\nname = \"fashion-mnist\"\n\n[optimizer]\n"
                          "name = \"adam\"\nrate = 0.001\n",
                      .preformatted = true}},
      .footer = "signet 0.1.0: signet report runs/mlp"};
}

}  // namespace signet::report
