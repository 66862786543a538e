#pragma once

#include <string_view>

namespace signet::report {

/// The page's scripts and style, embedded into the library by CMake.
extern const std::string_view kChartJs;       ///< Chart.js 3, MIT licence
extern const std::string_view kSvgContextJs;  ///< assets/svg_context.js
extern const std::string_view kPageJs;        ///< assets/page.js
extern const std::string_view kPageCss;       ///< assets/page.css

}  // namespace signet::report
