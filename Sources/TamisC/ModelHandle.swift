import CTamis
import Synchronization
import Tamis
import TamisBits

extension tamis_tensor_coding: VersionedStruct { static var cName: StaticString { "tamis_tensor_coding" } }

/// What is behind a `tamis_model`.
final class ModelHandle: Sendable {
    let file: TamisFile
    let files: FileTable
    let tensors: TensorTable
    let aliases: [CText]
    let madeBy: CText
    let madeWith: CText
    private let codings = Mutex<[Coding]?>(nil)
    private let numbers = Mutex<[[UInt8]: Int]?>(nil)

    private struct Coding {
        let tensor: StreamSummary.Tensor
        let mode: CText
        let quantizer: CText?
    }

    init(_ file: TamisFile) {
        self.file = file
        files = FileTable(file.files.map { ($0.name, $0.byteCount) })
        tensors = TensorTable(file.tensors)
        aliases = file.aliases.map { CText($0.name) }
        madeBy = CText(file.encoderName)
        madeWith = CText(file.encoderOptions)
    }

    /// The tensor with a name or alias, by its bytes: names that Unicode calls equal may be those of two.
    func number(named name: String) throws(TamisError) -> Int {
        let found = numbers.withLock { numbers in
            let known = numbers ?? {
                var known: [[UInt8]: Int] = [:]
                for alias in file.aliases { known[Array(alias.name.utf8)] = alias.tensor }
                for (number, tensor) in file.tensors.enumerated() { known[Array(tensor.name.utf8)] = number }
                return known
            }()
            numbers = known
            return known[Array(name.utf8)]
        }
        if let found { return found }
        throw TamisError(.noSuchTensor, "there is no tensor '\(name)'", element: "name")
    }

    func writeCoding(_ number: Int, to coding: UnsafeMutablePointer<tamis_tensor_coding>?) throws(TamisError) {
        _ = try tensors.require(number)
        let known: [Coding]
        if let made = codings.withLock({ $0 }) {
            known = made
        } else {
            known = try file.summary().tensors.map { Coding(tensor: $0, mode: CText($0.mode), quantizer: $0.quantizer.map { CText($0) }) }
        }
        // Whoever was first gave out text already.
        let kept = codings.withLock { codings in
            codings = codings ?? known
            return codings ?? known
        }
        let tensor = kept[number].tensor
        var own = tamis_tensor_coding()
        own.coded_bytes = tensor.byteCount
        own.mode = kept[number].mode.pointer
        own.quantizer = kept[number].quantizer?.pointer
        own.exact = tensor.isExact ? 1 : 0
        own.step = tensor.step ?? 0
        own.weight_error = tensor.weightError ?? -1
        try own.write(to: try required(coding, "coding"))
    }
}
