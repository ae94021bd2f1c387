#include <ravine/runtime/text.h>
