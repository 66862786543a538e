#pragma once

// The runtime draws units as well, by the same generator.
#include "signet/runtime/drawing/philox.h"
