#pragma once

#include <chrono>
#include <string>

namespace signet {

/// Says how far a long job is: a bar redrawn in place on a terminal, else a
/// plain line now and then. Writes to standard error, so results can be piped.
class Progress {
 public:
  /// `total` units of work, called `unit` in rates ("samples"); empty: no
  /// rate is shown.
  Progress(std::string title, double total, std::string unit);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `done` units so far; `note` is shown behind, "loss 0.31".
  void update(double done, const std::string& note = "");
  /// Takes the bar away until the next update, so that a line can be printed.
  void clear();
  /// Ends the bar and leaves one line with what it took.
  void finish(const std::string& note = "");
  /// Ends the bar and leaves nothing.
  void cancel();

 private:
  using Clock = std::chrono::steady_clock;
  std::string line(double done, const std::string& note, bool bar) const;

  std::string title_;
  double total_;
  std::string unit_;
  bool terminal_;
  bool finished_ = false;
  Clock::time_point start_;
  Clock::time_point shown_;
};

/// "1.2 s", "3 min 20 s"
std::string duration_text(double seconds);

}  // namespace signet
