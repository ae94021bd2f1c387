#include "files.h"

#include <cmath>
#include <limits>

namespace ravine::testing {

using namespace std::literals;
using safetensors::File;

Value reread(const Value& tree) {
    const TemporaryFolder folder;
    save(tree, folder.path("tree.safetensors"));
    return load(folder.path("tree.safetensors"));
}

std::string metadata_of(const File& file, std::string_view key) {
    for (const auto& [name, text] : file.metadata) {
        if (name == key) return text;
    }
    return "absent";
}

std::vector<std::string> names_of(const File& file) {
    std::vector<std::string> names;
    for (const auto& [name, tensor] : file.tensors) names.push_back(name);
    return names;
}

using Names = std::vector<std::string>;

Dict slots(float value) {
    return {{"step", tensor_of<float>({2}, {})}, {"exp_avg", tensor_of<float>({value, value}, {2})}};
}

Value group(List ids, List names) {
    Dict group{{"lr", 1e-3}, {"betas", Tuple{0.9, 0.999}}, {"foreach", nullptr}, {"maximize", false}, {"count", 0}};
    if (!names.items.empty()) group.set("param_names", std::move(names));
    group.set("params", std::move(ids));
    return group;
}

Dict optimizer(bool named) {
    Dict state;
    state.set(1, slots(1));
    state.set(0, slots(0));
    List groups{group({0}, named ? List{"fc.weight"} : List()), group({1, 2}, named ? List{"fc.bias", "x"} : List())};
    return {{"state", std::move(state)}, {"param_groups", std::move(groups)}};
}

Dict model() {
    Dict versions;
    versions.kind = Dict::Kind::ordered_dict;
    versions.set("", Dict{{"version", 1}});
    Dict model{{"w", tensor_of<float>({1, 2}, {2})}, {"b", tensor_of<double>({3}, {})}};
    model.kind = Dict::Kind::ordered_dict;
    model.metadata = std::move(versions);
    return model;
}

const Value scheduler = Dict{{"step_size", 3}, {"last_epoch", 4}, {"_last_lr", List{0.1}}, {"verbose", nullptr}};

TEST_CASE("every kind of value comes back as it was") {
    Dict mixed_keys, counter, ordered, dollar;
    mixed_keys.set(3, "int");
    mixed_keys.set("3", "text");
    mixed_keys.set(Tuple{1, "a"}, Dict());
    counter.kind = Dict::Kind::counter;
    counter.set(30, 1);
    ordered.kind = Dict::Kind::ordered_dict;
    ordered.set("a", 1);
    ordered.metadata = Dict{{"", Dict{{"version", 2}}}};
    dollar.set("$t", "no tensor");
    const Value tree = Dict{{"null", nullptr},
                            {"bools", List{true, false}},
                            {"ints", List{0, -1, 9007199254740992, 9007199254740993, std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()}},
                            {"floats", List{0.0, -0.0, 1.0, 0.1, 1e16, 5e-324, 1.7976931348623157e308, double{INFINITY}, double{-INFINITY}, double{NAN}}},
                            {"text", "\"\\\n\x01 \xc3\xa9 \xf0\x9f\x8c\x8a"},
                            {"bytes", Value::Bytes{"\0\xff\x10"s}},
                            {"tuple", Tuple{1, Tuple(), List()}},
                            {"set", Set({1, "a"})},
                            {"mixed", std::move(mixed_keys)},
                            {"counter", std::move(counter)},
                            {"ordered", std::move(ordered)},
                            {"dollar", std::move(dollar)},
                            {"tensor", List{tensor_of<std::int64_t>({1, 2}, {1, 2}), zeros({0, 3}, DType::bf16)}}};
    CHECK(reread(tree) == tree);
    for (const Value& root : {Value(), Value(true), Value(1), Value(1.0), Value("x"), Value(List()), Value(Tuple{1}), Value(Dict()), Value(zeros({2}, DType::f32))}) {
        CHECK(reread(root) == root);
    }
}

TEST_CASE("a bare model keeps its plain names, its order and its versions") {
    const File file = safetensors::from_tree(model());
    CHECK(names_of(file) == Names{"w", "b"});
    CHECK(metadata_of(file, "model.keys") == R"(["w","b"])");
    CHECK(metadata_of(file, "model.metadata") == R"({"":{"version":1}})");
    CHECK(metadata_of(file, "format") == "pt");
    CHECK(metadata_of(file, "optim.schema") == "1");
    CHECK(metadata_of(file, "optim.root") == "absent");
    CHECK(reread(model()) == Value(model()));
}

TEST_CASE("the class of a model and of its versions is kept") {
    Dict plain = model(), without = model(), plain_versions = model(), strange = model();
    plain.kind = Dict::Kind::dict;
    plain.metadata = Value();
    without.metadata = Value();
    plain_versions.metadata = Dict{{"", Dict{{"version", 1}}}};
    strange.metadata.as<Dict>().set("$t", 1);
    for (const Dict& dict : {plain, without, plain_versions, strange}) CHECK(reread(dict) == Value(dict));
}

TEST_CASE("an optimizer's tensors stand under ids, or under names if all parameters have one") {
    const File by_id = safetensors::from_tree(optimizer(false));
    CHECK(names_of(by_id) == Names{"state.1.step", "state.1.exp_avg", "state.0.step", "state.0.exp_avg"});
    CHECK(metadata_of(by_id, "optim.state") ==
          R"({"1":{"step":{"$t":"state.1.step"},"exp_avg":{"$t":"state.1.exp_avg"}},"0":{"step":{"$t":"state.0.step"},"exp_avg":{"$t":"state.0.exp_avg"}}})");
    CHECK(metadata_of(by_id, "optim.param_groups") ==
          R"([{"lr":0.001,"betas":{"$tuple":[0.9,0.999]},"foreach":null,"maximize":false,"count":0,"params":[0]},)"
          R"({"lr":0.001,"betas":{"$tuple":[0.9,0.999]},"foreach":null,"maximize":false,"count":0,"params":[1,2]}])");
    const File by_name = safetensors::from_tree(optimizer(true));
    CHECK(names_of(by_name) == Names{"state.fc.bias.step", "state.fc.bias.exp_avg", "state.fc.weight.step", "state.fc.weight.exp_avg"});
    CHECK(reread(optimizer(false)) == Value(optimizer(false)));
    CHECK(reread(optimizer(true)) == Value(optimizer(true)));
}

TEST_CASE("lists of tensors, a tensor lr and a slot without a tensor have their places") {
    Dict tree = optimizer(false);
    Dict& slots = tree.at("state").as<Dict>().at(1).as<Dict>();
    slots.set("al", List{tensor_of<float>({1}, {}), nullptr, tensor_of<float>({2}, {})});
    slots.set("n_iter", 3);
    tree.at("param_groups").as<List>().items[1].as<Dict>().set("lr", tensor_of<double>({0.5}, {}));
    const File file = safetensors::from_tree(tree);
    CHECK(names_of(file) == Names{"state.1.step", "state.1.exp_avg", "state.1.al.0", "state.1.al.2", "state.0.step", "state.0.exp_avg", "group.1.lr"});
    CHECK(reread(tree) == Value(tree));
}

TEST_CASE("names that meet under one key are kept apart") {
    Dict state;
    state.set(0, Dict{{"b.c", tensor_of<float>({1}, {})}});
    state.set(1, Dict{{"c", tensor_of<float>({2}, {})}});
    const Dict tree{{"state", std::move(state)}, {"param_groups", List{group({0, 1}, {"a", "a.b"})}}};
    CHECK(names_of(safetensors::from_tree(tree)) == Names{"state.a.b.c", "state.a.b.c~2"});
    CHECK(reread(tree) == Value(tree));
}

TEST_CASE("an optimizer that the mapping cannot express is written in place") {
    Dict unnamed_state = optimizer(true), reversed, more = optimizer(false), twice = optimizer(true);
    unnamed_state.at("state").as<Dict>().set(7, slots(7));
    reversed.set("param_groups", more.at("param_groups"));
    reversed.set("state", more.at("state"));
    more.set("user", 1);
    twice.at("param_groups").as<List>().items[1].as<Dict>().set("param_names", List{"fc.weight", "x"});
    for (const Dict& dict : {unnamed_state, reversed, more}) {
        CHECK(metadata_of(safetensors::from_tree(dict), "optim.state") == "absent");
        CHECK(reread(dict) == Value(dict));
    }
    CHECK(names_of(safetensors::from_tree(twice)).front() == "state.1.step");
    CHECK(reread(twice) == Value(twice));
}

TEST_CASE("a bare scheduler is metadata alone") {
    const File file = safetensors::from_tree(scheduler);
    CHECK(file.tensors.empty());
    CHECK(metadata_of(file, "sched") == R"({"step_size":3,"last_epoch":4,"_last_lr":[0.1],"verbose":null})");
    CHECK(reread(scheduler) == scheduler);
}

TEST_CASE("a larger tree holds model, average, optimizer, scheduler and progress") {
    Dict average{{"n_averaged", tensor_of<std::int64_t>({3}, {})}, {"module.w", tensor_of<float>({5, 6}, {2})}};
    const Dict tree{{"epoch", 7}, {"model", model()}, {"ema", average}, {"optimizer", optimizer(true)}, {"scheduler", scheduler},
                    {"teacher", model()}, {"rng", tensor_of<std::uint8_t>({1, 2}, {2})}};
    const File file = safetensors::from_tree(tree);
    CHECK(metadata_of(file, "optim.root") ==
          R"({"epoch":7,"model":{"$part":"model"},"ema":{"$part":"ema"},"optimizer":{"$part":"optim"},"scheduler":{"$part":"sched"},)"
          R"("teacher":{"$ordered":[["w",{"$t":"root.teacher.w"}],["b",{"$t":"root.teacher.b"}]],"metadata":{"$ordered":[["",{"version":1}]]}},"rng":{"$t":"root.rng"}})");
    CHECK(metadata_of(file, "ema.keys") == R"(["n_averaged","module.w"])");
    CHECK(names_of(file) == Names{"model.w", "model.b", "ema.n_averaged", "ema.module.w", "state.fc.bias.step", "state.fc.bias.exp_avg",
                                  "state.fc.weight.step", "state.fc.weight.exp_avg", "root.teacher.w", "root.teacher.b", "root.rng"});
    CHECK(reread(tree) == Value(tree));
}

TEST_CASE("tied tensors are written once and are tied again") {
    const Tensor shared = tensor_of<float>({1, 2}, {2});
    const Dict tree{{"a", shared}, {"b", shared}, {"c", shared.clone()}};
    const File file = safetensors::from_tree(tree);
    CHECK(names_of(file) == Names{"a", "c"});
    CHECK(metadata_of(file, "optim.aliases") == R"({"b":"a"})");
    const Value back = reread(tree);
    CHECK(back == Value(tree));
    CHECK(back.at("a").as<Tensor>().is_same_view(back.at("b").as<Tensor>()));
    CHECK(!back.at("a").as<Tensor>().is_same_view(back.at("c").as<Tensor>()));
}

TEST_CASE("what a tree cannot hold is refused with its place") {
    const auto refusal = [](const Value& tree) { return message_of<std::invalid_argument>([&] { safetensors::from_tree(tree); }); };
    Dict float_key, plain_with_versions;
    float_key.set(1.5, 0);
    plain_with_versions.metadata = 1;
    CHECK(refusal(Dict{{"a", List{float_key}}}) == "save: a dict's key must be an integer, a string or a tuple of them, got 1.5 (at root.a.0)");
    CHECK(contains(refusal(Dict{{"a", "\xff"}}), "text must be UTF-8, got '\\xff' (at root.a)"));
    CHECK(contains(refusal(Dict{{"a", plain_with_versions}}), "only an OrderedDict can have _metadata"));
    CHECK(contains(refusal(Dict{{"a", Tensor()}}), "a tensor must be defined, got an undefined one (at root.a)"));
    Value deep = 1;
    for (int i = 0; i < 64; ++i) deep = List{deep};
    CHECK(reread(deep) == deep);
    CHECK(contains(refusal(List{deep}), "containers must be at most 64 inside one another"));
    CHECK(contains(refusal(List(ValueList(2'000'000))), "a tree must have at most 2000000 values"));
}

TEST_CASE("a file that nobody described is a dict of tensors") {
    const TemporaryFolder folder;
    const std::string path = folder.path("plain.safetensors");
    const File file = {{{"b", zeros({2}, DType::f32)}, {"a", zeros({1}, DType::f64)}}, {{"format", "pt"}}, true};
    safetensors::write(file, path);
    CHECK(!safetensors::has_tree(safetensors::read(path)));
    CHECK(load(path) == Value(Dict{{"a", zeros({1}, DType::f64)}, {"b", zeros({2}, DType::f32)}}));
}

/// Why a file with one f32 tensor "t" and these metadata has no tree.
std::string metadata_refusal(std::vector<std::pair<std::string, std::string>> metadata) {
    metadata.emplace_back("optim.schema", "1");
    const File file = {{{"t", zeros({}, DType::f32)}}, std::move(metadata), true};
    return message_of<std::runtime_error>([&] { safetensors::to_tree(file, "x.safetensors"); });
}

std::string refusal_of_root(std::string_view text) {
    return metadata_refusal({{"optim.root", "[{\"$t\":\"t\"}," + std::string(text) + "]"}});
}

TEST_CASE("texts that describe a tree wrongly are refused with key and byte") {
    CHECK(refusal_of_root("1").empty());
    CHECK(refusal_of_root("{\"$float\":\"Inf\"}") == "load: $float must be inf, -inf or nan, got 'Inf' at byte 27 (x.safetensors, metadata key optim.root)");
    CHECK(contains(refusal_of_root("{\"$int\":\"9223372036854775808\"}"), "$int must be an integer of at most 64 bits"));
    CHECK(contains(refusal_of_root("{\"$int\":\" 1\"}"), "$int must be an integer of at most 64 bits"));
    CHECK(contains(refusal_of_root("9223372036854775808"), "an integer must have at most 64 bits"));
    CHECK(contains(refusal_of_root("1e999"), "a float must be within the range of a double"));
    CHECK(contains(refusal_of_root("{\"$bytes\":\"0\"}"), "$bytes must be pairs of hexadecimal digits"));
    CHECK(contains(refusal_of_root("{\"$bytes\":\"0g\"}"), "$bytes must be pairs of hexadecimal digits"));
    CHECK(contains(refusal_of_root("{\"$code\":\"os.system\"}"), "a $ form must be t, tuple"));
    CHECK(contains(refusal_of_root("{\"$t\":\"u\"}"), "the tensor's key must be in the file, got 'u'"));
    CHECK(contains(refusal_of_root("{\"$tuple\":[],\"a\":1}"), "an object with a $ form must end with a brace"));
    CHECK(contains(refusal_of_root("{\"a\":1,\"$t\":\"t\"}"), "a $ form must be alone in its object"));
    CHECK(contains(refusal_of_root("{\"a\":1,\"a\":2}"), "a key must be there once, got 'a' twice"));
    CHECK(contains(refusal_of_root("{\"$dict\":[[1,2],[1,3]]}"), "a key must be there once, got 1 twice"));
    CHECK(contains(refusal_of_root("{\"$dict\":[[1.0,2]]}"), "a dict's key must be an integer, a string or a tuple of them, got 1.0"));
    CHECK(contains(refusal_of_root("{\"$dict\":[[1,2,3]]}"), "a pair must end with a bracket"));
    CHECK(contains(refusal_of_root("{\"$ordered\":[],\"x\":1}"), "only metadata may follow $ordered"));
    CHECK(contains(refusal_of_root("NaN"), "a value must be a number, got 'NaN"));
    CHECK(contains(refusal_of_root("{\"$part\":\"optim\"}"), "the file must have this metadata key, got none (x.safetensors, metadata key optim.param_groups)"));
    CHECK(contains(refusal_of_root("{\"$part\":\"code\"}"), "a part must be model, ema, optim or sched, got 'code'"));
    CHECK(contains(refusal_of_root(std::string(65, '[') + std::string(65, ']')), "containers must be at most 64"));
    CHECK(contains(metadata_refusal({{"optim.root", "1 2"}}), "nothing may follow the value, got '2' at byte 2"));
    CHECK(contains(metadata_refusal({{"optim.root", ""}}), "a value must be a number, got the end"));
    CHECK(contains(metadata_refusal({{"optim.root", "1"}}), "the tree must name every tensor, got 't' unnamed"));
}

TEST_CASE("parts that contradict one another are refused") {
    const std::string all = R"([{"$t":"t"}])";
    CHECK(contains(metadata_refusal({}), "a file must have optim.root or one of model.keys, optim.state and sched, got none"));
    CHECK(contains(metadata_refusal({{"model.keys", "[]"}, {"sched", "{}"}}), "got several"));
    CHECK(contains(metadata_refusal({{"optim.root", all}, {"sched", "{}"}}), "the tree must have the part sched, got none"));
    CHECK(contains(metadata_refusal({{"model.keys", "{}"}}), "the names must be a list"));
    CHECK(contains(metadata_refusal({{"model.keys", "[\"t\",\"u\"]"}}), "every name must have a tensor in the file, got 'u' without one"));
    CHECK(contains(metadata_refusal({{"model.keys", "[\"t\",\"t\"]"}}), "a name must be there once, got 't' twice"));
    CHECK(contains(metadata_refusal({{"model.keys", "[1]"}}), "the names must be strings, got 1"));
    CHECK(contains(metadata_refusal({{"optim.root", R"([{"$part":"sched"},{"$part":"sched"}])"}, {"sched", "{}"}}), "a part must be there once, got 'sched' twice"));
    CHECK(contains(metadata_refusal({{"sched", R"({"$part":"sched"})"}}), "a part must stand in optim.root, got 'sched'"));
    CHECK(contains(metadata_refusal({{"optim.state", "{}"}, {"optim.param_groups", "{}"}}), "param_groups must be a list"));
    CHECK(contains(metadata_refusal({{"optim.state", "[]"}, {"optim.param_groups", "[]"}}), "the state must be a map"));
    CHECK(contains(metadata_refusal({{"optim.state", R"({"01":{}})"}, {"optim.param_groups", "[]"}}), "a parameter must be a decimal id, got '01'"));
    CHECK(contains(metadata_refusal({{"optim.state", R"({"1":3})"}, {"optim.param_groups", "[]"}}), "a parameter's state must be a map, got 3"));
    CHECK(contains(metadata_refusal({{"optim.state", R"({"b":{}})"}, {"optim.param_groups", R"([{"params":[0],"param_names":["a"]}])"}}), "a parameter must be in param_names, got 'b'"));
    CHECK(contains(metadata_refusal({{"optim.root", all}, {"optim.aliases", R"({"t":"t"})"}}), "an alias must be a new name for a tensor of the file, got 't' for 't'"));
    CHECK(contains(metadata_refusal({{"optim.root", all}, {"optim.aliases", R"({"u":"v"})"}}), "an alias must be a new name"));
    const File other_schema = {{}, {{"optim.schema", "2"}, {"optim.root", "1"}}, true};
    CHECK(message_of<std::runtime_error>([&] { safetensors::to_tree(other_schema, "y"); }) == "load: the schema must be 1, got '2' (y, metadata key optim.schema)");
}

TEST_CASE("a bit that flips in a described tree gives another tree or a refusal, never more") {
    const TemporaryFolder folder;
    const std::string path = folder.path("a.safetensors");
    save(Dict{{"epoch", 7}, {"model", model()}, {"optimizer", optimizer(true)}, {"scheduler", scheduler}, {"lr", List{0.5, Tuple{INFINITY}}}}, path);
    std::string bytes = bytes_of(path);
    int refused = 0, read = 0;
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            bytes[at] = static_cast<char>(bytes[at] ^ 1 << bit);
            try {
                safetensors::to_tree(parse(bytes), "x.safetensors");
                ++read;
            } catch (const std::runtime_error&) {
                ++refused;
            }
            bytes[at] = static_cast<char>(bytes[at] ^ 1 << bit);
        }
    }
    CHECK(refused + read == static_cast<int>(bytes.size()) * 8);
    CHECK(refused > read);
}

}  // namespace ravine::testing
