#pragma once

namespace ravine::inline v0::pickle::opcode {

/// The opcodes that are read or written: those of protocol 2 that torch's own reader of untrusted files takes.
enum : unsigned char {
    mark = '(', stop = '.', none = 'N', new_true = 0x88, new_false = 0x89,
    int4 = 'J', int1 = 'K', int2 = 'M', long1 = 0x8a, float8 = 'G',
    text4 = 'X', short_bytes = 'U',
    empty_tuple = ')', tuple = 't', tuple1 = 0x85, tuple2 = 0x86, tuple3 = 0x87,
    empty_list = ']', append = 'a', appends = 'e',
    empty_dict = '}', set_item = 's', set_items = 'u', empty_set = 0x8f,
    put1 = 'q', put4 = 'r', get1 = 'h', get4 = 'j',
    global = 'c', persistent = 'Q', reduce = 'R', new_object = 0x81, build = 'b', protocol = 0x80
};

}  // namespace ravine::inline v0::pickle::opcode
