#include "pickle_machine.h"

#include <ravine/runtime/text.h>

#include "pickle_opcodes.h"
#include "torch_refusal.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace ravine::inline v0::pickle {

Machine::Machine(std::string_view bytes, const Setting& setting) : setting_(setting) {
    content_.bytes = bytes;
    if (bytes.size() > longest_pickle) {
        torch_file::refuse(fmt::format("a pickle must have at most {} bytes", longest_pickle), std::to_string(bytes.size()), setting.where);
    }
}

Content Machine::run() {
    check_protocol();
    while (!stopped_) step();
    if (!setting_.something_follows && at_ != content_.bytes.size()) {
        opcode_ = at_;
        refuse("nothing may follow the pickle's end", fmt::format("{} bytes", content_.bytes.size() - at_));
    }
    content_.end = at_;
    return std::move(content_);
}

void Machine::check_protocol() {
    const std::string_view head = take(2);
    if (static_cast<unsigned char>(head[0]) != opcode::protocol) refuse("a pickle must begin with its protocol", "another opcode");
    if (head[1] != 2) refuse("a pickle must have protocol 2", fmt::format("{}", static_cast<unsigned char>(head[1])));
}

void Machine::step() {
    if (++opcodes_ > most_opcodes) refuse(fmt::format("a pickle must have at most {} opcodes", most_opcodes), "more");
    opcode_ = at_;
    const auto code = static_cast<unsigned char>(take(1)[0]);
    switch (code) {
    case opcode::mark:
        if (marks_.size() == highest_stack) refuse(fmt::format("the stack must have at most {} marks", highest_stack), "more");
        marks_.push_back(stack_.size());
        break;
    case opcode::stop: stop(); break;
    case opcode::none: push(Node::plain(Node::Kind::null)); break;
    case opcode::new_true: push(Node::plain(Node::Kind::boolean, 1)); break;
    case opcode::new_false: push(Node::plain(Node::Kind::boolean)); break;
    case opcode::global: global(); break;
    case opcode::persistent: persistent_id(); break;
    case opcode::reduce: reduce(); break;
    case opcode::new_object: new_object(); break;
    case opcode::build: build(); break;
    case opcode::protocol: refuse("a pickle must name its protocol once", "twice");
    default: step_on_container(code);
    }
}

void Machine::step_on_container(unsigned char code) {
    switch (code) {
    case opcode::empty_tuple: push_tuple({}); break;
    case opcode::tuple1: push_tuple_of_top(1); break;
    case opcode::tuple2: push_tuple_of_top(2); break;
    case opcode::tuple3: push_tuple_of_top(3); break;
    case opcode::tuple: push_tuple(pop_to_mark()); break;
    case opcode::empty_list: push(Node::indexed(Node::Kind::list, no_ref)); break;
    case opcode::empty_dict: push(Node::indexed(Node::Kind::dict, no_ref)); break;
    case opcode::empty_set: push(Node::ranged(Node::Kind::set, {0, 0})); break;
    case opcode::append: {
        const Ref item = pop();
        append({&item, 1});
        break;
    }
    case opcode::appends: append(pop_to_mark()); break;
    case opcode::set_item: {
        const Ref value = pop();
        const Ref both[] = {pop(), value};
        set_items(both);
        break;
    }
    case opcode::set_items: set_items(pop_to_mark()); break;
    default: step_with_operand(code);
    }
}

void Machine::step_with_operand(unsigned char code) {
    switch (code) {
    case opcode::int1: push_integer(take_number<std::uint8_t>()); break;
    case opcode::int2: push_integer(take_number<std::uint16_t>()); break;
    case opcode::int4: push_integer(take_number<std::int32_t>()); break;
    case opcode::long1: push_long(take_number<std::uint8_t>()); break;
    case opcode::float8: {
        std::uint64_t bits = 0;  // the one number with its high byte first
        for (const char byte : take(8)) bits = bits << 8 | static_cast<unsigned char>(byte);
        push(Node::real(std::bit_cast<double>(bits)));
        break;
    }
    case opcode::text4: push_text(take_number<std::uint32_t>(), false); break;
    case opcode::short_bytes: push_text(take_number<std::uint8_t>(), true); break;
    case opcode::put1: put(take_number<std::uint8_t>()); break;
    case opcode::put4: put(take_number<std::uint32_t>()); break;
    case opcode::get1: get(take_number<std::uint8_t>()); break;
    case opcode::get4: get(take_number<std::uint32_t>()); break;
    default: refuse("an opcode must be one of those that a checkpoint needs", fmt::format("{:#04x}", code));
    }
}

std::string_view Machine::take(std::size_t bytes) {
    if (bytes > content_.bytes.size() - at_) refuse("a pickle must be whole", "its end within an opcode");
    at_ += bytes;
    return content_.bytes.substr(at_ - bytes, bytes);
}

template <class Number> Number Machine::take_number() {
    Number number;
    std::memcpy(&number, take(sizeof number).data(), sizeof number);
    return number;
}

std::string_view Machine::take_line() {
    constexpr std::size_t longest_line = 1024;
    const std::string_view rest = content_.bytes.substr(at_, longest_line);
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) refuse(fmt::format("a name must end within {} bytes", longest_line), quoted(rest));
    at_ += end + 1;
    return rest.substr(0, end);
}

void Machine::push(Ref ref) {
    if (stack_.size() == highest_stack) refuse(fmt::format("the stack must have at most {} values", highest_stack), "more");
    stack_.push_back(ref);
}

void Machine::push(Node made) {
    made.offset = static_cast<std::uint32_t>(opcode_);
    content_.nodes.push_back(made);
    push(static_cast<Ref>(content_.nodes.size() - 1));
}

void Machine::push_integer(std::int64_t value) {
    push(Node::plain(Node::Kind::integer, value));
}

Ref& Machine::top() {
    if (stack_.size() == (marks_.empty() ? 0 : marks_.back())) refuse("an opcode must find its values on the stack", "too few");
    return stack_.back();
}

Ref Machine::pop() {
    const Ref ref = top();
    stack_.pop_back();
    return ref;
}

std::span<const Ref> Machine::pop_to_mark() {
    if (marks_.empty()) refuse("an opcode must find its mark on the stack", "none");
    const std::size_t mark = marks_.back();
    marks_.pop_back();
    scratch_.assign(stack_.begin() + static_cast<std::ptrdiff_t>(mark), stack_.end());
    stack_.resize(mark);
    return scratch_;
}

/// Two's complement, the low byte first.
void Machine::push_long(std::size_t bytes) {
    const std::string_view digits = take(bytes);
    const bool negative = !digits.empty() && static_cast<signed char>(digits.back()) < 0;
    std::uint64_t value = negative ? ~std::uint64_t{0} : 0;
    std::memcpy(&value, digits.data(), std::min<std::size_t>(bytes, 8));
    const auto number = static_cast<std::int64_t>(value);
    const char fill = negative ? '\xff' : '\0';
    const bool fits = bytes <= 8 || ((number < 0) == negative && digits.substr(8).find_first_not_of(fill) == std::string_view::npos);
    if (!fits) refuse("an integer must have at most 64 bits", fmt::format("one of {} bytes", bytes));
    push_integer(number);
}

void Machine::push_text(std::size_t bytes, bool ascii) {
    if (bytes > longest_string) refuse(fmt::format("a string must have at most {} bytes", longest_string), std::to_string(bytes));
    const std::string_view text = take(bytes);
    if (ascii && std::any_of(text.begin(), text.end(), [](char c) { return static_cast<signed char>(c) < 0; })) refuse("a byte string must be ASCII", quoted(text));
    if (!is_utf8(text)) refuse("a string must be UTF-8 without surrogates", quoted(text));
    push(Node::ranged(Node::Kind::string, {static_cast<std::uint32_t>(at_ - bytes), static_cast<std::uint32_t>(bytes)}));
}

void Machine::push_tuple(std::span<const Ref> items) {
    const Range range = {static_cast<std::uint32_t>(content_.members.size()), static_cast<std::uint32_t>(items.size())};
    content_.members.insert(content_.members.end(), items.begin(), items.end());
    push(Node::ranged(Node::Kind::tuple, range));
}

void Machine::push_tuple_of_top(std::size_t count) {
    Ref items[3];
    for (std::size_t i = count; i-- > 0;) items[i] = pop();
    push_tuple(std::span(items).first(count));
}

void Machine::check_value(Ref ref, std::string_view container) const {
    if (!node(ref).is_value()) refuse(fmt::format("{} must hold values", container), shown(ref));
}

void Machine::append(std::span<const Ref> items) {
    const Ref list = top();
    if (!is(list, Node::Kind::list)) refuse("only a list may be appended to", shown(list));
    for (const Ref item : items) check_value(item, "a list");
    if (items.empty()) return;
    std::uint32_t& index = content_.nodes[list].index;
    if (index == no_ref) {
        index = static_cast<std::uint32_t>(content_.lists.size());
        content_.lists.emplace_back();
    }
    content_.lists[index].insert(content_.lists[index].end(), items.begin(), items.end());
}

std::vector<Pair>& Machine::pairs(Ref dict) {
    std::uint32_t& index = content_.nodes[dict].index;
    if (index == no_ref) {
        index = static_cast<std::uint32_t>(content_.dicts.size());
        content_.dicts.emplace_back();
    }
    return content_.dicts[index].pairs;
}

void Machine::set_items(std::span<const Ref> items) {
    const Ref dict = top();
    if (!is(dict, Node::Kind::dict)) refuse("only a dict may be given items", shown(dict));
    if (items.size() % 2 != 0) refuse("a dict must be given keys and values", fmt::format("{} of both", items.size()));
    for (std::size_t i = 0; i < items.size(); i += 2) {
        const Node::Kind kind = node(items[i]).kind;
        const bool plain = kind == Node::Kind::string || kind == Node::Kind::integer || kind == Node::Kind::tuple;
        if (!plain) refuse("a dict's key must be an integer, a string or a tuple of them", shown(items[i]));
        check_value(items[i + 1], "a dict");
    }
    if (items.empty()) return;
    for (std::size_t i = 0; i < items.size(); i += 2) pairs(dict).push_back({items[i], items[i + 1], static_cast<std::uint32_t>(opcode_)});
}

void Machine::put(std::size_t index) {
    if (index > opcodes_) refuse("a memo's number must be at most that of the opcodes so far", std::to_string(index));
    if (index >= memo_.size()) memo_.resize(index + 1, no_ref);
    const Ref value = top();
    if (memo_[index] != no_ref && memo_[index] != value) refuse("a memo's number must stand for one value", fmt::format("{} for two", index));
    memo_[index] = value;
}

void Machine::get(std::size_t index) {
    if (index >= memo_.size() || memo_[index] == no_ref) refuse("a memo's number must stand for a value", fmt::format("{} for none", index));
    push(memo_[index]);
}

void Machine::global() {
    const std::string_view module = take_line(), name = take_line();
    const auto meaning = meaning_of(module, name);
    if (!meaning) {
        refuse("a pickle may only name what a checkpoint is made of", quoted(fmt::format("{}.{}", module, name)) + std::string(advice_on(module, name)));
    }
    if (meaning->function) push(Node::token(Node::Kind::function, static_cast<std::uint8_t>(*meaning->function)));
    else if (meaning->dtype) push(Node::token(Node::Kind::dtype, static_cast<std::uint8_t>(*meaning->dtype)));
    else push(Node::token(Node::Kind::storage_class, meaning->untyped_storage ? untyped_class : static_cast<std::uint8_t>(*meaning->storage_class)));
}

void Machine::reduce() {
    const Ref arguments = pop(), function = pop();
    if (!is(function, Node::Kind::function)) refuse("only a function may be called", shown(function));
    if (!is(arguments, Node::Kind::tuple)) refuse("a function's arguments must be a tuple", shown(arguments));
    const auto members = content_.members_of(node(arguments));
    scratch_.assign(members.begin(), members.end());
    call(static_cast<Function>(node(function).detail), scratch_);
}

/// A class made without its constructor: Python's own OrderedDict comes that way from some writers.
void Machine::new_object() {
    const Ref arguments = pop(), made = pop();
    const bool ordered = is(made, Node::Kind::function) && static_cast<Function>(node(made).detail) == Function::ordered_dict;
    if (!ordered) refuse("only an OrderedDict may be made without a call", shown(made));
    if (!is(arguments, Node::Kind::tuple) || node(arguments).range.count != 0) refuse("an OrderedDict must be made without arguments", shown(arguments));
    call_ordered_dict({});
}

/// The attributes of an OrderedDict: a model's state dict has `_metadata`.
void Machine::build() {
    const Ref attributes = pop(), dict = top();
    const bool ordered = is(dict, Node::Kind::dict) && static_cast<Dict::Kind>(node(dict).detail) == Dict::Kind::ordered_dict;
    if (!ordered) refuse("only an OrderedDict may be given attributes", shown(dict));
    if (!is(attributes, Node::Kind::dict)) refuse("attributes must be a dict", shown(attributes));
    for (const Pair& pair : content_.pairs_of(node(attributes))) {
        if (!is_text(pair.key, "_metadata")) refuse("an OrderedDict may have the attribute _metadata alone", shown(pair.key));
        pairs(dict);
        Ref& metadata = content_.dicts[node(dict).index].metadata;
        if (metadata != no_ref) refuse("an OrderedDict must be given its _metadata once", "twice");
        metadata = pair.value;
    }
}

void Machine::stop() {
    if (!marks_.empty()) refuse("no mark may be left at the pickle's end", fmt::format("{}", marks_.size()));
    if (stack_.size() != 1) refuse("one value must be left at the pickle's end", fmt::format("{}", stack_.size()));
    if (!node(stack_[0]).is_value()) refuse("a pickle must be a value", shown(stack_[0]));
    content_.root = stack_[0];
    stopped_ = true;
}

void Machine::refuse(std::string_view what, std::string_view got) const {
    torch_file::refuse(what, got, setting_.where, setting_.first_byte + opcode_);
}

}  // namespace ravine::inline v0::pickle
