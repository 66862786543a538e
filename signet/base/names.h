#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace signet {

/// The candidate with the smallest edit distance to `name`, or "" when none is
/// near enough to be a slip of the finger (distance > 1/2 of its length).
std::string nearest_name(std::string_view name,
                         std::span<const std::string> candidates);

/// "unknown estimator 'gumble': did you mean 'gumbel'? Known: exact, ..."
std::string unknown_name(std::string_view what, std::string_view name,
                         std::span<const std::string> candidates);

/// "a, b, c"
std::string join(std::span<const std::string> parts,
                 std::string_view separator = ", ");

}  // namespace signet
