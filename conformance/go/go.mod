module aloft.dev/conformance

go 1.24
