#pragma once
// Backends of `number` for one SIMD register: an xsimd batch for arithmetic, and the few operations that xsimd lacks or
// changed between versions (fused multiply-add on every set, 16-bit formats) as intrinsics. Included only by objects
// that are compiled for one instruction set.

#include <ravine/kernels/half.h>
#include <ravine/kernels/isa.h>
#include <ravine/kernels/number.h>

#include <immintrin.h>
#include <xsimd/xsimd.hpp>

namespace ravine::inline v0::kernels {

/// What an instruction set adds to xsimd, for registers of type Register.
template <class Arch> struct machine;

#if defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
template <> struct machine<avx2> {
    using xsimd_arch = xsimd::fma3<xsimd::avx2>;

    RAVINE_INLINE static __m256 fma(__m256 a, __m256 b, __m256 c) { return _mm256_fmadd_ps(a, b, c); }
    RAVINE_INLINE static __m256d fma(__m256d a, __m256d b, __m256d c) { return _mm256_fmadd_pd(a, b, c); }
    RAVINE_INLINE static __m256 neg(__m256 a) { return _mm256_xor_ps(a, _mm256_set1_ps(-0.0f)); }
    RAVINE_INLINE static __m256d neg(__m256d a) { return _mm256_xor_pd(a, _mm256_set1_pd(-0.0)); }

    /// The bits of a number rounded to bf16 in the upper half of each lane; the lower half is not cleared.
    RAVINE_INLINE static __m256i number_bits(__m256 a) {
        const __m256i bits = _mm256_castps_si256(a);
        const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
        return _mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7fff)), odd);
    }
    /// The same where `a` may hold NaN.
    RAVINE_INLINE static __m256i bf16_bits(__m256 a) {
        const __m256i is_nan = _mm256_castps_si256(_mm256_cmp_ps(a, a, _CMP_UNORD_Q));
        return _mm256_blendv_epi8(number_bits(a), _mm256_set1_epi32(0x7fc00000), is_nan);
    }
    RAVINE_INLINE static __m256 round_to(__m256 a, bf16) {
        return _mm256_castsi256_ps(_mm256_and_si256(bf16_bits(a), _mm256_set1_epi32(static_cast<int>(0xffff0000))));
    }
    RAVINE_INLINE static __m256 round_to(__m256 a, f16) {
        return _mm256_cvtph_ps(_mm256_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
    }
    RAVINE_INLINE static __m256 load(const bf16* from) {
        const __m128i halves = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
        return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
    }
    RAVINE_INLINE static __m256 load(const f16* from) {
        return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
    }
    RAVINE_INLINE static void store(bf16* to, __m256 a) {
        const __m256i bits = _mm256_srli_epi32(bf16_bits(a), 16);
        const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(bits, bits), 0x08);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm256_castsi256_si128(packed));
    }
    RAVINE_INLINE static void store(f16* to, __m256 a) {
        const __m128i halves = _mm256_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to), halves);
    }
    /// Two registers of bf16 as the even and the odd lanes of one load: a shift and a mask instead of permutations.
    RAVINE_INLINE static void load_pair(const bf16* from, __m256& even, __m256& odd) {
        const __m256i both = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
        even = _mm256_castsi256_ps(_mm256_slli_epi32(both, 16));
        odd = _mm256_castsi256_ps(_mm256_and_si256(both, _mm256_set1_epi32(static_cast<int>(0xffff0000))));
    }
    RAVINE_INLINE static void store_pair(bf16* to, __m256 even, __m256 odd) {
        __m256i low = number_bits(even), high = number_bits(odd);
        // One test for both: blending in every register costs 6 to 16 % of an update.
        if (__builtin_expect(_mm256_movemask_ps(_mm256_cmp_ps(even, odd, _CMP_UNORD_Q)), 0) != 0) {
            low = bf16_bits(even);
            high = bf16_bits(odd);
        }
        const __m256i both = _mm256_blend_epi16(_mm256_srli_epi32(low, 16), high, 0xaa);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), both);
    }
};
#endif

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
template <> struct machine<avx512> {
    using xsimd_arch = xsimd::avx512bw;

    RAVINE_INLINE static __m512 fma(__m512 a, __m512 b, __m512 c) { return _mm512_fmadd_ps(a, b, c); }
    RAVINE_INLINE static __m512d fma(__m512d a, __m512d b, __m512d c) { return _mm512_fmadd_pd(a, b, c); }
    RAVINE_INLINE static __m512 neg(__m512 a) { return _mm512_xor_ps(a, _mm512_set1_ps(-0.0f)); }
    RAVINE_INLINE static __m512d neg(__m512d a) { return _mm512_xor_pd(a, _mm512_set1_pd(-0.0)); }

    RAVINE_INLINE static __m512i bf16_bits(__m512 a) {
        const __m512i bits = _mm512_castps_si512(a);
        const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
        const __m512i rounded = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd);
        const __mmask16 is_nan = _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q);
        return _mm512_mask_blend_epi32(is_nan, rounded, _mm512_set1_epi32(0x7fc00000));
    }
    RAVINE_INLINE static __m512 round_to(__m512 a, bf16) {
        return _mm512_castsi512_ps(_mm512_and_si512(bf16_bits(a), _mm512_set1_epi32(static_cast<int>(0xffff0000))));
    }
    RAVINE_INLINE static __m512 round_to(__m512 a, f16) {
        return _mm512_cvtph_ps(_mm512_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
    }
    RAVINE_INLINE static __m512 load(const bf16* from) {
        const __m256i halves = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
        return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
    }
    RAVINE_INLINE static __m512 load(const f16* from) {
        return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
    }
    RAVINE_INLINE static void store(bf16* to, __m512 a) {
        const __m256i halves = _mm512_cvtepi32_epi16(_mm512_srli_epi32(bf16_bits(a), 16));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), halves);
    }
    RAVINE_INLINE static void store(f16* to, __m512 a) {
        const __m256i halves = _mm512_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), halves);
    }
    RAVINE_INLINE static void load_pair(const bf16* from, __m512& even, __m512& odd) {
        const __m512i both = _mm512_loadu_si512(from);
        even = _mm512_castsi512_ps(_mm512_slli_epi32(both, 16));
        odd = _mm512_castsi512_ps(_mm512_and_si512(both, _mm512_set1_epi32(static_cast<int>(0xffff0000))));
    }
    RAVINE_INLINE static void store_pair(bf16* to, __m512 even, __m512 odd) {
        const __m512i low = _mm512_srli_epi32(bf16_bits(even), 16);
        _mm512_storeu_si512(to, _mm512_mask_blend_epi16(0xaaaaaaaa, low, bf16_bits(odd)));
    }
};
#endif

/// One register of floats or doubles.
template <class T, class Arch> struct pack {
        using own = machine<Arch>;
    using raw = xsimd::batch<T, typename own::xsimd_arch>;
    using mask = xsimd::batch_bool<T, typename own::xsimd_arch>;
    using wide = pack;
    static constexpr int lanes = static_cast<int>(raw::size);

    RAVINE_INLINE static raw narrow(raw a) { return a; }
    RAVINE_INLINE static raw splat(double a) { return raw(static_cast<T>(a)); }
    RAVINE_INLINE static raw add(raw a, raw b) { return a + b; }
    RAVINE_INLINE static raw sub(raw a, raw b) { return a - b; }
    RAVINE_INLINE static raw mul(raw a, raw b) { return a * b; }
    RAVINE_INLINE static raw div(raw a, raw b) { return a / b; }
    RAVINE_INLINE static raw neg(raw a) { return own::neg(a.data); }
    RAVINE_INLINE static raw abs(raw a) { return xsimd::abs(a); }
    RAVINE_INLINE static raw sqrt(raw a) { return xsimd::sqrt(a); }
    RAVINE_INLINE static raw fma(raw a, raw b, raw c) { return own::fma(a.data, b.data, c.data); }
    RAVINE_INLINE static mask gt(raw a, raw b) { return a > b; }
    RAVINE_INLINE static mask eq(raw a, raw b) { return a == b; }
    RAVINE_INLINE static raw select(mask condition, raw a, raw b) { return xsimd::select(condition, a, b); }

    RAVINE_INLINE static raw load(const T* from) { return raw::load_unaligned(from); }
    RAVINE_INLINE static void store(T* to, raw value) { value.store_unaligned(to); }
    template <class Half> RAVINE_INLINE static raw load(const Half* from) { return own::load(from); }
    template <class Half> RAVINE_INLINE static void store(Half* to, raw value) { own::store(to, value.data); }
    template <class Half> RAVINE_INLINE static raw round_to(raw value) { return own::round_to(value.data, Half{}); }

    /// Two registers at once. Their lanes need not be in memory order, but every slot of one storage type has the same.
    template <class Storage> RAVINE_INLINE static void load_pair(const Storage* from, raw& a, raw& b) {
        if constexpr (__is_same(Storage, bf16)) {
            own::load_pair(from, a.data, b.data);
        } else {
            a = load(from);
            b = load(from + lanes);
        }
    }
    template <class Storage> RAVINE_INLINE static void store_pair(Storage* to, raw a, raw b) {
        if constexpr (__is_same(Storage, bf16)) {
            own::store_pair(to, a.data, b.data);
        } else {
            store(to, a);
            store(to + lanes, b);
        }
    }
};

}  // namespace ravine::inline v0::kernels
