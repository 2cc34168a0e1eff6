"""OpenTelemetry's own SDK pushes to a hub, and prometheus-api-client asks it. Arguments: URL, token to write, token to read."""

import sys
import time
from datetime import datetime, timedelta

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.metrics import Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from prometheus_api_client import PrometheusConnect

url, writer, reader = sys.argv[1:]
COMPRESSIONS = {"plain": Compression.NoCompression, "gzip": Compression.Gzip}


def push(name, compression):
    """Four sales, four checkouts, and what is in the drawer."""
    exporter = OTLPMetricExporter(
        endpoint=f"{url}/prometheus/api/v1/otlp/v1/metrics",
        headers={"Authorization": f"Bearer {writer}"},
        compression=compression,
    )
    resource = Resource.create({"service.name": "till", "service.instance.id": name})
    metrics = PeriodicExportingMetricReader(exporter, export_interval_millis=500)
    provider = MeterProvider(metric_readers=[metrics], resource=resource)
    meter = provider.get_meter("shop")
    meter.create_observable_gauge("drawer", callbacks=[lambda _: [Observation(4.25, {"till": "1"})]])
    sales = meter.create_counter("sales", unit="{sale}")
    checkout = meter.create_histogram("checkout.duration", unit="s")
    for seconds in range(4):
        sales.add(3, {"till": "1"})
        checkout.record(0.2 + seconds, {"till": "1"})
        time.sleep(0.6)
    assert provider.force_flush()
    provider.shutdown()


for name, compression in COMPRESSIONS.items():
    push(name, compression)

hub = PrometheusConnect(url=f"{url}/prometheus", headers={"Authorization": f"Bearer {reader}"})
assert hub.check_prometheus_connection()


def ask(query):
    """Value by instance."""
    return {row["metric"].get("instance", ""): float(row["value"][1]) for row in hub.custom_query(query)}


def equal(found, wanted):
    assert found == wanted, f"{found} instead of {wanted}"


deadline = time.monotonic() + 30
while ask("sales_total") != {"plain": 12.0, "gzip": 12.0}:
    assert time.monotonic() < deadline, ask("sales_total")
    time.sleep(0.5)
equal(ask("drawer"), {"plain": 4.25, "gzip": 4.25})
equal(ask("checkout_duration_seconds_count"), {"plain": 4.0, "gzip": 4.0})
equal(ask("histogram_quantile(0.5, sum(checkout_duration_seconds_bucket) by (le))"), {"": 2.5})
names = hub.all_metrics()
assert {"sales_total", "drawer", "checkout_duration_seconds_bucket", "target_info"} <= set(names), names
since, now = datetime.now() - timedelta(minutes=5), datetime.now()
values = hub.get_metric_range_data("sales_total", start_time=since, end_time=now)
assert all(series["metric"]["site"] == "lyon" for series in values) and len(values) == 2, values
assert "client" in hub.get_label_names()
print("python: opentelemetry-sdk (plain, gzip) and prometheus-api-client are at home")
