#include "state_parts.h"

#include "parameter_body.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <stdexcept>

namespace ravine::inline v0::optim {
namespace {

std::size_t row_bytes(const Tensor& tensor) {
    const std::int64_t rows = tensor.shape()[0];
    return rows == 0 ? 0 : tensor.nbytes() / static_cast<std::size_t>(rows);
}

}  // namespace

bool read_number(const Value& value, double& number) {
    const Tensor* tensor = value.get_if<Tensor>();
    const bool is_number = value.is(Value::Kind::integer) || value.is(Value::Kind::floating);
    const bool is_scalar = tensor != nullptr && tensor->defined() && tensor->numel() == 1 && tensor->dtype() < DType::boolean;
    if (!is_number && !is_scalar) return false;
    number = is_scalar ? tensor->item() : value.number();
    return true;
}

bool read_step(const Value& value, std::int64_t& step) {
    double number = 0;
    if (!read_number(value, number)) return false;
    if (!(number >= 0 && number <= 0x1p53) || number != std::floor(number)) return false;
    step = static_cast<std::int64_t>(number);
    return true;
}

std::string adopted_complaint(const Tensor& tensor, const Tensor& data) {
    if (tensor.device() != data.device()) return fmt::format("on {}", name(data.device()));
    return tensor.read_only() ? "a tensor that can be written" : "";
}

void check_rows(std::string_view who, const Parameter& parameter, const Tensor& old, const Shape& shape, std::span<const std::int64_t> source_rows) {
    const auto refuse = [&](std::string_view must, const std::string& got) {
        throw std::invalid_argument(fmt::format("{}: select_rows: {} {}, got {}", who, describe(parameter), must, got));
    };
    const Shape& data = parameter.data().shape();
    const auto rows = static_cast<std::int64_t>(source_rows.size());
    if (data.empty() || data[0] != rows) refuse(fmt::format("must have {} rows", rows), data.to_string());
    Shape expected = shape;
    expected[0] = old.dim() == 0 ? 0 : old.shape()[0];
    if (!(old.shape() == expected)) refuse("must have rows like those of its state " + old.shape().to_string(), shape.to_string());
    for (const std::int64_t row : source_rows) {
        if (row >= -1 && row < old.shape()[0]) continue;
        throw std::out_of_range(fmt::format("{}: select_rows: a source row must be -1 or below {}, got {}", who, old.shape()[0], row));
    }
}

Tensor rows_of(const Tensor& old, const Tensor& like, std::span<const std::int64_t> source_rows, const Context& context) {
    const Tensor flat = old.to(Device{}, context);
    const Tensor picked = like.to(Device{}, context);
    const std::size_t bytes = row_bytes(flat);
    for (std::size_t i = 0; i < source_rows.size(); ++i) {
        if (source_rows[i] < 0) continue;
        std::memcpy(static_cast<std::byte*>(picked.mutable_data()) + i * bytes,
                    static_cast<const std::byte*>(flat.data()) + static_cast<std::size_t>(source_rows[i]) * bytes, bytes);
    }
    const Tensor result = zeros_like(like, context);
    result.copy_(picked, context);
    return result;
}

}  // namespace ravine::inline v0::optim
