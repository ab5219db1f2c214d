import Testing

@Suite("Single tensors as NumPy files")
struct NumPyTests {
    @Test("Header and elements, exact")
    func exact() throws {
        let folder = try Folder()
        let values = SmallModel.values(160, seed: 1)
        try folder.write("a.onnx", SmallModel.plain)
        #expect(try Tool.run("encode", folder.path("a.onnx"), "--exclude", "*").status == 0)
        #expect(try Tool.run("decode", folder.path("a.tamis"), "--tensor", "layer.weight").status == 0)
        let file = try folder.read("layer.weight.npy")
        #expect(Array(file.prefix(10)) == [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0])
        let header = String(decoding: file[10..<128], as: UTF8.self)
        #expect(header.hasPrefix("{'descr': '<f4', 'fortran_order': False, 'shape': (8, 20), }") && header.hasSuffix(" \n"))
        #expect(Array(file[128...]) == values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> UInt32(8 * $0)) } })
        let list = try Tool.run("decode", folder.path("a.tamis"), "--tensor", "sizes", "-o", "-")
        #expect(String(decoding: list.output[10...].prefix(60), as: UTF8.self).contains("'shape': (4,), }"))
        #expect(list.output.count == 128 + 16)
    }

    @Test("The same values as in the decoded file")
    func agrees() throws {
        let folder = try Folder()
        try folder.write("digits.onnx", try SmallModel.digits())
        #expect(try Tool.run("encode", folder.path("digits.onnx")).status == 0)
        let model = try Tool.run("decode", folder.path("digits.tamis"), "-o", "-").output
        for name in ["fc1.weight", "conv1.weight", "fc1.bias"] {
            let tensor = try Tool.run("decode", folder.path("digits.tamis"), "--tensor", name, "-o", "-").output
            #expect(tensor.count > 128)
            #expect(Self.contains(model, Array(tensor[128...])))
        }
    }

    @Test("Names become plain file names")
    func names() throws {
        let folder = try Folder()
        let model = SmallModel.onnx([
            .init(name: "../../etc/passwd", dimensions: [4], values: [1, 2, 3, 4]), .init(name: ".hidden", dimensions: [4], values: [1, 2, 3, 4]),
            .init(name: "über/a b", dimensions: [4], values: [1, 2, 3, 4]),
        ])
        #expect(try Tool.run("encode", try folder.write("a.onnx", model)).status == 0)
        for name in ["../../etc/passwd", ".hidden", "über/a b"] {
            #expect(try Tool.run("decode", folder.path("a.tamis"), "--tensor", name).status == 0)
        }
        #expect(folder.names == ["_._.._etc_passwd.npy", "_ber_a_b.npy", "_hidden.npy", "a.onnx", "a.tamis"])
        #expect(try Tool.run("decode", folder.path("a.tamis"), "--tensor", ".hidden").status == 73)
    }

    private static func contains(_ bytes: [UInt8], _ part: [UInt8]) -> Bool {
        let places = bytes.indices.filter { bytes[$0] == part[0] && bytes.count - $0 >= part.count && bytes[$0 + 1] == part[1] && bytes[$0 + 2] == part[2] }
        return places.contains { bytes[$0..<($0 + part.count)].elementsEqual(part) }
    }
}
