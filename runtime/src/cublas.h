#pragma once
#include "product.h"

#include <map>
#include <mutex>
#include <string>

namespace ravine::inline v0 {

/// NVIDIA's cuBLAS, opened at run time: the library has half a gigabyte, and only who multiplies needs it. Nothing of its
/// headers is used, nothing of it is linked. Any thread may call.
class Cublas {
  public:
    /// Opens `file`, which the variable RAVINE_CUBLAS named; if that is null or empty, the one that the process has already, else the
    /// first of the known names that can be opened. std::runtime_error "gemm: cuBLAS must ..." if there is none.
    explicit Cublas(const char* file);
    Cublas(const Cublas&) = delete;
    Cublas& operator=(const Cublas&) = delete;

    /// In the order of the stream, on the device, which must be the current one. std::runtime_error with call, device and status.
    void multiply(const Product& product, int device, CUstream_st* stream);

  private:
    struct Handle;
    Handle* handle_of(int device);

    /// Functions of cublas_api.h (11.0 and later), whose enumerations are ints: cublasOperation_t, cudaDataType_t,
    /// cublasComputeType_t, cublasGemmAlgo_t, cublasMath_t. Each answers a cublasStatus_t.
    int (*create_)(Handle** handle) = nullptr;
    int (*set_stream_)(Handle* handle, CUstream_st* stream) = nullptr;
    int (*set_math_mode_)(Handle* handle, int mode) = nullptr;
    int (*gemm_)(Handle* handle, int op_a, int op_b, int m, int n, int k, const void* alpha, const void* a, int type_a, int lda,
                 const void* b, int type_b, int ldb, const void* beta, void* c, int type_c, int ldc, int compute, int algorithm) = nullptr;
    int (*gemm_batched_)(Handle* handle, int op_a, int op_b, int m, int n, int k, const void* alpha, const void* a, int type_a, int lda,
                         long long stride_a, const void* b, int type_b, int ldb, long long stride_b, const void* beta, void* c, int type_c,
                         int ldc, long long stride_c, int count, int compute, int algorithm) = nullptr;

    std::mutex mutex_;  // a handle has one stream at a time
    std::map<int, Handle*> handles_;
};

/// The values of cuBLAS's enumerations that are used (cublas_api.h, library_types.h).
namespace cublas {

enum { op_n = 0, op_t = 1 };
enum { type_f32 = 0, type_f64 = 1, type_f16 = 2, type_bf16 = 14 };
enum { compute_f32 = 68, compute_f64 = 70 };
enum { default_algorithm = -1 };
/// CUBLAS_DEFAULT_MATH, which has no TF32, with CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION: sums stay float32.
enum { full_precision = 16 };
enum { success = 0 };

/// "CUBLAS_STATUS_NOT_SUPPORTED", or "status 99" for one that is not known.
std::string status_name(int status);

}  // namespace cublas
}  // namespace ravine::inline v0
