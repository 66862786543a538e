#include "signet/experiments/calibration.h"

#include <algorithm>
#include <cmath>

namespace signet {

void Calibration::add(double confidence, bool correct) {
  const auto bin = std::clamp<int64_t>(
      static_cast<int64_t>(std::ceil(confidence * kBins)) - 1, 0, kBins - 1);
  bins_[static_cast<size_t>(bin)].correct += correct;
  bins_[static_cast<size_t>(bin)].confidence += confidence;
  ++count_;
}

double Calibration::error() const {
  double sum = 0;
  for (const auto& bin : bins_)
    sum += std::abs(static_cast<double>(bin.correct) - bin.confidence);
  return count_ > 0 ? sum / static_cast<double>(count_) : 0;
}

}  // namespace signet
