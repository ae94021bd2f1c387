#pragma once
// The driver on a grid of threads: what loop.h is on a CPU. `run_grid` is the work of one thread of one block. A device
// compiler makes a kernel of it (instantiate_grid.h); a test walks it over all blocks and threads on the host.

#include <ravine/kernels/grid_average.h>
#include <ravine/kernels/step_scalars.h>

struct CUstream_st;  // what a cudaStream_t points to

namespace ravine::inline v0::kernels {

inline constexpr int block_threads = 256;
inline constexpr int warp_threads = 32;
inline constexpr int block_warps = block_threads / warp_threads;
/// As many as Tile has (list.h).
inline constexpr int max_temporaries = 8;

/// What one block does: a piece of one row, or some small rows, one to a warp.
struct alignas(16) Work {
    long long first;  ///< element where the piece begins
    unsigned row;     ///< the first one of small rows
    int size;         ///< elements of the piece if positive, else minus the number of small rows
};

/// Everything that a launch hands to its blocks. All pointers but none of these fields lie in device memory.
struct Launch {
    const Chunk* rows;
    const Work* work;               ///< one for each block
    const float* found_inf;         ///< null, or: unless 0, nothing is written
    const float* grad_scale;        ///< null, or what replaces arguments.grad_scale
    const StepScalars* made;        ///< of updates: null, or what replaces the terms and switches of `arguments`
    const double* scalars[2];       ///< of passes: null, or what replaces the terms k and l
    const long long* places;        ///< of passes: the element of each row in a temporary
    void* temporaries[max_temporaries];
    unsigned char columns[8];       ///< of passes: which slot, or max_slots + which temporary, each operand is
    double average_weight;          ///< of updates, where `averages`: what the parameters' averages take in of them
    bool averages;                  ///< a row's average moves with its parameter
    bool average_in_float;          ///< of 16-bit parameters: averages are in float
    StepArguments arguments;
};

/// Starts a kernel with that many blocks on a stream and returns the driver's error code, 0 if there is none.
using GridKernel = int(const Launch& launch, unsigned blocks, CUstream_st* stream) noexcept;

/// The work of one thread on one piece.
template <class Rule, class V, class Storage> struct GridBody {
    using T = typename Rule::template Terms<term<V>>;
    using Switches = typename Rule::Switches;
    static constexpr int slots = Rule::slots;
    static constexpr int width = static_cast<int>(sizeof(Vector) / sizeof(Storage));  ///< elements of one load
    using Items = Array<Storage, width>;

    const T& terms;
    const Switches& switches;
    const term<V>& grad_scale;
    const GridAverage<Storage>& average;

    RAVINE_HD bool unscales() const {
        if constexpr (updates_parameters<Rule>) return switches.unscale;
        else return false;
    }

    RAVINE_HD void one(Storage* const (&slot)[slots], int i) const {
        V x[slots], unscaled;
        RAVINE_UNROLL
        for (int s = 0; s < slots; ++s) {
            if (reads<Rule>() >> s & 1) x[s] = V::of(V::backend::load(slot[s] + i));
        }
        update<Rule>(x, terms, switches, grad_scale, unscaled);
        RAVINE_UNROLL
        for (int s = 0; s < slots; ++s) {
            if (writes<Rule>() >> s & 1) V::backend::store(slot[s] + i, x[s].raw);
        }
        if constexpr (updates_parameters<Rule>) {
            if (unscales()) V::backend::store(slot[grad_slot] + i, unscaled.raw);
            Array<Storage, 1> parameter;
            V::backend::store(&parameter.value[0], x[param_slot].raw);
            average.take(parameter, i);
        }
    }

    /// 16 bytes of every stream; all loads come before the first store.
    RAVINE_HD void vector(Storage* const (&slot)[slots], int i) const {
        Items items[slots], unscaled_items;
        RAVINE_UNROLL
        for (int s = 0; s < slots; ++s) {
            if (reads<Rule>() >> s & 1) items[s] = load_items<Storage, width>(slot[s] + i);
        }
        RAVINE_UNROLL
        for (int e = 0; e < width; ++e) {
            V x[slots], unscaled;
            RAVINE_UNROLL
            for (int s = 0; s < slots; ++s) {
                if (reads<Rule>() >> s & 1) x[s] = V::of(V::backend::load(&items[s].value[e]));
            }
            update<Rule>(x, terms, switches, grad_scale, unscaled);
            RAVINE_UNROLL
            for (int s = 0; s < slots; ++s) {
                if (writes<Rule>() >> s & 1) V::backend::store(&items[s].value[e], x[s].raw);
            }
            if (unscales()) V::backend::store(&unscaled_items.value[e], unscaled.raw);
        }
        RAVINE_UNROLL
        for (int s = 0; s < slots; ++s) {
            if (writes<Rule>() >> s & 1) store_items(slot[s] + i, items[s]);
        }
        if constexpr (updates_parameters<Rule>) {
            if (unscales()) store_items(slot[grad_slot] + i, unscaled_items);
            average.take(items[param_slot], i);
        }
    }

    /// `count` elements by `threads` threads, of which this is number `thread`: 16 bytes at a time between a head and a
    /// tail if all streams lie alike, else one by one.
    RAVINE_HD void run(Storage* const (&slot)[slots], int count, int thread, int threads) const {
        const unsigned offset = misalignment(slot[0]);
        bool alike = true;
        RAVINE_UNROLL
        for (int s = 1; s < slots; ++s) alike &= misalignment(slot[s]) == offset;
        int head = count, vectors = 0;
        if (alike) {
            const int until_aligned = static_cast<int>((16u - offset) % 16u / sizeof(Storage));
            head = until_aligned < count ? until_aligned : count;
            vectors = (count - head) / width;
        }
        const int tail = head + vectors * width;
        RAVINE_ROLLED
        for (int v = thread; v < vectors; v += threads) vector(slot, head + v * width);
        // The head and the tail are one loop, so that there is one copy of the rule for single elements.
        RAVINE_ROLLED
        for (int i = thread; i < head + count - tail; i += threads) one(slot, i < head ? i : i - head + tail);
    }
};

/// An operand of row `row`: a slot of the table, or a temporary of a pass.
template <class Rule, class Storage> RAVINE_HD Storage* operand(const Launch& launch, unsigned row, int s) {
    void* at = nullptr;
    if constexpr (updates_parameters<Rule>) {
        at = launch.rows[row].slot[s];
    } else {
        const int column = launch.columns[s];
        if (column < max_slots) at = launch.rows[row].slot[column];
        else at = static_cast<Storage*>(launch.temporaries[column - max_slots]) + launch.places[row];
    }
    RAVINE_ASSUME_GLOBAL(at);
    return static_cast<Storage*>(at);
}

template <class Rule> RAVINE_HD double scalar_of(const Launch& launch, int i) {
    if constexpr (updates_parameters<Rule>) return launch.made != nullptr ? launch.made->terms[i] : launch.arguments.terms[i];
    else return i < 2 && launch.scalars[i] != nullptr ? *launch.scalars[i] : launch.arguments.terms[i];
}

/// Of a piece that begins at element `first` of a row.
template <class Rule, class Storage> RAVINE_HD GridAverage<Storage> average_of(const Launch& launch, unsigned row, long long first) {
    GridAverage<Storage> average{nullptr, launch.average_in_float, launch.average_weight};
    if constexpr (updates_parameters<Rule>) {
        auto* start = static_cast<char*>(launch.averages ? launch.rows[row].slot[average_slot] : nullptr);
        const auto item = static_cast<long long>(launch.average_in_float ? sizeof(float) : sizeof(Storage));
        if (start != nullptr) average.at = start + first * item;
    }
    return average;
}

/// What thread `thread` of block `block` does.
template <class Rule, class V, class Storage> RAVINE_HD void run_grid(const Launch& launch, unsigned block, int thread) {
    if (launch.found_inf != nullptr && *launch.found_inf != 0) return;
    double scalars[max_terms];
    RAVINE_UNROLL
    for (int i = 0; i < term_count<Rule>; ++i) scalars[i] = scalar_of<Rule>(launch, i);
    const auto terms = convert_terms<Rule, term<V>>(scalars, [](double value) { return term<V>::splat(value); });
    const auto grad_scale =
        term<V>::splat(launch.grad_scale != nullptr ? static_cast<double>(*launch.grad_scale) : launch.arguments.grad_scale);
    typename Rule::Switches switches;
    const unsigned char* given = launch.arguments.switches;
    if (updates_parameters<Rule> && launch.made != nullptr) given = launch.made->switches;
    __builtin_memcpy(&switches, given, sizeof switches);
    const Work work = launch.work[block];
    const bool small = work.size < 0;
    const unsigned row = small ? work.row + static_cast<unsigned>(thread / warp_threads) : work.row;
    if (small && thread / warp_threads >= -work.size) return;
    const GridAverage<Storage> average = average_of<Rule, Storage>(launch, row, work.first);
    const GridBody<Rule, V, Storage> body{terms, switches, grad_scale, average};
    Storage* slot[Rule::slots];
    RAVINE_UNROLL
    for (int s = 0; s < Rule::slots; ++s) slot[s] = operand<Rule, Storage>(launch, row, s) + work.first;
    if (small) body.run(slot, static_cast<int>(launch.rows[row].count), thread % warp_threads, warp_threads);
    else body.run(slot, work.size, thread, block_threads);
}

}  // namespace ravine::inline v0::kernels
