import TamisBits
import Testing

struct ByteViewTests {
    @Test func partsAndLoads() throws {
        let whole = try ByteView.of([0, 1, 2, 3, 4, 5, 6, 7, 0x88]) { view throws(TamisError) in
            #expect(view.count == 9 && view[8] == 0x88)
            #expect(view[2..<5].array == [2, 3, 4])
            #expect(view[2..<5][1..<2].array == [3])
            #expect(view[9..<9].count == 0)
            #expect(view.load(1, as: UInt64.self) == 0x8807_0605_0403_0201)
            #expect(view.load(7, as: Int16.self) == Int16(bitPattern: 0x8807))
            return view.array
        }
        #expect(whole == [0, 1, 2, 3, 4, 5, 6, 7, 0x88])
        #expect(ByteView().count == 0 && ByteView().array == [])
    }

    @Test func errorsPassThrough() {
        #expect(throws: TamisError(.missing, "planned")) {
            _ = try ByteView.of([1]) { view throws(TamisError) -> Int in throw TamisError(.missing, "planned") }
        }
    }

    @Test func regionsFillTheirPart() throws {
        var target = [UInt8](repeating: 0, count: 6)
        target.withUnsafeMutableBytes { buffer in
            let region = ByteRegion(unsafe: buffer)
            let source: [UInt8] = [1, 2]
            source.withUnsafeBytes {
                region[1..<4].copy(from: ByteView(unsafe: $0))
                region[4..<6].copy(from: ByteView(unsafe: $0))
            }
            region[6..<6].copy(from: ByteView())
            #expect(region.view.array == [0, 1, 2, 0, 1, 2])
        }
        #expect(target == [0, 1, 2, 0, 1, 2])
    }
}
