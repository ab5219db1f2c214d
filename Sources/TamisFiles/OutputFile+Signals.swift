import Glibc

extension OutputFile {
    /// Makes SIGINT, SIGTERM and SIGHUP remove the temporaries of outputs under way before they end the process as they would have
    /// (a shell then reports 130, 143 and 129), and makes a file beyond the size limit of the process an error, not a signal.
    ///
    /// To be called once, early, by a program that owns its process. A signal that is ignored, as under nohup, stays ignored.
    public static func removeTemporariesOnSignals() {
        PendingTemporaries.prepare()
        signal(SIGXFSZ, SIG_IGN)
        for number in [SIGINT, SIGTERM, SIGHUP] {
            var present = sigaction()
            if sigaction(number, nil, &present) != 0 || isIgnored(present) { continue }
            var action = sigaction()
            action.__sigaction_handler.sa_handler = { number in
                PendingTemporaries.unlinkAll()
                // SA_RESETHAND has restored the default; the signal is delivered when this handler returns.
                raise(number)
            }
            action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND))
            sigfillset(&action.sa_mask)
            sigaction(number, &action, nil)
        }
    }

    private static func isIgnored(_ action: sigaction) -> Bool {
        unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}
