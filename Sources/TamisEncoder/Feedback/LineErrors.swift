/// The errors of weights whose outputs lie next to each other, line after line of a slice (`ErrorCoupling.Layout.across`), and what they
/// add to the lines that follow. The slice is taken as if it were all of the tensor.
struct LineErrors {
    /// The parts of the slice, each within a line of the tensor.
    let lines: [Range<Int>]
    private let form: ErrorCoupling.Form
    private let width: Int
    private var current = 0
    /// By the place in the line of the tensor: the sums of the errors of all lines before.
    private var sums: [Float]
    /// The lines before, only under measured moments: first places in the line, and errors.
    private var before: [(start: Int, errors: [Float])] = []

    /// - Parameters:
    ///   - range: of the coding order, which is the tensor's own.
    ///   - width: places in a line.
    init(_ coupling: ErrorCoupling, range: Range<Int>) {
        form = coupling.form
        width = coupling.lineWidth
        var lines: [Range<Int>] = []
        var place = range.lowerBound
        while place < range.upperBound {
            let end = min((place / width + 1) * width, range.upperBound)
            lines.append(place..<end)
            place = end
        }
        self.lines = lines
        sums = [Float](repeating: 0, count: width)
    }

    /// What is added to the weights of the current line.
    func added() -> [Float] {
        let line = lines[current]
        let start = line.lowerBound % width
        switch form {
        case .synthetic(let factor):
            let gain = factor.channelGains[(lines.last ?? line).lowerBound / width - line.lowerBound / width]
            return sums[start..<(start + line.count)].map { $0 * gain }
        case .measured(let factors):
            let factor = factors[0]
            let column = line.lowerBound / width
            var added = [Float](repeating: 0, count: line.count)
            for (number, earlier) in before.enumerated() {
                let gain = factor.gains[(lines[number].lowerBound / width) * factor.size + column]
                // The first line of a slice may begin behind the end of the last one.
                let shared = (earlier.start..<(earlier.start + earlier.errors.count)).clamped(to: start..<(start + line.count))
                for place in shared { added[place - start] += gain * earlier.errors[place - earlier.start] }
            }
            return added
        }
    }

    /// Takes the errors of the current line, and goes on to the next.
    mutating func take(_ errors: [Float]) {
        let start = lines[current].lowerBound % width
        switch form {
        case .synthetic: for i in errors.indices { sums[start + i] += errors[i] }
        case .measured: before.append((start, errors))
        }
        current += 1
    }
}
