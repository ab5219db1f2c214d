import TamisSyntax

/// μ-law companding as the format writes it, and the borders of its cells.
///
/// y = Xmax · ln(1 + μ|x| ⁄ Xmax) ⁄ ln(1 + μ) · sgn(x) is rounded to multiples of Δ_y, ties toward zero. With the amplitude Xmax ⁄ μ
/// and the growth g = (1 + μ)^(Δ_y ⁄ Xmax) − 1, magnitude k returns as amplitude · ((1 + g)^k − 1), and the border above it is the
/// same expression at k + ½.
enum CompandingDesign {
    /// Growth and number of magnitudes for Δ_y = Xmax · `spacing`.
    ///
    /// - Parameters:
    ///   - mu: within `QuantizerChoice.muRange`.
    ///   - spacing: 0 … 2.
    static func growth(mu: Double, spacing: Double) -> Double {
        PortableMath.expMinus1(min(spacing, 2) * PortableMath.log2(1 + mu) * PortableMath.ln2)
    }

    /// Levels 2 … 131070 over the whole range, the study's Δ_y = 2 · Xmax ⁄ levels.
    ///
    /// - Returns: nil if the growth is outside the format's range.
    static func companding(mu: Double, range: Double, levels: Int) -> Companding? {
        let growth = Float(Self.growth(mu: mu, spacing: 2 / Double(levels)))
        if !Companding.growthRange.contains(growth) { return nil }
        return companding(mu: mu, range: range, growth: growth, magnitudes: levels / 2)
    }

    /// Δ_y = Xmax · `spacing`, as near as the format's ranges of growth and levels allow.
    static func companding(mu: Double, range: Double, spacing: Double) -> Companding? {
        let most = Double(Companding.levelsRange.upperBound)
        let bounds = Companding.growthRange
        let logarithm = PortableMath.log2(1 + mu)
        func spacingOf(_ growth: Float) -> Double { PortableMath.log2(1 + Double(growth)) / logarithm }
        let least = max(spacingOf(bounds.lowerBound), 1 / most)
        let clamped = min(max(spacing, least), spacingOf(bounds.upperBound))
        let growth = min(max(Float(Self.growth(mu: mu, spacing: clamped)), bounds.lowerBound), bounds.upperBound)
        // Ties toward zero: magnitude k begins above k − ½.
        let magnitudes = min(max((1 / clamped - 0.5).rounded(.up), 1), most)
        return companding(mu: mu, range: range, growth: growth, magnitudes: Int(magnitudes))
    }

    private static func companding(mu: Double, range: Double, growth: Float, magnitudes: Int) -> Companding? {
        var companding = Companding()
        companding.amplitude = Float(range / mu)
        companding.growth = growth
        companding.levels = UInt64(magnitudes)
        return Companding.amplitudeRange.contains(companding.amplitude) ? companding : nil
    }

    /// For each magnitude but the largest, the key of the largest number that becomes it.
    static func borders(_ companding: Companding) -> [Int32] {
        let g = Double(companding.growth)
        let root = (1 + g).squareRoot()
        // √(1 + g) − 1 without cancellation.
        let rest = g / (root + 1)
        var power = 0.0
        return (0..<companding.levels).map { _ in
            let border = Double(companding.amplitude) * (power + (power + 1) * rest)
            power = power + (power + 1) * g
            var last = Float(border)
            if Double(last) > border { last = last.nextDown }
            return FloatOrder.key(last)
        }
    }
}
