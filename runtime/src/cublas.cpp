#include "cublas.h"

#include <ravine/runtime/text.h>

#include <fmt/format.h>

#include <stdexcept>

#include <dlfcn.h>

namespace ravine::inline v0 {
namespace {

/// Newest first. The last one is there where the development files are.
constexpr const char* names[] = {"libcublas.so.13", "libcublas.so.12", "libcublas.so.11", "libcublas.so"};
/// Where NVIDIA's installer puts it, which the loader need not know.
constexpr const char* folder = "/usr/local/cuda/lib64/";

[[noreturn]] void refuse(std::string_view must, std::string_view got) {
    throw std::runtime_error(fmt::format("gemm: cuBLAS must {}, got {}", must, got));
}

std::string loader_error() {
    const char* text = dlerror();
    return text != nullptr ? text : "the loader says nothing";
}

struct Library {
    void* handle;
    std::string file;
};

Library open_named(const std::string& file) {
    if (void* handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL)) return {handle, file};
    refuse("be the library that RAVINE_CUBLAS names", fmt::format("{} ({})", quoted(file), loader_error()));
}

Library open_known() {
    // A host's own first: a second one would cost the memory of a second one.
    for (const char* name : names) {
        if (void* handle = dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD)) return {handle, name};
    }
    std::string tried;
    for (const char* name : names) {
        for (const std::string& file : {std::string(name), folder + std::string(name)}) {
            if (void* handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL)) return {handle, file};
            tried += (tried.empty() ? "" : ", ") + file;
        }
    }
    refuse("be installed where the loader finds it (NVIDIA's package libcublas) or named by RAVINE_CUBLAS", "none of " + tried);
}

template <class Function> void find(const Library& library, const char* name, Function*& function) {
    function = reinterpret_cast<Function*>(dlsym(library.handle, name));
    if (function == nullptr) refuse(fmt::format("have the function {}", name), fmt::format("{}, which has not", library.file));
}

void check(int status, std::string_view call, int device) {
    if (status == cublas::success) return;
    throw std::runtime_error(fmt::format("gemm: {}: {} on cuda:{}", call, cublas::status_name(status), device));
}

int type_of(DType dtype) {
    switch (dtype) {
    case DType::f64: return cublas::type_f64;
    case DType::f16: return cublas::type_f16;
    case DType::bf16: return cublas::type_bf16;
    default: return cublas::type_f32;
    }
}

}  // namespace

std::string cublas::status_name(int status) {
    switch (status) {
    case 0: return "CUBLAS_STATUS_SUCCESS";
    case 1: return "CUBLAS_STATUS_NOT_INITIALIZED";
    case 3: return "CUBLAS_STATUS_ALLOC_FAILED";
    case 7: return "CUBLAS_STATUS_INVALID_VALUE";
    case 8: return "CUBLAS_STATUS_ARCH_MISMATCH";
    case 11: return "CUBLAS_STATUS_MAPPING_ERROR";
    case 13: return "CUBLAS_STATUS_EXECUTION_FAILED";
    case 14: return "CUBLAS_STATUS_INTERNAL_ERROR";
    case 15: return "CUBLAS_STATUS_NOT_SUPPORTED";
    case 16: return "CUBLAS_STATUS_LICENSE_ERROR";
    default: return fmt::format("status {}", status);
    }
}

Cublas::Cublas(const char* file) {
    const bool is_named = file != nullptr && *file != '\0';
    const Library library = is_named ? open_named(file) : open_known();
    find(library, "cublasCreate_v2", create_);
    find(library, "cublasSetStream_v2", set_stream_);
    find(library, "cublasSetMathMode", set_math_mode_);
    find(library, "cublasGemmEx", gemm_);
    find(library, "cublasGemmStridedBatchedEx", gemm_batched_);
}

Cublas::Handle* Cublas::handle_of(int device) {
    Handle*& handle = handles_[device];
    if (handle == nullptr) {
        Handle* made = nullptr;
        check(create_(&made), "cublasCreate_v2", device);
        check(set_math_mode_(made, cublas::full_precision), "cublasSetMathMode", device);
        handle = made;
    }
    return handle;
}

void Cublas::multiply(const Product& p, int device, CUstream_st* stream) {
    // cuBLAS counts by columns and so sees every matrix transposed: it is asked for out^T = op(b)^T @ op(a)^T.
    const int m = static_cast<int>(p.n), n = static_cast<int>(p.m), k = static_cast<int>(p.k);
    const int lda = static_cast<int>(p.ldb), ldb = static_cast<int>(p.lda), ldc = m;
    const int op_a = p.transpose_b ? cublas::op_t : cublas::op_n, op_b = p.transpose_a ? cublas::op_t : cublas::op_n;
    const int type = type_of(p.dtype);
    const bool wide = p.dtype == DType::f64;
    const int compute = wide ? cublas::compute_f64 : cublas::compute_f32;
    const float narrow_alpha = static_cast<float>(p.alpha), narrow_beta = static_cast<float>(p.beta);
    const void* alpha = wide ? static_cast<const void*>(&p.alpha) : &narrow_alpha;
    const void* beta = wide ? static_cast<const void*>(&p.beta) : &narrow_beta;

    const std::scoped_lock lock(mutex_);
    Handle* handle = handle_of(device);
    check(set_stream_(handle, stream), "cublasSetStream_v2", device);
    if (p.count == 1) {
        check(gemm_(handle, op_a, op_b, m, n, k, alpha, p.b, type, lda, p.a, type, ldb, beta, p.out, type, ldc, compute, cublas::default_algorithm),
              "cublasGemmEx", device);
    } else {
        check(gemm_batched_(handle, op_a, op_b, m, n, k, alpha, p.b, type, lda, p.k * p.n, p.a, type, ldb, p.m * p.k, beta, p.out, type, ldc,
                            p.m * p.n, static_cast<int>(p.count), compute, cublas::default_algorithm),
              "cublasGemmStridedBatchedEx", device);
    }
}

}  // namespace ravine::inline v0
