#pragma once
#include <ravine/runtime/device.h>

#include <concepts>
#include <optional>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

/// Statistics of batch norms for averaged weights: torch.optim.swa_utils.update_bn, for a model of the host's.
///
/// Running statistics belong to the weights that they were seen with. An AveragedModel has other weights, so its norms need
/// another look at the data. The host says what its norm layers are by two small interfaces, which its own types may fulfil, or
/// an adapter of a few lines; nothing here runs a layer.
namespace ravine::inline v0::swa {

/// A batch norm: 1d, 2d, 3d, synchronised; not an instance norm, whose statistics torch leaves alone.
template <class L>
concept NormLayer = requires(L& layer, std::optional<double> momentum) {
    /// Mean 0, variance 1, no batches; does nothing if the layer tracks no statistics. Throws if it has no statistics yet
    /// because it has not seen data.
    layer.reset_running_stats();
    /// The share of a batch in the running statistics; none: 1 / (batches so far), the average of all of them.
    { layer.momentum() } -> std::convertible_to<std::optional<double>>;
    /// Must not throw.
    layer.set_momentum(momentum);
};

namespace detail {

/// A layer from an element of `norm_layers()`, which may be a pointer to it.
template <class Element> decltype(auto) layer_of(Element&& element) {
    if constexpr (requires { element->reset_running_stats(); }) return *element;
    else return std::forward<Element>(element);
}
template <class Range> using layer_in = std::remove_cvref_t<decltype(layer_of(*std::ranges::begin(std::declval<Range&>())))>;

/// What the model is run on: the first element of a tuple, a pair or an array.
template <class Batch> decltype(auto) input_of(Batch&& batch) {
    if constexpr (requires { std::tuple_size<std::remove_cvref_t<Batch>>::value; }) return std::get<0>(std::forward<Batch>(batch));
    else return std::forward<Batch>(batch);
}

}  // namespace detail

template <class M>
concept NormModel = requires(M& model) {
    /// All norm layers or pointers to them, a range that can be walked several times.
    { model.norm_layers() } -> std::ranges::forward_range;
    requires NormLayer<detail::layer_in<decltype(model.norm_layers())>>;
    /// The mode of the model as a whole.
    { model.training() } -> std::convertible_to<bool>;
    /// Puts the model and all its layers into training mode, or all into evaluation mode. Must not throw.
    model.train(true);
};

namespace detail {

/// Gives momenta and mode back at its end, whatever happens before.
template <class Model, class Layers> class CumulativeStatistics {
  public:
    CumulativeStatistics(Model& model, Layers& layers, std::vector<std::optional<double>> momenta)
        : model_(model), layers_(layers), momenta_(std::move(momenta)), was_training_(model.training()) {
        model_.train(true);
        for (auto&& layer : layers_) layer_of(layer).set_momentum(std::nullopt);
    }
    CumulativeStatistics(const CumulativeStatistics&) = delete;
    CumulativeStatistics& operator=(const CumulativeStatistics&) = delete;
    ~CumulativeStatistics() {
        auto momentum = momenta_.begin();
        for (auto&& layer : layers_) layer_of(layer).set_momentum(*momentum++);
        model_.train(was_training_);
    }

  private:
    Model& model_;
    Layers& layers_;
    std::vector<std::optional<double>> momenta_;
    bool was_training_;
};

template <class Loader, class Model, class Forward> void update_norms(Loader&& loader, Model& model, Forward forward) {
    auto&& layers = model.norm_layers();
    std::vector<std::optional<double>> momenta;
    for (auto&& layer : layers) momenta.push_back(layer_of(layer).momentum());
    if (momenta.empty()) return;
    for (auto&& layer : layers) layer_of(layer).reset_running_stats();
    const CumulativeStatistics<Model, std::remove_reference_t<decltype(layers)>> cumulative(model, layers, std::move(momenta));
    for (auto&& batch : loader) forward(input_of(std::forward<decltype(batch)>(batch)));
}

}  // namespace detail

/// Resets the statistics of all norm layers and runs the model once over the data, `model.forward(batch)`, in training mode and with
/// momentum none: the statistics become the average of the batches'. Momenta and mode are given back. Of a batch that is a
/// pair, a tuple or an array, the model gets the first element. `forward` should record no gradients.
///
/// As in torch: a model without norm layers is neither run nor changed. Every batch weighs the same, whatever its size: batches of
/// {1, 3}, {10, 20, 30}, {5, 7} give the mean 9.33, not 10.86 of the samples. The variance is the average of the batches' own. All
/// layers end in the model's mode: one that was frozen on purpose, in another mode than the model, no longer is.
///
/// Other than in torch: momenta and mode are given back also if a batch or the loader throws; statistics stay as far as they got. If
/// a layer refuses to be reset, momenta and mode have not been touched, but layers before it are reset.
template <std::ranges::input_range Loader, NormModel Model> void update_bn(Loader&& loader, Model& model) {
    detail::update_norms(loader, model, [&model]<class Input>(Input&& input) { model.forward(std::forward<Input>(input)); });
}

/// The same with every batch on a device first: `model.forward(batch.to(device))`.
template <std::ranges::input_range Loader, NormModel Model> void update_bn(Loader&& loader, Model& model, Device device) {
    detail::update_norms(loader, model, [&]<class Input>(Input&& input) { model.forward(input.to(device)); });
}

}  // namespace ravine::inline v0::swa
