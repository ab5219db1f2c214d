extension String {
    /// The text with everything that could move the cursor, colour the screen or turn the writing round replaced by `_`.
    var printable: String {
        var text = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: text.append("_")
            default: text.append(scalar)
            }
        }
        return String(text)
    }
}
