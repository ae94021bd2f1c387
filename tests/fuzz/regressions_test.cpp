#include "seeds.h"
#include "targets.h"

#include "../runtime/files.h"

#include <algorithm>
#include <vector>

namespace ravine::testing {

/// The files of a target below a folder, by name; none if it has none.
std::vector<std::string> files_of(const std::string& folder, std::string_view target) {
    std::vector<std::string> result;
    const std::filesystem::path place = std::filesystem::path(folder) / target;
    if (!std::filesystem::exists(place)) return result;
    for (const auto& entry : std::filesystem::directory_iterator(place)) result.push_back(entry.path().string());
    std::sort(result.begin(), result.end());
    return result;
}

const std::string here = RAVINE_FUZZ_FOLDER;

TEST_CASE("what a fuzzer begins with is taken, by every target") {
    const TemporaryFolder folder;
    fuzz::write_seeds(folder.path("seeds"));
    for (const fuzz::Target& target : fuzz::targets()) {
        std::vector<std::string> seeds = files_of(folder.path("seeds"), target.name);
        const std::vector<std::string> by_hand = files_of(here + "/seeds", target.name);
        seeds.insert(seeds.end(), by_hand.begin(), by_hand.end());
        CAPTURE(target.name);
        CHECK(!seeds.empty());
        for (const std::string& seed : seeds) {
            CAPTURE(seed);
            CHECK(target.run(bytes_of(seed)) == fuzz::Outcome::taken);
        }
    }
}

TEST_CASE("files that a fuzzer once found are trees or refusals") {
    std::size_t files = 0;
    for (const fuzz::Target& target : fuzz::targets()) {
        for (const std::string& file : files_of(here + "/regressions", target.name)) {
            CAPTURE(file);
            CHECK_NOTHROW(target.run(bytes_of(file)));
            ++files;
        }
    }
    CHECK(files > 0);
}

TEST_CASE("a seed that is cut at any byte is a tree or a refusal, for every target") {
    const TemporaryFolder folder;
    fuzz::write_seeds(folder.path("seeds"));
    for (const fuzz::Target& target : fuzz::targets()) {
        for (const std::string& root : {folder.path("seeds"), here + "/seeds"}) {
            for (const std::string& seed : files_of(root, target.name)) {
                const std::string bytes = bytes_of(seed);
                CAPTURE(seed);
                for (std::size_t size = 0; size < bytes.size(); ++size) REQUIRE_NOTHROW(target.run(std::string_view(bytes).substr(0, size)));
            }
        }
    }
}

}  // namespace ravine::testing
