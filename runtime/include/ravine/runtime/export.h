#pragma once
// RAVINE_API marks what the library exports; everything else is hidden.
#if defined(_WIN32)
#define RAVINE_API
#else
#define RAVINE_API __attribute__((visibility("default")))
#endif
