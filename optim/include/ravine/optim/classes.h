#pragma once
#include <ravine/optim/optimizer_class.h>

#include <vector>

namespace ravine::inline v0::optim {

/// Classes of optimizers by name: the library's, and the caller's own.
class RAVINE_API Classes {
  public:
    /// Adds a class, which stays the caller's and must outlive this. std::invalid_argument if one of that name, in any case, is here.
    void add(const OptimizerClass& its_class);
    /// By name in any case. std::out_of_range with the known names.
    const OptimizerClass& find(std::string_view name) const;
    /// The library's names, sorted, then the others in the order in which they were added.
    std::vector<std::string_view> names() const;
    /// An optimizer by name; see `make` (optimizer.h) for the options and errors.
    Optimizer make(std::string_view name, Parameters params, const Dict& options = {}, const Context& context = {}) const;

  private:
    std::vector<const OptimizerClass*> added_;
};

}  // namespace ravine::inline v0::optim
