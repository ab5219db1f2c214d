import Foundation
import Testing

#if canImport(FoundationXML)
import FoundationXML
#endif

@testable import TamisConformance

@Suite("JUnit")
struct JUnitReportTests {
    @Test func report() {
        let text = JUnitReport.text(
            [
                Samples.result("a", .pass), Samples.result("b", .wrongCode, found: "<&\"\u{1}\n>"), Samples.result("c", .waived, group: "limits", found: "slow"),
            ], name: "dec '{input}' & co")
        #expect(text.contains("<testsuites name=\"dec '{input}' &amp; co\" tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\" time=\"0.750\">"))
        #expect(text.contains("<testcase name=\"a\" classname=\"valid\" time=\"0.250\"/>"))
        #expect(text.contains("<failure type=\"wrong-code\" message=\"expected decodes; &lt;&amp;&quot;? &gt;\"/>"))
        #expect(text.contains("<testsuite name=\"limits\" tests=\"1\" failures=\"0\"") && text.contains("<skipped message=\"slow\"/>"))
        #expect(XMLParser(data: Data(text.utf8)).parse())
    }
}
