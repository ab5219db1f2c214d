import TamisModel
import TamisQuantization
import Testing

/// The view of a tensor that must be there.
func matrix(_ dimensions: [UInt64], rowAxis: Int, rowAxisCount: Int, order: MatrixView.CodingOrder) throws -> MatrixView {
    let shape = try #require(Shape(dimensions))
    return try #require(MatrixView(shape, rowAxis: rowAxis, rowAxisCount: rowAxisCount, order: order))
}

/// Row, column and element of each place of a tensor, from its coordinates one by one.
struct NaivePlaces {
    struct Place: Equatable {
        var row: Int
        var column: Int
        var element: Int
    }

    /// In C order.
    let places: [Place]

    init(_ dimensions: [Int], rowAxis: Int, rowAxisCount: Int) {
        var places: [Place] = []
        let rowAxes = rowAxis..<(rowAxis + rowAxisCount)
        for element in 0..<dimensions.reduce(1, *) {
            var rest = element
            var coordinates = [Int](repeating: 0, count: dimensions.count)
            for axis in dimensions.indices.reversed() {
                coordinates[axis] = rest % dimensions[axis]
                rest /= dimensions[axis]
            }
            var (row, column) = (0, 0)
            for axis in dimensions.indices {
                if rowAxes.contains(axis) { row = row * dimensions[axis] + coordinates[axis] } else { column = column * dimensions[axis] + coordinates[axis] }
            }
            places.append(Place(row: row, column: column, element: element))
        }
        self.places = places
    }

    func inOrder(_ order: MatrixView.CodingOrder) -> [Place] {
        order == .cOrder ? places : places.sorted { ($0.row, $0.column) < ($1.row, $1.column) }
    }
}
