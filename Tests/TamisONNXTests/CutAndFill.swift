import TamisBits
import TamisModel
import TamisONNX
import Testing

/// A file without the bytes of its holes, and those bytes.
struct CutFile {
    var skeleton: [UInt8] = []
    var payloads: [[UInt8]] = []
}

func cut(_ file: [UInt8], _ model: SourceModel) -> CutFile {
    var result = CutFile()
    var position = 0
    for hole in model.holes {
        let start = Int(hole.offset)
        result.skeleton += file[position..<start]
        position = start + Int(hole.byteCount)
        result.payloads.append(Array(file[start..<position]))
    }
    result.skeleton += file[position...]
    return result
}

func fill(_ file: CutFile, _ model: SourceModel) -> [UInt8] {
    var result: [UInt8] = []
    var position = 0
    for (hole, payload) in zip(model.holes, file.payloads) {
        let count = Int(hole.offset) - result.count
        result += file.skeleton[position..<(position + count)]
        position += count
        result += payload
    }
    return result + file.skeleton[position...]
}

func scan(_ file: [UInt8]) throws(TamisError) -> SourceModel {
    try ByteView.of(file) { bytes throws(TamisError) in try ONNXModel.scan(bytes) }
}

func summarize(_ file: [UInt8]) throws(TamisError) -> ONNXSummary {
    try ByteView.of(file) { bytes throws(TamisError) in try ONNXModel.summarize(bytes) }
}

/// Scans and checks everything that a `SourceModel` promises, and that filling what was cut gives the file.
@discardableResult
func scanChecked(_ file: [UInt8], _ place: SourceLocation = #_sourceLocation) throws(TamisError) -> SourceModel {
    let model = try scan(file)
    var end: UInt64 = 0
    var isSound = model.format == "onnx" && model.holes.count == model.tensors.count
    for (index, hole) in model.holes.enumerated() where isSound {
        let tensor = model.tensors[index]
        isSound = hole.offset >= end && hole.byteCount > 0 && hole.offset <= UInt64(file.count)
            && hole.byteCount <= UInt64(file.count) - hole.offset && hole.tensor == index
            && tensor.byteCount == hole.byteCount
        end = hole.offset &+ hole.byteCount
    }
    #expect(isSound, "holes", sourceLocation: place)
    if isSound { #expect(fill(cut(file, model), model) == file, sourceLocation: place) }
    #expect(Set(model.tensors.map(\.name)).count == model.tensors.count, sourceLocation: place)
    for tensor in model.tensors {
        let isClean = tensor.name.utf8.count <= 4096 && !tensor.name.utf8.contains { $0 < 0x20 || $0 == 0x7F }
        #expect(isClean, sourceLocation: place)
    }
    return model
}

func names(_ file: [UInt8], _ place: SourceLocation = #_sourceLocation) throws(TamisError) -> [String] {
    try scanChecked(file, place).tensors.map(\.name)
}

/// The error that scanning throws, or nil.
func refusal(of file: [UInt8]) -> TamisError? {
    do throws(TamisError) {
        _ = try scan(file)
        return nil
    } catch {
        return error
    }
}
