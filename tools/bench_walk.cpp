#include "bench_walk.h"

#include <ravine/kernels/attributes.h>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace ravine::tools {
namespace {

#if defined(__AVX2__)
using Arch = kernels::avx2;
using Word = __m256i;

// What was read might have been changed since: the compiler must write it back.
RAVINE_INLINE void touch(Word& word) {
    asm volatile("" : "+x"(word));
}
#else
using Arch = kernels::baseline;
using Word = unsigned long long;

RAVINE_INLINE void touch(Word& word) {
    asm volatile("" : "+r"(word));
}
#endif
RAVINE_INLINE void touch(unsigned short& word) {
    asm volatile("" : "+r"(word));
}

constexpr int ahead = 1024;
constexpr long long line = 64;

/// `count` words of type W from every slot.
template <class W, int slots, int count> RAVINE_INLINE void move(unsigned char* const (&slot)[slots], long long at) {
    W words[slots][count];
    RAVINE_UNROLL
    for (int s = 0; s < slots; ++s) {
        RAVINE_UNROLL
        for (int i = 0; i < count; ++i) {
            __builtin_memcpy(&words[s][i], slot[s] + at + i * static_cast<int>(sizeof(W)), sizeof(W));
            touch(words[s][i]);
        }
    }
    RAVINE_UNROLL
    for (int s = 0; s < slots; ++s) {
        if (s == kernels::grad_slot) continue;
        RAVINE_UNROLL
        for (int i = 0; i < count; ++i) __builtin_memcpy(slot[s] + at + i * static_cast<int>(sizeof(W)), &words[s][i], sizeof(W));
    }
}

/// Fewer bytes than a word.
template <int slots> RAVINE_INLINE void move_few(unsigned char* const (&slot)[slots], long long bytes) {
    for (long long at = 0; at < bytes; at += 2) {
        RAVINE_UNROLL
        for (int s = 0; s < slots; ++s) {
            unsigned short word;
            __builtin_memcpy(&word, slot[s] + at, sizeof word);
            touch(word);
            if (s != kernels::grad_slot) __builtin_memcpy(slot[s] + at, &word, sizeof word);
        }
    }
}

template <int slots, int count, bool prefetches> void walk(const WalkPiece* pieces, unsigned long long number) noexcept {
    constexpr long long width = count * static_cast<long long>(sizeof(Word));
    for (const WalkPiece* piece = pieces; piece != pieces + number; ++piece) {
        unsigned char* slot[slots];
        RAVINE_UNROLL
        for (int s = 0; s < slots; ++s) slot[s] = piece->slot[s];
        if (piece->bytes < width) {
            move_few(slot, piece->bytes);
            continue;
        }
        for (long long at = 0; at + width <= piece->bytes; at += width) {
            if (prefetches && at % line == 0) {
                RAVINE_UNROLL
                for (int s = 0; s < slots; ++s) __builtin_prefetch(slot[s] + at + ahead);
            }
            move<Word, slots, count>(slot, at);
        }
        if (piece->bytes % width != 0) move<Word, slots, count>(slot, piece->bytes - width);
    }
}

}  // namespace

#define RAVINE_WALKS(slots) {walk<slots, 1, false>, walk<slots, 2, false>, walk<slots, 1, true>, walk<slots, 2, true>}
template <> Walk* const walks<Arch>::table[kernels::max_slots - 1][walk_variants] = {
    RAVINE_WALKS(2), RAVINE_WALKS(3), RAVINE_WALKS(4), RAVINE_WALKS(5), RAVINE_WALKS(6)};
static_assert(kernels::max_slots == 6);
#undef RAVINE_WALKS

}  // namespace ravine::tools
