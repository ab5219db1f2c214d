/// What bits a weight are counted by.
public enum WeightCount {
    /// - Parameters:
    ///   - floatElements: of all tensors of floating-point types, coded or not.
    ///   - codedElements: of all tensors that are coded.
    /// - Returns: the first, or the second if most are of other types, as where weights are integers already.
    public static func of(floatElements: UInt64, codedElements: UInt64) -> UInt64 {
        codedElements / 2 > floatElements ? codedElements : floatElements
    }
}
