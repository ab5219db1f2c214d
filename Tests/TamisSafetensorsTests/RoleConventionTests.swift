import TamisModel
import TamisSafetensors
import TamisTestSupport
import Testing

@Suite("Roles by names and shapes")
struct RoleConventionTests {
    private static func role(_ name: String, _ shape: [Int], type: String = "U8") throws -> LayerRole? {
        let width = ["BF16": 2, "F32": 4][type] ?? 1
        return try SafetensorsModelTests.scan(Safetensors.file([.init(name, type, shape, [UInt8](repeating: 0, count: width * shape.reduce(1, *)))])).roles[0]
    }

    @Test("Matrices called weight have their outputs first", arguments: [
        "encoder.layer.0.attention.self.query.weight", "model.layers.3.mlp.down_proj.weight", "lm_head.weight", "weight", "Dense.Weight",
    ])
    func matrices(name: String) throws {
        #expect(try Self.role(name, [6, 4], type: "BF16") == LayerRole(consumer: .gemm, outputAxis: 0, outputAxisCount: 1, inputAxes: [1]))
    }

    @Test("Tables are looked up", arguments: [
        "embeddings.word_embeddings.weight", "model.embed_tokens.weight", "transformer.wte.weight", "wpe.weight", "decoder.Position.weight", "block.0.relative_attention_bias.weight",
    ])
    func tables(name: String) throws {
        #expect(try Self.role(name, [6, 4], type: "F32") == LayerRole(consumer: .gather, outputAxis: 0, outputAxisCount: 1))
    }

    @Test("More axes are those of a kernel", arguments: [[4, 2, 3], [4, 2, 3, 5], [4, 1, 2, 2, 64]])
    func convolutions(shape: [Int]) throws {
        let role = LayerRole(consumer: .convolution, outputAxis: 0, outputAxisCount: 1, inputAxes: [1], kernelAxes: Array(2..<shape.count))
        #expect(try Self.role("patch_embed.proj.weight", shape, type: "F32") == role)
    }

    @Test("Where nothing is known, or could be meant otherwise, there is no role", arguments: [
        ("norm.weight", [8], "F32"), ("fc.bias", [8], "F32"), ("fc.weight", [], "F32"), ("fc.weight", [4, 2], "U8"), ("fc.weight_scale", [4, 2], "F32"), ("pos_embed", [1, 4, 2], "F32"), ("fcweight", [4, 2], "F32"),
        ("h.0.attn.c_attn.weight", [2, 6], "F32"), ("h.0.mlp.c_fc.weight", [2, 6], "F32"), ("h.0.mlp.c_proj.weight", [6, 2], "F32"), ("up.conv_transpose.weight", [4, 2, 3, 3], "F32"),
        ("ConvTranspose1d.weight", [4, 2, 3], "F32"), ("upsampler.weight", [4, 2, 3, 3], "F32"), ("experts.weight", [2, 4, 65], "F32"), ("x.weight", [1, 1, 1, 1, 1, 1], "F32"),
    ] as [(String, [Int], String)])
    func unknown(name: String, shape: [Int], type: String) throws {
        #expect(try Self.role(name, shape, type: type) == nil)
    }
}
