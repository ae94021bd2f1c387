#pragma once
// V as one tile of every tensor of a list: each operation is a pass over the tile, made by the same kernels as all else.
// This is the foreach implementation of an optimizer: the text of its rule, run operation by operation.
//
// An operator returns an `Op` that has not run yet. Assigning it to a slot runs it in place; using it as an operand runs
// it into a temporary of the tile. So a rule needs no more temporaries than its expressions have inner nodes.

#include <ravine/kernels/chunk.h>
#include <ravine/kernels/passes.h>

namespace ravine::inline v0::kernels {

/// One pass over a tile, or over whole lists on a device.
struct PassCall {
    passes::Pass pass;
    void* out;
    const void* in[3];
    double scalars[2];
};

/// What a rule's operations run over: memory that belongs together, and temporaries of the same size. Addresses are whatever
/// `run` understands: pointers for the kernels of the CPU, columns of a table for a device.
class Tile {
  public:
    static constexpr int temporaries = 8;
    using Run = void(void* self, const PassCall& call) noexcept;

    Tile(Run* how, void* self, void* const (&memory)[temporaries]) noexcept : run_(how), self_(self), memory_(memory) {}
    Tile(const Tile&) = delete;
    Tile& operator=(const Tile&) = delete;

    void* at(int temporary) noexcept { return memory_[temporary]; }
    int take() noexcept {
        for (int i = 0; i < temporaries; ++i) {
            if ((used_ >> i & 1u) == 0) {
                used_ |= 1u << i;
                return i;
            }
        }
        __builtin_trap();  // a rule whose expressions nest deeper than any known one: raise `temporaries`
    }
    void release(int temporary) noexcept { used_ &= ~(1u << temporary); }

    void run(const PassCall& call) noexcept { run_(self_, call); }

  private:
    Run* run_;
    void* self_;
    void* const (&memory_)[temporaries];
    unsigned used_ = 0;
};

class list;
class Op;

/// What an operation reads: a slot, a temporary that it owns, or a constant that is not in memory yet.
class Operand {
  public:
    Operand() = default;
    Operand(int value) noexcept : constant_(value) {}
    Operand(const list& value) noexcept;
    Operand(Op&& op) noexcept;
    Operand(Operand&& other) noexcept
        : tile(other.tile), data(other.data), temporary(other.temporary), constant_(other.constant_) {
        other.temporary = -1;
    }
    Operand(const Operand&) = delete;
    Operand& operator=(const Operand&) = delete;
    ~Operand() {
        if (temporary >= 0) tile->release(temporary);
    }

    /// Gives a constant a place.
    void materialize(Tile* where) noexcept {
        if (data != nullptr) return;
        tile = where;
        temporary = where->take();
        data = where->at(temporary);
        where->run({passes::Pass::Fill, data, {}, {constant_, 0}});
    }
    int give_up() noexcept {
        const int result = temporary;
        temporary = -1;
        return result;
    }

    Tile* tile = nullptr;
    void* data = nullptr;
    int temporary = -1;

  private:
    friend class list;
    double constant_ = 0;
};

/// One pass that has not run.
class Op {
  public:
    Op(passes::Pass pass, double k, double l, Operand a, Operand b = {}, Operand c = {}) noexcept
        : pass_(pass), k_(k), l_(l), in_{static_cast<Operand&&>(a), static_cast<Operand&&>(b), static_cast<Operand&&>(c)} {
        for (const Operand& operand : in_) {
            if (operand.tile != nullptr) tile_ = operand.tile;
        }
        for (int i = 0; i < passes::inputs(pass); ++i) in_[i].materialize(tile_);
    }
    Op(Op&&) = default;

    Tile* tile() const noexcept { return tile_; }
    void run_into(void* out) noexcept { tile_->run({pass_, out, {in_[0].data, in_[1].data, in_[2].data}, {k_, l_}}); }
    /// Runs into a temporary of an operand, or a new one.
    int run_into_temporary() noexcept {
        int temporary = -1;
        for (Operand& operand : in_) {
            if (temporary < 0 && operand.temporary >= 0) temporary = operand.give_up();
        }
        if (temporary < 0) temporary = tile_->take();
        run_into(tile_->at(temporary));
        return temporary;
    }

  private:
    passes::Pass pass_;
    double k_, l_;
    Operand in_[3];
    Tile* tile_ = nullptr;
};

/// A number V whose value is a tile of a tensor.
class list {
  public:
    /// A scalar next to a list. Not a bare double: `x * 0.5` must not compile here either.
    struct term {
        term() = default;
        explicit term(double number) noexcept : value(number) {}
        template <class I>
            requires(__is_same(I, int))
        term(I number) noexcept : value(number) {}
        double value;
    };

    list() = default;
    list(int value) noexcept : constant_(value) {}
    explicit list(term value) noexcept : constant_(value.value) {}
    list(Op&& op) noexcept { keep(op); }
    list(list&& other) noexcept : tile_(other.tile_), data_(other.data_), temporary_(other.temporary_), writable_(other.writable_), constant_(other.constant_) {
        other.temporary_ = -1;
    }
    list(const list&) = delete;
    ~list() { drop(); }

    /// Binds a slot. What is assigned to one that is not writable goes into a temporary.
    void bind(Tile& tile, void* data, bool writable) noexcept {
        tile_ = &tile;
        data_ = data;
        writable_ = writable;
    }

    list& operator=(Op&& op) noexcept {
        if (writable_) op.run_into(data_);
        else keep(op);
        return *this;
    }
    list& operator=(const list& other) noexcept { return *this = Op(passes::Pass::Copy, 0, 0, Operand(other)); }

  private:
    friend class Operand;
    void drop() noexcept {
        if (temporary_ >= 0) tile_->release(temporary_);
        temporary_ = -1;
    }
    void keep(Op& op) noexcept {
        const int temporary = op.run_into_temporary();
        drop();
        tile_ = op.tile();
        temporary_ = temporary;
        data_ = tile_->at(temporary);
        writable_ = true;
    }

    Tile* tile_ = nullptr;
    void* data_ = nullptr;
    int temporary_ = -1;
    bool writable_ = false;
    double constant_ = 0;
};

inline Operand::Operand(const list& value) noexcept : tile(value.tile_), data(value.data_), constant_(value.constant_) {}
inline Operand::Operand(Op&& op) noexcept : tile(op.tile()), temporary(op.run_into_temporary()) {
    data = tile->at(temporary);
}

/// The result of a comparison of lists.
struct list_mask {
    Operand value;
};

#define RAVINE_UNARY(name, Name)                                                                                       \
    inline Op name(Operand a) noexcept { return {passes::Pass::Name, 0, 0, static_cast<Operand&&>(a)}; }
#define RAVINE_BINARY(name, Name, k)                                                                                   \
    inline Op name(Operand a, Operand b) noexcept {                                                                    \
        return {passes::Pass::Name, k, 0, static_cast<Operand&&>(a), static_cast<Operand&&>(b)};                       \
    }
#define RAVINE_WITH_TERM(name, Name)                                                                                   \
    inline Op name(Operand a, list::term k) noexcept {                                                                 \
        return {passes::Pass::Name, k.value, 0, static_cast<Operand&&>(a)};                                            \
    }
RAVINE_UNARY(operator-, Neg)
RAVINE_UNARY(abs, Abs)
RAVINE_UNARY(sign, Sign)
RAVINE_UNARY(sqrt, Sqrt)
RAVINE_UNARY(rsqrt, Rsqrt)
RAVINE_UNARY(reciprocal, Reciprocal)
RAVINE_BINARY(operator+, Add, 1)
RAVINE_BINARY(operator-, Add, -1)
RAVINE_BINARY(operator*, Mul, 0)
RAVINE_BINARY(operator/, Div, 0)
RAVINE_BINARY(max, Maximum, 0)
RAVINE_BINARY(min, Minimum, 0)
RAVINE_WITH_TERM(operator+, AddScalar)
RAVINE_WITH_TERM(operator*, MulScalar)
RAVINE_WITH_TERM(operator/, DivScalar)
#undef RAVINE_UNARY
#undef RAVINE_BINARY
#undef RAVINE_WITH_TERM

inline Op operator-(list::term k, Operand a) noexcept {
    return {passes::Pass::SubFrom, k.value, 0, static_cast<Operand&&>(a)};
}
inline list_mask operator>(Operand a, Operand b) noexcept {
    return {Op(passes::Pass::Greater, 0, 0, static_cast<Operand&&>(a), static_cast<Operand&&>(b))};
}
inline list_mask operator<(Operand a, Operand b) noexcept {
    return {Op(passes::Pass::Greater, 0, 0, static_cast<Operand&&>(b), static_cast<Operand&&>(a))};
}
inline list_mask operator==(Operand a, Operand b) noexcept {
    return {Op(passes::Pass::Equal, 0, 0, static_cast<Operand&&>(a), static_cast<Operand&&>(b))};
}
inline Op select(list_mask condition, Operand a, Operand b) noexcept {
    return {passes::Pass::Select, 0, 0, static_cast<Operand&&>(condition.value), static_cast<Operand&&>(a), static_cast<Operand&&>(b)};
}
inline Op add(Operand s, Operand o, list::term alpha) noexcept {
    return {passes::Pass::Add, alpha.value, 0, static_cast<Operand&&>(s), static_cast<Operand&&>(o)};
}
inline Op lerp(Operand s, Operand e, list::term w) noexcept {
    return {passes::Pass::Lerp, w.value, 0, static_cast<Operand&&>(s), static_cast<Operand&&>(e)};
}
inline Op addcmul(Operand s, Operand a, Operand b, list::term value) noexcept {
    return {passes::Pass::Addcmul, value.value, 0, static_cast<Operand&&>(s), static_cast<Operand&&>(a), static_cast<Operand&&>(b)};
}
inline Op addcdiv(Operand s, Operand a, Operand b, list::term value) noexcept {
    return {passes::Pass::Addcdiv, value.value, 0, static_cast<Operand&&>(s), static_cast<Operand&&>(a), static_cast<Operand&&>(b)};
}
inline Op clamp(Operand a, list::term low, list::term high) noexcept {
    return {passes::Pass::Clamp, low.value, high.value, static_cast<Operand&&>(a)};
}

/// A rule over the slots of one tile. A scaled gradient is divided and written back first.
template <class Rule> void apply_to_tile(Tile& tile, void* const* slots, const StepArguments& arguments) noexcept {
    const auto terms = convert_terms<Rule, list::term>(arguments.terms, [](double value) { return list::term{value}; });
    typename Rule::Switches switches;
    __builtin_memcpy(&switches, arguments.switches, sizeof switches);
    list x[Rule::slots];
    for (int s = 0; s < Rule::slots; ++s) x[s].bind(tile, slots[s], s != grad_slot);
    void* const grad = slots[grad_slot];
    if (switches.unscale) tile.run({passes::Pass::DivScalar, grad, {grad, nullptr, nullptr}, {arguments.grad_scale, 0}});
    prepare_gradient(x, terms, switches);
    Rule::apply(x, terms, switches);
}
using ApplyToTile = void(Tile& tile, void* const* slots, const StepArguments& arguments) noexcept;

/// The tile of list_kernel: what fits into a first-level cache with its temporaries.
struct CacheTile {
    static constexpr int bytes = 8192;  ///< of one temporary; about ten of them fit
    const PassTable& passes;
    long long count;

    static void run(void* self, const PassCall& call) noexcept {
        const auto& tile = *static_cast<const CacheTile*>(self);
        Chunk chunk{};
        chunk.slot[0] = call.out;
        for (int i = 0; i < 3; ++i) chunk.slot[i + 1] = const_cast<void*>(call.in[i]);
        chunk.count = tile.count;
        StepArguments arguments{};
        arguments.terms[0] = call.scalars[0];
        arguments.terms[1] = call.scalars[1];
        tile.passes.kernels[static_cast<int>(call.pass)](&chunk, 1, arguments);
    }
};

/// A rule over tiles: the foreach kernel. Compiled once, for any instruction set and dtype; the passes know both.
template <class Rule>
void list_kernel(const Chunk* rows, unsigned long long chunks, const StepArguments& arguments) noexcept {
    alignas(64) unsigned char scratch[Tile::temporaries][CacheTile::bytes];
    void* memory[Tile::temporaries];
    for (int i = 0; i < Tile::temporaries; ++i) memory[i] = scratch[i];
    const int item = arguments.passes->item_size;
    const long long most = CacheTile::bytes / item;
    for (const Chunk* row = rows; row != rows + chunks; ++row) {
        for (long long first = 0; first < row->count; first += most) {
            CacheTile cache{*arguments.passes, row->count - first < most ? row->count - first : most};
            Tile tile(&CacheTile::run, &cache, memory);
            void* slots[Rule::slots];
            for (int s = 0; s < Rule::slots; ++s) slots[s] = static_cast<unsigned char*>(row->slot[s]) + first * item;
            apply_to_tile<Rule>(tile, slots, arguments);
        }
    }
}

}  // namespace ravine::inline v0::kernels
