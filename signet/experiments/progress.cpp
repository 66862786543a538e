#include "signet/experiments/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "signet/base/number.h"
#include "signet/base/printable.h"

namespace signet {
namespace {

constexpr size_t kBarWidth = 24;
constexpr double kTerminalSeconds = 0.1;
constexpr double kPlainSeconds = 10;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
      .count();
}

std::string short_number(double value) {
  if (value >= 1e6) return fixed_text(value / 1e6, 1) + " M";
  if (value >= 1e4) return fixed_text(value / 1e3, 1) + " k";
  return fixed_text(value, 0);
}

}  // namespace

std::string duration_text(double seconds) {
  if (seconds < 59.95) return fixed_text(seconds, 1) + " s";
  const auto two_digits = [](long value) {
    return (value < 10 ? "0" : "") + std::to_string(value);
  };
  if (seconds < 3600) {
    const long whole = std::lround(seconds);
    return std::to_string(whole / 60) + " min " + two_digits(whole % 60) + " s";
  }
  const long minutes = std::lround(seconds / 60);
  return std::to_string(minutes / 60) + " h " + two_digits(minutes % 60) +
         " min";
}

Progress::Progress(std::string title, double total, std::string unit)
    : title_(printable(title, 200)),
      total_(total),
      unit_(std::move(unit)),
      terminal_(isatty(STDERR_FILENO)),
      start_(Clock::now()),
      shown_(start_) {}

Progress::~Progress() {
  // An error unwinds past a bar: leave it, and start a line of its own.
  const bool drawn = shown_ != start_;
  if (!finished_ && terminal_ && drawn) std::fputc('\n', stderr);
}

std::string Progress::line(double done, const std::string& note,
                           bool bar) const {
  const double share = total_ > 0 ? std::clamp(done / total_, 0.0, 1.0) : 1;
  const double spent = seconds_since(start_);
  std::string text = title_ + " ";
  if (bar) {
    const auto filled = static_cast<size_t>(share * kBarWidth);
    text += '[';
    text.append(filled, '#').append(kBarWidth - filled, '.');
    text += "] ";
  }
  const auto percent = fixed_text(100 * share, 0);
  text += std::string(3 - std::min<size_t>(3, percent.size()), ' ') + percent +
          " %";
  if (!note.empty()) text += "  " + note;
  if (spent > 0 && !unit_.empty())
    text += "  " + short_number(done / spent) + " " + unit_ + "/s";
  if (share > 0.002 && share < 1)  // before, it says nothing
    text += "  " + duration_text(spent * (1 - share) / share) + " left";
  return text;
}

void Progress::update(double done, const std::string& note) {
  const double quiet = terminal_ ? kTerminalSeconds : kPlainSeconds;
  if (seconds_since(shown_) < quiet) return;
  shown_ = Clock::now();
  const auto text = line(done, note, terminal_);
  std::fprintf(stderr, terminal_ ? "\r%s\033[K" : "%s\n", text.c_str());
  std::fflush(stderr);
}

void Progress::finish(const std::string& note) {
  finished_ = true;
  const auto text =
      title_ + "  " + note + (note.empty() ? "" : "  ") +
      short_number(total_ / std::max(1e-9, seconds_since(start_))) + " " +
      unit_ + "/s  " + duration_text(seconds_since(start_));
  std::fprintf(stderr, terminal_ ? "\r%s\033[K\n" : "%s\n", text.c_str());
}

void Progress::clear() {
  if (terminal_) std::fputs("\r\033[K", stderr);
}

void Progress::cancel() {
  finished_ = true;
  clear();
}

}  // namespace signet
