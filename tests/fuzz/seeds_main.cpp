// fuzz-seeds FOLDER: writes the seeds into it.

#include "seeds.h"

#include <cstdio>
#include <exception>

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fputs("usage: fuzz-seeds FOLDER\n", stderr);
        return 1;
    }
    try {
        ravine::fuzz::write_seeds(argv[1]);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "fuzz-seeds: %s\n", error.what());
        return 1;
    }
    return 0;
}
