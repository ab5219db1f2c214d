import Glibc

/// The permissions that this process withholds from files it makes (umask).
enum UserMask {
    static var current: mode_t { ofProcess ?? bySetting }

    /// What /proc says: the only way to ask that does not change the mask for other threads meanwhile.
    private static var ofProcess: mode_t? {
        let number = open("/proc/self/status", O_RDONLY | O_CLOEXEC)
        if number < 0 { return nil }
        let descriptor = FileDescriptor(owning: number)
        let text = withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
            let count = FileDescriptor.read(descriptor.number, into: buffer)
            return String(decoding: buffer[..<max(0, count)], as: UTF8.self)
        }
        for line in text.split(separator: "\n") where line.hasPrefix("Umask:") {
            return mode_t(line.dropFirst(6).drop { $0 == "\t" || $0 == " " }, radix: 8)
        }
        return nil
    }

    private static var bySetting: mode_t {
        let mask = umask(0o077)
        umask(mask)
        return mask
    }
}
