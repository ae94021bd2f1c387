#pragma once
#include <ravine/optim/parameter.h>
#include <ravine/runtime/value.h>

namespace ravine::inline v0::optim {

/// A number as files have it: itself or a one-element tensor. False for anything else.
bool read_number(const Value& value, double& number);
/// A count of steps as files have it: a number or a one-element tensor. False for anything else.
bool read_step(const Value& value, std::int64_t& step);

/// Empty, or why a tensor of the right shape and dtype cannot be state of a parameter with that data as it is.
std::string adopted_complaint(const Tensor& tensor, const Tensor& data);

/// std::invalid_argument unless the parameter has as many rows as there are sources and `old`, a part of its state, has rows like
/// those of `shape`, which it is to have; std::out_of_range for a source that is not in `old`.
void check_rows(std::string_view who, const Parameter& parameter, const Tensor& old, const Shape& shape, std::span<const std::int64_t> source_rows);
/// The rows of `old` in another order, -1 for those of `like`, in new memory with the layout of `like`.
Tensor rows_of(const Tensor& old, const Tensor& like, std::span<const std::int64_t> source_rows, const Context& context);

}  // namespace ravine::inline v0::optim
