module eventroute.dev/test/opentelemetry

go 1.24.0

// Newer versions do not build from the module proxy alone: parts of them are published under other versions.
require (
	github.com/open-telemetry/opentelemetry-collector-contrib/exporter/fileexporter v0.128.0
	github.com/open-telemetry/opentelemetry-collector-contrib/extension/ackextension v0.128.0
	github.com/open-telemetry/opentelemetry-collector-contrib/receiver/lokireceiver v0.128.0
	github.com/open-telemetry/opentelemetry-collector-contrib/receiver/splunkhecreceiver v0.128.0
	github.com/open-telemetry/opentelemetry-collector-contrib/receiver/syslogreceiver v0.128.0
	github.com/open-telemetry/opentelemetry-collector-contrib/receiver/webhookeventreceiver v0.128.0
	go.opentelemetry.io/collector/confmap/provider/fileprovider v1.34.0
	go.opentelemetry.io/collector/otelcol v0.128.0
)
