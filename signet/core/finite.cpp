#include "signet/core/finite.h"

#include <atomic>

#include "signet/core/kernels/parallel.h"
#include "signet/core/kernels/vectorized.h"
#include "signet/core/normalized_logits.h"
#include "signet/core/torch.h"

namespace signet {
namespace {

/// The bits of infinity. Without the sign, those of a NaN are more and those
/// of a finite number less.
template <class Word>
constexpr Word kInfinity = sizeof(Word) == 4 ? static_cast<Word>(0x7F800000U)
                                             : Word{0x7FF} << 52;

SIGNET_VECTORIZED
bool is_any_above(const uint32_t* words, int64_t n, uint32_t limit) {
  uint32_t found = 0;
  for (int64_t i = 0; i < n; ++i)
    found |= (words[i] & 0x7FFFFFFFU) > limit ? 1U : 0U;
  return found != 0;
}

SIGNET_VECTORIZED
bool is_any_above(const uint64_t* words, int64_t n, uint64_t limit) {
  constexpr uint64_t kNoSign = ~uint64_t{0} >> 1;
  uint64_t found = 0;
  for (int64_t i = 0; i < n; ++i)
    found |= (words[i] & kNoSign) > limit ? uint64_t{1} : uint64_t{0};
  return found != 0;
}

template <class Word>
bool is_any_above(const at::Tensor& t, Word limit) {
  constexpr int64_t kGrain = 1 << 16;  // elements that are worth a thread
  const auto* words = static_cast<const Word*>(t.data_ptr());
  std::atomic<bool> found = false;
  kernels::for_each_part(t.numel(), kGrain, [&](int64_t begin, int64_t end) {
    if (is_any_above(words + begin, end - begin, limit)) found = true;
  });
  return found;
}

bool has_words(const at::Tensor& t, at::ScalarType type) {
  return t.scalar_type() == type && t.is_cpu() && t.is_contiguous();
}

std::string verb(std::string_view what) {
  return what.find("s of ") == what.npos ? " is " : " are ";
}

}  // namespace

NotFinite::NotFinite(std::string_view who, std::string_view what,
                     std::string_view value)
    : UsageError(std::string(who) + ": " + std::string(what) +
                 " must be finite, but" + verb(what) + std::string(value)),
      brief_("the " + std::string(what) + verb(what) + std::string(value)) {}

bool has_nan(const at::Tensor& t) {
  if (has_words(t, at::kFloat)) return is_any_above(t, kInfinity<uint32_t>);
  if (has_words(t, at::kDouble)) return is_any_above(t, kInfinity<uint64_t>);
  return at::isnan(t).any().item<bool>();
}

bool all_finite(const at::Tensor& t) {
  if (has_words(t, at::kFloat))
    return !is_any_above(t, kInfinity<uint32_t> - 1);
  if (has_words(t, at::kDouble))
    return !is_any_above(t, kInfinity<uint64_t> - 1);
  return at::isfinite(t).all().item<bool>();
}

void check_finite(const at::Tensor& t, std::string_view who,
                  std::string_view what) {
  if (!all_finite(t))
    throw NotFinite(who, what, has_nan(t) ? "NaN" : "infinite");
}

void check_no_nan(const at::Tensor& t, std::string_view who,
                  std::string_view what) {
  if (has_nan(t)) throw NotFinite(who, what, "NaN");
}

void check_finite(const NormalizedLogits& logits, std::string_view who,
                  std::string_view what) {
  // A NaN or an infinite x makes the moments of its channel NaN.
  for (const auto* t :
       {&logits.mean, &logits.inverse_deviation, &logits.weight, &logits.bias})
    if (t->defined()) check_finite(*t, who, what);
}

}  // namespace signet
