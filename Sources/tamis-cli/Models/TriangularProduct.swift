/// Energies of rows after multiplication with an upper triangular matrix U.
struct TriangularProduct {
    /// Rows and columns of a product that are worked on at once.
    private static let rowsAtOnce = 4
    private static let columnsAtOnce = 8

    /// Columns of U, and their number; one row of U after the other.
    private let size: Int
    private let factor: UnsafeRawBufferPointer

    /// - Parameter factor: size × size little-endian float32, zero below the diagonal; must stay valid as long as this value is used.
    init(_ factor: UnsafeRawBufferPointer, size: Int) {
        self.factor = factor
        self.size = size
    }

    /// ‖x · U‖² for each row x of `rows`; time is about their number times size² ⁄ 2.
    ///
    /// - Parameter rows: any number of rows of `size` elements.
    func energies(_ rows: [Float]) -> [Double] {
        let count = rows.count / size
        var energies = [Double](repeating: 0, count: count)
        // Rows and columns of zeros fill up the last blocks.
        let rowBlocks = (count + Self.rowsAtOnce - 1) / Self.rowsAtOnce
        let interleaved = [SIMD4<Float>](unsafeUninitializedCapacity: rowBlocks * size) { buffer, filled in
            for block in 0..<rowBlocks {
                for place in 0..<size {
                    var values = SIMD4<Float>()
                    for lane in 0..<Self.rowsAtOnce where Self.rowsAtOnce * block + lane < count {
                        values[lane] = rows[(Self.rowsAtOnce * block + lane) * size + place]
                    }
                    buffer[block * size + place] = values
                }
            }
            filled = rowBlocks * size
        }
        var tile = [SIMD8<Float>](repeating: SIMD8(), count: size)
        for column in stride(from: 0, to: size, by: Self.columnsAtOnce) {
            let height = min(column + Self.columnsAtOnce, size)
            fill(&tile, column, height)
            for block in 0..<rowBlocks {
                let sums = Self.energies(interleaved[(block * size)..<(block * size + height)], tile[..<height])
                for lane in 0..<Self.rowsAtOnce where Self.rowsAtOnce * block + lane < count { energies[Self.rowsAtOnce * block + lane] += Double(sums[lane]) }
            }
        }
        return energies
    }

    /// Copies `columnsAtOnce` columns of U, from `column` on, down to where they are zero.
    private func fill(_ tile: inout [SIMD8<Float>], _ column: Int, _ height: Int) {
        let width = min(Self.columnsAtOnce, size - column)
        for row in 0..<height {
            let start = 4 * (row * size + column)
            if width == Self.columnsAtOnce {
                tile[row] = factor.loadUnaligned(fromByteOffset: start, as: SIMD8<Float>.self)
            } else {
                tile[row] = SIMD8()
                for lane in 0..<width { tile[row][lane] = factor.loadUnaligned(fromByteOffset: start + 4 * lane, as: Float.self) }
            }
        }
    }

    /// Sums of squares, over the columns of `tile`, of four rows times these.
    private static func energies(_ rows: ArraySlice<SIMD4<Float>>, _ tile: ArraySlice<SIMD8<Float>>) -> SIMD4<Double> {
        var (first, second, third, fourth) = (SIMD8<Float>(), SIMD8<Float>(), SIMD8<Float>(), SIMD8<Float>())
        rows.withUnsafeBufferPointer { rows in
            tile.withUnsafeBufferPointer { tile in
                for place in 0..<tile.count {
                    let (values, line) = (rows[place], tile[place])
                    first += values[0] * line
                    second += values[1] * line
                    third += values[2] * line
                    fourth += values[3] * line
                }
            }
        }
        return SIMD4(energy(first), energy(second), energy(third), energy(fourth))
    }

    private static func energy(_ values: SIMD8<Float>) -> Double {
        let values = SIMD8<Double>(values)
        return (values * values).sum()
    }
}
