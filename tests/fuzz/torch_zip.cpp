#include "targets.h"

#include "memory_source.h"
#include "zip_reader.h"

#include <stdexcept>

namespace ravine::fuzz {

Outcome torch_zip(std::string_view bytes) {
    return outcome_of<std::runtime_error>([&] {
        MemorySource source(bytes);
        zip::Reader reader(source, ravine::torch_file::Crc::skip);
        std::uint64_t sum = 0;
        for (const zip::Record& record : reader.records()) {
            check(reader.find(record.name) == &record, "a record must be found by its name");
            sum += record.size;
            check(sum <= bytes.size(), "records must not lie over one another");
            reader.text(record);
        }
    });
}

}  // namespace ravine::fuzz
