import Glibc
import TamisBits

extension OutputFile {
    /// Fills the file that will take the destination's place.
    ///
    /// Sequential writes follow each other; positional writes go anywhere and do not move the place of the next sequential one.
    /// Bytes never written read as zero.
    public struct Writer: ~Copyable {
        private let descriptor: Int32
        private let path: String
        /// Where the next sequential write goes: the number of bytes written sequentially so far.
        public private(set) var position: UInt64 = 0
        /// The first failure, for `replace` to find when the closure has hidden it.
        private(set) var failure: TamisError?

        init(descriptor: Int32, path: String) {
            self.descriptor = descriptor
            self.path = path
        }

        /// - Throws: `input_output`; the file is then lost, and `replace` throws the same error whatever its closure does with it.
        public mutating func write(_ bytes: ByteView) throws(TamisError) {
            try write(bytes, at: position)
            position += UInt64(bytes.count)
        }

        /// - Throws: as above.
        public mutating func write(_ bytes: ByteView, at offset: UInt64) throws(TamisError) {
            if let failure { throw failure }
            let number = FileDescriptor.write(bytes, to: descriptor, at: offset)
            if number != 0 {
                let error = TamisError.system(.inputOutput, "cannot write \(bytes.count) bytes at byte \(offset)", file: path, errno: number)
                failure = error
                throw error
            }
        }
    }
}
