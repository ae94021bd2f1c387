#pragma once
#include <ravine/optim/parameter.h>
#include <ravine/runtime/file.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ravine::tools {

/// The input of `replay`: parameters and their gradients, step by step.
class Recording {
  public:
    /// Sorts the tensors of a file. std::invalid_argument that names the tensor and `path`: a name of no known form, a
    /// gradient without its parameter, of another shape or dtype, or half of a sparse one; no parameter at all.
    Recording(safetensors::File file, std::string path);

    /// In byte order of their names.
    const Parameters& parameters() const { return parameters_; }
    /// Null if there is no such parameter.
    const Parameter* find(std::string_view name) const;
    /// The largest step with a gradient; 0 without gradients.
    std::int64_t last_step() const { return gradients_.empty() ? 0 : gradients_.rbegin()->first; }

    /// Puts the parameters onto a device. Their gradients follow, step by step.
    void move_to(Device device, const Context& context);
    /// Gives every parameter its gradient of a step, or none.
    void set_gradients(std::int64_t step) const;
    /// Undefined if the step has none.
    Tensor found_inf(std::int64_t step) const { return at(found_inf_, step); }
    Tensor grad_scale(std::int64_t step) const { return at(grad_scale_, step); }

  private:
    /// A gradient as the file has it; dense, or sparse as indices and values.
    struct Gradient {
        Tensor dense, indices, values;
        SparseTensor sparse;
    };
    using Steps = std::map<std::int64_t, Tensor>;
    static Tensor at(const Steps& steps, std::int64_t step);
    void add(const std::string& name, const Tensor& tensor);
    void add_parameter(const std::string& key, const std::string& name, const Tensor& tensor);
    std::int64_t step_number(std::string_view digits, const std::string& key) const;
    void check_gradients();
    void check_dense(const std::string& key, const Tensor& gradient, const Tensor& data) const;
    SparseTensor checked_sparse(const std::string& key, const Gradient& gradient, const Tensor& data) const;
    void set_gradient(const Parameter& parameter, const Gradient& gradient) const;
    [[noreturn]] void refuse(std::string_view what, std::string_view got) const;

    std::string path_;
    Device device_;
    Context context_;
    Parameters parameters_;
    std::map<std::int64_t, std::map<std::string, Gradient>> gradients_;
    Steps found_inf_;
    Steps grad_scale_;
};

}  // namespace ravine::tools
