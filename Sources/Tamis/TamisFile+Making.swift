import TamisSyntax

/// How the stream was made, as it says itself.
extension TamisFile {
    /// What made it, such as `tamis 0.1.0, libzstd 1.5.4`.
    public var encoderName: String { stream.parameters.encoderName }

    /// The options it was made with, as words of a command line.
    public var encoderOptions: String { TreatmentNote.split(stream.parameters.encoderOptions, tensorCount: tensors.count).options }
}
