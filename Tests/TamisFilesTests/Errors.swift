import TamisBits

/// The error `body` throws, nil if it throws none.
func error(_ body: () throws -> Void) -> TamisError? {
    do { try body() } catch { return error as? TamisError }
    return nil
}
