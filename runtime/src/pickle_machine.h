#pragma once
#include "hash.h"
#include "pickle_content.h"
#include "pickle_names.h"

#include <functional>
#include <unordered_map>

namespace ravine::inline v0::pickle {

constexpr std::size_t longest_pickle = std::size_t{256} << 20;
constexpr std::size_t longest_string = std::size_t{1} << 20;
constexpr std::size_t highest_stack = 1'000'000;
constexpr std::size_t most_opcodes = 64'000'000;
constexpr std::size_t most_tensors = 4'000'000;
constexpr std::size_t most_dimensions = 64;
constexpr std::uint8_t untyped_class = 0xff;  ///< where a dtype stands for a storage's class

/// Where a pickle lies and what its persistent ids look like.
struct Setting {
    std::string where;            ///< for messages: "x.pt, record data.pkl"
    std::size_t first_byte = 0;   ///< counted from there
    std::size_t id_members = 5;   ///< of a persistent id; 6 in the stream before the zip format
    bool something_follows = false;
    /// The bytes of the record for a storage's key; none if there is no such record. Empty: records are not known yet.
    std::function<std::optional<std::uint64_t>(std::string_view)> record_bytes;
};

/// Reads one pickle as a closed machine: it knows a list of opcodes and of names, and calls nothing. Memory and time are
/// linear in its length. std::runtime_error names what is refused and its byte.
class Machine {
  public:
    /// The bytes must outlive the content.
    Machine(std::string_view bytes, const Setting& setting);
    Content run();

  private:
    void step();
    void step_on_container(unsigned char opcode);
    void step_with_operand(unsigned char opcode);

    // Operands.
    std::string_view take(std::size_t bytes);
    template <class Number> Number take_number();
    std::string_view take_line();
    void check_protocol();

    // The stack.
    void push(Ref ref);
    void push(Node node);
    void push_integer(std::int64_t value);
    Ref pop();
    Ref& top();
    /// What lies above the last mark, which is gone then. Valid until the next push.
    std::span<const Ref> pop_to_mark();

    // Opcodes.
    void push_long(std::size_t bytes);
    void push_text(std::size_t bytes, bool ascii);
    void push_tuple(std::span<const Ref> items);
    void push_tuple_of_top(std::size_t count);
    void append(std::span<const Ref> items);
    void set_items(std::span<const Ref> items);
    void put(std::size_t index);
    void get(std::size_t index);
    void global();
    void persistent_id();
    void reduce();
    void new_object();
    void build();
    void stop();

    // Functions.
    void call(Function function, std::span<const Ref> arguments);
    void call_encode(std::span<const Ref> arguments);
    void call_bytes(Function function, std::span<const Ref> arguments);
    void call_ordered_dict(std::span<const Ref> arguments);
    void call_counter(std::span<const Ref> arguments);
    void call_default_dict(std::span<const Ref> arguments);
    void call_set(std::span<const Ref> arguments);
    void call_size(std::span<const Ref> arguments);
    void call_device(std::span<const Ref> arguments);
    void call_layout(std::span<const Ref> arguments);
    void call_tensor(Function function, std::span<const Ref> arguments);
    void call_parameter(Function function, std::span<const Ref> arguments);

    StorageContent storage_of(std::span<const Ref> id) const;
    void add_storage(const StorageContent& storage);
    void check_tensor_arguments(Function function, std::span<const Ref> arguments) const;
    DType dtype_of_tensor(Function function, std::span<const Ref> arguments);
    void check_sizes(Ref tuple, std::string_view what) const;
    void check_view(const TensorContent& tensor) const;
    void check_hooks(Ref ref) const;

    const Node& node(Ref ref) const { return content_.nodes[ref]; }
    bool is(Ref ref, Node::Kind kind) const { return node(ref).kind == kind; }
    bool is_size(Ref ref) const { return is(ref, Node::Kind::integer) && node(ref).integer >= 0; }
    bool is_text(Ref ref, std::string_view text) const { return is(ref, Node::Kind::string) && content_.text_of(node(ref)) == text; }
    bool is_empty_dict(Ref ref) const { return is(ref, Node::Kind::dict) && content_.pairs_of(node(ref)).empty(); }
    /// A value that may lie in a container.
    void check_value(Ref ref, std::string_view container) const;
    std::vector<Pair>& pairs(Ref dict);
    std::string shown(Ref ref) const { return described(node(ref), content_); }
    std::string shown(std::span<const Ref> arguments) const;
    [[noreturn]] void refuse(std::string_view what, std::string_view got) const;

    const Setting& setting_;
    Content content_;
    std::size_t at_ = 0;      // the next byte
    std::size_t opcode_ = 0;  // the byte of the opcode at work
    std::size_t opcodes_ = 0;
    bool stopped_ = false;
    std::vector<Ref> stack_;
    std::vector<std::size_t> marks_;
    std::vector<Ref> memo_;
    std::vector<Ref> scratch_;
    std::unordered_map<std::string_view, std::uint32_t, SecretStringHash> storages_;  // by key
};

}  // namespace ravine::inline v0::pickle
