import TamisBits
import Testing

struct TamisErrorTests {
    @Test func descriptionNamesThePlace() {
        let error = TamisError(
            .truncated, "it ends", file: "a.tamis", unit: "data_unit[3]", element: "length", byteOffset: 9, advice: "fetch it again")
        #expect("\(error)" == "a.tamis, data_unit[3], length, byte 9: it ends [truncated]; fetch it again")
        #expect("\(TamisError(.missing, "nothing"))" == "nothing [missing]")
    }

    @Test func codesAreStableIdentifiers() {
        let names = TamisError.Code.allCases.map(\.rawValue)
        #expect(Set(names).count == names.count)
        #expect(names.allSatisfy { $0.utf8.allSatisfy { (0x61...0x7A).contains($0) || $0 == 0x5F } })
    }

    @Test func families() {
        #expect(TamisError.Code.payloadChecksum.family == .malformed)
        #expect(TamisError.Code.unknownVersion.family == .unsupported)
        #expect(TamisError.Code.limitExceeded.family == .limit)
        #expect(TamisError.Code.invalidArgument.family == .misuse)
        #expect(TamisError.Code.outputExists.family == .io)
    }
}
