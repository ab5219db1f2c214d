// Selections by integers: of those by comparisons the compiler makes branches, one for each lane, which no processor can foresee.

extension SIMDMask where Storage == SIMD4<Int32> {
    /// All ones where the mask is true, else 0.
    @inline(__always)
    var lanes: SIMD4<Int32> { unsafe unsafeBitCast(self, to: SIMD4<Int32>.self) }
}

extension SIMDMask where Storage == SIMD8<Int32> {
    /// All ones where the mask is true, else 0.
    @inline(__always)
    var lanes: SIMD8<Int32> { unsafe unsafeBitCast(self, to: SIMD8<Int32>.self) }
}

extension SIMD4<Float> {
    /// The lanes of `other` where those of `mask` are all ones; where they are 0, these.
    @inline(__always)
    func replaced(with other: SIMD4<Float>, where mask: SIMD4<Int32>) -> SIMD4<Float> {
        let (own, others) = unsafe (unsafeBitCast(self, to: SIMD4<Int32>.self), unsafeBitCast(other, to: SIMD4<Int32>.self))
        return unsafe unsafeBitCast((own & ~mask) | (others & mask), to: SIMD4<Float>.self)
    }
}

extension SIMD8<Float> {
    /// The lanes of `other` where those of `mask` are all ones; where they are 0, these.
    @inline(__always)
    func replaced(with other: SIMD8<Float>, where mask: SIMD8<Int32>) -> SIMD8<Float> {
        let (own, others) = unsafe (unsafeBitCast(self, to: SIMD8<Int32>.self), unsafeBitCast(other, to: SIMD8<Int32>.self))
        return unsafe unsafeBitCast((own & ~mask) | (others & mask), to: SIMD8<Float>.self)
    }
}
