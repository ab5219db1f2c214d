import ArgumentParser

/// A number of bytes as people type it: `5000000`, `512K`, `64M`, `2G`, also with `B` or `iB` after the letter.
struct ByteCount: ExpressibleByArgument {
    let value: UInt64

    init?(argument: String) {
        let digits = argument.prefix { $0.isASCII && $0.isNumber }
        let shift: UInt64
        switch argument.dropFirst(digits.count).uppercased() {
        case "", "B": shift = 0
        case "K", "KB", "KIB": shift = 10
        case "M", "MB", "MIB": shift = 20
        case "G", "GB", "GIB": shift = 30
        default: return nil
        }
        guard let number = UInt64(digits) else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: 1 << shift)
        if overflow { return nil }
        value = product
    }
}
