#include "bench_run.h"

#include "bench_allocations.h"
#include "bench_memory.h"
#include "bench_step.h"
#include "progress.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <memory>
#include <tuple>

namespace ravine::tools {
namespace {

constexpr int warm_steps = 3;
/// For the clock; a device's takes in that somebody has to wait for it at the end.
constexpr double shortest_batch = 200e-6, shortest_device_batch = 2e-3;
constexpr std::int64_t fewest_rounds = 3, most_rounds = 100'000;
/// What fits into no cache need not be brought there before it is timed. A shared cache of victims settles after some passes.
constexpr std::int64_t cacheable_bytes = std::int64_t{256} << 20;
constexpr int cache_passes = 4;

double seconds_now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

template <class Call> double seconds_of(std::int64_t times, const Call& call) {
    const double start = seconds_now();
    for (std::int64_t i = 0; i < times; ++i) call();
    return seconds_now() - start;
}

/// The value below which that share of the sorted samples lies.
double quantile(const std::vector<double>& sorted, double share) {
    const double at = share * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(at);
    const std::size_t above = std::min(below + 1, sorted.size() - 1);
    return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

/// Something that is timed in batches, and how long one call took in each of them: until a device had done it, and until it
/// had been given it. On the CPU that is the same.
class Timed {
  public:
    explicit Timed(Device device) : device_(device) {}

    /// Times a batch that is long enough for the clock.
    template <class Call> void sample(const Call& call) {
        synchronize(device_);
        const double start = seconds_now(), host = seconds_of(batch_, call);
        synchronize(device_);
        seconds_.push_back((seconds_now() - start) / static_cast<double>(batch_));
        host_seconds_.push_back(host / static_cast<double>(batch_));
    }
    template <class Call> void calibrate(const Call& call) {
        call();
        forget();
        sample(call);
        const double shortest = device_ == Device{} ? shortest_batch : shortest_device_batch;
        batch_ = std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(shortest / std::max(seconds_.back(), 1e-9))));
    }
    std::int64_t batch() const { return batch_; }
    void reserve(std::int64_t rounds) {
        seconds_.reserve(static_cast<std::size_t>(rounds));
        host_seconds_.reserve(static_cast<std::size_t>(rounds));
    }
    void forget() {
        seconds_.clear();
        host_seconds_.clear();
    }
    std::vector<double> sorted() const { return sorted(seconds_); }
    std::vector<double> host_sorted() const { return sorted(host_seconds_); }

  private:
    static std::vector<double> sorted(std::vector<double> seconds) {
        std::sort(seconds.begin(), seconds.end());
        return seconds;
    }

    Device device_;
    std::int64_t batch_ = 1;
    std::vector<double> seconds_, host_seconds_;
};

/// Evenly spread over [-1, 1), never 0.
template <class T> void fill(const Tensor& tensor, std::uint64_t seed) {
    std::uint64_t state = seed;
    for (T& element : tensor.span<T>()) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        const auto odd = static_cast<std::int32_t>((state >> 40) | 1) - (1 << 23);
        element = kernels::storage_traits<T>::narrow(static_cast<float>(odd) * 0x1p-23f);
    }
}

Tensor random_tensor(const Shape& shape, DType dtype, std::uint64_t seed) {
    const Tensor result = empty(shape, dtype);
    switch (dtype) {
    case DType::f64: fill<double>(result, seed); break;
    case DType::bf16: fill<bf16>(result, seed); break;
    case DType::f16: fill<f16>(result, seed); break;
    default: fill<float>(result, seed); break;
    }
    return result;
}

/// The no-math passes over the memory of one combination; they serve all that move the same bytes by as many threads.
struct TimedStream {
    TimedStream(Stream passes, Device device) : stream(std::move(passes)), timed(static_cast<std::size_t>(stream.variants()), Timed(device)) {}

    Stream stream;
    std::vector<Timed> timed;

    /// Calls `visit` with each variant's times and a pass of it.
    template <class Visit> void each(const Visit& visit) {
        for (int v = 0; v < stream.variants(); ++v) visit(timed[static_cast<std::size_t>(v)], [this, v] { stream.run(v); });
    }
    double fastest() const {
        double result = INFINITY;
        for (const Timed& one : timed) result = std::min(result, quantile(one.sorted(), 0.5));
        return result;
    }
};

struct Combination {
    BenchResult result;
    BenchStep step;
    TimedStream* stream;
    Timed timed;
    long allocations = 0;
};

class Bench {
  public:
    Bench(const BenchRequest& request, std::FILE* progress) : request_(request), progress_(progress) {
        for (const int threads : request.threads) executors_.try_emplace(threads, threads);
    }

    std::vector<BenchResult> run() {
        prepare();
        const double round = seconds_of(1, [this] { this->round(); });
        for_all([](Timed& timed) { timed.forget(); });
        for (auto& one : combinations_) one->allocations = 0;
        const auto wanted = static_cast<std::int64_t>(std::min(request_.seconds / round, static_cast<double>(most_rounds)));
        rounds_ = std::max(fewest_rounds, wanted);
        for_all([this](Timed& timed) { timed.reserve(rounds_); });
        Progress progress(progress_, "bench", rounds_, "rounds");
        for (std::int64_t done = 0; done < rounds_;) {
            this->round();
            progress.update(++done);
        }
        return results();
    }

  private:
    void prepare() {
        const std::size_t models = request_.cases.size() * request_.dtypes.size();
        Progress progress(progress_, "bench: preparing", static_cast<std::int64_t>(models), "lists of tensors");
        std::int64_t done = 0;
        for (const BenchCase& one : request_.cases) {
            for (const DType dtype : request_.dtypes) {
                Parameters parameters;
                std::uint64_t seed = 1;
                for (const Shape& shape : one.shapes) {
                    const Tensor data = placed(random_tensor(shape, dtype, seed++));
                    parameters.emplace_back(data, placed(random_tensor(shape, dtype, seed++)));
                }
                for (const BenchOptimizer& optimizer : request_.optimizers) add(one, dtype, optimizer, parameters);
                progress.update(++done);
            }
        }
    }

    Tensor placed(const Tensor& tensor) const { return request_.device == Device{} ? tensor : tensor.to(request_.device); }

    /// All implementations, averages and numbers of threads.
    void add(const BenchCase& of, DType dtype, const BenchOptimizer& optimizer, const Parameters& parameters) {
        for (const int threads : request_.threads) {
            for (const auto implementation : request_.implementations) {
                for (const BenchAverage average : request_.averages) {
                    const BenchResult result{&of, &optimizer, dtype, implementation, average, threads, request_.device, 0, 0, 0, 0, 0, {}, 0, 0};
                    add(result, parameters, {.executor = &executors_.at(threads)});
                }
            }
        }
    }

    void add(const BenchResult& result, const Parameters& parameters, const Context& context) {
        auto one = std::make_unique<Combination>(
            Combination{result, BenchStep(*result.optimizer, parameters, result.implementation, result.average, context), nullptr, Timed(request_.device)});
        for (int step = 0; step < warm_steps; ++step) one->step.run();
        one->timed.calibrate([&] { one->step.run(); });
        one->stream = &stream_for(*one, context);
        combinations_.push_back(std::move(one));
    }

    TimedStream& stream_for(const Combination& one, const Context& context) {
        const std::vector<StreamRow> rows = one.step.rows();
        std::size_t written = 0;
        for (const StreamRow& row : rows) written += row.written.size();
        const auto key = std::tuple(one.result.of, one.result.dtype, written, one.result.threads);
        auto& known = streams_[key];
        if (known == nullptr) {
            known = std::make_unique<TimedStream>(Stream(rows, context), request_.device);
            known->each([](Timed& timed, const auto& pass) { timed.calibrate(pass); });
        }
        return *known;
    }

    /// Everybody's turn: what is compared follows closely.
    void round() {
        for (const auto& [key, stream] : streams_) {
            const int passes = stream->stream.bytes() < cacheable_bytes ? cache_passes : 0;
            for (const auto& one : combinations_) {
                if (one->stream != stream.get()) continue;
                for (int i = 0; i < passes; ++i) one->step.run();
                const AllocationCount count;
                one->timed.sample([&] { one->step.run(); });
                one->allocations += count.so_far();
            }
            stream->each([&](Timed& timed, const auto& pass) {
                for (int i = 0; i < passes; ++i) pass();
                timed.sample(pass);
            });
        }
    }

    template <class Visit> void for_all(const Visit& visit) {
        for (const auto& one : combinations_) visit(one->timed);
        for (const auto& [key, stream] : streams_) {
            for (Timed& timed : stream->timed) visit(timed);
        }
    }

    std::vector<BenchResult> results() const {
        std::vector<BenchResult> all;
        for (const auto& one : combinations_) {
            BenchResult result = one->result;
            const std::vector<double> sorted = one->timed.sorted();
            result.bytes = one->stream->stream.bytes();
            result.rounds = rounds_;
            result.median = quantile(sorted, 0.5);
            result.p10 = quantile(sorted, 0.1);
            result.p90 = quantile(sorted, 0.9);
            if (request_.device != Device{}) result.host = quantile(one->timed.host_sorted(), 0.5);
            result.ceiling = one->stream->fastest();
            result.allocations = static_cast<double>(one->allocations) / static_cast<double>(rounds_ * one->timed.batch());
            all.push_back(result);
        }
        return all;
    }

    const BenchRequest& request_;
    std::FILE* progress_;
    std::map<int, ThreadExecutor> executors_;
    std::vector<std::unique_ptr<Combination>> combinations_;
    std::map<std::tuple<const BenchCase*, DType, std::size_t, int>, std::unique_ptr<TimedStream>> streams_;
    std::int64_t rounds_ = 0;
};

}  // namespace

std::vector<BenchResult> run_bench(const BenchRequest& request, std::FILE* progress) {
    check_memory(request);
    return Bench(request, progress).run();
}

}  // namespace ravine::tools
