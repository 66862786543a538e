#pragma once

#include <string>

#include "signet/report/page.h"

namespace signet::report {

/// Renders a page as one HTML file that needs nothing else: scripts, style and
/// data are within it, and its content security policy forbids every request.
/// Charts are drawn by Chart.js; each canvas that was drawn carries the
/// attribute data-drawn="N points", and an error in the page's scripts appears
/// as the attribute data-error of the root element.
/// Cost: about 200 kB, nearly all of it Chart.js.
/// Errors: throws if a series' x and y, a matrix or a table's rows differ in
/// length, or a matrix holds a negative or non-finite value.
std::string render_html(const Page& page);

}  // namespace signet::report
