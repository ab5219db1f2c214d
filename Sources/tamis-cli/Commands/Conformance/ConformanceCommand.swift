import ArgumentParser

struct ConformanceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conformance",
        abstract: "Test decoders, encoders and streams of the format, by anyone, against the Spec.",
        discussion: """
            The kit lies in Conformance/ of the repository: streams with what a decoder shall make of them, and models for encoders. \
            Its README explains the protocol.

              tamis conformance decoder --command 'my-decoder {input}'
              tamis conformance encoder --command 'my-encoder {input} {output}'
              tamis conformance stream --trace model.tamis
              tamis conformance testee model.tamis
            """,
        subcommands: [ConformanceDecoder.self, ConformanceEncoder.self, ConformanceStream.self, ConformanceTestee.self])
}
