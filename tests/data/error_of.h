#pragma once

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace signet {

// The message of the std::runtime_error that `action` throws, which must be
// one line; "no error" if it throws none.
template <typename Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos)
        << error.what();
    return error.what();
  }
  return "no error";
}

// For EXPECT_PRED2(contains, error_of(...), "part of the message").
inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace signet
