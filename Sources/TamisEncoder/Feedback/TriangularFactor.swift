/// A symmetric positive definite matrix H = U · D · Uᵀ, U upper triangular with ones on its diagonal, D diagonal.
///
/// It is what feeding back errors needs: eᵀ · H · e = Σ_j d_j · (e_j + Σ_{i<j} U_ij · e_i)².
struct TriangularFactor: Sendable {
    let size: Int
    /// U row by row: entry (i, j), i < j, at i · size + j; what is not above the diagonal is 0.
    let gains: [Float]
    /// The diagonal of D.
    let weights: [Float]

    init(size: Int, gains: [Float], weights: [Float]) {
        self.size = size
        self.gains = gains
        self.weights = weights
    }

    /// - Parameter moments: H, row by row; symmetric. Only what is on and above the diagonal is read.
    /// - Returns: nil if H is not positive definite.
    init?(_ moments: [Float], size: Int) {
        precondition(moments.count == size * size)
        var h = moments
        var weights = [Float](repeating: 0, count: size)
        var isDefinite = true
        unsafe h.withUnsafeMutableBufferPointer { h in
            guard let h = h.baseAddress else { return }
            // Column j of U comes from the last columns down; what it explains is taken out of the rows above, whose entries are next
            // to each other. Columns go in pairs, which halves the traffic.
            for j in stride(from: size - 1, through: 0, by: -1) {
                let d = unsafe h[j * size + j]
                if !(d > 0) || !d.isFinite {
                    isDefinite = false
                    return
                }
                weights[j] = d
                unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: max(j, 1)) { column in
                    for i in 0..<j { unsafe column[i] = h[i * size + j] }
                    for i in 0..<j {
                        let part = unsafe column[i] / d
                        unsafe h[i * size + j] = part
                        unsafe subtract(column.baseAddress.unsafelyUnwrapped + i, times: part, from: h + (i * size + i), count: j - i)
                    }
                }
                unsafe h[j * size + j] = 0
            }
            for i in 1..<max(size, 1) { for j in 0..<i { unsafe h[i * size + j] = 0 } }
        }
        if !isDefinite { return nil }
        self.size = size
        gains = h
        self.weights = weights
    }
}

/// `target` less `factor` times `source`.
@inline(__always)
private func subtract(_ source: UnsafePointer<Float>, times factor: Float, from target: UnsafeMutablePointer<Float>, count: Int) {
    let whole = count & ~7
    for i in stride(from: 0, to: whole, by: 8) {
        let addend = unsafe UnsafeRawPointer(source + i).loadUnaligned(as: SIMD8<Float>.self)
        let place = unsafe UnsafeMutableRawPointer(target + i)
        unsafe place.storeBytes(of: place.loadUnaligned(as: SIMD8<Float>.self) - addend * factor, as: SIMD8<Float>.self)
    }
    for i in whole..<count { unsafe target[i] -= source[i] * factor }
}
