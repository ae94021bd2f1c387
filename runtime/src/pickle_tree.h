#pragma once
#include "pickle_content.h"
#include "storage.h"

#include <memory>

namespace ravine::inline v0::pickle {

constexpr int deepest_container = 64;

/// The tree that a pickle's content is. A tree shares nothing, so what the pickle shares is counted as often as it is used:
/// depth, cycles and memory are checked before anything is made.
class Tree {
  public:
    /// `where` is for messages.
    Tree(const Content& content, std::string where);

    /// std::runtime_error with the path of what cannot be in a tree.
    void check();
    /// After `check`. The storages are those of the content; its tensors become views of them.
    Value build(std::span<const std::shared_ptr<Storage>> storages);

  private:
    std::uint64_t measure(Ref ref, int depth);
    std::uint64_t measure_members(Ref ref, int depth);
    std::uint64_t measure_at(Ref ref, std::uint32_t component, int depth);
    std::uint64_t own_cost(const Node& node) const;

    Value value_of(Ref ref, std::span<const std::shared_ptr<Storage>> storages);
    ValueList values_of(std::span<const Ref> refs, std::span<const std::shared_ptr<Storage>> storages);
    Value dict_of(const Node& node, std::span<const std::shared_ptr<Storage>> storages);
    Value set_of(const Node& node, std::span<const std::shared_ptr<Storage>> storages);
    void check_key(Ref key, const Pair& pair) const;
    std::string path() const;
    [[noreturn]] void refuse(std::string_view what, std::string_view got) const;

    struct Measured {
        std::uint32_t cost = 0;  // 0: not yet
        std::uint8_t height = 0;
        bool open = false;
    };
    const Content& content_;
    std::string where_;
    std::uint64_t limit_;
    std::vector<Measured> measured_;
    std::vector<std::pair<Ref, std::uint32_t>> path_;  // containers and the number of what is looked at in them
};

}  // namespace ravine::inline v0::pickle
