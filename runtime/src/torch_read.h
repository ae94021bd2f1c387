#pragma once
#include "byte_source.h"

#include <ravine/runtime/torch_file.h>

namespace ravine::inline v0::torch_file {

/// Reads either format, and refuses all else. Errors as the public `read`.
Value read(ByteSource& source, const ReadOptions& options, const Context& context);

Value read_zip(ByteSource& source, const ReadOptions& options, const Context& context);
Value read_legacy(ByteSource& source, const Context& context);

}  // namespace ravine::inline v0::torch_file
