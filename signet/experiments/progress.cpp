#include "signet/experiments/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

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
  char text[32];
  if (value >= 1e6)
    std::snprintf(text, sizeof text, "%.1f M", value / 1e6);
  else if (value >= 1e4)
    std::snprintf(text, sizeof text, "%.1f k", value / 1e3);
  else
    std::snprintf(text, sizeof text, "%.0f", value);
  return text;
}

}  // namespace

std::string duration_text(double seconds) {
  char text[64];
  if (seconds < 59.95) {
    std::snprintf(text, sizeof text, "%.1f s", seconds);
  } else if (seconds < 3600) {
    const int whole = static_cast<int>(std::lround(seconds));
    std::snprintf(text, sizeof text, "%d min %02d s", whole / 60, whole % 60);
  } else {
    const int minutes = static_cast<int>(std::lround(seconds / 60));
    std::snprintf(text, sizeof text, "%d h %02d min", minutes / 60,
                  minutes % 60);
  }
  return text;
}

Progress::Progress(std::string title, double total, std::string unit)
    : title_(std::move(title)),
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
  char percent[16];
  std::snprintf(percent, sizeof percent, "%3.0f %%", 100 * share);
  text += percent;
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
