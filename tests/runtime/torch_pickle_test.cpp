#include "torch_files.h"

#include <limits>

namespace ravine::testing {

using namespace std::literals;

/// Where a pickle's refusal lies: the byte of the opcode, counted from the pickle's beginning.
std::string at_byte(std::size_t byte) { return " (x.pt, record data.pkl, byte " + std::to_string(byte) + ")"; }

const std::string ordered_dict_made = global("collections", "OrderedDict") + ")R";

TEST_CASE("scalars come back with their kinds") {
    CHECK(parse_pickle("N") == Value());
    CHECK(parse_pickle("\x88") == Value(true));
    CHECK(parse_pickle("\x89") == Value(false));
    CHECK(parse_pickle("K\xff") == Value(255));
    CHECK(parse_pickle("M\0\1"s) == Value(256));
    CHECK(parse_pickle("J\xff\xff\xff\xff") == Value(-1));
    CHECK(parse_pickle("\x8a\0"s) == Value(0));
    CHECK(parse_pickle("\x8a\1\x80"s) == Value(-128));
    CHECK(parse_pickle("\x8a\5\0\0\0\x80\0"s) == Value(2147483648));
    CHECK(parse_pickle("\x8a\x08\0\0\0\0\0\0\0\x80"s) == Value(std::numeric_limits<std::int64_t>::min()));
    CHECK(parse_pickle("\x8a\x0a\xff\xff\xff\xff\xff\xff\xff\x7f\0\0"s) == Value(std::numeric_limits<std::int64_t>::max()));
    CHECK(parse_pickle("G\x3f\xb9\x99\x99\x99\x99\x99\x9a") == Value(0.1));
    CHECK(parse_pickle("G\x80\0\0\0\0\0\0\0"s) == Value(-0.0));
    CHECK(parse_pickle("G\x7f\xf0\0\0\0\0\0\0"s) == Value(std::numeric_limits<double>::infinity()));
    CHECK(parse_pickle(text("h\xc3\xa9")) == Value("h\xc3\xa9"));
    CHECK(parse_pickle("U\3abc") == Value("abc"));
    CHECK(parse_pickle(global("_codecs", "encode") + text("a\xc3\xbf") + text("latin1") + "\x86R") == Value(Value::Bytes{"a\xff"}));
    CHECK(parse_pickle(global("__builtin__", "bytes") + ")R") == Value(Value::Bytes{}));
    CHECK(parse_pickle(global("builtins", "bytearray") + text("ab") + text("latin-1") + "\x86R") == Value(Value::Bytes{"ab"}));
    CHECK(parse_pickle(global("torch", "device") + text("cuda") + "K\1\x86R") == Value("cuda:1"));
    CHECK(parse_pickle(global("torch", "device") + text("cpu") + "\x85R") == Value("cpu"));
}

TEST_CASE("integers beyond 64 bits, text that is not UTF-8 and byte strings that are not ASCII are refused") {
    CHECK(pickle_refusal("\x8a\x09\0\0\0\0\0\0\0\x80\0"s) == "torch_file: an integer must have at most 64 bits, got one of 9 bytes" + at_byte(2));
    CHECK(contains(pickle_refusal("\x8a\x09\0\0\0\0\0\0\0\0\xff"s), "an integer must have at most 64 bits"));
    CHECK(pickle_refusal(text("a\xed\xa0\x80")) == "torch_file: a string must be UTF-8 without surrogates, got 'a\\xed\\xa0\\x80'" + at_byte(2));
    CHECK(contains(pickle_refusal("U\1\xff"), "a byte string must be ASCII"));
    CHECK(contains(pickle_refusal(text(std::string((1 << 20) + 1, 'a'))), "a string must have at most 1048576 bytes, got 1048577"));
    CHECK(contains(pickle_refusal(global("_codecs", "encode") + text("\xc4\x80") + text("latin1") + "\x86R"), "bytes must be written as characters below 256"));
    CHECK(contains(pickle_refusal(global("_codecs", "encode") + text("a") + text("utf8") + "\x86R"), "_codecs.encode must be given a string and 'latin1', got ('a', 'utf8')"));
    CHECK(contains(pickle_refusal(global("builtins", "bytearray") + "K\5\x85R"), "builtins.bytearray must be given bytes, got (5)"));
    CHECK(contains(pickle_refusal(global("builtins", "bytes") + "K\5\x85R"), "builtins.bytes must be given nothing, got (5)"));
}

TEST_CASE("containers come back with their kinds and order") {
    CHECK(parse_pickle("]") == Value(List()));
    CHECK(parse_pickle("](K\1K\2e") == Value(List{1, 2}));
    CHECK(parse_pickle("]K\1a") == Value(List{1}));
    CHECK(parse_pickle("](K\1e(e") == Value(List{1}));
    CHECK(parse_pickle(")") == Value(Tuple()));
    CHECK(parse_pickle("K\1\x85") == Value(Tuple{1}));
    CHECK(parse_pickle("K\1K\2\x86") == Value(Tuple{1, 2}));
    CHECK(parse_pickle("K\1K\2K\3\x87") == Value(Tuple{1, 2, 3}));
    CHECK(parse_pickle("(K\1K\2K\3K\4t") == Value(Tuple{1, 2, 3, 4}));
    CHECK(parse_pickle("\x8f") == Value(Set()));
    CHECK(parse_pickle(global("__builtin__", "set") + "](K\1K\2e\x85R") == Value(Set(ValueList{1, 2})));
    CHECK(parse_pickle("}(" + text("b") + "K\1" + text("a") + "Nu(u") == Value(Dict{{"b", 1}, {"a", {}}}));
    Dict dict;
    dict.set(Tuple{1, "a"}, 2);
    CHECK(parse_pickle("}K\1" + text("a") + "\x86K\2s") == Value(dict));
    CHECK(parse_pickle(global("collections", "defaultdict") + global("__builtin__", "dict") + "\x85R" + text("a") + "K\1s") == Value(Dict{{"a", 1}}));
    CHECK(parse_pickle(global("torch", "Size") + "K\2K\3\x86\x85R") == Value(Tuple{2, 3}));
    Dict counter;
    counter.kind = Dict::Kind::counter;
    counter.set(2, 1);
    CHECK(parse_pickle(global("collections", "Counter") + "}K\2K\1s\x85R") == Value(counter));
}

TEST_CASE("an OrderedDict keeps its _metadata") {
    Dict dict = {{"a", 1}};
    dict.kind = Dict::Kind::ordered_dict;
    CHECK(parse_pickle(ordered_dict_made + text("a") + "K\1s") == Value(dict));
    CHECK(parse_pickle(global("collections", "OrderedDict") + ")\x81" + text("a") + "K\1s") == Value(dict));
    CHECK(parse_pickle(global("collections", "OrderedDict") + "]](" + text("a") + "K\1ea\x85R") == Value(dict));
    dict.metadata = Dict{{"", 3}};
    CHECK(parse_pickle(ordered_dict_made + text("a") + "K\1s}" + text("_metadata") + "}" + text("") + "K\3ssb") == Value(dict));
    CHECK(contains(pickle_refusal("}}b"), "only an OrderedDict may be given attributes, got a dict"));
    CHECK(contains(pickle_refusal(ordered_dict_made + "]b"), "attributes must be a dict, got a list"));
    CHECK(contains(pickle_refusal(ordered_dict_made + "}" + text("x") + "Nsb"), "an OrderedDict may have the attribute _metadata alone, got 'x'"));
    CHECK(contains(pickle_refusal(ordered_dict_made + "}" + text("_metadata") + "Nsq\0"s + "h\0"s), "one value must be left"));
    const std::string metadata = "}" + text("_metadata") + "Nsb";
    CHECK(contains(pickle_refusal(ordered_dict_made + metadata + metadata), "an OrderedDict must be given its _metadata once, got twice"));
    CHECK(contains(pickle_refusal(global("collections", "OrderedDict") + "K\1\x85R"), "collections.OrderedDict must be given nothing or a list of pairs, got (1)"));
    CHECK(contains(pickle_refusal(global("collections", "OrderedDict") + "]K\1a\x85R"), "collections.OrderedDict must be given lists of two, got 1"));
}

TEST_CASE("what the memo holds may come again") {
    CHECK(parse_pickle("](" + text("a") + "q\1h\1j\1\0\0\0e"s) == Value(List{"a", "a", "a"}));
    CHECK(parse_pickle("](]q\1h\1e"s) == Value(List{List(), List()}));
    CHECK(parse_pickle("Nr\2\0\0\0"s) == Value());
    CHECK(parse_pickle("](Nq\1Nh\1e") == Value(List{{}, {}, {}}));
    CHECK(pickle_refusal("Nr\3\0\0\0"s) == "torch_file: a memo's number must be at most that of the opcodes so far, got 3" + at_byte(3));
    CHECK(contains(pickle_refusal("Nr\xff\xff\xff\xff"), "a memo's number must be at most"));
    CHECK(contains(pickle_refusal("](Nq\0K\1q\0e"s), "a memo's number must stand for one value, got 0 for two"));
    CHECK(parse_pickle("Nq\0q\0"s) == Value());
    CHECK(contains(pickle_refusal("h\0"s), "a memo's number must stand for a value, got 0 for none"));
    CHECK(contains(pickle_refusal("q\0"s), "an opcode must find its values on the stack, got too few"));
}

TEST_CASE("opcodes that no checkpoint needs are refused, each with its byte") {
    const std::string refused = "iobP\x82\x83\x84\x92SVILFgp" "20" "1dl\x8bT\x97\x98\x95\x94\x8c\x8d\x93" "BC\x8e\x90\x91\x96" "~\xff";
    for (const char code : refused) {
        if (code == 'b') continue;  // BUILD is one of those
        CAPTURE(static_cast<int>(code));
        const std::string got = pickle_refusal("N" + std::string(1, code) + "0\n0\n");
        CHECK(contains(got, "torch_file: an opcode must be one of those that a checkpoint needs, got 0x"));
        CHECK(contains(got, at_byte(3)));
    }
}

TEST_CASE("a pickle begins with protocol 2 and ends with one value and nothing else") {
    const auto refusal = [](std::string_view pickle) { return torch_refusal(checkpoint_of(pickle).bytes()); };
    CHECK(refusal("") == "torch_file: a pickle must be whole, got its end within an opcode" + at_byte(0));
    CHECK(refusal("N.") == "torch_file: a pickle must begin with its protocol, got another opcode" + at_byte(0));
    for (const auto pickle : {"\x80\1N."sv, "\x80\3N."sv, "\x80\4N."sv, "\x80\5N."sv, "\x80\0N."sv}) CHECK(contains(refusal(pickle), "a pickle must have protocol 2"));
    CHECK(contains(refusal("\x80\2\x80\2N."), "a pickle must name its protocol once, got twice"));
    CHECK(refusal("\x80\2N") == "torch_file: a pickle must be whole, got its end within an opcode" + at_byte(3));
    CHECK(refusal("\x80\2N.N") == "torch_file: nothing may follow the pickle's end, got 1 bytes" + at_byte(4));
    CHECK(contains(refusal("\x80\2."), "one value must be left at the pickle's end, got 0"));
    CHECK(contains(refusal("\x80\2NN."), "one value must be left at the pickle's end, got 2"));
    CHECK(contains(refusal("\x80\2(N."), "no mark may be left at the pickle's end, got 1"));
    for (const auto pickle : {"\x80\2K"sv, "\x80\2M\1"sv, "\x80\2G1234567"sv, "\x80\2X\5\0\0\0abc"sv, "\x80\2X\xff\xff\xff\xff"sv, "\x80\2\x8a\5"sv, "\x80\2\x8a\xff"sv}) {
        CHECK_FALSE(refusal(pickle).empty());
    }
    CHECK(contains(refusal("\x80\2X\5\0\0\0abc."sv), "a pickle must be whole"));
}

TEST_CASE("the stack gives what is there and no more") {
    for (const auto body : {"a", "s", "K\1\x86", "t", "e", "u", "(a", "](a", "](s", "R", "Q", "b", "\x81"}) {
        CAPTURE(body);
        CHECK(contains(pickle_refusal(body), "on the stack"));
    }
    CHECK(contains(pickle_refusal(std::string(1'000'001, 'N')), "the stack must have at most 1000000 values"));
    CHECK(contains(pickle_refusal(std::string(1'000'001, '(')), "the stack must have at most 1000000 marks"));
}

TEST_CASE("lists are appended to, dicts are given items, and neither holds what is no value") {
    CHECK(pickle_refusal("}Na") == "torch_file: only a list may be appended to, got a dict" + at_byte(4));
    CHECK(contains(pickle_refusal("N(K\1e"), "only a list may be appended to, got None"));
    CHECK(contains(pickle_refusal(")Na"), "only a list may be appended to, got a tuple of 0"));
    CHECK(contains(pickle_refusal("]NNs"), "only a dict may be given items, got a list"));
    CHECK(contains(pickle_refusal("}(Nu"), "a dict must be given keys and values, got 1 of both"));
    for (const auto key : {"N", "\x88", "G\0\0\0\0\0\0\0\0", "]", "}"}) CHECK(contains(pickle_refusal("}"s + (key[0] == 'G' ? "G\0\0\0\0\0\0\0\0"s : key) + "Ns"), "a dict's key must be an integer, a string or a tuple of them"));
    CHECK(contains(pickle_refusal("}N\x85Ns"), "a dict's key must be an integer, a string or a tuple of them, got None"));
    CHECK(pickle_refusal("}(" + text("a") + "N" + text("a") + "Nu") == "torch_file: a dict's key must be there once, got 'a' twice" + at_byte(18));
    CHECK(contains(pickle_refusal("}(K\1NK\1Nu"), "a dict's key must be there once, got 1 twice"));
    const std::string dtype = global("torch", "float32");
    CHECK(contains(pickle_refusal("]" + dtype + "a"), "a list must hold values, got the dtype float32"));
    CHECK(contains(pickle_refusal("}" + text("a") + dtype + "s"), "a dict must hold values, got the dtype float32"));
    CHECK(contains(pickle_refusal(dtype), "a pickle must be a value, got the dtype float32"));
    CHECK(contains(pickle_refusal(global("collections", "OrderedDict")), "a pickle must be a value, got the name collections.OrderedDict"));
    CHECK(pickle_refusal("}" + text("a") + dtype + "\x85s") == "torch_file: a tree must hold values, got the dtype float32 (x.pt, record data.pkl, at a.0)");
    CHECK(contains(pickle_refusal(global("torch.serialization", "_get_layout") + text("torch.strided") + "\x85R\x85"), "a tree must hold values, got a layout"));
    CHECK(contains(pickle_refusal(global("torch.serialization", "_get_layout") + text("torch.sparse_coo") + "\x85R"), "a layout must be torch.strided"));
    CHECK(contains(pickle_refusal(global("__builtin__", "set") + "](K\1K\1e\x85R"), "a set's item must be there once, got 1 twice"));
    CHECK(contains(pickle_refusal(global("__builtin__", "set") + "]]a\x85R"), "a set must hold numbers, text and tuples, got a list"));
    CHECK(contains(pickle_refusal(global("collections", "Counter") + "}" + text("a") + "K\1s\x85R"), "a Counter must count integers, got 1 for 'a'"));
}

TEST_CASE("nothing is called but what a checkpoint is made of") {
    const auto refused = [](std::string_view module, std::string_view name) {
        const std::string got = pickle_refusal(global(module, name));
        CHECK(contains(got, "torch_file: a pickle may only name what a checkpoint is made of, got '" + std::string(module) + "." + std::string(name) + "'"));
        CHECK(contains(got, at_byte(2)));
        return got;
    };
    for (const auto name : {"system", "popen"}) refused("os", name);
    for (const auto name : {"eval", "exec", "getattr", "complex", "object", "print", "__import__"}) refused("builtins", name);
    for (const auto name : {"getattr", "complex"}) refused("__builtin__", name);
    for (const auto name : {"Tensor", "QInt8Storage", "float8", "float4_e2m1fn_x2", "complex32", "per_tensor_affine", "TypedStorage", "load", ""}) refused("torch", name);
    for (const auto name : {"_rebuild_qtensor", "_rebuild_meta_tensor_no_storage", "_rebuild_nested_tensor", "_rebuild_wrapper_subclass"}) refused("torch._utils", name);
    refused("torch.nn.parameter", "Parameter");
    refused("torch.storage", "TypedStorage");
    refused("torch.cuda", "float32");
    refused("Torch", "FloatStorage");
    refused("torch.optim.swa_utils", "SWALR");
    CHECK(contains(refused("torch._tensor", "_rebuild_from_type_v2"), "make subclasses of Tensor plain tensors before saving"));
    CHECK(contains(refused("torch._utils", "_rebuild_sparse_tensor"), "make sparse tensors dense before saving"));
    CHECK(contains(refused("numpy.core.multiarray", "scalar"), "convert NumPy's numbers and arrays to plain ones or tensors before saving"));
    CHECK(contains(refused("numpy", "dtype"), "convert NumPy's numbers"));
    CHECK(contains(pickle_refusal(global("o\x1b[2Js", "sys\r\ttem")), "got 'o\\x1b[2Js.sys\\r\\ttem'"));
    CHECK(contains(pickle_refusal("c" + std::string(2000, 'a')), "a name must end within 1024 bytes, got 'aaa"));
    CHECK(contains(pickle_refusal("NN\x85R"), "only a function may be called, got None"));
    CHECK(contains(pickle_refusal(global("collections", "OrderedDict") + "NR"), "a function's arguments must be a tuple, got None"));
    CHECK(contains(pickle_refusal(global("builtins", "dict") + ")R"), "builtins.dict may only stand in a defaultdict"));
    CHECK(contains(pickle_refusal(global("torch", "float32") + ")R"), "only a function may be called, got the dtype float32"));
    CHECK(contains(pickle_refusal(global("torch", "FloatStorage") + ")R"), "only a function may be called, got a storage's class"));
    CHECK(contains(pickle_refusal(global("torch", "Size") + ")\x81"), "only an OrderedDict may be made without a call, got the name torch.Size"));
    CHECK(contains(pickle_refusal(global("torch", "Size") + "K\1\x85R"), "the sizes of a torch.Size must be a tuple, got 1"));
    CHECK(contains(pickle_refusal(global("torch", "device") + "K\1\x85R"), "torch.device must be given a name and perhaps an index, got (1)"));
}

TEST_CASE("containers are at most 64 deep, hold no cycle, and grow with the file alone") {
    const auto nested = [](int depth) {
        std::string body(static_cast<std::size_t>(depth), ']');
        return body + std::string(static_cast<std::size_t>(depth - 1), 'a');
    };
    CHECK(pickle_refusal(nested(64)).empty());
    CHECK(contains(pickle_refusal(nested(65)), "containers must be at most 64 inside one another"));
    CHECK(contains(pickle_refusal(nested(100'000)), "containers must be at most 64 inside one another"));
    CHECK(contains(pickle_refusal(std::string(999'999, ')') + std::string(999'998, '\x86')), "must be"));
    CHECK(pickle_refusal("]q\0h\0a"s) == "torch_file: a container must not hold itself, got a list (x.pt, record data.pkl, at 0)");
    CHECK(contains(pickle_refusal("}q\0"s + text("a") + "]h\0as"s), "a container must not hold itself, got a dict (x.pt, record data.pkl, at a.0)"));
    CHECK(contains(pickle_refusal(ordered_dict_made + "q\0"s + "}" + text("_metadata") + "h\0sb"s), "a container must not hold itself"));

    // Each list holds the one before it twice.
    std::string bomb = "]q\0"s;
    for (int i = 1; i <= 30; ++i) bomb += "](h"s + static_cast<char>(i - 1) + "h" + static_cast<char>(i - 1) + "eq" + static_cast<char>(i);
    std::string body = "](" + bomb + "e";
    CHECK(contains(pickle_refusal(body), "bytes of memory, got more"));
    // The same, as keys of a dict.
    std::string keys = "Nq\0"s;
    for (int i = 1; i <= 30; ++i) keys += "h"s + static_cast<char>(i - 1) + "h" + static_cast<char>(i - 1) + "\x86q" + static_cast<char>(i);
    CHECK_FALSE(pickle_refusal("}(" + keys + "u").empty());
    // A million characters, a thousand times.
    std::string texts = "](" + text(std::string(1'000'000, 'a')) + "q\0"s;
    for (int i = 0; i < 1000; ++i) texts += "h\0"s;
    CHECK(contains(pickle_refusal(texts + "e"), "bytes of memory, got more"));
}

}  // namespace ravine::testing
